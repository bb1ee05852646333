import {
  cosineSimilarity,
  createRandom,
  normalise,
  slerp,
  tensor,
  valuesOf,
  weightedMean,
  type Tensor,
} from "@unclip/tensor";
import { describe, expect, it } from "vitest";
import { expectClose } from "../../../test-support/index.js";

const matrix = (...rows: number[][]) => tensor(Float32Array.from(rows.flat()), [rows.length, rows[0]!.length]);
const numbers = (x: Tensor) => [...valuesOf(x)];
const lengths = (x: Tensor) =>
  Array.from({ length: x.dims[0]! }, (_, i) => Math.hypot(...numbers(x).slice(i * x.dims[1]!, (i + 1) * x.dims[1]!)));
/** float32 rounding of values near 1 */
const ROUNDING = { maxAbs: 3e-7 };

describe("normalise", () => {
  it("makes each row as long as 1, in its direction", () => {
    expect(numbers(normalise(matrix([3, 4], [0, -2])))).toEqual(numbers(matrix([0.6, 0.8], [0, -1])));
    const z = createRandom(1).normal([5, 768]);
    expectClose(lengths(normalise(z)), Array(5).fill(1), ROUNDING);
    expectClose(numbers(normalise(normalise(z))), numbers(normalise(z)), { maxAbs: 1e-8 });
  });

  it("refuses what has no direction", () => {
    expect(() => normalise(matrix([1, 2], [0, 0]))).toThrow(
      "normalise: row 1 has length 0; expected one with a direction",
    );
    expect(() => normalise(matrix([Infinity, 0]))).toThrow("row 0 has length Infinity");
    expect(() => normalise(tensor(new Float32Array(4), [1, 2, 2]))).toThrow(
      "normalise: expected [N, D], got [1, 2, 2]",
    );
    expect(() => normalise(tensor(new Float32Array(0), [0, 2]))).toThrow("got [0, 2]");
  });
});

describe("cosineSimilarity", () => {
  it("is the cosine of every pair of rows, whatever their lengths", () => {
    const cosines = cosineSimilarity(matrix([3, 4], [-2, 0]), matrix([1, 0], [0, 5], [8, 6]));
    expect(cosines.dims).toEqual([2, 3]);
    expectClose(numbers(cosines), [0.6, 0.8, 0.96, -1, 0, -0.8], { maxAbs: 1e-7 });
  });

  it("refuses other widths and rows without a direction", () => {
    expect(() => cosineSimilarity(matrix([1, 0]), matrix([1, 0, 0]))).toThrow(/got \[1, 2\] and \[1, 3\]/);
    expect(() => cosineSimilarity(matrix([1, 0], [0, 0]), matrix([1, 0]))).toThrow(/row 1 has length 0/);
    expect(() => cosineSimilarity(matrix([NaN, 0]), matrix([1, 0]))).toThrow(/row 0 has length NaN/);
  });
});

