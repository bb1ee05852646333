import { classify, labelProbabilities, type ClipEncoders } from "@unclip/clip";
import { tensor } from "@unclip/tensor";
import { describe, expect, it } from "vitest";
import { expectClose } from "../../../test-support/index.js";

const matrix = (...rows: number[][]) => tensor(Float32Array.from(rows.flat()), [rows.length, rows[0]!.length]);
const picture = { width: 1, height: 1, data: new Uint8Array(3) };

/** Cosines 0.6 and 0.8 for two captions, whose text is kept. */
function fakeEncoders(seen: string[] = []): ClipEncoders {
  return {
    imageEncoder: { embed: async () => matrix([3, 4]) },
    textEncoder: {
      embed: async (captions) => {
        seen.push(...captions);
        const textEmbedding = matrix([1, 0], [0, 2]);
        return { textEmbedding, textStates: textEmbedding, textMask: textEmbedding, cut: captions.map((c) => c[20]) };
      },
    },
  };
}

describe("labelProbabilities", () => {
  it("is the softmax of the scaled cosines", () => {
    // 10 (0.8 - 0.6) = 2: odds of 1 to e^2
    const second = Math.E ** 2 / (1 + Math.E ** 2);
    const found = labelProbabilities(matrix([3, 4]), matrix([1, 0], [0, 2]), 10);
    expectClose(found, [1 - second, second], { maxAbs: 1e-6 }); // cosines in float32, times 10
  });

  it("does not overflow, and refuses a scale of 0", () => {
    expect([...labelProbabilities(matrix([1, 0]), matrix([1, 0], [-1, 0]), 1e4)]).toEqual([1, 0]);
    expect(() => labelProbabilities(matrix([1]), matrix([1]), 0)).toThrow(/expected a number above 0, got 0/);
  });
});

describe("classify", () => {
  it("puts labels into the template and keeps their order; the scale is 100 unless the model has its own", async () => {
    const seen: string[] = [];
    const found = await classify(fakeEncoders(seen), picture, ["cat", "$& dog"]);
    expect(seen).toEqual(["a photo of a cat", "a photo of a $& dog"]);
    expect(found.map(({ label }) => label)).toEqual(["cat", "$& dog"]);
    expect(found[0]!.probability).toBeCloseTo(1 / (1 + Math.E ** 20), 12);
    const odds = async (clip: ClipEncoders, logitScale?: number) => {
      const [a, b] = await classify(clip, picture, ["a", "b"], logitScale === undefined ? {} : { logitScale });
      return Math.log(b!.probability / a!.probability);
    };
    expect(await odds({ ...fakeEncoders(), logitScale: 10 })).toBeCloseTo(2, 5);
    expect(await odds({ ...fakeEncoders(), logitScale: 10 }, 5)).toBeCloseTo(1, 5);
  });

  it("refuses no labels, a template without a place, and what does not fit", async () => {
    await expect(classify(fakeEncoders(), picture, [])).rejects.toThrow(/labels: expected one or more/);
    await expect(classify(fakeEncoders(), picture, ["a"], { template: "a photo" })).rejects.toThrow(/with \{\} where/);
    await expect(classify(fakeEncoders(), picture, ["a", "abcdefghij"])).rejects.toThrow(/"abcdefghij" is too long/);
  });
});
