import { createRandom, perPicture, valuesOf } from "@unclip/tensor";
import { describe, expect, it } from "vitest";
import { float32FromBase64, readFixture } from "../../../test-support/index.js";

interface RandomFixture {
  cases: { seed: number; draws: { size: number; f32: string }[] }[];
  uniforms: { seed: number; size: number; f32: string }[];
}

const fixture = readFixture<RandomFixture>("random.json");

/** Distance of two float32 values in units in the last place. */
function ulps(a: number, b: number): number {
  const ordered = (value: number) => {
    const bits = new Int32Array(Float32Array.of(value).buffer)[0]!;
    return bits < 0 ? -(bits & 0x7fffffff) : bits;
  };
  return Math.abs(ordered(a) - ordered(b));
}

describe("createRandom equals torch's CPU generator", () => {
  it.each(fixture.uniforms)("uniform bits, seed $seed, size $size", ({ seed, size, f32 }) => {
    expect(valuesOf(createRandom(seed).uniform([size]))).toEqual(float32FromBase64(f32));
  });

  it.each(fixture.cases.map((item) => ({ ...item, sizes: item.draws.map(({ size }) => size).join(", ") })))(
    "normals within one unit in the last place, seed $seed, sizes $sizes",
    ({ seed, draws }) => {
      const random = createRandom(seed);
      for (const { size, f32 } of draws) {
        const [drawn, expected] = [valuesOf(random.normal([size])), float32FromBase64(f32)];
        const worst = drawn.reduce((most, value, i) => Math.max(most, ulps(value, expected[i]!)), 0);
        expect(worst, `size ${size}`).toBeLessThanOrEqual(1);
      }
    },
  );

  it("keeps the low 32 bits of a seed, as torch does", () => {
    const draw = (seed: number | bigint) => valuesOf(createRandom(seed).normal([20]));
    expect(draw(2 ** 33 + 5)).toEqual(draw(5));
    expect(draw(2n ** 64n + 5n)).toEqual(draw(5));
    expect(draw(-1)).toEqual(draw(2 ** 32 - 1));
  });

  it("refuses a seed that is not an integer", () => {
    expect(() => createRandom(0.5)).toThrow(/seed: expected an integer, got 0.5/);
    expect(() => createRandom(2 ** 53)).toThrow(/got 9007199254740992; beyond 2\^53 pass a bigint/);
    expect(() => createRandom(NaN)).toThrow(expect.objectContaining({ code: "input" }));
  });
});

describe("perPicture", () => {
  it("draws each row from its own stream", () => {
    const both = perPicture([createRandom(1), createRandom(2)]).normal([2, 16]);
    expect(both.dims).toEqual([2, 16]);
    expect(valuesOf(both).subarray(0, 16)).toEqual(valuesOf(createRandom(1).normal([1, 16])));
    expect(valuesOf(both).subarray(16)).toEqual(valuesOf(createRandom(2).normal([1, 16])));
    const uniform = perPicture([createRandom(1), createRandom(2)]).uniform([2, 3]);
    expect(valuesOf(uniform).subarray(3)).toEqual(valuesOf(createRandom(2).uniform([1, 3])));
  });

  it("refuses another number of rows", () => {
    const draw = () => perPicture([createRandom(1)]).normal([2, 16]);
    expect(draw).toThrow(/^random: 1 streams cannot draw 2 rows; give one per picture$/);
    expect(draw).toThrow(expect.objectContaining({ code: "input" }));
  });
});
