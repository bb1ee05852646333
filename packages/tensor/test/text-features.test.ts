import {
  concatText,
  repeatText,
  sliceText,
  tensor,
  textRows,
  valuesOf,
  withoutPadding,
  type TextFeatures,
} from "@unclip/tensor";
import { describe, expect, it } from "vitest";

const [L, W, D] = [3, 2, 2];

/** Features of captions that are numbers: every value of row i is captions[i], but for a mask of so many tokens. */
function features(captions: number[], tokens = captions.map(() => L)): TextFeatures {
  const n = captions.length;
  const of = (width: number) => Float32Array.from({ length: n * width }, (_, i) => captions[Math.floor(i / width)]!);
  return {
    textEmbedding: tensor(of(D), [n, D]),
    textStates: tensor(of(L * W), [n, L, W]),
    textMask: tensor(
      Float32Array.from({ length: n * L }, (_, i) => (i % L < tokens[Math.floor(i / L)]! ? 1 : 0)),
      [n, L],
    ),
  };
}

describe("text features", () => {
  it("of several lists are joined", () => {
    expect(concatText(features([1, 2]), features([3]))).toEqual(features([1, 2, 3]));
    expect(concatText(features([1], [1]), features([3], [2]))).toEqual(features([1, 3], [1, 2]));
  });

  it("are repeated caption by caption, and cut out", () => {
    expect(repeatText(features([1, 2], [1, 3]), 2)).toEqual(features([1, 1, 2, 2], [1, 1, 3, 3]));
    expect(sliceText(features([1, 2, 3], [1, 2, 3]), 1, 3)).toEqual(features([2, 3], [2, 3]));
  });
});

describe("textRows", () => {
  it("gives one caption to each row, or takes one for each row", () => {
    expect(textRows(features([7]), 3, "x")).toEqual(features([7, 7, 7]));
    const three = features([1, 2, 3]);
    expect(textRows(three, 3, "x")).toBe(three);
  });

  it("refuses another number of captions", () => {
    const rows = () => textRows(features([1, 2]), 3, "prior.unconditional");
    expect(rows).toThrow(/^prior\.unconditional: expected text features of 1 or 3 captions, got 2$/);
    expect(rows).toThrow(expect.objectContaining({ code: "shape" }));
  });
});

describe("withoutPadding", () => {
  it("keeps as many tokens as the longest caption has", () => {
    const text = features([1, 2], [1, 2]);
    const { textEmbedding, textStates, textMask } = withoutPadding(text);
    expect(textEmbedding).toBe(text.textEmbedding);
    expect(textStates.dims).toEqual([2, 2, W]);
    expect([...valuesOf(textStates)]).toEqual([1, 1, 1, 1, 2, 2, 2, 2]);
    expect(textMask.dims).toEqual([2, 2]);
    expect([...valuesOf(textMask)]).toEqual([1, 0, 1, 1]);
  });

  it("keeps a gap within a caption, and all of a caption without padding", () => {
    const gap = { ...features([1]), textMask: tensor(Float32Array.of(0, 0, 1), [1, L]) };
    expect(withoutPadding(gap).textMask.dims).toEqual([1, 3]);
    expect(withoutPadding(features([1, 2], [3, 1]))).toEqual(features([1, 2], [3, 1]));
  });

  it("keeps one token of captions that have none", () => {
    expect(withoutPadding(features([1, 2], [0, 0])).textStates.dims).toEqual([2, 1, W]);
  });
});
