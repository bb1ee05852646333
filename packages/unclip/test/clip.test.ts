import { cp, mkdtemp, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import sharp from "sharp";
import { classify, loadClip, type Clip, type Picture } from "unclip";
import { afterEach, describe, expect, it, vi } from "vitest";
import { fixturePath } from "../../../test-support/index.js";
import { refusal } from "./support.js";
import { MODEL, startHub } from "../../../test-support/hub-server.js";
import { readFolder } from "../../../test-support/folders.js";

const folders: string[] = [];
afterEach(async () => {
  vi.unstubAllEnvs();
  for (const folder of folders.splice(0)) await rm(folder, { recursive: true, force: true });
});

const TINY = fixturePath("karlo-tiny");

function solid(colour: readonly number[]): Picture {
  return { width: 48, height: 40, data: Uint8Array.from({ length: 48 * 40 * 3 }, (_, i) => colour[i % 3]!) };
}

/** The tensors of a safetensors file with their bytes. */
async function readTensors(path: string) {
  const file = await readFile(path);
  const start = 8 + Number(file.readBigUInt64LE(0));
  const { __metadata__: _, ...header } = JSON.parse(file.subarray(8, start).toString()) as Record<
    string,
    { dtype: string; shape: number[]; data_offsets: [number, number] }
  >;
  return Object.entries(header).map(
    ([
      name,
      {
        dtype,
        shape,
        data_offsets: [from, to],
      },
    ]) => {
      return { name, dtype, shape, bytes: file.subarray(start + from, start + to) as Buffer };
    },
  );
}

function safetensors(tensors: Awaited<ReturnType<typeof readTensors>>): Buffer {
  let offset = 0;
  const entries = tensors.map(({ name, dtype, shape, bytes }) => {
    return [name, { dtype, shape, data_offsets: [offset, (offset += bytes.length)] }];
  });
  const text = JSON.stringify(Object.fromEntries(entries));
  const header = Buffer.from(text.padEnd(Math.ceil(text.length / 8) * 8));
  const length = Buffer.alloc(8);
  length.writeBigUInt64LE(BigInt(header.length));
  return Buffer.concat([length, header, ...tensors.map(({ bytes }) => bytes)]);
}

/** karlo-tiny's CLIP as transformers' CLIPModel.save_pretrained lays it out: everything in the folder itself.
 * @param scale the tensor logit_scale, if there shall be one */
async function plainClip(scale?: { dtype: string; bytes: Buffer }): Promise<string> {
  const folder = await mkdtemp(join(tmpdir(), "unclip-clip-"));
  folders.push(folder);
  const config = async (part: string) =>
    JSON.parse(await readFile(join(TINY, part, "config.json"), "utf8")) as { projection_dim?: number };
  const [text, vision] = [await config("text_encoder"), await config("image_encoder")];
  const projection = text.projection_dim;
  for (const half of [text, vision]) delete half.projection_dim; // it stands beside the halves
  const whole = { model_type: "clip", projection_dim: projection, text_config: text, vision_config: vision };
  await writeFile(join(folder, "config.json"), JSON.stringify(whole));
  const towers = await Promise.all(
    ["text_encoder", "image_encoder"].map((part) => readTensors(join(TINY, part, "model.safetensors"))),
  );
  const temperature = scale === undefined ? [] : [{ name: "logit_scale", shape: [], ...scale }];
  await writeFile(join(folder, "model.safetensors"), safetensors([...towers.flat(), ...temperature]));
  await cp(join(TINY, "tokenizer"), folder, { recursive: true });
  await cp(join(TINY, "feature_extractor"), folder, { recursive: true });
  return folder;
}

async function embeddingsOf({ textEncoder, imageEncoder }: Clip): Promise<number[][]> {
  const { textEmbedding } = await textEncoder.embed(["a red cube", "two blue spheres"]);
  const imageEmbedding = await imageEncoder.embed([solid([200, 30, 40])]);
  return [textEmbedding, imageEmbedding].map(({ data }) => Array.from(data as Float32Array));
}

const float32 = Buffer.from(Float32Array.of(Math.log(20)).buffer);
const scales: [string, { dtype: string; bytes: Buffer } | undefined, number | undefined][] = [
  ["none", undefined, undefined],
  ["F32", { dtype: "F32", bytes: float32 }, 20],
  ["BF16", { dtype: "BF16", bytes: Buffer.from([0x40, 0x40]) }, Math.exp(3)],
  ["F16", { dtype: "F16", bytes: Buffer.from([0x00, 0x42]) }, Math.exp(3)],
];

/** A tile of the sheet that toybox painted. */
async function tile(left: number): Promise<Picture> {
  const sheet = fileURLToPath(new URL("../../toybox/contact-sheet.png", import.meta.url));
  const cut = sharp(sheet).extract({ left, top: 0, width: 128, height: 128 }).removeAlpha();
  return { width: 128, height: 128, data: new Uint8Array(await cut.raw().toBuffer()) };
}

describe("classify with toybox", () => {
  it.each([
    ["a red cube", 0, "red", "cube"],
    ["a green sphere", 130, "green", "sphere"],
    ["a blue cylinder", 260, "blue", "cylinder"],
  ])("tells colour and shape of %s", async (_, left, colour, shape) => {
    const clip = await loadClip();
    const picture = await tile(left);
    const best = async (labels: string[], template: string) => {
      const found = await classify(clip, picture, labels, { template });
      expect(found.reduce((sum, { probability }) => sum + probability, 0)).toBeCloseTo(1, 9);
      return found.reduce((a, b) => (b.probability > a.probability ? b : a)).label;
    };
    expect(await best(["red", "green", "blue", "yellow"], `a {} ${shape}`)).toBe(colour);
    expect(await best(["cube", "sphere", "cylinder", "cone", "ring"], `a ${colour} {}`)).toBe(shape);
    await clip.dispose();
  });
});

describe("loadClip", () => {
  it.each(scales)("opens a CLIPModel with its files in the folder itself; temperature: %s", async (_, scale, s) => {
    const [plain, pipeline] = [await loadClip(await plainClip(scale)), await loadClip(TINY)];
    expect(await embeddingsOf(plain)).toEqual(await embeddingsOf(pipeline));
    if (s === undefined) expect(plain.logitScale).toBeUndefined();
    else expect(plain.logitScale).toBeCloseTo(s, 5);
    expect(pipeline.logitScale).toBeUndefined();
    await Promise.all([plain.dispose(), pipeline.dispose()]);
  });

  it("fetches of a pipeline on the hub only what is CLIP's, and a CLIPModel whole", async () => {
    const hub = await startHub();
    const cache = await mkdtemp(join(tmpdir(), "unclip-clip-"));
    folders.push(cache);
    vi.stubEnv("HF_ENDPOINT", hub.endpoint);
    vi.stubEnv("HF_HUB_CACHE", cache);
    const expected = await embeddingsOf(await loadClip(TINY));
    for (const [folder, unneeded] of [
      [TINY, "prior/diffusion_pytorch_model.safetensors"],
      [await plainClip(), "pytorch_model.bin"],
    ] as const) {
      const files = await readFolder(folder, () => true);
      const commit = hub.push({ [unneeded]: Buffer.alloc(10), ...files });
      const clip = await loadClip(MODEL);
      expect(clip.model).toBe(`${MODEL}@${commit}`);
      expect(hub.requestsFor(unneeded)).toEqual([]);
      expect(await embeddingsOf(clip)).toEqual(expected);
      await clip.dispose();
      expect(await embeddingsOf(await loadClip(clip.model, { offline: true }))).toEqual(expected);
    }
  });

  it("refuses folders without both towers", async () => {
    await expect(loadClip(fixturePath("pictures"))).rejects.toThrow(
      refusal(/neither model_index.json nor config.json/, "config"),
    );
    await expect(loadClip(join(TINY, "text_encoder"))).rejects.toThrow(
      refusal(/config.json: expected the config of a CLIPModel/, "config"),
    );
    const folder = await plainClip({ dtype: "I64", bytes: Buffer.alloc(8) });
    await expect(loadClip(folder)).rejects.toThrow(refusal(/logit_scale: expected one float, got I64 \[\]/, "weights"));
    await expect(loadClip("toybox", { signal: AbortSignal.abort() })).rejects.toThrow(refusal(/loadClip/, "aborted"));
    await expect(loadClip(join(folder, "missing"))).rejects.toThrow(refusal(/missing/));
  });
});
