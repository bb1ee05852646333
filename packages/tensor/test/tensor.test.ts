import {
  checkDims,
  clamp,
  concatChannels,
  concatRows,
  filled,
  map,
  repeatRows,
  rows,
  sizeOf,
  splitChannels,
  tensor,
  valuesOf,
  zip,
  type Tensor,
} from "@unclip/tensor";
import { describe, expect, it } from "vitest";

/** Values 0, 1, 2, ... */
function counting(...dims: number[]): Tensor {
  return tensor(
    Float32Array.from({ length: sizeOf(dims) }, (_, i) => i),
    dims,
  );
}

const shapeError = expect.objectContaining({ code: "shape" }) as Error;

function expectTensor(actual: Tensor, dims: number[], values: number[]): void {
  expect(actual.dims).toEqual(dims);
  expect([...valuesOf(actual)]).toEqual(values);
}

describe("tensor", () => {
  it("holds its values without a copy", () => {
    const data = Float32Array.of(1, 2, 3, 4, 5, 6);
    const x = tensor(data, [2, 3]);
    expect(x.dims).toEqual([2, 3]);
    expect(valuesOf(x)).toBe(data);
  });

  it.each([
    [[2, 2], 4],
    [[2, 0], 0],
    [[], 1],
    [[3], 3],
  ])("of shape %j holds %d values", (dims, size) => {
    expect(sizeOf(dims)).toBe(size);
    expectTensor(filled(dims, 0.5), dims, Array<number>(size).fill(0.5));
  });

  it("refuses another number of values", () => {
    expect(() => tensor(new Float32Array(5), [2, 3])).toThrow(/^tensor: \[2, 3\] needs 6 values, got 5$/);
    expect(() => tensor(new Float32Array(5), [2, 3])).toThrow(shapeError);
  });
});

describe("map, zip and clamp", () => {
  it("go over every element", () => {
    expectTensor(
      map(counting(2, 2), (x) => x * 10),
      [2, 2],
      [0, 10, 20, 30],
    );
    expectTensor(
      zip(counting(2, 2), filled([2, 2], 1), (a, b) => a - b),
      [2, 2],
      [-1, 0, 1, 2],
    );
    expectTensor(clamp(counting(5), 1, 3), [5], [1, 1, 2, 3, 3]);
  });

  it("zip refuses tensors of two shapes", () => {
    expect(() => zip(counting(2, 2), counting(4), (a) => a)).toThrow(/^zip: expected \[2, 2\], got \[4\]$/);
  });
});

describe("rows", () => {
  const x = counting(3, 2, 1);

  it("takes some of them, as a copy", () => {
    const taken = rows(x, 1, 3);
    expectTensor(taken, [2, 2, 1], [2, 3, 4, 5]);
    valuesOf(taken)[0] = 9;
    expect(valuesOf(x)[2]).toBe(2);
    expectTensor(rows(x, 1, 2), [1, 2, 1], [2, 3]);
    expectTensor(rows(x, 2, 2), [0, 2, 1], []);
  });

  it("are joined, and repeated", () => {
    expectTensor(concatRows([x, rows(x, 0, 1), rows(x, 2, 3)]), [5, 2, 1], [0, 1, 2, 3, 4, 5, 0, 1, 4, 5]);
    expectTensor(repeatRows(counting(2, 2), 2), [4, 2], [0, 1, 0, 1, 2, 3, 2, 3]);
  });

  it("are not joined where the other axes differ", () => {
    expect(() => concatRows([counting(2, 2), counting(2, 3)])).toThrow(/^concatRows: expected \[2, 2\], got \[2, 3\]$/);
  });
});

describe("channels", () => {
  const x = counting(2, 3, 2);

  it("are split", () => {
    const [one, two] = splitChannels(x, 1);
    expectTensor(one, [2, 1, 2], [0, 1, 6, 7]);
    expectTensor(two, [2, 2, 2], [2, 3, 4, 5, 8, 9, 10, 11]);
  });

  it("are joined again", () => {
    const [one, two] = splitChannels(x, 1);
    expectTensor(concatChannels(one, two), [2, 3, 2], [...valuesOf(x)]);
    expectTensor(concatChannels(two, one), [2, 3, 2], [2, 3, 4, 5, 0, 1, 8, 9, 10, 11, 6, 7]);
  });

  it("are not joined where the other axes differ", () => {
    const one = counting(2, 1, 2);
    expect(() => concatChannels(one, counting(2, 2, 3))).toThrow(
      /^concatChannels: expected \[2, 2, 2\], got \[2, 2, 3\]$/,
    );
    expect(() => concatChannels(one, counting(1, 2, 2))).toThrow(shapeError);
  });
});

describe("checkDims", () => {
  it("accepts the shape itself", () => {
    checkDims("x", counting(2, 3), [2, 3]);
  });

  it.each([[[2, 4]], [[2]], [[2, 3, 1]], [[3, 2]], [[]]])("refuses %j", (dims) => {
    const check = () => checkDims("decoder.x", counting(2, 3), dims, "is the prior from this model?");
    expect(check).toThrow(`decoder.x: expected [${dims.join(", ")}], got [2, 3]; is the prior from this model?`);
    expect(check).toThrow(shapeError);
  });

  it("says no more without a hint", () => {
    expect(() => checkDims("x", counting(2), [3])).toThrow(/^x: expected \[3\], got \[2\]$/);
  });
});
