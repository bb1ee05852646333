import { loadAutoencoder } from "@unclip/autoencoder";
import { createRuntime, openModelFolder } from "@unclip/runtime/node";
import { createRandom, filled, tensor } from "@unclip/tensor";
import { describe, expect, it } from "vitest";
import { expectRelative, fixturePath, readFixtureTensors, type FixtureTensor } from "../../../test-support/index.js";

const toTensor = ({ data, dims }: FixtureTensor) => tensor(data, dims);
const ROUNDING = 2e-5; // float32, another order of sums, through some thirty layers

async function open(name: string, component: string) {
  const runtime = await createRuntime();
  const autoencoder = await loadAutoencoder(await openModelFolder(fixturePath(name)), runtime, { component });
  return { autoencoder, runtime, fixture: readFixtureTensors(`networks/${name}/${component}.safetensors`) };
}

describe("MoVQ agrees with VQModel of diffusers", () => {
  for (const name of [
    "kandinsky-2-2-tiny-decoder",
    "kandinsky-2-2-tiny-b-decoder",
    "kandinsky-2-1-tiny",
    "kandinsky-2-1-tiny-b",
  ]) {
    it(`with the weights of ${name}`, async () => {
      const { autoencoder, runtime, fixture } = await open(name, "movq");
      const encoded = await autoencoder.encode(toTensor(fixture["pixels"]!));
      expect(encoded.dims).toEqual(fixture["encoded"]!.dims);
      expectRelative(encoded.data, fixture["encoded"]!.data, ROUNDING);
      const decoded = await autoencoder.decode(toTensor(fixture["latents"]!));
      expect(decoded.dims).toEqual(fixture["decoded"]!.dims);
      expectRelative(decoded.data, fixture["decoded"]!.data, ROUNDING);
      await runtime.dispose();
    });
  }
});

describe("KL autoencoder agrees with AutoencoderKL of diffusers", () => {
  for (const name of ["stable-unclip-tiny-h", "stable-unclip-tiny-h-b", "stable-unclip-tiny-l"]) {
    it(`with the weights of ${name}`, async () => {
      const { autoencoder, runtime, fixture } = await open(name, "vae");
      const pixels = toTensor(fixture["pixels"]!);
      expectRelative((await autoencoder.encode(pixels)).data, fixture["encoded"]!.data, ROUNDING);
      const sampled = await autoencoder.encode(pixels, { random: createRandom(7) });
      expectRelative(sampled.data, fixture["sampled"]!.data, ROUNDING);
      const decoded = await autoencoder.decode(toTensor(fixture["latents"]!));
      expectRelative(decoded.data, fixture["decoded"]!.data, ROUNDING);
      await runtime.dispose();
    });
  }
});

describe("shapes", () => {
  it("that do not fit are refused in one sentence", async () => {
    const { autoencoder, runtime } = await open("kandinsky-2-2-tiny-decoder", "movq");
    await expect(autoencoder.encode(filled([1, 3, 6, 8], 0))).rejects.toThrow(
      "autoencoder.pixels: expected width and height in multiples of 4, got 8x6",
    );
    await expect(autoencoder.encode(filled([1, 1, 8, 8], 0))).rejects.toThrow(
      "autoencoder.pixels: expected [N, 3, h, w], got [1, 1, 8, 8]",
    );
    await expect(autoencoder.decode(filled([1, 3, 8, 8], 0))).rejects.toThrow(
      "autoencoder.latents: expected [N, 4, h, w], got [1, 3, 8, 8]",
    );
    await runtime.dispose();
  });
});
