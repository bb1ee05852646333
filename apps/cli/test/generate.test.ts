import { mkdirSync } from "node:fs";
import { readdir, readFile } from "node:fs/promises";
import { join } from "node:path";
import sharp from "sharp";
import { describe, expect, it } from "vitest";
import { run } from "../src/run.js";
import { createFakeHost, gradient, stages } from "./fake-host.js";
import { temporaryFolder } from "../../../test-support/folders.js";

const caption = "a red cube";

async function textsOf(path: string): Promise<Record<string, string>> {
  const { comments = [] } = await sharp(path).metadata();
  return Object.fromEntries(comments.map(({ keyword, text }) => [keyword, text]));
}

describe("generate", () => {
  it("writes the picture with its recipe and says where it is", async () => {
    const out = join(await temporaryFolder(), "new/folder/x.png");
    const host = createFakeHost();
    expect(await run(["generate", caption, "--out", out], host)).toBe(0);
    expect(new Uint8Array(await sharp(out).raw().toBuffer())).toEqual(gradient(16, 12).data);
    const texts = await textsOf(out);
    expect(texts.parameters).toMatch(/^a red cube\nSteps: 3, CFG scale: 8, Seed: 0, /);
    expect(JSON.parse(texts.unclip!)).toMatchObject({
      model: "toybox",
      captions: [caption],
      seed: 0,
      shows: { picture: 1 },
    });
    expect(host.stdout.text).toMatch(/x\.png {2}\(16 x 12, seed 0, \d+\.\d s\)\n$/);
    expect(host.disposals).toBe(1);
  });

  it("passes on only what was given", async () => {
    const out = join(await temporaryFolder(), "x.png");
    const host = createFakeHost();
    await run(["generate", caption, "--out", out], host);
    const [load, generated] = host.calls;
    const listener = expect.any(Function);
    const loading = { device: "cpu", signal: expect.any(AbortSignal), onDownload: listener, onQuantize: listener };
    expect(load!.args).toEqual(["toybox", loading]);
    expect(generated!.args).toEqual([
      caption,
      { seed: 0, n: 1, prior: { kind: "diffusion" }, decoder: {}, signal: expect.any(AbortSignal) },
    ]);
  });

  it("passes on every option", async () => {
    const out = join(await temporaryFolder(), "x.png");
    const host = createFakeHost();
    const options =
      "--model karlo --seed 9007199254740993 --n 2 --prior none --prior-steps 5 --decoder-steps 6 --upsamplers 2 " +
      "--upsampler-steps 7,8 --prior-guidance 0 --decoder-guidance 2.5 --prior-guidance-interval 1,2 --decoder-guidance-interval 200,800 --decoder-cache-interval 2 --device auto --threads 3 --negative blue --preset fast " +
      "--decoder-sampler ddim:eta=0.5 --upsampler-sampler heun --prior-sampler dpmpp-2m --dtype int8 --arithmetic float16";
    expect(await run(["generate", caption, "--out", out, ...options.split(" ")], host)).toBe(0);
    const [load, generated] = host.calls;
    expect(load!.args).toMatchObject(["karlo", { device: "auto", arithmetic: "float16", threads: 3, dtype: "int8" }]);
    expect(generated!.args[1]).toEqual({
      seed: 9007199254740993n,
      n: 2,
      negative: "blue",
      preset: "fast",
      prior: { kind: "none", steps: 5, guidanceScale: 0, guidanceInterval: [1, 2], sampler: { name: "dpmpp-2m" } },
      decoder: {
        steps: 6,
        guidanceScale: 2.5,
        cacheInterval: 2,
        guidanceInterval: [200, 800],
        sampler: { name: "ddim", eta: 0.5 },
      },
      upsamplers: [
        { steps: 7, sampler: { name: "heun" } },
        { steps: 8, sampler: { name: "heun" } },
      ],
      signal: expect.any(AbortSignal),
    });
  });

  it("passes the autoregressive prior and its candidates on", async () => {
    const out = join(await temporaryFolder(), "x.png");
    const host = createFakeHost();
    expect(await run(["generate", caption, "--out", out, "--prior", "autoregressive", "--candidates", "2"], host)).toBe(
      0,
    );
    expect(host.calls[1]!.args[1]).toMatchObject({ prior: { kind: "autoregressive", candidates: 2 } });
  });

  it("prints one JSON object with --json, on a terminal too", async () => {
    const out = join(await temporaryFolder(), "x.png");
    const host = createFakeHost({ stdout: { isTTY: true }, stderr: { isTTY: true } });
    expect(await run(["generate", caption, "--out", out, "--seed", "7", "--json"], host)).toBe(0);
    expect(host.stdout.text.trim().split("\n")).toHaveLength(1);
    expect(JSON.parse(host.stdout.text)).toEqual({
      model: "toybox",
      caption,
      device: "cpu",
      seed: 7,
      images: [{ path: out, width: 16, height: 12 }],
      stages: Object.entries(stages).map(([name, steps]) => ({ name, steps, ms: 12 })),
      peakRssBytes: 123_456_789,
    });
  });

  it("gives the digits of a seed that a JSON number would round", async () => {
    const out = join(await temporaryFolder(), "x.png");
    const host = createFakeHost();
    await run(["generate", caption, "--out", out, "--seed", "9007199254740993", "--json"], host);
    expect(JSON.parse(host.stdout.text).seed).toBe("9007199254740993");
  });

  it("numbers several pictures, in files and in recipes", async () => {
    const folder = await temporaryFolder();
    const host = createFakeHost();
    expect(await run(["generate", caption, "--n", "3", "--out", join(folder, "x.png"), "--json"], host)).toBe(0);
    expect((await readdir(folder)).sort()).toEqual(["x-1.png", "x-2.png", "x-3.png"]);
    expect(JSON.parse((await textsOf(join(folder, "x-2.png"))).unclip!).shows).toEqual({ picture: 2 });
    expect(JSON.parse(host.stdout.text).images.map((image: { path: string }) => image.path)).toEqual(
      [1, 2, 3].map((i) => join(folder, `x-${i}.png`)),
    );
  });

  it("shows the picture on a terminal, before the line that says where it is", async () => {
    const out = join(await temporaryFolder(), "x.png");
    const host = createFakeHost({ stdout: { isTTY: true, columns: 80, rows: 24 } });
    await run(["generate", caption, "--out", out], host);
    expect(host.stdout.text.match(/▀/g)).toHaveLength(16 * 6);
    expect(host.stdout.text.trim().split("\n").at(-1)).toContain("x.png");
  });

  it("shows the picture on stderr when only that is a terminal", async () => {
    const out = join(await temporaryFolder(), "x.png");
    const host = createFakeHost({ stderr: { isTTY: true, columns: 80, rows: 24 } });
    await run(["generate", caption, "--out", out], host);
    expect(host.stdout.text).not.toContain("▀");
    expect(host.stderr.text.split("▀").length - 1).toBeGreaterThanOrEqual(16 * 6);
  });

  it("writes each warning as one line", async () => {
    const out = join(await temporaryFolder(), "x.png");
    const host = createFakeHost({ warnings: ["caption: cut after\n75 tokens", "another"] });
    await run(["generate", caption, "--out", out, "--json"], host);
    expect(host.stderr.text).toMatch(/warning: caption: cut after 75 tokens\nwarning: another\n$/);
  });

  it.each<["SIGINT" | "SIGTERM", number]>([
    ["SIGINT", 130],
    ["SIGTERM", 143],
  ])("stops at %s between two steps and leaves nothing", async (name, exitCode) => {
    const folder = await temporaryFolder();
    const seen: string[] = [];
    const host = createFakeHost({
      onStep({ stage, step }, { emitter }) {
        seen.push(`${stage} ${step}`);
        if (stage === "decoder" && step === 1) emitter.emit(name, name);
      },
    });
    expect(await run(["generate", caption, "--out", join(folder, "x.png")], host)).toBe(exitCode);
    expect(seen.at(-1)).toBe("decoder 1");
    expect(host.stderr.text.endsWith("stopped\n")).toBe(true);
    expect(host.stdout.text).toBe("");
    expect(await readdir(folder)).toEqual([]);
    expect(host.disposals).toBe(1);
    expect(host.emitter.listenerCount("SIGINT")).toBe(0);
  });

  it("writes nothing when the signal comes after the last step", async () => {
    const folder = await temporaryFolder();
    const host = createFakeHost({
      onStep({ stage, step }, { emitter }) {
        if (stage === "upsampler-1" && step === stages["upsampler-1"]) emitter.emit("SIGINT", "SIGINT");
      },
    });
    expect(await run(["generate", caption, "--out", join(folder, "x.png")], host)).toBe(130);
    expect(await readdir(folder)).toEqual([]);
  });

  it("refuses a folder as --out before it loads a model", async () => {
    const folder = join(await temporaryFolder(), "x.png");
    const host = createFakeHost();
    await run(["generate", caption, "--out", join(folder, "y.png")], host);
    const second = createFakeHost();
    expect(await run(["generate", caption, "--out", folder], second)).toBe(1);
    expect(second.stderr.text).toMatch(/^error: --out: .* is a folder; name a file/);
    expect(second.calls).toEqual([]);
  });

  it("replaces a picture of the same name", async () => {
    const out = join(await temporaryFolder(), "x.png");
    await run(["generate", caption, "--out", out], createFakeHost());
    const first = await readFile(out);
    await run(["generate", caption, "--out", out, "--seed", "1"], createFakeHost());
    expect((await readFile(out)).equals(first)).toBe(false);
  });

  it("names what was written before a failure", async () => {
    const folder = await temporaryFolder();
    const host = createFakeHost({
      onStep: ({ stage, step }) => {
        if (stage === "decoder" && step === 0) mkdirSync(join(folder, "x-3.png"));
      },
    });
    expect(await run(["generate", caption, "--n", "4", "--out", join(folder, "x.png")], host)).toBe(1);
    expect(host.stderr.text).toMatch(
      /error: --out: .*x-3.png could not be written \(.*\); .*; written before: .*x-1.png, .*x-2.png\n$/,
    );
    expect((await readdir(folder)).sort()).toEqual(["x-1.png", "x-2.png", "x-3.png"]);
  });

  it("writes each picture before it encodes the next", async () => {
    const folder = await temporaryFolder();
    const host = createFakeHost();
    const there: string[][] = [];
    const { encodePng } = host.engine;
    const engine = {
      ...host.engine,
      encodePng: async (...args: Parameters<typeof encodePng>) => {
        there.push(await readdir(folder));
        return encodePng(...args);
      },
    };
    await run(["generate", caption, "--n", "3", "--out", join(folder, "x.png")], { ...host, engine });
    expect(there).toEqual([[], ["x-1.png"], ["x-1.png", "x-2.png"]]);
  });

  it("refuses a full disk after the model is loaded and before it paints", async () => {
    const out = join(await temporaryFolder(), "x.png");
    const host = createFakeHost({ sampleSize: 2 ** 27 });
    expect(await run(["generate", caption, "--out", out], host)).toBe(1);
    expect(host.stderr.text).toMatch(/^error: --out: the disk of .* is full/);
    expect(host.calls.map(({ name }) => name)).toEqual(["loadUnclip"]);
    expect(host.disposals).toBe(1);
  });

  it("keeps the pictures when the model cannot be closed", async () => {
    const out = join(await temporaryFolder(), "x.png");
    const host = createFakeHost({ dispose: () => Promise.reject(new Error("cannot close")) });
    expect(await run(["generate", caption, "--out", out], host)).toBe(1);
    expect((await sharp(out).metadata()).width).toBe(16);
  });

  it.each([
    ["EPIPE", 0, ""],
    ["ENOSPC", 1, "error: stdout could not be written (no space is left); files that were asked for are there\n"],
  ])("keeps the picture when stdout fails with %s, with exit code %i", async (code, exitCode, message) => {
    const out = join(await temporaryFolder(), "x.png");
    const failure = Object.assign(new Error("write"), { code });
    const host = createFakeHost({ stdout: { failure: async () => failure } });
    expect(await run(["generate", caption, "--out", out], host)).toBe(exitCode);
    expect((await sharp(out).metadata()).width).toBe(16);
    expect(host.stderr.text.endsWith(message)).toBe(true);
  });

  it("refuses more pictures than fit into memory before it lists their names", async () => {
    const host = createFakeHost();
    expect(await run(["generate", caption, "--n", "1000000000"], host)).toBe(2);
    expect(host.stderr.text).toContain("Expected at most 64, because all pictures are in memory at once");
  });
});
