import { nearestCandidates, rerank, textEmbeddingAsPrior, withoutPrior, type Prior } from "@unclip/prior";
import { createRandom, perPicture, rows, tensor, valuesOf, type Tensor, type TextFeatures } from "@unclip/tensor";
import { describe, expect, it } from "vitest";

const WIDTH = 6;

/** Draws embeddings from its stream alone, and notes what it was asked. */
function randomPrior() {
  const asked: { text: TextFeatures; negative: TextFeatures | undefined }[] = [];
  const prior: Prior = {
    name: "random",
    embed: async (text, { random, negative }) => {
      asked.push({ text, negative });
      return random.normal([text.textEmbedding.dims[0]!, WIDTH]);
    },
  };
  return { prior, asked };
}

function textOf(count: number, seed = 1): TextFeatures {
  const random = createRandom(seed);
  return {
    textEmbedding: random.normal([count, WIDTH]),
    textStates: random.normal([count, 2, WIDTH]),
    textMask: tensor(new Float32Array(count * 2).fill(1), [count, 2]),
  };
}

const streams = (seeds: readonly number[]) => perPicture(seeds.map((seed) => createRandom(seed)));

function cosine(a: Tensor, b: Tensor): number {
  const dot = (x: Float32Array, y: Float32Array) => x.reduce((sum, value, i) => sum + value * y[i]!, 0);
  const [x, y] = [valuesOf(a), valuesOf(b)];
  return dot(x, y) / Math.sqrt(dot(x, x) * dot(y, y));
}

describe("nearestCandidates", () => {
  it("is right where the answer is plain", () => {
    const text = tensor(Float32Array.of(1, 0, 0, 1), [2, 2]);
    const candidates = tensor(Float32Array.of(1, 1, 0, 1, 3, 0.1, 1, 0), [4, 2]); // first of both captions, then second
    expect(nearestCandidates(candidates, text)).toEqual([1, 0]);
  });

  it("chooses for each caption a candidate that no other of its own beats, whatever their lengths", () => {
    const random = createRandom(9);
    const [n, count] = [7, 5];
    const text = random.normal([n, WIDTH]);
    const lengths = valuesOf(random.uniform([n * count]));
    const candidates = random.normal([n * count, WIDTH]);
    valuesOf(candidates).forEach((value, i) => {
      valuesOf(candidates)[i] = value * (0.01 + 10 * lengths[Math.floor(i / WIDTH)]!);
    });
    const chosen = nearestCandidates(candidates, text);
    const likeness = (c: number, i: number) => cosine(rows(candidates, c * n + i, c * n + i + 1), rows(text, i, i + 1));
    chosen.forEach((choice, i) => {
      for (let c = 0; c < count; c++) expect(likeness(choice, i)).toBeGreaterThanOrEqual(likeness(c, i) - 1e-12);
    });
    expect(new Set(chosen).size).toBeGreaterThan(1);
  });

  it("keeps the first of equals", () => {
    const text = tensor(Float32Array.of(1, 2), [1, 2]);
    expect(nearestCandidates(tensor(Float32Array.of(1, 2, 1, 2), [2, 2]), text)).toEqual([0]);
  });

  it("refuses candidates that are not as many for each caption, or of another width", () => {
    const random = createRandom(0);
    expect(() => nearestCandidates(random.normal([5, 4]), random.normal([2, 4]))).toThrow(
      /rerank.candidates: expected/,
    );
    expect(() => nearestCandidates(random.normal([4, 3]), random.normal([2, 4]))).toThrow(
      /rerank.candidates: expected/,
    );
  });
});

describe("rerank", () => {
  it("keeps of each caption's candidates the nearest one", async () => {
    const { prior, asked } = randomPrior();
    const text = textOf(3);
    const candidates = 4;
    const chosen = (await rerank(prior, { candidates }).embed(text, { random: streams([5, 6, 7]) }))!;
    expect(asked[0]!.text.textEmbedding.dims[0]).toBe(3 * candidates);
    [5, 6, 7].forEach((seed, i) => {
      const stream = createRandom(seed);
      const own = rows(text.textEmbedding, i, i + 1);
      const drawn = Array.from({ length: candidates }, () => stream.normal([1, WIDTH]));
      const best = drawn.reduce((a, b) => (cosine(b, own) > cosine(a, own) ? b : a));
      expect(valuesOf(rows(chosen, i, i + 1))).toEqual(valuesOf(best));
    });
  });

  it("gives a caption the same embedding in any batch", async () => {
    const text = textOf(3);
    const prior = rerank(randomPrior().prior);
    const all = (await prior.embed(text, { random: streams([5, 6, 7]) }))!;
    const second: TextFeatures = {
      textEmbedding: rows(text.textEmbedding, 1, 2),
      textStates: rows(text.textStates, 1, 2),
      textMask: rows(text.textMask, 1, 2),
    };
    const alone = (await prior.embed(second, { random: streams([6]) }))!;
    expect(valuesOf(alone)).toEqual(valuesOf(rows(all, 1, 2)));
  });

  it("repeats a negative caption for each candidate, unless it is one for all", async () => {
    const { prior, asked } = randomPrior();
    const embed = (negative: TextFeatures) => rerank(prior).embed(textOf(3), { negative, random: createRandom(0) });
    await embed(textOf(3, 8));
    await embed(textOf(1, 8));
    const [each, one] = asked.map(({ negative }) => negative!.textEmbedding);
    expect(valuesOf(each!)).toEqual(
      Float32Array.of(...valuesOf(textOf(3, 8).textEmbedding), ...valuesOf(textOf(3, 8).textEmbedding)),
    );
    expect(one!.dims).toEqual([1, WIDTH]);
  });

  it("is the prior itself with one candidate, and changes nothing where there is nothing to choose from", async () => {
    const { prior } = randomPrior();
    expect(rerank(prior, { candidates: 1 })).toBe(prior);
    const text = textOf(2);
    const options = { random: createRandom(0) };
    expect(await rerank(withoutPrior).embed(text, options)).toBeUndefined();
    const same = (await rerank(textEmbeddingAsPrior).embed(text, options))!;
    expect(valuesOf(same)).toEqual(valuesOf(text.textEmbedding));
  });

  it("refuses a number of candidates that cannot be", () => {
    for (const candidates of [0, -1, 1.5, NaN]) {
      expect(() => rerank(withoutPrior, { candidates })).toThrow(
        /rerank.candidates: expected a whole number from 1 on/,
      );
    }
  });
});
