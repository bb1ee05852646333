import {
  createRandom,
  principalComponents,
  project,
  reconstruct,
  tensor,
  valuesOf,
  zip,
  type Tensor,
} from "@unclip/tensor";
import { describe, expect, it } from "vitest";
import { expectClose, largestDifference } from "../../../test-support/index.js";

const matrix = (...rows: number[][]) => tensor(Float32Array.from(rows.flat()), [rows.length, rows[0]!.length]);
const numbers = (x: Tensor) => [...valuesOf(x)];

/** Rows whose directions differ in variance, about a mean that is not zero. */
function cloud(n: number, width: number): Tensor {
  const x = createRandom(7).normal([n, width]);
  valuesOf(x).forEach((value, i, all) => (all[i] = 3 + value * 2 ** -(i % width)));
  return x;
}

describe.each([
  ["more rows than numbers in them", 40, 6],
  ["fewer", 6, 40],
  ["as many", 12, 12],
])("principalComponents of %s", (_, n, width) => {
  const x = cloud(n, width);
  const components = principalComponents(x);
  const { basis, eigenvalues, mean } = components;

  it("has an orthonormal basis, the largest variance first", () => {
    expect(basis.length).toBe(Math.min(n - 1, width));
    for (const [i, a] of basis.entries()) {
      for (const [j, b] of basis.entries()) {
        const product = a.reduce((sum, value, axis) => sum + value * b[axis]!, 0);
        expect(Math.abs(product - (i === j ? 1 : 0)), `${i} ${j}`).toBeLessThan(1e-12);
      }
      expect(Math.max(...a)).toBeGreaterThan(Math.max(...a.map((value) => -value)));
    }
    expect([...eigenvalues]).toEqual([...eigenvalues].sort((a, b) => b - a));
  });

  it("gives the variance along each direction", () => {
    const coordinates = project(x, components);
    const k = basis.length;
    for (let c = 0; c < k; c++) {
      const along = Array.from({ length: n }, (_, row) => numbers(coordinates)[row * k + c]!);
      const variance = along.reduce((sum, value) => sum + value * value, 0) / (n - 1);
      expect(Math.abs(variance / eigenvalues[c]! - 1)).toBeLessThan(1e-4); // float32 coordinates
      expect(Math.abs(along.reduce((sum, value) => sum + value, 0))).toBeLessThan(1e-4);
    }
  });

  it("holds all of the variance", () => {
    const total = numbers(x).reduce((sum, value, i) => sum + (value - mean[i % width]!) ** 2, 0) / (n - 1);
    expect(eigenvalues.reduce((sum, value) => sum + value, 0) / total).toBeCloseTo(1, 6);
  });

  it("reconstructs with all components, and with more of them better", () => {
    expect(largestDifference(numbers(reconstruct(project(x, components), components)), numbers(x))).toBeLessThan(2e-6);
    const errors = basis.map((_, i) => {
      const back = reconstruct(project(x, components, i + 1), components);
      return valuesOf(zip(back, x, (a, b) => (a - b) ** 2)).reduce((sum, value) => sum + value, 0) / (n - 1);
    });
    for (const [i, error] of errors.slice(0, -1).entries()) {
      const left = eigenvalues.slice(i + 1).reduce((sum, value) => sum + value, 0);
      expect(Math.abs(error - left)).toBeLessThan(1e-4 * left + 1e-9); // what is lost is the variance of the rest
    }
  });

  it("keeps k", () => {
    const two = principalComponents(x, 2);
    expect([two.basis.length, two.eigenvalues.length]).toEqual([2, 2]);
    expectClose([...two.basis[1]!], [...basis[1]!], { maxAbs: 1e-12 });
  });
});

