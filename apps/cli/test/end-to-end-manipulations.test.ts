import { copyFile, readdir, readFile, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { beforeEach, describe, expect, it } from "vitest";
import { encodePng } from "unclip";
import { fixturePath } from "../../../test-support/index.js";
import { unclip } from "./built-app.js";
import { temporaryFolder } from "../../../test-support/folders.js";

/* The built app, with the smallest model: what the commands that explore CLIP latents write can be painted again. */

const tiny = ["--model", fixturePath("karlo-tiny"), "--decoder-steps", "2", "--upsamplers", "0"];
const prior = ["--prior-steps", "2"];

let folder: string;
beforeEach(async () => {
  folder = await temporaryFolder();
  await copyFile(fixturePath("pictures/rgb.jpg"), join(folder, "a.jpg"));
  const data = Uint8Array.from({ length: 8 * 8 * 3 }, (_, i) => (i * 5) % 256);
  await writeFile(join(folder, "b.png"), await encodePng({ width: 8, height: 8, data }));
  const half = Uint8Array.from({ length: 8 * 8 * 3 }, (_, i) => (i < 96 ? 255 : 0));
  await writeFile(join(folder, "mask.png"), await encodePng({ width: 8, height: 8, data: half }));
});

async function succeed(...args: string[]): Promise<void> {
  const { code, stderr } = await unclip(folder, args);
  expect({ code, stderr }).toEqual({ code: 0, stderr: expect.not.stringMatching(/error/) });
}

describe("again reproduces, byte for byte and without the pictures it was made from,", () => {
  it.each<[string, string[], string]>([
    ["a frame", ["interpolate", "a.jpg", "b.png", "--frames", "3", "--out", "frame.png"], "frame-2.png"],
    ["an animation", ["interpolate", "a.jpg", "a cube", ...prior, "--frames", "3", "--out", "film.apng"], "film.apng"],
    ["a mixture", ["mix", "a.jpg", "a cube", "b.png", ...prior, "--weights", "2,1,0.5", "--out", "mix.png"], "mix.png"],
    ["a strip", ["edit", "b.png", "--to", "a cube", "--frames", "3", "--sheet", "strip.png"], "strip.png"],
    ["an edit", ["edit", "b.png", "--from", "a ring", "--to", "a cube", "--out", "edit.png"], "edit.png"],
    ["views", ["components", "b.png", "--among", "list.txt", ...prior, "--counts", "1,2"], "components.png"],
    ["a comparison", ["compare", "a red cube", ...prior, "--seed", "3"], "compare.png"],
    [
      "what was painted over a picture",
      ["generate", "a cube", ...prior, "--image", "b.png", "--strength", "0.5"],
      "picture.png",
    ],
    [
      "what was painted into one",
      ["generate", "a cube", ...prior, "--image", "b.png", "--mask", "mask.png", "--out", "in.png"],
      "in.png",
    ],
    [
      "the best of three",
      ["generate", "a cube", ...prior, "--n", "2", "--rerank", "3", "--out", "best.png"],
      "best-2.png",
    ],
  ])("%s", async (_, args, file) => {
    await writeFile(join(folder, "list.txt"), "a.jpg\nb.png\na red cube\n");
    await succeed(...args, ...tiny);
    const apart = await temporaryFolder();
    await copyFile(join(folder, file), join(apart, file));
    const { code, stderr } = await unclip(apart, ["again", file]);
    expect({ code, stderr }).toEqual({ code: 0, stderr: expect.not.stringMatching(/error/) });
    const [copy] = (await readdir(apart)).filter((name) => name.includes("-again."));
    expect((await readFile(join(apart, copy!))).equals(await readFile(join(folder, file)))).toBe(true);
  });

  it.each<[string, string[], RegExp]>([
    [
      "weights that sum to 0",
      ["mix", "a.jpg", "b.png", "--weights", "0,0"],
      /^error: --weights: 0, 0 sum to 0, .*; raise one/,
    ],
    ["a weight too few", ["mix", "a.jpg", "b.png", "--weights", "1"], /^error: --weights: expected 2 numbers/],
    [
      "a mask of another shape",
      ["generate", "a cube", "--image", "a.jpg", "--mask", "mask.png"],
      /^error: --mask: is 8 x 8, the image .*; expected the shape/,
    ],
    [
      "captions that say the same",
      ["edit", "b.png", "--from", "a cube", "--to", "A cube "],
      /^error: --to: says the same as from/,
    ],
    ["components that nobody found", ["components", "b.png"], /^error: --among: .* has no autoregressive prior/],
    [
      "fewer painted than kept",
      ["generate", "a cube", "--n", "3", "--rerank", "2"],
      /^error: --rerank: expected 3 or more/,
    ],
    ["a mask without a picture", ["generate", "a cube", "--mask", "mask.png"], /^error: --mask: there is no image/],
  ])("and nothing of %s, which is refused in one sentence", async (_, args, message) => {
    const before = await readdir(folder);
    const { code, stdout, stderr } = await unclip(folder, [...args, ...tiny]);
    expect({ code, stdout }).toEqual({ code: 1, stdout: "" });
    expect(stderr).toMatch(message);
    expect(stderr.trimEnd().split("\n")).toHaveLength(1);
    expect(await readdir(folder)).toEqual(before);
  });
});

describe("Ctrl-C", () => {
  it("stops an interpolation between two steps and leaves nothing", async () => {
    const empty = await temporaryFolder();
    const args = ["interpolate", join(folder, "a.jpg"), join(folder, "b.png"), ...tiny, "--decoder-steps", "300"];
    const { code, stderr } = await unclip(empty, args, {
      onStderr: (text) => (text.includes("clip: 1 step") ? "SIGINT" : undefined),
    });
    expect(code).toBe(130);
    expect(stderr.endsWith("stopped\n")).toBe(true);
    expect(await readdir(empty)).toEqual([]);
  });
});
