import { cp, readdir, utimes, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { loadClip, loadUnclip, type LoadOptions } from "unclip";
import { quantizeModel as refusedModel, quantizeOnce as refusedOnce } from "../src/quantize-web.js";
import { afterEach, beforeEach, describe, expect, it, vi } from "vitest";
import { readFolder, temporaryFolder } from "../../../test-support/folders.js";
import { MODEL, startHub } from "../../../test-support/hub-server.js";
import { fixturePath } from "../../../test-support/index.js";
import { inInt8 } from "../src/int8-source.js";
import type { OpenFamily } from "../src/open-family.js";
import { refusal } from "./support.js";

const small = { prior: { steps: 2 }, decoder: { steps: 2 }, upsamplers: 0, seed: 3 };
let assets = "";

beforeEach(async () => {
  assets = await temporaryFolder();
  vi.stubEnv("HF_ASSETS_CACHE", assets);
});
afterEach(() => void vi.unstubAllEnvs());

/** Loads a model in int8, and tells in how many steps it was quantised. */
async function load(source: string, options: LoadOptions = {}) {
  let steps = 0;
  const unclip = await loadUnclip(source, { dtype: "int8", threads: 1, onQuantize: () => (steps += 1), ...options });
  return { unclip, steps };
}

const kept = () => readdir(join(assets, "unclip", "int8")).catch(() => []);

describe("a model loaded as int8", () => {
  it("is quantised once, and again when its files have changed", async () => {
    const source = join(await temporaryFolder(), "karlo");
    await cp(fixturePath("karlo-tiny"), source, { recursive: true });
    const first = await load(source);
    expect(first.steps).toBeGreaterThan(100);
    expect(await kept()).toEqual([expect.stringMatching(/^karlo-[0-9a-f]{16}$/)]);
    const painted = await first.unclip.generate("a cube", small);
    const float = await loadUnclip(source, { threads: 1 });
    expect((await float.generate("a cube", small)).images).not.toEqual(painted.images);

    const { unclip, steps } = await load(source);
    expect(steps).toBe(0);
    expect((await unclip.generate("a cube", small)).images).toEqual(painted.images);
    expect(painted.recipe).toMatchObject({ model: first.unclip.model, dtype: "int8" });
    const again = await unclip.again(painted.recipe);
    expect([again.images, again.warnings]).toEqual([painted.images, []]);
    const { warnings } = await float.again(painted.recipe);
    expect(warnings).toEqual([
      expect.stringContaining(`it was made with ${float.model} in int8, this is ${float.model};`),
    ]);

    await utimes(join(source, "decoder", "config.json"), 1, 1);
    const stop = new AbortController();
    const anew = load(source, { signal: stop.signal, onQuantize: () => stop.abort() });
    await expect(anew).rejects.toMatchObject({ code: "aborted" });
    expect(await kept()).toHaveLength(1);
    for (const model of [first.unclip, unclip, float]) await model.dispose();
  });

  it("may be of the hub, and then needs no connection the second time", async () => {
    const hub = await startHub();
    vi.stubEnv("HF_ENDPOINT", hub.endpoint);
    vi.stubEnv("HF_HUB_CACHE", await temporaryFolder());
    const commit = hub.push(await readFolder(fixturePath("karlo-tiny"), () => true));
    const { unclip, steps } = await load(MODEL);
    expect([steps > 100, unclip.model]).toEqual([true, `${MODEL}@${commit}`]);
    const [name] = await kept();
    expect(name).toMatch(new RegExp(`^${MODEL.replace("/", "-")}-[0-9a-f]{16}$`));
    const requests = hub.exchanges.length;
    expect((await load(MODEL, { offline: true })).steps).toBe(0);
    expect(hub.exchanges.length).toBe(requests);
  });

  it("leaves nothing in the cache when it is stopped", async () => {
    const stop = new AbortController();
    const onQuantize = ({ stage }: { stage: string }) => stage === "layers of prior" && stop.abort();
    const loading = loadUnclip(fixturePath("karlo-tiny"), {
      dtype: "int8",
      threads: 1,
      signal: stop.signal,
      onQuantize,
    });
    await expect(loading).rejects.toMatchObject({ code: "aborted" });
    expect(await kept()).toEqual([]);
  });

  it("needs a cache that can be written", async () => {
    await writeFile(join(assets, "unclip"), "");
    await expect(load(fixturePath("karlo-tiny"))).rejects.toThrow(
      refusal(/^dtype: int8 weights are kept in .*, which cannot be made \(.*\); set HF_ASSETS_CACHE to a folder/),
    );
  });

  it("needs a disk", async () => {
    const opened = { folder: { name: "karlo", has: async () => false }, model: "karlo" } as unknown as OpenFamily;
    await expect(inInt8(opened, "karlo", {})).rejects.toThrow(
      refusal(/^dtype: karlo becomes int8 in Node alone; run "unclip quantize" on a computer/),
    );
    for (const refused of [refusedModel, refusedOnce])
      expect(refused as unknown as () => void).toThrow(refusal(/^quantize: models become int8 in Node alone;/));
  });

  it("is no CLIP by itself", async () => {
    await expect(loadClip(fixturePath("karlo-tiny"), { dtype: "int8" })).rejects.toThrow(
      refusal(/^dtype: int8 is made of whole models, not of CLIP by itself; give the folder/),
    );
  });
});