describe("principalComponents", () => {
  it("finds known ones", () => {
    const { mean, basis, eigenvalues } = principalComponents(matrix([1, 1], [3, 3], [5, 5], [3, 1], [3, 5]));
    expect([...mean]).toEqual([3, 3]);
    // Covariance [[2, 2], [2, 4]]: eigenvalues 3 ± √5, the first along (2, 1 + √5).
    expectClose([...eigenvalues], [3 + Math.sqrt(5), 3 - Math.sqrt(5)], { maxAbs: 1e-12 });
    const length = Math.hypot(2, 1 + Math.sqrt(5));
    expectClose([...basis[0]!], [2 / length, (1 + Math.sqrt(5)) / length], { maxAbs: 1e-12 });
  });

  it("finds no more than there are", () => {
    const line = matrix([1, 2, 3], [2, 4, 6], [3, 6, 9], [5, 10, 15]);
    expect(principalComponents(line).basis.length).toBe(1);
    expect(() => principalComponents(line, 2)).toThrow(
      "principalComponents: k: expected 1 to 1, which these rows have, got 2",
    );
    expect(() => principalComponents(line, 0)).toThrow("got 0");
    expect(() => principalComponents(cloud(5, 3), 1.5)).toThrow("k: expected 1 to 3");
    expect(() => principalComponents(matrix([1, 2]))).toThrow("expected at least 2 rows, got 1");
    expect(() => principalComponents(tensor(new Float32Array(8), [2, 2, 2]))).toThrow("expected [N, D], got [2, 2, 2]");
  });

  it("refuses rows that do not differ, or are not numbers", () => {
    expect(() => principalComponents(matrix([1, 2], [1, 2]))).toThrow("principalComponents: the rows are all the same");
    expect(() => principalComponents(matrix([1, NaN], [1, 2]))).toThrow("principalComponents: expected finite numbers");
  });
});

describe("project and reconstruct", () => {
  const components = principalComponents(cloud(9, 4));

  it("take rows of their width, and as many components as there are", () => {
    expect(project(cloud(2, 4), components, 3).dims).toEqual([2, 3]);
    expect(() => project(cloud(2, 5), components)).toThrow("project: expected [N, 4], got [2, 5]");
    expect(() => project(cloud(2, 4), components, 5)).toThrow("project: k: expected 1 to 4 components, got 5");
    expect(() => project(cloud(2, 4), components, 0)).toThrow("got 0");
    expect(() => reconstruct(cloud(2, 5), components)).toThrow("reconstruct: expected [N, 4] or narrower, got [2, 5]");
  });

  it("lead to the mean from nothing", () => {
    expectClose(numbers(reconstruct(matrix([0, 0]), components)), [...components.mean], { maxAbs: 3e-7 });
  });
});

describe("errors of principal components", () => {
  const components = principalComponents(cloud(9, 4));

  it.each([
    ["input", () => principalComponents(matrix([1, 2]))],
    ["input", () => principalComponents(matrix([1, NaN], [1, 2]))],
    ["input", () => principalComponents(matrix([1, 2], [1, 2]))],
    ["input", () => principalComponents(cloud(9, 4), 5)],
    ["input", () => project(cloud(2, 4), components, 5)],
    ["shape", () => project(cloud(2, 5), components)],
    ["shape", () => reconstruct(cloud(2, 5), components)],
    ["shape", () => principalComponents(tensor(new Float32Array(8), [2, 2, 2]))],
  ])("are of the code %s", (code, work) => {
    expect(work).toThrow(expect.objectContaining({ code }));
  });

  it("say where", () => {
    const cube = tensor(new Float32Array(8), [2, 2, 2]);
    expect(() => principalComponents(cube)).toThrow(/^principalComponents: /);
    expect(() => project(cube, components)).toThrow(/^project: /);
    expect(() => reconstruct(cube, components)).toThrow(/^reconstruct: /);
  });

  it("spare the first and the last number of components that there are", () => {
    expect(principalComponents(cloud(9, 4), 1).basis.length).toBe(1);
    expect(principalComponents(cloud(9, 4), 4).basis.length).toBe(4);
    expect(project(cloud(2, 4), components, 1).dims).toEqual([2, 1]);
  });
});
