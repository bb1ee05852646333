import { expect, it, vi } from "vitest";
import { atSize, MOST_SIDE } from "../src/size.js";

type Model = Parameters<typeof atSize>[0];
const decoder = { space: { size: { width: 64, height: 64 } } };
const at = vi.fn((size: object) => ({ space: { size } }));
const model = { stages: { decoder }, sizes: { step: 8, at }, lacks: {} } as unknown as Model;
const fixed = { stages: { decoder }, lacks: { size: "this model paints 64 x 64" } } as unknown as Model;

it("leaves a model as it is where no size is asked for, or its own", () => {
  for (const asked of [{}, { width: 64 }, { width: 64, height: 64 }]) {
    const { loaded, warnings } = atSize(model, asked);
    expect(loaded.stages.decoder).toBe(decoder);
    expect(loaded.size).toEqual({ width: 64, height: 64 });
    expect(warnings).toEqual([]);
  }
  expect(atSize(fixed, {})).toEqual({ loaded: fixed, warnings: [] });
  expect(at).not.toHaveBeenCalled();
});

it("takes the decoder of another size, and says what was rounded up", () => {
  const { loaded, warnings } = atSize(model, { width: 128, height: 33 });
  expect(at).toHaveBeenCalledExactlyOnceWith({ width: 128, height: 40 });
  expect(loaded.stages.decoder.space.size).toEqual({ width: 128, height: 40 });
  expect(loaded.size).toEqual({ width: 128, height: 40 });
  expect(warnings).toEqual([
    "size: 128 x 33 became 128 x 40, because this model paints widths and heights in multiples of 8",
  ]);
  expect(atSize(model, { width: 60 }).warnings).toEqual([
    "size: 60 x 64 became 64 x 64, because this model paints widths and heights in multiples of 8",
  ]);
  expect(atSize(model, { width: MOST_SIDE, height: 1 }).loaded.size).toEqual({ width: MOST_SIDE, height: 8 });
});

it.each([0, 1.5, MOST_SIDE + 1, NaN, "64"])("refuses a side of %s", (side) => {
  const message = `height: expected a whole number of pixels from 1 to 2048, got ${side}`;
  expect(() => atSize(model, { height: side as number })).toThrow(expect.objectContaining({ code: "input", message }));
});

it("refuses a size of a model that has one", () => {
  const refusal = expect.objectContaining({ code: "input", message: "width: this model paints 64 x 64" });
  expect(() => atSize(fixed, { width: 64 })).toThrow(refusal);
});
