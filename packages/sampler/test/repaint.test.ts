import {
  createSampler,
  createSchedule,
  ddim,
  ddpm,
  repaint,
  sample,
  SAMPLER_NAMES,
  unipc,
  type Denoiser,
  type Sampler,
} from "@unclip/sampler";
import { createRandom, filled, map, tensor, valuesOf, zip, type Tensor } from "@unclip/tensor";
import { describe, expect, it } from "vitest";
import { expectClose } from "../../../test-support/index.js";
import { linspace, scaledLinear, sine } from "./toy.js";

const dims = [1, 1, 4, 4];
const known = map(linspace(dims), (x) => Math.cos(5 * x));
const [all, nothing] = [filled(dims, 1), filled(dims, 0)];
const half = map(linspace(dims), (x) => (x < 0 ? 0 : 1));
const names = SAMPLER_NAMES.filter((name) => name !== "analytic-dpm");

function run(sampler: Sampler, steps = 6, denoise: Denoiser = sine) {
  const timesteps = sampler.timesteps(scaledLinear, steps);
  const xT = createRandom(1).normal(dims);
  return sample(denoise, { sampler, schedule: scaledLinear, timesteps, xT, random: createRandom(2) });
}

/** How often the network is asked in each step. */
async function evaluations(sampler: Sampler, steps: number): Promise<{ counts: number[]; ts: number[][] }> {
  const [counts, ts]: [number[], number[][]] = [[], []];
  let seen: number[] = [];
  const counting: Denoiser = async (xt, t) => (seen.push(t), sine(xt, t));
  for await (const { step, steps: all } of run(sampler, steps, counting)) {
    counts.push(seen.length);
    ts.push(seen);
    seen = [];
    expect([step, all]).toEqual([counts.length, steps]);
  }
  return { counts, ts };
}

