import {
  addNoise,
  alphasAlong,
  ddim,
  ddimInversion,
  planSampling,
  readSchedulerConfig,
  sample,
  SAMPLER_NAMES,
  startAt,
  type Denoiser,
  type SamplerChoice,
  type SamplerSpec,
} from "@unclip/sampler";
import { createRandom, map, UnclipError, valuesOf } from "@unclip/tensor";
import { describe, expect, it } from "vitest";
import { expectClose } from "../../../test-support/index.js";
import { linspace, sine } from "./toy.js";

const read = (kind: string, rest: object = {}) =>
  readSchedulerConfig(JSON.stringify({ _class_name: `${kind}Scheduler`, ...rest }), "scheduler_config.json");
const unclip = read("UnCLIP", { prediction_type: "sample" });

describe("planSampling", () => {
  it("plans the model's own sampler, or another on its own timesteps", () => {
    const own = planSampling(unclip, "decoder", { steps: 4 });
    expect(own).toEqual({
      where: "decoder",
      schedule: unclip.schedule,
      predictionType: "sample",
      sampler: unclip.sampler,
      timesteps: [999, 666, 333, 0],
    });
    const other = planSampling(unclip, "prior", { steps: 4, sampler: { name: "dpmpp-2m", spacing: "trailing" } });
    expect(other.sampler.name).toBe("dpmpp-2m");
    expect(other.timesteps).toEqual([999, 749, 499, 249]);
    const mine = ddim({ spacing: "leading" });
    const third = planSampling(unclip, "prior", { steps: 4, sampler: mine });
    expect(third.sampler).toBe(mine);
    expect(third.timesteps).toEqual([750, 500, 250, 0]);
  });

  it("names its stage while it runs", async () => {
    const plan = planSampling(unclip, "upsampler-2", { steps: 4 });
    const broken: Denoiser = async (xt) => ({ type: "sample", output: map(xt, () => NaN) });
    const running = Promise.resolve(sample(broken, { ...plan, xT: linspace([1, 4]), random: createRandom(0) }));
    await expect(running).rejects.toThrow(/^upsampler-2: step 1 of 4: /);
  });

  it.each([
    [{ steps: 0 }, /^decoder\.steps: expected a whole number from 2 to 1000, got 0$/],
    [{ steps: 4, sampler: "magic" }, /^decoder\.sampler: expected one of unclip/],
    [
      { steps: 4, sampler: { name: "ddim", eta: -1 } },
      /^decoder\.sampler ddim: eta: expected a number from 0, got -1$/,
    ],
    [{ steps: 4, sampler: "analytic-dpm" }, /^decoder\.sampler analytic-dpm: needs table: /],
    [
      { steps: 4, sampler: { name: "analytic-dpm", table: { timesteps: [999, 500, 0], gamma: [1, 1, 1] } } },
      /^decoder\.sampler analytic-dpm: its table of 3 steps lacks timestep 666; take as many steps or estimate another$/,
    ],
  ])("refuses %j before anything runs", (options, message) => {
    const plan = () => planSampling(unclip, "decoder", options as { steps: number; sampler?: SamplerChoice });
    expect(plan).toThrow(message);
    expect(plan).toThrow(expect.objectContaining({ code: "input" }));
  });
  it("passes an error on that is not about the request", () => {
    const cause = new UnclipError("config", "mine");
    const timesteps = () => {
      throw cause;
    };
    expect(() => planSampling(unclip, "decoder", { steps: 4, sampler: { ...ddim(), timesteps } })).toThrow(cause);
  });

  it("keeps the cause of its own", () => {
    const plan = () => planSampling(unclip, "decoder", { steps: 0 });
    expect(plan).toThrow(expect.objectContaining({ cause: expect.objectContaining({ code: "input" }) as Error }));
  });
});

describe("alphasAlong", () => {
  it("gives ᾱ at each timestep and at the clean end", () => {
    const { schedule } = unclip;
    const expected = [800, 400].map((t) => schedule.alphasCumprod[t]!);
    expect(alphasAlong(ddim(), { schedule, timesteps: [800, 400] })).toEqual([...expected, 1]);
    expect(alphasAlong(ddimInversion(), { schedule, timesteps: [400, 800] })).toEqual([1, ...expected.reverse()]);
  });
});

