import { describe, expect, it } from "vitest";
import { pictureGrid, shrinkPicture } from "../src/picture-layout.js";

const grey = (width: number, height: number, values: readonly number[]) => ({
  width,
  height,
  data: Uint8Array.from(values.flatMap((value) => [value, value, value])),
});

describe("shrinkPicture", () => {
  it("takes the mean of what each pixel stands for", () => {
    expect(shrinkPicture(grey(4, 2, [0, 10, 100, 200, 20, 30, 0, 100]), 2, 1)).toEqual(grey(2, 1, [15, 100]));
  });

  it("uses every pixel once where sizes do not divide", () => {
    expect(shrinkPicture(grey(5, 1, [10, 20, 30, 40, 50]), 2, 1)).toEqual(grey(2, 1, [15, 40]));
  });
});

describe("pictureGrid", () => {
  const [first, second, third] = [grey(2, 1, [1, 2]), grey(2, 1, [3, 4]), grey(2, 1, [5, 6])] as const;

  it("puts pictures in rows, with black where none is left", () => {
    const grid = pictureGrid([first, second, third], 2, 1);
    expect(grid).toEqual(grey(5, 3, [1, 2, 0, 3, 4, 0, 0, 0, 0, 0, 5, 6, 0, 0, 0]));
  });

  it("is no wider than its pictures", () => expect(pictureGrid([first], 4)).toEqual(first));
});
