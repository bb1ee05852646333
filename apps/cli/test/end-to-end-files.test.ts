import { cp, open, readdir, readFile, writeFile } from "node:fs/promises";
import { existsSync, openSync } from "node:fs";
import { join } from "node:path";
import sharp from "sharp";
import { describe, expect, it } from "vitest";
import { fixturePath } from "../../../test-support/index.js";
import { unclip, type UnclipOptions } from "./built-app.js";
import { findPseudoTerminal } from "./pseudo-terminal.js";
import { temporaryFolder } from "../../../test-support/folders.js";

/* The built app, with the smallest model: what reaches files and terminals. */

const mayNotSkip = process.env.CI !== undefined;
const tiny = ["--model", fixturePath("karlo-tiny")];
const fewSteps = ["--decoder-steps", "2", "--upsampler-steps", "2"];
const caption = "a red cube";

async function succeed(folder: string, args: readonly string[], options?: UnclipOptions): Promise<string> {
  const { code, stdout, stderr } = await unclip(folder, args, options);
  expect({ code, stderr }).toEqual({ code: 0, stderr: expect.not.stringMatching(/error/) });
  return stdout;
}

describe("again", () => {
  const sameBytes = async (folder: string, file: string, copy: string) =>
    expect((await readFile(join(folder, copy))).equals(await readFile(join(folder, file)))).toBe(true);

  it("reproduces a picture of generate byte for byte, alone and one of three", async () => {
    const folder = await temporaryFolder();
    const settings = ["--seed", "9", "--negative", "blue", "--decoder-sampler", "ddim:eta=0.5", "--prior-steps", "2"];
    await succeed(folder, ["generate", caption, ...tiny, ...fewSteps, ...settings, "--out", "one.png"]);
    await succeed(folder, ["again", "one.png"]);
    await sameBytes(folder, "one.png", "one-again.png");

    await succeed(folder, ["generate", caption, ...tiny, ...fewSteps, "--n", "3", "--out", "picture.png"]);
    await succeed(folder, ["again", "picture-2.png", "--out", "copy.png"]);
    await sameBytes(folder, "picture-2.png", "copy.png");
  });

  it("reproduces variations without their picture, and sheets", async () => {
    const folder = await temporaryFolder();
    await succeed(folder, ["vary", fixturePath("pictures/rgb.jpg"), ...tiny, ...fewSteps, "--n", "2"]);
    await succeed(folder, ["again", "variation-2.png"]);
    await sameBytes(folder, "variation-2.png", "variation-2-again.png");

    await writeFile(join(folder, "captions.txt"), "a red cube\na blue ring\na cone\n");
    await succeed(folder, ["sheet", "captions.txt", ...tiny, ...fewSteps, "--columns", "2"]);
    await succeed(folder, ["again", "sheet.png"]);
    await sameBytes(folder, "sheet.png", "sheet-again.png");
  });

  it("changes one setting, and reproduces what that made", async () => {
    const folder = await temporaryFolder();
    const seed = ["--seed", "5"];
    await succeed(folder, ["generate", caption, ...tiny, ...fewSteps]);
    await succeed(folder, ["generate", caption, ...tiny, ...fewSteps, ...seed, "--out", "five.png"]);
    await succeed(folder, ["again", "picture.png", ...seed]);
    await sameBytes(folder, "five.png", "picture-again.png");
  });
});

describe("a terminal", () => {
  const terminal = findPseudoTerminal();
  const paints = async (args: string[]) => {
    const folder = await temporaryFolder();
    const screen = await succeed(folder, args, { wrap: terminal!, stdio: ["ignore", "pipe", "pipe"] });
    return { folder, screen };
  };

  it.skipIf(terminal === undefined && !mayNotSkip)(
    "shows true counts for samplers that ask twice per step (skipped without script or Python)",
    async () => {
      const { folder, screen } = await paints(
        ["generate", caption, "--decoder-sampler", "heun", "--upsampler-sampler", "pndm"].concat(tiny),
      );
      expect(await readdir(folder)).toEqual(["picture.png"]);
      const counts = [...screen.matchAll(/(\S+) +(?:\x1b\[\d+m|[━─])+(?:\x1b\[0m)* +(\d+)\/(\d+)/g)]; // eslint-disable-line no-control-regex -- colours
      expect(new Set(counts.map(([, stage]) => stage))).toContain("decoder");
      for (const [, , step, steps] of counts) expect(Number(step)).toBeLessThanOrEqual(Number(steps));
      expect(screen).toMatch(/25\/25/);
    },
  );
});

describe("outputs that take nothing", () => {
  const args = ["generate", caption, ...tiny, ...fewSteps];
  const hasFull = existsSync("/dev/full");
  const width = async (folder: string) => (await sharp(join(folder, "picture.png")).metadata()).width;

  it.skipIf(!hasFull)("keeps the picture when stdout is full, and fails (skipped without /dev/full)", async () => {
    const folder = await temporaryFolder();
    const { code, stderr } = await unclip(folder, args, { stdio: ["ignore", openSync("/dev/full", "w"), "pipe"] });
    expect(code).toBe(1);
    expect(stderr).toMatch(/\nerror: stdout could not be written \(no space is left\); files that were asked for are/);
    expect(await width(folder)).toBeGreaterThan(1);
  });

  it.skipIf(!hasFull)("keeps the picture when stderr is full (skipped without /dev/full)", async () => {
    const folder = await temporaryFolder();
    const { code, stdout } = await unclip(folder, args, { stdio: ["ignore", "pipe", openSync("/dev/full", "w")] });
    expect(code).toBe(0);
    expect(stdout).toContain("picture.png");
    expect(await width(folder)).toBeGreaterThan(1);
  });

  it.each(["stdout", "stderr"] as const)("keeps the picture when nobody reads %s any longer", async (name) => {
    const folder = await temporaryFolder();
    const { code } = await unclip(folder, args, { closed: [name] });
    expect(code).toBe(0);
    expect(await width(folder)).toBeGreaterThan(1);
  });
});

describe("weights that are not numbers", () => {
  it("end in one sentence and no picture", async () => {
    const folder = await temporaryFolder();
    await cp(fixturePath("karlo-tiny"), join(folder, "model"), { recursive: true });
    await fillWithNaN(join(folder, "model/decoder/diffusion_pytorch_model.safetensors"), "conv_in.weight");
    const { code, stdout, stderr } = await unclip(folder, ["generate", caption, "--model", "model", ...fewSteps]);
    expect({ code, stdout }).toEqual({ code: 1, stdout: "" });
    expect(stderr.split("\n").at(-2)).toMatch(/^error: decoder: .*step 1 of 2.*/);
    expect(await readdir(folder)).toEqual(["model"]);
  });
});

/** Makes every number of a float32 tensor in a safetensors file NaN. */
async function fillWithNaN(file: string, name: string): Promise<void> {
  const handle = await open(file, "r+");
  const { buffer } = await handle.read(Buffer.alloc(8), 0, 8, 0);
  const headerBytes = Number(buffer.readBigUInt64LE());
  const header = JSON.parse((await handle.read(Buffer.alloc(headerBytes), 0, headerBytes, 8)).buffer.toString("utf8"));
  const [start, end] = header[name].data_offsets;
  await handle.write(
    Buffer.from(new Float32Array((end - start) / 4).fill(NaN).buffer),
    0,
    end - start,
    8 + headerBytes + start,
  );
  await handle.close();
}
