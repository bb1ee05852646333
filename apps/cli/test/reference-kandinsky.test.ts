import { copyFile, readdir } from "node:fs/promises";
import { join } from "node:path";
import { describe, expect, it } from "vitest";
import {
  fixturePath,
  kandinskyFolderOf,
  readFixture,
  shareOff,
  type KandinskyCase,
} from "../../../test-support/index.js";
import { temporaryFolder } from "../../../test-support/folders.js";
import { unclip } from "./built-app.js";
import { pixelsOf } from "./pixels.js";

/* The built app paints what diffusers paints, for everything that Kandinsky can do and that one command can ask for. */

const CHECKPOINTS = ["kandinsky-2-2-tiny", "kandinsky-2-2-tiny-b", "kandinsky-2-1-tiny", "kandinsky-2-1-tiny-b"];

function argumentsOf(checkpoint: string, item: KandinskyCase): string[] {
  const { kind, captions, negativeCaptions, parts, weights, strength } = item;
  const flags = {
    model: fixturePath(kandinskyFolderOf(checkpoint, kind)),
    seed: item.seed,
    n: item.imagesPerInput,
    width: item.width,
    height: item.height,
    "decoder-steps": item.steps,
    "decoder-guidance": item.guidance,
    negative: negativeCaptions?.[0],
    depth: item.hint,
    out: "out.png",
    ...(kind === "image-variation"
      ? {}
      : { "prior-steps": item.priorSteps, "prior-guidance": item.priorGuidance, weights: weights?.join() }),
    ...(["image-variation", "depth"].includes(kind) ? {} : { image: item.picture, mask: item.mask, strength }),
  };
  const given = Object.entries(flags).flatMap(([name, value]) =>
    value === undefined ? [] : [`--${name}`, `${value}`],
  );
  if (kind === "image-variation") return ["vary", item.picture!, ...given];
  if (parts) return ["mix", ...parts.map((part) => ("caption" in part ? part.caption : part.picture)), ...given];
  return ["generate", captions![0]!, ...given];
}

describe.each(CHECKPOINTS)("unclip paints %s as diffusers does", (checkpoint) => {
  const { cases } = readFixture<{ cases: KandinskyCase[] }>(`${checkpoint}.expected/expected.json`);

  it.each(cases.filter(({ captions = [] }) => captions.length < 2))("$name", async (item) => {
    const folder = await temporaryFolder();
    const expected = fixturePath(`${checkpoint}.expected`);
    for (const file of await readdir(expected)) {
      if (/\.(input|mask|hint|part-\d)\.png$/.test(file)) await copyFile(join(expected, file), join(folder, file));
    }
    const { code, stderr } = await unclip(folder, argumentsOf(checkpoint, item));
    expect({ code, stderr }).toEqual({ code: 0, stderr: expect.not.stringMatching(/error/) });
    const isRounded = /warning: size: \d+ x \d+ became/.test(stderr);
    expect(isRounded).toBe(item.name === "rounded-size");
    for (const [index, file] of item.images.entries()) {
      const painted = join(folder, item.images.length === 1 ? "out.png" : `out-${index + 1}.png`);
      const off = shareOff(await pixelsOf(painted), await pixelsOf(join(expected, file)));
      expect(off).toBeLessThanOrEqual(0.005); // random networks amplify rounding
    }
  });
});
