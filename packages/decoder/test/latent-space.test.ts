import { latentSpaces, type LatentCodec } from "@unclip/decoder";
import { concatRows, filled, tensor, valuesOf, type Tensor } from "@unclip/tensor";
import { describe, expect, it } from "vitest";
import { expectClose } from "../../../test-support/index.js";

const BASE = [0.1, -0.2, 0.3];
const SLOPES = [
  [0.5, 0.1, -0.3],
  [-0.4, 0.2, 0.6],
];

/** An autoencoder of two channels and a factor of 2 whose colours are a straight line in its latents.
 * @param calls what it was asked to do, and with how many pictures */
function straightCodec(calls: string[] = [], width = 1): LatentCodec {
  const colourOf = (x: Tensor, row: number, i: number, colour: number) => {
    const area = x.dims[2]! * x.dims[3]!;
    const [a, b] = [0, 1].map((c) => valuesOf(x)[(row * 2 + c) * area + i]!) as [number, number];
    return width * (BASE[colour]! + SLOPES[0]![colour]! * a + SLOPES[1]![colour]! * b);
  };
  return {
    config: { latentChannels: 2, factor: 2 },
    async encode(pixels) {
      calls.push(`encode ${pixels.dims.join("x")}`);
      const [n, , h, w] = pixels.dims as [number, number, number, number];
      return filled([n, 2, h / 2, w / 2], valuesOf(pixels)[0]!);
    },
    async decode(latents) {
      calls.push(`decode ${latents.dims.join("x")}`);
      const [n, , h, w] = latents.dims as [number, number, number, number];
      const at = (i: number) => Math.floor(Math.floor(i / (2 * w)) / 2) * w + Math.floor((i % (2 * w)) / 2);
      const rows = Array.from({ length: n }, (_, row) =>
        [0, 1, 2].flatMap((colour) =>
          Array.from({ length: 4 * h * w }, (_, i) => colourOf(latents, row, at(i), colour)),
        ),
      );
      return tensor(Float32Array.from(rows.flat()), [n, 3, 2 * h, 2 * w]);
    },
  };
}

describe("a latent space", () => {
  it("says its sizes, and hands pictures over one at a time", async () => {
    const calls: string[] = [];
    const space = latentSpaces(straightCodec(calls))({ width: 6, height: 4 });
    expect([space.kind, space.size, space.shape(3)]).toEqual(["latents", { width: 6, height: 4 }, [3, 2, 2, 3]]);
    const two = concatRows([filled([1, 3, 4, 6], 0.5), filled([1, 3, 4, 6], -0.5)]);
    const latents = await space.encode(two);
    expect([...valuesOf(latents)]).toEqual([...Array<number>(12).fill(0.5), ...Array<number>(12).fill(-0.5)]);
    expect((await space.decode(latents)).dims).toEqual([2, 3, 4, 6]);
    expect(calls).toEqual(["encode 1x3x4x6", "encode 1x3x4x6", "decode 1x2x2x3", "decode 1x2x2x3"]);
  });

  it("keeps decoded pixels in their range", async () => {
    const space = latentSpaces(straightCodec([], 100))({ width: 4, height: 4 });
    const pixels = valuesOf(await space.decode(tensor(Float32Array.of(1, 1, -1, -1, 1, 1, -1, -1), [1, 2, 2, 2])));
    expect([Math.min(...pixels), Math.max(...pixels)]).toEqual([-1, 1]);
  });

  it("shows latents by colours that it learned with one look, for all sizes", async () => {
    const calls: string[] = [];
    const spaces = latentSpaces(straightCodec(calls));
    const x0 = tensor(
      Float32Array.from({ length: 24 }, (_, i) => Math.sin(i)),
      [2, 2, 2, 3],
    );
    await spaces({ width: 8, height: 8 }).prepare!();
    const shown = await spaces({ width: 6, height: 4 }).preview(x0);
    expect(shown.dims).toEqual([2, 3, 2, 3]);
    const expected = [0, 1].flatMap((row) =>
      BASE.flatMap((base, colour) =>
        Array.from(
          { length: 6 },
          (_, i) =>
            base +
            SLOPES[0]![colour]! * valuesOf(x0)[row * 12 + i]! +
            SLOPES[1]![colour]! * valuesOf(x0)[row * 12 + 6 + i]!,
        ),
      ),
    );
    expectClose(valuesOf(shown), expected, { maxAbs: 1e-5 }); // float32
    expect(calls).toEqual(["decode 5x2x4x4"]);
  });

  it("looks again after a look that failed", async () => {
    const calls: string[] = [];
    const codec = straightCodec(calls);
    let isBroken = true;
    const space = latentSpaces({
      ...codec,
      decode: async (latents) => {
        if (isBroken) throw new Error("no memory");
        return codec.decode(latents);
      },
    })({ width: 4, height: 4 });
    await expect(space.prepare!()).rejects.toThrow("no memory");
    isBroken = false;
    expect((await space.preview(filled([1, 2, 2, 2], 0))).dims).toEqual([1, 3, 2, 2]);
  });

  it("refuses pixels of another size", async () => {
    const space = latentSpaces(straightCodec())({ width: 6, height: 4 });
    await expect(space.encode(filled([1, 3, 6, 4], 0))).rejects.toThrow(
      "decoder.pixels: expected [1, 3, 4, 6], got [1, 3, 6, 4]; resize the picture to 6 x 4 first",
    );
  });
});
