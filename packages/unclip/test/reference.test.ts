import { readdirSync, readFileSync } from "node:fs";
import sharp from "sharp";
import { describe, expect, it } from "vitest";
import { createRandom, loadUnclip, perPicture, type Picture } from "unclip";
import { fixturePath, readFixture } from "../../../test-support/index.js";

/* Whole pipelines against diffusers: random checkpoints of Karlo's layout, and the PNG files that UnCLIPPipeline and
 * UnCLIPImageVariationPipeline made of them. */

interface Case {
  name: string;
  kind: "text-to-image" | "image-variation";
  captions?: string[];
  pictures?: string[];
  priorSteps?: number;
  priorGuidance?: number;
  /** One generator for all pictures, or one for each. */
  seeds: number[];
  imagesPerInput: number;
  decoderSteps: number;
  decoderGuidance: number;
  superResSteps: number;
  images: string[];
}

const checkpoints = readdirSync(fixturePath(""))
  .filter((name) => /^karlo-.*\.expected$/.test(name)) // the other families' networks are compared, their pipelines do not exist yet
  .map((name) => name.replace(".expected", ""));

async function readPicture(path: string): Promise<Picture> {
  const { data, info } = await sharp(readFileSync(path)).removeAlpha().raw().toBuffer({ resolveWithObject: true });
  return { width: info.width, height: info.height, data: new Uint8Array(data) };
}

/** The share of values that are off by more than 1/255. */
function shareOff(actual: Picture, expected: Picture): number {
  expect([actual.width, actual.height]).toEqual([expected.width, expected.height]);
  return actual.data.filter((value, i) => Math.abs(value - expected.data[i]!) > 1).length / actual.data.length;
}

describe.each(checkpoints)("%s paints what diffusers paints", (checkpoint) => {
  const { cases } = readFixture<{ cases: Case[] }>(`${checkpoint}.expected/expected.json`);

  it.each(cases)("$name", async (item) => {
    const unclip = await loadUnclip(fixturePath(checkpoint));
    const streams = item.seeds.map(createRandom);
    const options = {
      random: streams.length === 1 ? streams[0]! : perPicture(streams),
      n: item.imagesPerInput,
      decoder: { steps: item.decoderSteps, guidanceScale: item.decoderGuidance },
      upsamplers: [{ steps: item.superResSteps }],
    };
    const prior = { steps: item.priorSteps, guidanceScale: item.priorGuidance };
    const at = (file: string) => fixturePath(`${checkpoint}.expected/${file}`);
    const { images } =
      item.kind === "text-to-image"
        ? await unclip.generate(item.captions!, { ...options, prior })
        : await unclip.vary(await Promise.all(item.pictures!.map((file) => readPicture(at(file)))), options);
    await unclip.dispose();
    expect(images.length).toBe(item.images.length);
    for (const [index, file] of item.images.entries()) {
      expect(shareOff(images[index]!, await readPicture(at(file)))).toBeLessThanOrEqual(0.005); // random networks amplify rounding
    }
  });
});