describe("startAt", () => {
  const [x0, noise] = [linspace([1, 1, 2, 2]), map(linspace([1, 1, 2, 2]), (x) => Math.cos(9 * x))];
  const scheduler = read("DDIM", { beta_schedule: "scaled_linear", clip_sample: false });

  it.each([
    [0.4, 10, [300, 200, 100, 0]],
    [1, 4, [750, 500, 250, 0]],
    [0.3, 25, [240, 200, 160, 120, 80, 40, 0]],
    [0.29, 100, Array.from({ length: 28 }, (_, i) => 270 - 10 * i)], // int(0.29 · 100) is 28 in float64, as in Python
  ])("takes the last timesteps: strength %d of %d steps", (strength, steps, timesteps) => {
    const plan = startAt(planSampling(scheduler, "decoder", { steps }), strength, x0, noise);
    expect(plan.timesteps).toEqual(timesteps);
    expect(plan.skippedSteps).toBe(steps - timesteps.length);
    expect(plan.start).toBe("sample");
    const bar = scheduler.schedule.alphasCumprod[timesteps[0]!]!;
    expect(valuesOf(plan.xT)).toEqual(valuesOf(addNoise(x0, noise, bar)));
  });

  it.each(SAMPLER_NAMES.filter((name) => name !== "analytic-dpm"))(
    "%s gives the picture back to a perfect network",
    async (name) => {
      const plan = startAt(planSampling(scheduler, "decoder", { steps: 20, sampler: name }), 0.5, x0, noise);
      const perfect: Denoiser = async () => ({ type: "sample", output: x0 });
      const seen: number[] = [];
      let end = plan.xT;
      for await (const { xt, step, steps } of sample(perfect, { ...plan, random: createRandom(0) })) {
        seen.push(step);
        expect(steps).toBe(10);
        end = xt;
      }
      expect(seen.length).toBe(10);
      // pndm ends at ᾱ_0, where 0.01 of the noise is left; UnCLIPScheduler divides β_0 by a 1 - ᾱ_0 that is rounded otherwise
      expectClose(valuesOf(end), valuesOf(x0), { maxAbs: name === "pndm" ? 0.02 : name === "unclip" ? 1e-3 : 2e-6 });
    },
  );

  it.each(["karras", "exponential"] as const)(
    "goes on along %s levels, from the level of its first step",
    async (sigmas) => {
      for (const name of ["euler", "heun", "lms", "dpmpp-2m", "unipc"] as const) {
        const whole = planSampling(scheduler, "decoder", { steps: 10, sampler: { name, sigmas } as SamplerSpec });
        const plan = startAt(whole, 0.5, x0, noise);
        expect(plan.timesteps).toEqual(whole.timesteps.slice(5));
        // Where x_0 and ε are the same everywhere, every run stays on x_t = sqrt(ᾱ) x_0 + sqrt(1 - ᾱ) ε.
        const { sampler, schedule } = whole;
        const bars = sampler.alphasCumprod!({ schedule, timesteps: whole.timesteps });
        expect(sampler.alphasCumprod!(plan)).toEqual(bars.slice(5));
        expectClose(valuesOf(plan.xT), valuesOf(addNoise(x0, noise, bars[5]!)), { maxAbs: 0 });
        const perfect: Denoiser = async () => ({ type: "sample", output: x0 });
        for await (const { xt, step } of sample(perfect, { ...plan, random: createRandom(0) })) {
          expectClose(valuesOf(xt), valuesOf(addNoise(x0, noise, bars[5 + step]!)), { maxAbs: 1e-6 }); // float32
        }
      }
    },
  );

  it("keeps the stride of the whole plan, as the reference does", async () => {
    const plan = startAt(planSampling(scheduler, "decoder", { steps: 10 }), 0.3, x0, noise); // 200, 100, 0
    const { alphasCumprod } = scheduler.schedule;
    const perfect: Denoiser = async () => ({ type: "sample", output: x0 });
    const steps = sample(perfect, { ...plan, random: createRandom(0) });
    const { value } = await steps[Symbol.asyncIterator]().next();
    const expected = addNoise(x0, noise, alphasCumprod[100]!);
    expectClose(valuesOf((value as { xt: typeof x0 }).xt), valuesOf(expected), { maxAbs: 1e-6 });
  });

  it.each([0, -0.1, 1.01, NaN, "0.5" as unknown as number])("refuses a strength of %s", (strength) => {
    const plan = planSampling(scheduler, "decoder", { steps: 10 });
    const start = () => startAt(plan, strength, x0, noise);
    expect(start).toThrow(/^decoder\.strength: expected a number above 0 to 1, got /);
    expect(start).toThrow(expect.objectContaining({ code: "input" }));
  });

  it("refuses less than one step", () => {
    const start = () => startAt(planSampling(scheduler, "decoder", { steps: 10 }), 0.09, x0, noise);
    expect(start).toThrow(/^decoder\.strength: 0.09 of 10 steps is less than one step; raise it, or take more steps$/);
    expect(start).toThrow(expect.objectContaining({ code: "input" }));
  });

  it("refuses noise of another shape", () => {
    const plan = planSampling(scheduler, "decoder", { steps: 10 });
    expect(() => startAt(plan, 0.5, x0, linspace([1, 4]))).toThrow(expect.objectContaining({ code: "shape" }));
  });

  it("is a usual run for the samplers: DDIM goes through the whole with eta", async () => {
    const plan = planSampling(scheduler, "decoder", { steps: 10, sampler: { name: "ddim", eta: 1 } });
    const end = await sample(sine, { ...startAt(plan, 0.7, x0, noise), random: createRandom(0) });
    expect(end.dims).toEqual(x0.dims);
  });
});
