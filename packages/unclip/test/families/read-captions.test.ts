import { tensor, valuesOf, type TextFeatures } from "@unclip/tensor";
import { expect, it } from "vitest";
import { readCaptions } from "../../src/families/read-captions.js";

/** A text encoder that reads four letters of a caption, and says of it how long it is. */
const encoder = {
  asked: [] as (readonly string[])[],
  async embed(captions: readonly string[]) {
    this.asked.push(captions);
    const lengths = Float32Array.from(captions, ({ length }) => length);
    const n = captions.length;
    const cut = captions.map((caption) => (caption.length > 4 ? caption.slice(4) : undefined));
    const textMask = tensor(new Float32Array(n).fill(1), [n, 1]);
    return { textEmbedding: tensor(lengths, [n, 1]), textStates: tensor(lengths, [n, 1, 1]), textMask, cut };
  },
};
const lengthsOf = ({ textEmbedding, textStates, textMask }: TextFeatures) => {
  expect([...valuesOf(textStates)]).toEqual([...valuesOf(textEmbedding)]);
  expect(textMask.dims[0]).toBe(textEmbedding.dims[0]);
  return [...valuesOf(textEmbedding)];
};

it("gives each picture its caption, and all of them one negative caption", async () => {
  encoder.asked = [];
  const subject = { captions: ["a", "abc"], negatives: ["no"], pictures: 4 };
  const { text, away, warnings } = await readCaptions(encoder, subject, 6);
  expect(encoder.asked).toEqual([["a", "abc", "no"]]);
  expect(lengthsOf(text)).toEqual([1, 1, 3, 3]);
  expect(lengthsOf(away)).toEqual([2]);
  expect(warnings).toEqual([]);
});

it("gives each picture its own negative caption where there are several", async () => {
  const { away } = await readCaptions(encoder, { captions: ["a", "b"], negatives: ["", "no"], pictures: 4 }, 6);
  expect(lengthsOf(away)).toEqual([0, 0, 2, 2]);
});

it("reads the empty caption where there is none, and tells what did not fit", async () => {
  const { text, warnings } = await readCaptions(encoder, { negatives: ["too long"], pictures: 3 }, 6);
  expect(lengthsOf(text)).toEqual([0, 0, 0]);
  expect(warnings).toEqual(['caption: only 4 tokens fit, so this was cut off: "long"']);
});