describe("repaint", () => {
  it("is the sampler itself where all is painted anew", async () => {
    for (const name of names) {
      const inner = createSampler(name);
      const painted = await run(repaint(inner, { known, mask: all, resamples: 3 }));
      expect(valuesOf(painted)).toEqual(valuesOf(await run(inner)));
    }
  });

  it("noises the kept area with the same noise after every step, where it is given", async () => {
    const noise = createRandom(3).normal(dims);
    const kept = (x: Tensor) => valuesOf(x).filter((_, i) => valuesOf(half)[i] === 0);
    const inner = ddim();
    const timesteps = inner.timesteps(scaledLinear, 6);
    let at = 0;
    for await (const { xt } of run(repaint(inner, { known, mask: half, resamples: 1, noise }))) {
      const bar = ++at === timesteps.length ? 1 : scaledLinear.alphasCumprod[timesteps[at]!]!;
      const expected = zip(known, noise, (x0, eps) => Math.sqrt(bar) * x0 + Math.sqrt(1 - bar) * eps);
      expectClose(kept(xt), kept(expected), { maxAbs: 1e-6 });
    }
    const wide = () => repaint(inner, { known, mask: half, noise: filled([1, 1, 4, 5], 0) });
    expect(wide).toThrow("repaint.noise: expected [1, 1, 4, 4], got [1, 1, 4, 5]");
  });

  it.each(names)("gives the known picture back where nothing is painted anew: %s", async (name) => {
    const painted = await run(repaint(createSampler(name), { known, mask: nothing, resamples: 2, jump: 2 }));
    expect(valuesOf(painted)).toEqual(valuesOf(known));
  });

  it.each(names)("keeps the known half exactly, and its preview: %s", async (name) => {
    const kept = (x: Tensor) => valuesOf(x).filter((_, i) => valuesOf(half)[i] === 0);
    let end: Tensor | undefined;
    for await (const { xt, x0 } of run(repaint(createSampler(name), { known, mask: half }))) {
      expect(kept(x0)).toEqual(kept(known));
      end = xt;
    }
    expect(kept(end!)).toEqual(kept(known));
    expect(valuesOf(end!)).not.toEqual(valuesOf(known));
  });

  it("mixes where the mask is in between", async () => {
    const inner = ddim({ clipping: { kind: "none" } });
    const x0 = filled(dims, 0.5);
    const perfect: Denoiser = async () => ({ type: "sample", output: x0 });
    const mask = filled(dims, 0.25);
    const end = await run(repaint(inner, { known, mask }), 6, perfect);
    expectClose(valuesOf(end), valuesOf(zip(known, x0, (k, x) => 0.75 * k + 0.25 * x)), { maxAbs: 1e-6 }); // float32
  });

  it("replaces the kept area by the known sample at the level that was reached", async () => {
    const schedule = createSchedule();
    const ones = filled([1, 20_000], 1);
    const inner = ddim();
    const sampler = repaint(inner, { known: ones, mask: filled([1, 20_000], 0), resamples: 1 });
    const options = { sampler, schedule, timesteps: [999, 600, 300, 0], xT: filled([1, 20_000], 0) };
    const levels = [600, 300, 0].map((t) => schedule.alphasCumprod[t]!);
    for await (const { xt, step } of sample(sine, { ...options, random: createRandom(0) })) {
      const bar = levels[step - 1] ?? 1;
      const mean = valuesOf(xt).reduce((sum, x) => sum + x, 0) / 20_000;
      const variance = valuesOf(xt).reduce((sum, x) => sum + (x - mean) ** 2, 0) / 20_000;
      expect(Math.abs(mean - Math.sqrt(bar))).toBeLessThan(0.03); // 20,000 values leave 0.7 %
      expect(Math.abs(variance - (1 - bar))).toBeLessThan(0.03);
    }
  });

  it.each([
    [1, 1, [1, 1, 1, 1, 1, 1]],
    [3, 1, [3, 3, 3, 3, 3, 1]], // the last step is not gone back
    [3, 2, [1, 1, 5, 1, 5, 1]],
    [2, 5, [1, 1, 1, 1, 6, 1]],
    [2, 6, [1, 1, 1, 1, 1, 1]], // no stretch is as long
  ])("with r = %d and j = %d counts six steps of six", async (resamples, jump, expected) => {
    const { counts, ts } = await evaluations(repaint(ddim(), { known, mask: half, resamples, jump }), 6);
    expect(counts).toEqual(expected);
    const list = ddim().timesteps(scaledLinear, 6);
    ts.forEach((seen, index) => {
      const stretch = list.slice(index + 1 - jump, index + 1);
      const again = counts[index] === 1 ? [] : Array.from({ length: resamples - 1 }, () => stretch).flat();
      expect(seen).toEqual([list[index], ...again]);
    });
  });

  it("goes back by the forward process: the sample keeps the variance of its level", async () => {
    // Data of N(0, 1) have variance 1 at every level, and DDPM with a variance of β keeps it exactly.
    const n = 20_000;
    const perfect: Denoiser = async (xt, t) => ({
      type: "sample",
      output: map(xt, (x) => Math.sqrt(scaledLinear.alphasCumprod[t]!) * x),
    });
    const first = tensor(
      Float32Array.from({ length: n }, (_, i) => (i === 0 ? 0 : 1)),
      [1, n],
    ); // one value is kept
    const inner = ddpm({ varianceType: "fixed_large", clipping: { kind: "none" } });
    const sampler = repaint(inner, { known: filled([1, n], 0), mask: first, resamples: 3, jump: 2 });
    const timesteps = sampler.timesteps(scaledLinear, 10);
    const options = { sampler, schedule: scaledLinear, timesteps, xT: createRandom(1).normal([1, n]) };
    for await (const { xt } of sample(perfect, { ...options, random: createRandom(2) })) {
      const variance = valuesOf(xt).reduce((sum, x) => sum + x ** 2, 0) / n;
      expect(Math.abs(variance - 1)).toBeLessThan(0.04); // 20,000 values leave 1 %
    }
  });

  it("goes back to the level where the stretch began", async () => {
    const n = 20_000;
    const ones = filled([1, n], 1);
    const sampler = repaint(ddim(), { known: ones, mask: filled([1, n], 0), resamples: 2, jump: 2 });
    const means: [t: number, mean: number][] = [];
    const watching: Denoiser = async (xt, t) => {
      means.push([t, valuesOf(xt).reduce((sum, x) => sum + x, 0) / n]);
      return sine(xt, t);
    };
    const timesteps = sampler.timesteps(scaledLinear, 6);
    const options = { sampler, schedule: scaledLinear, timesteps, xT: filled([1, n], 0), random: createRandom(0) };
    await sample(watching, options);
    expect(means.length).toBe(10);
    for (const [t, mean] of means.slice(1)) {
      expect(Math.abs(mean - Math.sqrt(scaledLinear.alphasCumprod[t]!))).toBeLessThan(0.03); // 20,000 values leave 0.7 %
    }
  });

  it("tells a sampler that begins anew where in the plan it is", async () => {
    const begun: [number, number | undefined][] = [];
    const inner: Sampler = {
      ...ddim(),
      begin(process) {
        begun.push([process.timesteps.length, process.skippedSteps]);
        return ddim().begin(process);
      },
    };
    const sampler = repaint(inner, { known, mask: half, resamples: 2, jump: 2 });
    expect(sampler.name).toBe("repaint-ddim");
    const timesteps = inner.timesteps(scaledLinear, 9).slice(3);
    const options = { sampler, schedule: scaledLinear, timesteps, skippedSteps: 3, xT: known, random: createRandom(0) };
    await sample(sine, options);
    expect(begun).toEqual([
      [6, 3],
      [5, 4],
      [3, 6],
    ]);
  });

  it("fits the new area to the kept one, the better the more often it resamples", async () => {
    // Data whose two values are equal, from N(0, 1): where the first is known, the second is known too.
    const n = 500;
    const equal: Denoiser = async (xt, t) => {
      const bar = scaledLinear.alphasCumprod[t]!;
      const x = valuesOf(xt);
      const mean = (i: number) => (Math.sqrt(bar) * (x[i]! + x[i ^ 1]!)) / (1 + bar);
      return {
        type: "sample",
        output: tensor(
          x.map((_, i) => mean(i)),
          xt.dims,
        ),
      };
    };
    const error = async (resamples: number) => {
      const known = filled([n, 2], 1);
      const mask = tensor(
        Float32Array.from({ length: 2 * n }, (_, i) => i % 2),
        [n, 2],
      );
      const sampler = repaint(createSampler({ name: "ddim", eta: 1, clipping: { kind: "none" } }), {
        known,
        mask,
        resamples,
      });
      const options = { sampler, schedule: scaledLinear, timesteps: sampler.timesteps(scaledLinear, 20) };
      const xT = createRandom(1).normal([n, 2]);
      const end = valuesOf(await sample(equal, { ...options, xT, random: createRandom(2) }));
      return end.filter((_, i) => i % 2 === 1).reduce((sum, x) => sum + Math.abs(x - 1), 0) / n;
    };
    const [once, often] = [await error(1), await error(8)];
    expect(often).toBeLessThan(0.7 * once); // 0.08 and 0.14: the last step is not gone back
    expect(once).toBeGreaterThan(0.1);
  });

  it("goes on from the changed sample where a sampler corrects its own", async () => {
    const sampler = repaint(unipc(), { known, mask: nothing, resamples: 1 });
    const seen: Tensor[] = [];
    const watching: Denoiser = async (xt, t) => (seen.push(xt), sine(xt, t));
    const steps: Tensor[] = [];
    for await (const { xt } of run(sampler, 6, watching)) steps.push(xt);
    expect(seen.slice(1)).toEqual(steps.slice(0, -1));
  });

  it.each([
    [
      { mask: filled([1, 1, 4, 5], 1) },
      "shape",
      /^repaint\.mask: expected \[1, 1, 4, 4\], got \[1, 1, 4, 5\]; the mask/,
    ],
    [{ mask: filled(dims, 1.5) }, "input", /^repaint\.mask: expected values from 0 \(kept\) to 1 .*, got 1.5$/],
    [{ mask: filled(dims, -1) }, "input", /^repaint\.mask: .* got -1$/],
    [{ mask: filled(dims, NaN) }, "input", /^repaint\.mask: .* got NaN$/],
    [{ resamples: 0 }, "input", /^repaint\.resamples: expected a whole number from 1, got 0$/],
    [{ resamples: 1.5 }, "input", /^repaint\.resamples: expected a whole number from 1, got 1.5$/],
    [{ jump: 0 }, "input", /^repaint\.jump: expected a whole number from 1, got 0$/],
  ])("refuses %j", (options, code, message) => {
    const create = () => repaint(ddim(), { known, mask: half, ...options });
    expect(create).toThrow(message);
    expect(create).toThrow(expect.objectContaining({ code }));
  });

  it("refuses a known sample of another shape than what is sampled", async () => {
    const other = { known: filled([1, 16], 0), mask: filled([1, 16], 0) };
    await expect(run(repaint(ddim(), other))).rejects.toThrow(
      /^repaint\.known: expected \[1, 1, 4, 4\], got \[1, 16\]; the known sample has the shape of what is sampled$/,
    );
  });
});
