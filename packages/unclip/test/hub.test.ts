import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, expect, it, vi } from "vitest";
import { inspectModel, loadClip, loadUnclip } from "unclip";
import { fixturePath } from "../../../test-support/index.js";
import { MODEL, startHub, type HubServer } from "../../../test-support/hub-server.js";
import { readFolder } from "../../../test-support/folders.js";

const small = { prior: { steps: 2 }, decoder: { steps: 2 }, upsamplers: [{ steps: 2 }] };
let hub: HubServer;
let cache: string;

beforeEach(async () => {
  hub = await startHub();
  cache = await mkdtemp(join(tmpdir(), "unclip-hub-"));
  vi.stubEnv("HF_ENDPOINT", hub.endpoint);
  vi.stubEnv("HF_HUB_CACHE", cache);
});
afterEach(async () => {
  vi.unstubAllEnvs();
  await rm(cache, { recursive: true, force: true });
});

it("a model of the hub is fetched once, and then needs no connection", async () => {
  const files = await readFolder(fixturePath("karlo-tiny"), () => true);
  const commit = hub.push({
    ...files,
    "prior/diffusion_pytorch_model.bin": Buffer.alloc(10),
    "notes.bin": Buffer.alloc(10),
  });
  const seen: number[] = [];
  const fetched = await loadUnclip(MODEL, { onDownload: ({ loaded, total }) => seen.push(loaded / total) });
  expect(fetched.model).toBe(`${MODEL}@${commit}`);
  expect(seen.at(-1)).toBe(1);
  expect(hub.requestsFor("prior/diffusion_pytorch_model.bin")).toEqual([]);
  const { images } = await fetched.generate("a cube", small);
  await fetched.dispose();

  const requests = hub.exchanges.length;
  const cached = await loadUnclip(MODEL, { offline: true });
  expect((await cached.generate("a cube", small)).images).toEqual(images);
  await cached.dispose();
  expect(hub.exchanges.length).toBe(requests);
  expect((await inspectModel(MODEL, { offline: true })).problems).toEqual([]);

  const local = await loadUnclip(fixturePath("karlo-tiny"));
  expect((await local.generate("a cube", small)).images).toEqual(images);
  await local.dispose();
});

it("a model of another kind is refused before its weights are fetched", async () => {
  const files = await readFolder(fixturePath("karlo-tiny"), (path) => path.startsWith("prior/"));
  hub.push({ ...files, "model_index.json": Buffer.from(JSON.stringify({ _class_name: "FluxPipeline" })) });
  await expect(loadUnclip(MODEL)).rejects.toThrow(/model_index.json: _class_name "FluxPipeline" is not supported/);
  expect(hub.requestsFor("prior/diffusion_pytorch_model.safetensors")).toEqual([]);
});

it("a model that is not there is refused with the cure", async () => {
  hub.push({});
  await expect(loadUnclip("maker/other")).rejects.toThrow(
    /maker\/other: there is no such model at .*; check the spelling/,
  );
});

it("a decoder of Kandinsky brings the prior that its model card names, and nothing more of either", async () => {
  const id = "kandinsky-community/kandinsky-2-2-decoder";
  const ofPrior = "kandinsky-community/kandinsky-2-2-prior";
  const [decoder, prior] = (await Promise.all(
    ["kandinsky-2-2-tiny-decoder", "kandinsky-2-2-tiny-prior"].map((name) => readFolder(fixturePath(name))),
  )) as [Record<string, Buffer>, Record<string, Buffer>];
  const needless = {
    "unet/diffusion_pytorch_model.bin": "no",
    "unet/diffusion_pytorch_model.fp16.safetensors": "no",
    "prior/diffusion_pytorch_model.bin": "no",
    "onnx/model.onnx": "no",
    "pictures/cat.png": "no",
    ".gitattributes": "no",
  };
  const card = `---\nlicense: apache-2.0\nprior:\n- ${ofPrior}\ntags:\n- text-to-image\n---\n# Kandinsky 2.2\n`;
  const commits: Record<string, string> = {
    [id]: hub.push({ ...decoder, ...needless, "README.md": card }, "main", id),
    [ofPrior]: hub.push({ ...prior, ...needless, "README.md": "# The prior" }, "main", ofPrior),
  };
  const unclip = await loadUnclip(id);
  expect(unclip.model).toBe(`${id}@${commits[id]}`);
  expect(unclip.priorModel).toBe(`${ofPrior}@${commits[ofPrior]}`);
  const { images } = await unclip.generate("a cat", { prior: { steps: 2 }, decoder: { steps: 2 } });
  await unclip.dispose();

  const fetched = (model: string) => {
    const start = `/${model}/resolve/${commits[model]}/`;
    const paths = hub.exchanges.filter(({ on, path }) => on === "hub" && path.startsWith(start));
    return [...new Set(paths.map(({ path }) => path.slice(start.length)))].sort();
  };
  expect(fetched(id)).toEqual([...Object.keys(decoder), "README.md"].sort());
  expect(fetched(ofPrior)).toEqual(Object.keys(prior).sort());

  const requests = hub.exchanges.length;
  const cached = await loadUnclip(id, { offline: true });
  expect((await cached.generate("a cat", { prior: { steps: 2 }, decoder: { steps: 2 } })).images).toEqual(images);
  await cached.dispose();
  expect(hub.exchanges.length).toBe(requests);
});

it("CLIP of a Kandinsky decoder is fetched without its decoder and its prior", async () => {
  const [id, ofPrior] = ["kandinsky-community/kandinsky-2-2-decoder", "kandinsky-community/kandinsky-2-2-prior"];
  const decoder = await readFolder(fixturePath("kandinsky-2-2-tiny-decoder"));
  hub.push({ ...decoder, "README.md": `---\nprior: ${ofPrior}\n---\n` }, "main", id);
  hub.push(await readFolder(fixturePath("kandinsky-2-2-tiny-prior")), "main", ofPrior);
  const clip = await loadClip(id);
  expect((await clip.textEncoder.embed(["a cat"])).textEmbedding.dims).toEqual([1, 24]);
  await clip.dispose();
  for (const part of ["unet", "movq", "prior"]) {
    expect(hub.requestsFor(`${part}/diffusion_pytorch_model.safetensors`)).toEqual([]);
  }
});
