import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, expect, it, vi } from "vitest";
import { inspectModel, loadUnclip } from "unclip";
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
