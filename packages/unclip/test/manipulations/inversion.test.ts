import { createRandom, valuesOf, type Random } from "@unclip/tensor";
import { describe, expect, it } from "vitest";
import { fillInvertible, sameNoise, sharedNoise } from "../../src/manipulations/inversion.js";
import { refusal } from "../support.js";
import { fakeModel } from "./fake-model.js";

const model = fakeModel();

describe("fillInvertible", () => {
  it("takes DDIM that can be undone, without guidance, in fifty steps that are refined twice", () => {
    const sampler = { name: "ddim", eta: 0, clipping: { kind: "none" }, epsFromClippedX0: false, endTimestep: 20 };
    expect(fillInvertible({}, model, 1)).toMatchObject({
      n: 1,
      refinements: 2,
      decoder: { steps: 50, guidanceScale: 1, sampler },
    });
  });

  it("takes the caller's settings for its own, and eta for the way back", () => {
    const decoder = { steps: 3, guidanceScale: 0 };
    const filled = fillInvertible({ refinements: 0, decoder, n: 2 }, model, 1, { eta: 0.5 });
    expect(filled).toMatchObject({ n: 2, refinements: 0, decoder: { ...decoder, sampler: { eta: 0.5 } } });
    expect(fillInvertible({ refinements: 20, decoder: { sampler: "heun" } }, model, 1)).toMatchObject({
      refinements: 20,
      decoder: { sampler: "heun" },
    });
  });

  it("takes one negative caption, or one for each where that is said", () => {
    const negative = ["a", "b"];
    expect(() => fillInvertible({ negative }, model, 2)).toThrow(refusal("negative: expected one caption, got 2"));
    expect(fillInvertible({ negative }, model, 2, { negatives: "each" }).negative).toEqual(negative);
  });

  it.each([-1, 21, 0.5, NaN, "2"])("refuses %j refinements", (refinements) => {
    expect(() => fillInvertible({ refinements } as object, model, 1)).toThrow(
      refusal(`refinements: expected a whole number from 0 to 20, got ${refinements}`),
    );
  });
});

/** The rows that a stream of shared noise gives, each as its numbers. */
function rowsOf(random: Random, kind: "normal" | "uniform", dims: readonly number[]): number[][] {
  const x = random[kind](dims);
  expect(x.dims).toEqual(dims);
  const values = [...valuesOf(x)];
  const width = values.length / dims[0]!;
  return Array.from({ length: dims[0]! }, (_, i) => values.slice(i * width, (i + 1) * width));
}

describe.each(["normal", "uniform"] as const)("%s noise", (kind) => {
  it("that is shared is the same for all pictures of a draw, and another in the next draw", () => {
    const shared = sharedNoise(createRandom(3));
    const [first, second, ...rest] = rowsOf(shared, kind, [3, 2, 2]);
    expect([second, ...rest]).toEqual([first, first]);
    const own = createRandom(3);
    expect(first).toEqual([...valuesOf(own[kind]([1, 2, 2]))]);
    expect(rowsOf(shared, kind, [1, 2, 2])).toEqual([[...valuesOf(own[kind]([1, 2, 2]))]]);
  });

  it("that is the same begins anew with each draw of rows of one shape", () => {
    const same = sameNoise(createRandom(3));
    const [first] = rowsOf(same, kind, [1, 4]);
    expect(rowsOf(same, kind, [3, 4])).toEqual([first, first, first]);
    const [other] = rowsOf(same, kind, [2, 2, 2]);
    expect(other).not.toEqual(first);
    expect(rowsOf(same, kind, [1, 2, 2])).toEqual([other]);
    expect(rowsOf(same, kind, [2, 4])).toEqual([first, first]);
  });
});

it("the same noise of two kinds differs", () => {
  const same = sameNoise(createRandom(3));
  const [normal] = rowsOf(same, "normal", [1, 4]);
  expect(rowsOf(same, "uniform", [1, 4])).not.toEqual([normal]);
  expect(rowsOf(same, "normal", [1, 4])).toEqual([normal]);
});
