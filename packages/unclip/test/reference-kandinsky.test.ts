import { readdirSync } from "node:fs";
import { describe, expect, it } from "vitest";
import { createRandom, loadUnclip, type Generation, type Picture, type Unclip } from "unclip";
import {
  fixturePath,
  kandinskyFolderOf,
  readFixture,
  shareOff,
  type KandinskyCase,
} from "../../../test-support/index.js";
import { readPicture } from "./support.js";

/* Whole pipelines against diffusers: random checkpoints of Kandinsky, and the PNG files that its prior's pipeline, followed by those of
 * its decoders, made of them. */

const checkpoints = readdirSync(fixturePath(""))
  .filter((name) => /^kandinsky-.*\.expected$/.test(name))
  .map((name) => name.replace(".expected", ""));

async function paint(unclip: Unclip, item: KandinskyCase, at: (file: string) => string): Promise<Generation> {
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
  const { cases } = readFixture<{ cases: KandinskyCase[] }>(`${checkpoint}.expected/expected.json`);

  it.each(cases)("$name", async (item) => {
    const at = (file: string) => fixturePath(`${checkpoint}.expected/${file}`);
    const unclip = await loadUnclip(fixturePath(kandinskyFolderOf(checkpoint, item.kind)));
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
