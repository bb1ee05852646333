import { peakSignalToNoise } from "@unclip/evaluation";
import { describe, expect, it } from "vitest";
import { pictureCases } from "./metrics.js";

describe("peakSignalToNoise", () => {
  it.each(pictureCases)("is numpy's: $psnr dB", ({ a, b, psnr }) => {
    expect(peakSignalToNoise(a, b)).toBeCloseTo(psnr, 10);
  });

  it("is infinite for equal pictures, 0 between black and white", () => {
    const { a } = pictureCases[0]!;
    expect(peakSignalToNoise(a, a)).toBe(Infinity);
    const plain = (value: number) => ({ ...a, data: new Uint8Array(48).fill(value) });
    expect(peakSignalToNoise(plain(0), plain(255))).toBe(0);
  });

  it("refuses pictures of two sizes", () => {
    const { a } = pictureCases[0]!;
    const wide = { width: 8, height: 2, data: a.data };
    expect(() => peakSignalToNoise(a, wide)).toThrow("expected pictures of one size, got 4 x 4 and 8 x 2");
  });
});
