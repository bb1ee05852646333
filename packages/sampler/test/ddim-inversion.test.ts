import { addNoise, ddim, ddimInversion, sample, type Denoiser, type SampleStep } from "@unclip/sampler";
import { createRandom, map, valuesOf, zip, type Tensor } from "@unclip/tensor";
import { describe, expect, it } from "vitest";
import { expectClose, largestDifference } from "../../../test-support/index.js";
import { firstStep, linspace, scaledLinear, runSampler } from "./toy.js";

const clean = linspace([1, 1, 2, 4]);

/** Clean samples to x_T and back. */
async function thereAndBack(denoise: Denoiser, steps: number): Promise<{ xT: Tensor; x0: Float32Array }> {
  const options = { steps, start: "sample" } as const;
  const noisy = await runSampler(denoise, { sampler: ddimInversion(), xT: clean, ...options });
  const xT = map(clean, () => 0);
  valuesOf(xT).set(noisy);
  const back = ddim({ clipping: { kind: "none" } });
  return { xT, x0: await runSampler(denoise, { sampler: back, xT, ...options }) };
}

describe("ddimInversion", () => {
  it("lists its timesteps from the clean end", () => {
    expect(ddimInversion({ spacing: "leading", stepsOffset: 1 }).timesteps(scaledLinear, 20)).toEqual(
      Array.from({ length: 20 }, (_, i) => 50 * i + 1),
    );
  });

  it("and sampling give the start back exactly where ε is the same at both ends of a step", async () => {
    const noise = map(clean, (x) => Math.cos(9 * x));
    const denoise: Denoiser = async (_, t) => ({ type: "epsilon", output: map(noise, (e) => e * (1 + t / 1000)) });
    const { x0 } = await thereAndBack(denoise, 25);
    expectClose(x0, valuesOf(clean), { maxAbs: 2e-5 }); // float32 at x_T, divided by sqrt(ᾱ_T) = 0.07
  });

  it("finds the noise that a picture was given", async () => {
    const noise = map(clean, (x) => Math.cos(9 * x));
    const { xT } = await thereAndBack(async () => ({ type: "epsilon", output: noise }), 10);
    const expected = addNoise(clean, noise, scaledLinear.alphasCumprod[999]!);
    expectClose(valuesOf(xT), valuesOf(expected), { maxAbs: 1e-6 });
  });

  it("and sampling come closer to the start with more steps for a linear network", async () => {
    const linear: Denoiser = async (xt) => ({ type: "epsilon", output: map(xt, (x) => 0.5 * x) });
    const error = async (steps: number) => largestDifference((await thereAndBack(linear, steps)).x0, valuesOf(clean));
    const [coarse, fine] = [await error(50), await error(200)];
    expect(coarse).toBeLessThan(0.2);
    expect(fine).toBeLessThan(coarse / 3); // of first order: a quarter of the step, about a quarter of the error
  });

  it("and sampling give the start back through a steep network once steps are refined", async () => {
    // Rows and places of different slopes, the steepest of which sends plain fixed-point iterations away.
    const slopes = map(linspace([2, 1, 2, 4]), (x) => 2.2 * x);
    const pictures = map(linspace([2, 1, 2, 4]), (x) => Math.sin(5 * x));
    const steep: Denoiser = async (xt) => ({ type: "epsilon", output: zip(xt, slopes, (x, k) => k * x) });
    const error = async (refinements: number) => {
      const options = { steps: 20, start: "sample" } as const;
      const xT = map(pictures, (x) => x);
      valuesOf(xT).set(await runSampler(steep, { sampler: ddimInversion({ refinements }), xT: pictures, ...options }));
      const back = await runSampler(steep, { sampler: ddim({ clipping: { kind: "none" } }), xT, ...options });
      return largestDifference(back, valuesOf(pictures));
    };
    const [none, two, eight] = [await error(0), await error(2), await error(8)];
    expect(two).toBeLessThan(none / 2);
    expect(eight).toBeLessThan(two / 1000);
  });

  it("asks the network once more for each refinement of a step", async () => {
    let asked = 0;
    const denoise: Denoiser = async (xt) => ({ type: "epsilon", output: (asked++, xt) });
    await runSampler(denoise, { sampler: ddimInversion({ refinements: 3 }), steps: 5, xT: clean, start: "sample" });
    expect(asked).toBe(5 * 4);
  });

  it("begins where DDIM ends", async () => {
    const options = { endTimestep: 20, setAlphaToOne: true } as const;
    const noise = map(clean, (x) => Math.cos(9 * x));
    const denoise: Denoiser = async () => ({ type: "sample", output: clean });
    const start = addNoise(clean, noise, scaledLinear.alphasCumprod[20]!);
    const there = await runSampler(denoise, {
      sampler: ddimInversion(options),
      steps: 4,
      xT: start,
      start: "sample",
    });
    const xT = addNoise(clean, noise, scaledLinear.alphasCumprod[999]!);
    expectClose(there, valuesOf(xT), { maxAbs: 1e-5 }); // the noise at t = 20 is 0.15 of x in float32
    const back = await runSampler(denoise, { sampler: ddim(options), steps: 4, xT, start: "sample" });
    expectClose(back, valuesOf(start), { maxAbs: 1e-5 }); // likewise
  });

  it("counts its levels by strides if asked to, as the reference does", async () => {
    const noise = map(clean, (x) => Math.cos(9 * x));
    const denoise: Denoiser = async () => ({ type: "epsilon", output: noise });
    const options = { schedule: scaledLinear, timesteps: [600], random: createRandom(0), start: "sample" } as const;
    const invert = (previous: "list" | "stride", timesteps: number[], xT: Tensor) =>
      sample(denoise, { ...options, sampler: ddimInversion({ previous }), timesteps, xT });
    // Of two timesteps the stride is 500: the step to 600 then comes from the level of 100, not from the clean end.
    const at = (t: number) => addNoise(clean, noise, scaledLinear.alphasCumprod[t]!);
    const first = async (run: AsyncIterable<SampleStep>) => valuesOf((await firstStep(run)).xt);
    expectClose(await first(invert("stride", [600, 900], at(100))), valuesOf(at(600)), { maxAbs: 1e-6 }); // float32
    expectClose(await first(invert("list", [600, 900], clean)), valuesOf(at(600)), { maxAbs: 1e-6 });
  });

  it("takes x_0 where the first level holds noise", async () => {
    const noise = map(clean, (x) => Math.cos(9 * x));
    const denoise: Denoiser = async () => ({ type: "sample", output: clean });
    const sampler = ddimInversion({ setAlphaToOne: false });
    const start = addNoise(clean, noise, scaledLinear.alphasCumprod[0]!);
    const end = await runSampler(denoise, { sampler, steps: 4, xT: start, start: "sample" });
    const expected = addNoise(clean, noise, scaledLinear.alphasCumprod[999]!);
    expectClose(end, valuesOf(expected), { maxAbs: 1e-4 }); // the noise at t = 0 is 0.03 of x in float32
  });

  it("says what a network that predicts x_0 lacks", async () => {
    const denoise: Denoiser = async (xt) => ({ type: "sample", output: xt });
    await expect(thereAndBack(denoise, 5)).rejects.toThrow(/says nothing about ε at the clean end/);
    await expect(thereAndBack(denoise, 5)).rejects.toMatchObject({ code: "config" });
  });
});
