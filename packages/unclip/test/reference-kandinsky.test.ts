import { readdirSync, readFileSync } from "node:fs";
import sharp from "sharp";
import { describe, expect, it } from "vitest";
import { createRandom, loadUnclip, type Generation, type Picture, type Unclip } from "unclip";
import { fixturePath, readFixture } from "../../../test-support/index.js";

/* Whole pipelines against diffusers: random checkpoints of Kandinsky, and the PNG files that its prior's pipeline, followed by those of
 * its decoders, made of them. */

interface Case {
  name: string;
  kind: "text-to-image" | "image-variation" | "mix" | "image-to-image" | "inpaint" | "depth" | "depth-image-to-image";
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

const checkpoints = readdirSync(fixturePath(""))
  .filter((name) => /^kandinsky-.*\.expected$/.test(name))
  .map((name) => name.replace(".expected", ""));

async function readPicture(path: string): Promise<Picture> {
  const { data, info } = await sharp(readFileSync(path))
    .toColourspace("srgb")
    .removeAlpha()
    .raw()
    .toBuffer({ resolveWithObject: true });
  return { width: info.width, height: info.height, data: new Uint8Array(data) };
}

/** The share of values that are off by more than 1/255. */
function shareOff(actual: Picture, expected: Picture): number {
  expect([actual.width, actual.height]).toEqual([expected.width, expected.height]);
  return actual.data.filter((value, i) => Math.abs(value - expected.data[i]!) > 1).length / actual.data.length;
}

/** The folder of a case's decoder. */
function folderOf(checkpoint: string, kind: Case["kind"]): string {
  const plain = checkpoint.startsWith("kandinsky-2-2") ? `${checkpoint}-decoder` : checkpoint;
  if (kind === "inpaint") return `${plain}-inpaint`;
  return kind.startsWith("depth") ? `${checkpoint}-controlnet-depth` : plain;
}

async function paint(unclip: Unclip, item: Case, at: (file: string) => string): Promise<Generation> {
  const { captions, negativeCaptions: negative, parts, weights, strength, width, height, kind } = item;
  const picture = item.picture === undefined ? undefined : await readPicture(at(item.picture));
  const options = {
    random: createRandom(BigInt(item.seed)),
    n: item.imagesPerInput,
    width,
    height,
    decoder: { steps: item.steps, guidanceScale: item.guidance },
    ...(item.hint !== undefined && { depth: await readPicture(at(item.hint)) }),
  };
  if (kind === "image-variation") return unclip.vary(picture!, options);
  const prior = { steps: item.priorSteps!, guidanceScale: item.priorGuidance! };
  if (kind === "mix") {
    const items = parts!.map((part) => ("caption" in part ? part.caption : readPicture(at(part.picture))));
    return unclip.mix(await Promise.all(items), { ...options, weights: weights!, prior });
  }
  return unclip.generate(captions!, {
    ...options,
    prior,
    ...(negative && { negative }),
    ...(picture && { image: picture }),
    ...(strength !== undefined && { strength }),
    ...(item.mask !== undefined && { mask: await readPicture(at(item.mask)) }),
  });
}

describe.each(checkpoints)("%s paints what diffusers paints", (checkpoint) => {
  const { cases } = readFixture<{ cases: Case[] }>(`${checkpoint}.expected/expected.json`);

  it.each(cases)("$name", async (item) => {
    const at = (file: string) => fixturePath(`${checkpoint}.expected/${file}`);
    const unclip = await loadUnclip(fixturePath(folderOf(checkpoint, item.kind)));
    const { images, warnings } = await paint(unclip, item, at);
    await unclip.dispose();
    expect(images.length).toBe(item.images.length);
    for (const [index, file] of item.images.entries()) {
      expect(shareOff(images[index]!, await readPicture(at(file)))).toBeLessThanOrEqual(0.005); // random networks amplify rounding
    }
    const [{ width, height }] = images as [Picture];
    const isRounded = width !== item.width || height !== item.height;
    expect(warnings.some((warning) => warning.startsWith("size:"))).toBe(isRounded);
  });
});
