import { readdirSync } from "node:fs";
import { describe, expect, it } from "vitest";
import { createRandom, loadUnclip, perPicture } from "unclip";
import { fixturePath, readFixture, shareOff } from "../../../test-support/index.js";
import { readPicture } from "./support.js";

/* Whole pipelines against diffusers: random checkpoints of Karlo and Stable unCLIP, and the PNG files that their pipelines made of them. */

interface Case {
  name: string;
  kind: "text-to-image" | "image-variation";
  captions?: string[];
  negativeCaptions?: string[];
  /** Of Karlo, one or more; of the latent families one. */
  pictures?: string[];
  picture?: string;
  priorSteps?: number;
  priorGuidance?: number;
  /** Of Karlo: one generator for all pictures, or one for each. */
  seeds?: number[];
  seed?: number;
  imagesPerInput: number;
  /** Of Karlo. */
  decoderSteps?: number;
  decoderGuidance?: number;
  superResSteps?: number;
  /** Of the latent families. */
  steps?: number;
  guidance?: number;
  noiseLevel?: number;
  width?: number;
  height?: number;
  images: string[];
}

const checkpoints = readdirSync(fixturePath(""))
  .filter((name) => /^(karlo|stable-unclip)-.*\.expected$/.test(name))
  .map((name) => name.replace(".expected", ""));

/** The captions' prior is Karlo's, as in the reference. */
const PRIOR_MODELS: Readonly<Record<string, string>> = { "stable-unclip-tiny-l": fixturePath("karlo-tiny") };

function optionsOf(item: Case) {
  const streams = (item.seeds ?? [item.seed!]).map(createRandom);
  return {
    random: streams.length === 1 ? streams[0]! : perPicture(streams),
    n: item.imagesPerInput,
    decoder: {
      steps: item.steps ?? item.decoderSteps!,
      guidanceScale: item.guidance ?? item.decoderGuidance!,
    },
    ...(item.superResSteps !== undefined && { upsamplers: [{ steps: item.superResSteps }] }),
    ...(item.negativeCaptions !== undefined && { negative: item.negativeCaptions }),
    ...(item.width !== undefined && { width: item.width, height: item.height!, noiseLevel: item.noiseLevel! }),
  };
}

describe.each(checkpoints)("%s paints what diffusers paints", (checkpoint) => {
  const { cases } = readFixture<{ cases: Case[] }>(`${checkpoint}.expected/expected.json`);

  it.each(cases)("$name", async (item) => {
    const priorModel = PRIOR_MODELS[checkpoint];
    const unclip = await loadUnclip(fixturePath(checkpoint), { ...(priorModel !== undefined && { priorModel }) });
    const options = optionsOf(item);
    const prior = { steps: item.priorSteps, guidanceScale: item.priorGuidance };
    const at = (file: string) => fixturePath(`${checkpoint}.expected/${file}`);
    const pictures = (item.pictures ?? [item.picture!]).map(at);
    const { images, warnings } =
      item.kind === "text-to-image"
        ? await unclip.generate(item.captions!, { ...options, prior })
        : await unclip.vary(await Promise.all(pictures.map(readPicture)), {
            ...options,
            ...(item.captions && { caption: item.captions }),
          });
    await unclip.dispose();
    expect(warnings.filter((warning) => warning.startsWith("size"))).toEqual([]);
    expect(images.length).toBe(item.images.length);
    for (const [index, file] of item.images.entries()) {
      expect(shareOff(images[index]!, await readPicture(at(file)))).toBeLessThanOrEqual(0.005); // random networks amplify rounding
    }
  });
});
