import { expect, it, vi } from "vitest";
import { createSizes } from "../../src/families/sizes.js";

it("a decoder is made once for each size", () => {
  const make = vi.fn((size: object) => ({ size }) as never);
  const sizes = createSizes(8, make);
  expect(sizes.step).toBe(8);
  const square = sizes.at({ width: 64, height: 64 });
  expect(sizes.at({ width: 64, height: 64 })).toBe(square);
  const wide = sizes.at({ width: 64, height: 32 });
  expect(wide).not.toBe(square);
  expect(sizes.at({ width: 32, height: 64 })).not.toBe(wide);
  expect(make.mock.calls).toEqual([
    [{ width: 64, height: 64 }],
    [{ width: 64, height: 32 }],
    [{ width: 32, height: 64 }],
  ]);
});