describe("slerp", () => {
  const [u, v] = [createRandom(2).normal([3, 768]), createRandom(3).normal([3, 768])];
  const thetas = [0, 0.1, 0.25, 0.5, 0.9, 1];

  it("begins with u and ends with v", () => {
    expectClose(numbers(slerp(u, v, 0)), numbers(u), { maxAbs: 1e-6 });
    expectClose(numbers(slerp(u, v, 1)), numbers(v), { maxAbs: 1e-6 });
  });

  it.each(thetas)("keeps lengths: θ = %d", (theta) => {
    expectClose(lengths(slerp(normalise(u), normalise(v), theta)), [1, 1, 1], ROUNDING);
    const between = lengths(u).map((length, i) => (1 - theta) * length + theta * lengths(v)[i]!);
    expectClose(lengths(slerp(u, v, theta)), between, { maxAbs: 1e-5 }); // float32 of values near 28
  });

  it.each(thetas)("divides the angle: θ = %d", (theta) => {
    const angle = (a: Tensor, b: Tensor) => Math.acos(Math.min(1, valuesOf(cosineSimilarity(a, b))[0]!));
    const [a, b] = [matrix([1, 2, 2]), matrix([-2, 0, 5])];
    const z = slerp(a, b, theta);
    expect(angle(a, z)).toBeCloseTo(theta * angle(a, b), 3); // the arc cosine of a float32 near 1
    expect(angle(z, b)).toBeCloseTo((1 - theta) * angle(a, b), 3);
  });

  it("goes along the circle, by known values", () => {
    const root = Math.SQRT1_2;
    expectClose(numbers(slerp(matrix([1, 0]), matrix([0, 1]), 0.5)), [root, root], ROUNDING);
    expectClose(
      numbers(slerp(matrix([1, 0]), matrix([0, 3]), 1 / 3)),
      [(5 / 3) * Math.cos(Math.PI / 6), 5 / 6],
      ROUNDING,
    );
    expectClose(
      numbers(slerp(matrix([1, 0]), matrix([-1, 1]), 0.5)),
      numbers(slerp(matrix([-1, 1]), matrix([1, 0]), 0.5)),
      ROUNDING,
    );
  });

  it("takes rows that are parallel, or nearly", () => {
    expectClose(numbers(slerp(u, u, 0.3)), numbers(u), { maxAbs: 1e-6 });
    expectClose(numbers(slerp(matrix([2, 0]), matrix([4, 0]), 0.25)), [2.5, 0], ROUNDING);
    for (const tiny of [1e-4, 1e-6, 1e-8, 1e-12, 1e-30]) {
      const z = numbers(slerp(matrix([1, 0]), matrix([1, tiny]), 0.5));
      expectClose(z, [1, tiny / 2], { maxAbs: Math.max(6e-8, tiny * tiny) });
      expect(z[1]! / tiny).toBeCloseTo(0.5, 5);
    }
  });

  it("refuses opposite rows, between which no arc is shortest", () => {
    const message = "slerp: row 1: opposite vectors have no shortest arc between them";
    expect(() => slerp(matrix([1, 0], [1, 2]), matrix([1, 1], [-2, -4]), 0.5)).toThrow(message);
    expect(() => slerp(matrix([1, 0], [1, 0]), matrix([1, 1], [-1, 1e-5]), 0.5)).toThrow(message);
    expectClose(lengths(slerp(matrix([1, 0]), matrix([-1, 1e-3]), 0.5)), [1], { maxAbs: 1e-6 });
  });

  it("takes one row for all", () => {
    const one = matrix([1, 0]);
    const three = matrix([0, 1], [1, 1], [2, 0]);
    const each = [
      [0, 1],
      [1, 1],
      [2, 0],
    ].flatMap((row) => numbers(slerp(one, matrix(row), 0.4)));
    expect(numbers(slerp(one, three, 0.4))).toEqual(each);
    expectClose(numbers(slerp(three, one, 0.6)), each, ROUNDING);
  });

  it.each([
    [matrix([1, 0]), matrix([1, 0, 0]), 0.5, "slerp: expected [N, D] and [M, D], got [1, 2] and [1, 3]"],
    [
      matrix([1, 0], [1, 0]),
      matrix([1, 0], [1, 0], [1, 0]),
      0.5,
      "slerp: expected as many rows in both, or one in either, got 2 and 3",
    ],
    [matrix([0, 0]), matrix([1, 0]), 0.5, "slerp: row 0 has length 0"],
    [matrix([1, 0]), matrix([1, 0]), 1.01, "slerp: theta: expected 0 to 1, got 1.01"],
    [matrix([1, 0]), matrix([1, 0]), -0.01, "slerp: theta: expected 0 to 1, got -0.01"],
    [matrix([1, 0]), matrix([1, 0]), NaN, "slerp: theta: expected 0 to 1, got NaN"],
  ])("refuses what it cannot take (%#)", (a, b, theta, message) => {
    expect(() => slerp(a, b, theta)).toThrow(message);
  });
});

describe("weightedMean", () => {
  const rows = matrix([1, 2], [3, -2], [0, 8]);

  it("weighs rows, on any scale", () => {
    expect(numbers(weightedMean(rows, [1, 1, 2]))).toEqual([1, 4]);
    expectClose(numbers(weightedMean(rows, [0.1, 0.1, 0.2])), [1, 4], ROUNDING);
    expect(numbers(weightedMean(rows, [0, 5, 0]))).toEqual([3, -2]);
    expect(numbers(weightedMean(rows, [2, -1, 0]))).toEqual([-1, 6]);
    expect(weightedMean(rows, [1, 1, 1]).dims).toEqual([1, 2]);
  });

  it.each([
    [[1, -1, 0], "weightedMean: the weights [1, -1, 0] sum to 0, so that they have no mean"],
    [[0, 0, 0], "sum to 0"],
    [[0.1, 0.2, -0.30000000000000004], "sum to 0"],
    [[1, 1], "weightedMean: expected 3 finite weights, got [1, 1]"],
    [[1, 1, NaN], "expected 3 finite weights, got [1, 1, NaN]"],
  ])("refuses the weights %j", (weights, message) => {
    expect(() => weightedMean(rows, weights)).toThrow(message);
  });
});

describe("errors of embeddings", () => {
  const flat = tensor(new Float32Array(4).fill(1), [4]);

  it.each([
    ["input", () => normalise(matrix([0, 0]))],
    ["input", () => slerp(matrix([1, 0]), matrix([-1, 0]), 0.5)],
    ["input", () => slerp(matrix([1, 0]), matrix([0, 1]), NaN)],
    ["input", () => weightedMean(matrix([1, 0]), [0])],
    ["input", () => weightedMean(matrix([1, 0]), [])],
    ["shape", () => cosineSimilarity(matrix([1, 0]), matrix([1, 0, 0]))],
    ["shape", () => cosineSimilarity(matrix([1, 0]), flat)],
    ["shape", () => cosineSimilarity(flat, matrix([1, 0]))],
    ["shape", () => cosineSimilarity(flat, flat)],
    ["shape", () => slerp(matrix([1, 0]), matrix([1, 0, 0]), 0.5)],
  ])("are of the code %s", (code, work) => {
    expect(work).toThrow(expect.objectContaining({ code }));
  });
});
