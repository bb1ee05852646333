import { copyFile, readdir, readFile } from "node:fs/promises";
import { join } from "node:path";
import sharp from "sharp";
import { describe, expect, it } from "vitest";
import { fixturePath, readFixture } from "../../../test-support/index.js";
import { temporaryFolder } from "../../../test-support/folders.js";
import { unclip } from "./built-app.js";

/* The built app paints what diffusers paints, for everything that Kandinsky can do and that one command can ask for. */

interface Case {
  name: string;
  kind: string;
  captions?: string[];
  negativeCaptions?: string[];
  picture?: string;
  mask?: string;
  hint?: string;
  parts?: ({ caption: string } | { picture: string })[];
  weights?: number[];
  strength?: number;
  priorSteps?: number;
  priorGuidance?: number;
  seed: number;
  imagesPerInput: number;
  width: number;
  height: number;
  steps: number;
  guidance: number;
  images: string[];
}

const CHECKPOINTS = ["kandinsky-2-2-tiny", "kandinsky-2-2-tiny-b", "kandinsky-2-1-tiny", "kandinsky-2-1-tiny-b"];

/** The folder of a case's decoder. */
function folderOf(checkpoint: string, kind: string): string {
  const plain = checkpoint.startsWith("kandinsky-2-2") ? `${checkpoint}-decoder` : checkpoint;
  if (kind === "inpaint") return `${plain}-inpaint`;
  return kind.startsWith("depth") ? `${checkpoint}-controlnet-depth` : plain;
}

function argumentsOf(checkpoint: string, item: Case): string[] {
  const { kind, captions, negativeCaptions, parts, weights, strength } = item;
  const flags = {
    model: fixturePath(folderOf(checkpoint, kind)),
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

async function bytesOf(path: string): Promise<Buffer> {
  return sharp(await readFile(path))
    .removeAlpha()
    .raw()
    .toBuffer();
}

describe.each(CHECKPOINTS)("unclip paints %s as diffusers does", (checkpoint) => {
  const { cases } = readFixture<{ cases: Case[] }>(`${checkpoint}.expected/expected.json`);

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
      const painted = await bytesOf(join(folder, item.images.length === 1 ? "out.png" : `out-${index + 1}.png`));
      const wanted = await bytesOf(join(expected, file));
      expect(painted.length).toBe(wanted.length);
      const off = painted.filter((value, i) => Math.abs(value - wanted[i]!) > 1).length;
      expect(off / painted.length).toBeLessThanOrEqual(0.005); // random networks amplify rounding
    }
  });
});
