import { readTensors } from "../../../test-support/tensors.js";
import { cp, mkdir, mkdtemp, readdir, readFile, rm, stat, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { createRandom, inspectModel, loadUnclip, type DecoderSettings, type Picture } from "unclip";
import { quantizeModel, type QuantizedModel } from "unclip/quantize";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { temporaryFolder } from "../../../test-support/folders.js";
import { fixturePath } from "../../../test-support/index.js";
import { refusal } from "./support.js";

const CAPTION = "a red cube on top of a blue sphere";
const options = { captions: [CAPTION], steps: 3, threads: 1, tolerance: 0.05 };

/** Root of the mean square of the differences of two pictures, of 255. */
function distance(a: Picture, b: Picture): number {
  return Math.sqrt(a.data.reduce((sum, value, i) => sum + (value - b.data[i]!) ** 2, 0) / a.data.length);
}

async function paint(model: string, seed = 5, decoder: DecoderSettings = {}): Promise<Picture> {
  const unclip = await loadUnclip(model, { threads: 1 });
  const steps = { prior: { steps: 3 }, decoder: { steps: 3, ...decoder }, upsamplers: [{ steps: 3 }] };
  const { images } = await unclip.generate(CAPTION, { ...steps, random: createRandom(seed) });
  await unclip.dispose();
  return images[0]!;
}

describe("quantizeModel", () => {
  const source = fixturePath("karlo-tiny");
  let result: QuantizedModel;
  let [parent, folder] = ["", ""];
  const stages: string[] = [];

  beforeAll(async () => {
    parent = await mkdtemp(join(tmpdir(), "unclip-int8-"));
    folder = join(parent, "made", "int8");
    const run = quantizeModel(source, { ...options, out: folder });
    for await (const { stage, step, steps } of run) {
      if (stages.at(-1) !== stage) stages.push(stage);
      expect(step).toBeLessThanOrEqual(steps);
    }
    result = await run;
  });

  afterAll(() => rm(parent, { recursive: true }));

  it("paints, measures each layer, writes, and checks what it wrote", () => {
    expect(stages).toContain("decoder");
    const measured = stages.filter((stage) => stage.startsWith("layers of "));
    expect(measured.sort()).toEqual(
      ["decoder", "image_encoder", "prior", "super_res_first", "super_res_last", "text_encoder", "text_proj"].map(
        (name) => `layers of ${name}`,
      ),
    );
    expect(stages.slice(-2)).toEqual(["write", "check"]);
  });

  it("keeps each network's error within the tolerance, and says why a layer stayed in float", () => {
    expect(result.tolerance).toBe(0.05);
    for (const { component, error, layers } of result.networks) {
      expect([component, error! >= 0 && error! <= 0.05]).toEqual([component, true]);
      for (const { type, reason, error: own } of layers) {
        expect(type === "float").toBe(reason !== undefined);
        if (type === "int8") expect(own).toBeGreaterThan(0);
      }
    }
    const decoder = result.networks.find(({ component }) => component === "decoder")!;
    const [first] = decoder.layers.filter(({ key }) => key === "conv_in.weight");
    expect(first).toMatchObject({ type: "float", reason: expect.stringMatching(/channels, too few to gain/) });
    expect(decoder.layers.filter(({ type }) => type === "int8").length).toBeGreaterThan(40);
  });

  it("writes a folder that opens like any other, and paints nearly the same", async () => {
    const [int8, float, other] = [await paint(folder), await paint(source), await paint(source, 6)];
    expect(distance(int8, float)).toBeGreaterThan(0);
    expect(distance(int8, float)).toBeLessThan(distance(other, float) / 3); // random weights make noise of noise: errors grow from step to step
    const { problems, quantization, components } = await inspectModel(folder);
    expect(problems).toEqual([]);
    const { path, sizeBytes, ...kept } = result;
    expect(quantization).toEqual(kept);
    expect(components.find(({ name }) => name === "decoder")!.dtypes).toEqual(["F32", "I8", "U8"]);
    expect(path).toBe(folder);
    const sum = components.reduce((total, component) => total + component.sizeBytes, 0);
    expect(sum).toBe(sizeBytes.after);
    expect(sizeBytes.after).toBeLessThan(0.75 * sizeBytes.before); // most of this model's layers are too small to become int8
  });

  it("reuses what the decoder's deeper levels made, as float32 does", async () => {
    const reuse = { cacheInterval: 2 };
    const [int8, float, every] = [await paint(folder, 5, reuse), await paint(source, 5, reuse), await paint(folder)];
    expect(distance(int8, every)).toBeGreaterThan(0);
    expect(distance(int8, float)).toBeLessThan(distance(await paint(source, 6, reuse), float) / 3);
  });

  it("leaves every tensor of a layer that stays in float as it was, and configs too", async () => {
    const file = "decoder/diffusion_pytorch_model.safetensors";
    const [before, after] = [readTensors(await readFile(join(source, file))), await readFile(join(folder, file))];
    const kept = Object.keys(before).filter((key) => key.endsWith(".bias"));
    const header = JSON.parse(after.subarray(8, 8 + Number(after.readBigUInt64LE())).toString()) as Record<
      string,
      { dtype: string; data_offsets: [number, number] }
    >;
    const start = 8 + Number(after.readBigUInt64LE());
    for (const key of kept) {
      const [from, to] = header[key]!.data_offsets;
      const values = new Float32Array(new Uint8Array(after.subarray(start + from, start + to)).buffer);
      expect(values).toEqual(before[key]!.data);
    }
    expect(kept.length).toBeGreaterThan(50);
    for (const config of ["model_index.json", "decoder/config.json", "tokenizer/vocab.json"])
      expect(await readFile(join(folder, config))).toEqual(await readFile(join(source, config)));
  });

  it("makes int8 of every layer that can be without trying any, where no tolerance is asked for", async () => {
    const out = join(await temporaryFolder(), "int8");
    const stages = new Set<string>();
    const run = quantizeModel(source, { ...options, tolerance: "none", out });
    for await (const { stage } of run) stages.add(stage);
    const { tolerance, networks } = await run;
    expect(tolerance).toBe("none");
    for (const { component, error, layers } of networks) {
      expect([component, error! > 0]).toEqual([component, true]);
      for (const layer of layers) {
        expect(layer).not.toHaveProperty("error");
        if (layer.type === "float") expect(layer.reason).toMatch(/channels|did not run/);
      }
    }
    expect((await inspectModel(out)).quantization).toMatchObject({ tolerance: "none" });
    expect((await paint(out)).width).toBe((await paint(source)).width);
  });

  it("quantises no model twice", async () => {
    await expect(quantizeModel(folder, { ...options, out: `${folder}-2` })).rejects.toThrow(
      refusal(/is int8 already; quantise the model that it was made of/),
    );
    await expect(stat(`${folder}-2`)).rejects.toThrow(/ENOENT/);
  });

  it.each([
    [{ captions: [] }, /captions: expected a list of one caption or more, got \[\]/],
    [{ steps: 1 }, /steps: expected a whole number from 2 on, got 1/],
    [{ tolerance: 0 }, /tolerance: expected a number between 0 and 1, or "none", got 0/],
    [{ tolerance: NaN }, /tolerance: expected a number between 0 and 1, or "none", got null/],
  ])("refuses %j", async (wrong, message) => {
    const out = join(await temporaryFolder(), "x");
    await expect(quantizeModel(source, { ...options, out, ...wrong })).rejects.toThrow(refusal(message));
  });

  it("writes over nothing, but takes an empty folder", async () => {
    const out = await temporaryFolder();
    await writeFile(join(out, "mine"), "");
    await expect(quantizeModel(source, { ...options, out })).rejects.toThrow(
      refusal(/is a folder with files in it; name a folder that is not there yet/),
    );
    await expect(quantizeModel(source, { ...options, out: join(out, "mine") })).rejects.toThrow(refusal(/is a file;/));
  });

  it.each(["decoder", "layers of prior", "write", "check"])("leaves nothing when it is stopped at %s", async (at) => {
    const parent = await temporaryFolder();
    await mkdir(join(parent, "empty"));
    const stop = new AbortController();
    const run = quantizeModel(source, { ...options, out: join(parent, "empty"), signal: stop.signal });
    const painted = (async () => {
      for await (const { stage } of run) if (stage === at) stop.abort();
    })();
    await expect(painted).rejects.toMatchObject({ code: "aborted" });
    expect(await readdir(parent)).toEqual(["empty"]);
    expect(await readdir(join(parent, "empty"))).toEqual([]);
  });

  it("quantises autoencoders and decoders of latents too", async () => {
    const combined = await temporaryFolder();
    await cp(fixturePath("stable-unclip-tiny-h"), combined, { recursive: true });
    const out = join(await temporaryFolder(), "int8");
    const { networks } = await quantizeModel(combined, { ...options, steps: 2, out });
    const int8 = (component: string) =>
      networks
        .filter((one) => one.component === component)
        .flatMap(({ layers }) => layers.filter(({ type }) => type === "int8"));
    expect(int8("vae").length).toBeGreaterThan(0);
    expect(int8("unet").length).toBeGreaterThan(50);
    const unclip = await loadUnclip(out, { threads: 1 });
    expect((await unclip.generate(CAPTION, { prior: { kind: "none" }, decoder: { steps: 2 } })).images).toHaveLength(1);
    await unclip.dispose();
  });
});
