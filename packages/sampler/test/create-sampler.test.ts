import {
  createSampler,
  createSchedule,
  finish,
  sample,
  SAMPLER_NAMES,
  samplerTakes,
  unclip,
  withGuidance,
  type Denoiser,
  type Sampler,
} from "@unclip/sampler";
import { createRandom, isUnclipError, map, valuesOf } from "@unclip/tensor";
import { describe, expect, it } from "vitest";
import { expectClose } from "../../../test-support/index.js";
import { linspace, point, scaledLinear, sine, walk } from "./toy.js";

const steps = 9;
const everyTimestep = Array.from({ length: 1000 }, (_, t) => t);

/** Each sampler with the options that it cannot do without, and an end at the clean end. */
function byName(name: string): Sampler {
  const own: Record<string, object> = {
    "analytic-dpm": { table: { timesteps: everyTimestep, gamma: everyTimestep.map(() => 0.9) } },
    pndm: { setAlphaToOne: true },
  };
  return createSampler(name, { ...own[name] });
}

/** A network that has learned a variance, and the same one without. */
const withVariance: Denoiser = async (xt, t) => ({ ...(await sine(xt, t)), variance: map(xt, Math.cos) });

describe("createSampler", () => {
  it("knows the samplers by name", () => {
    expect(SAMPLER_NAMES).toEqual([
      "unclip",
      "ddpm",
      "ddim",
      "analytic-dpm",
      "dpmpp-1",
      "dpmpp-2m",
      "dpmpp-3m",
      "dpmpp-2m-sde",
      "dpmpp-3m-sde",
      "unipc",
      "euler",
      "euler-ancestral",
      "heun",
      "lms",
      "pndm",
    ]);
    for (const name of SAMPLER_NAMES) expect(byName(name).name).toBe(name);
  });

  it("refuses an unknown name with a list of the known ones", () => {
    const create = () => createSampler("dpm++ 2m");
    expect(create).toThrow(`sampler: expected one of ${SAMPLER_NAMES.join(", ")}; got "dpm++ 2m"`);
    expect(() => createSampler("toString")).toThrow(/sampler: expected one of unclip, /);
  });

  it("refuses an option that the sampler does not take", () => {
    const create = () => createSampler("heun", { eta: 1 } as object);
    expect(create).toThrow(/sampler heun: no option eta; it takes spacing, stepsOffset, clipping, sigmas, finalSigma/);
    expect(samplerTakes("ddim")).toContain("eta");
  });

  it("says what analytic-dpm needs", () => {
    let error: unknown;
    try {
      createSampler("analytic-dpm", {});
    } catch (caught) {
      error = caught;
    }
    expect(isUnclipError(error, "input")).toBe(true);
    expect((error as Error).message).toMatch(/^sampler: analytic-dpm needs a table; .* estimateAnalyticTable/);
  });
});

describe.each(SAMPLER_NAMES)("%s", (name) => {
  const sampler = byName(name);
  const dims = [2, 3, 2, 2];
  // float32 of values below 1; UnCLIPScheduler's last step divides β_0 by a 1 - ᾱ_0 that is rounded otherwise
  const rounding = { maxAbs: name === "unclip" ? 1e-3 : 2e-6 };

  it("lists timesteps of the schedule, from noisy to clean", () => {
    const timesteps = sampler.timesteps(scaledLinear, steps);
    expect(new Set(timesteps).size).toBe(steps);
    expect(timesteps.toSorted((a, b) => b - a)).toEqual(timesteps);
    expect(timesteps.every((t) => t >= 0 && t < 1000)).toBe(true);
  });

  it("ends at the data if these are a single point", async () => {
    const x0 = map(linspace(dims), (x) => 0.9 * x);
    const end = await walk(point(x0), { sampler, steps, xT: createRandom(3).normal(dims) });
    expectClose(end, valuesOf(x0), rounding);
  });

  it("survives the squared-cosine schedule, which begins at σ = 20,000", async () => {
    const x0 = map(linspace(dims), (x) => 0.9 * x);
    const options = { sampler, steps: 25, schedule: createSchedule(), xT: createRandom(3).normal(dims) };
    expectClose(await walk(point(x0), options), valuesOf(x0), rounding);
  });

  it("leaves a learned variance alone", async () => {
    const xT = linspace(dims);
    const plain = await walk(sine, { sampler, steps, xT });
    expect(await walk(withVariance, { sampler, steps, xT })).toEqual(plain);
    expect(plain.length).toBe(24);
  });

  it("leaves it alone under guidance", async () => {
    const xT = linspace(dims);
    const guided = await walk(withGuidance(sine, 2), { sampler, steps, xT });
    expect(await walk(withGuidance(withVariance, 2), { sampler, steps, xT })).toEqual(guided);
  });

  it("keeps nothing from one walk to the next", async () => {
    const options = { sampler, steps, xT: linspace(dims) };
    const timesteps = sampler.timesteps(scaledLinear, steps);
    const first = sample(sine, { ...options, timesteps, schedule: scaledLinear, random: createRandom(0) });
    for (let i = 0; i < 3; i++) await first.next();
    const [second, rest] = [await walk(sine, options), valuesOf(await finish(first))];
    expect(rest).toEqual(second);
  });
});

describe("a walk's start", () => {
  const xT = linspace([1, 4]);
  const first = async (sampler: Sampler, start?: "noise" | "sample") => {
    let seen: Float32Array | undefined;
    const watching: Denoiser = async (xt, t) => {
      seen ??= valuesOf(xt);
      return sine(xt, t);
    };
    await walk(watching, { sampler, steps, xT, start });
    return seen!;
  };

  it("is noise of the first level's spread", async () => {
    const sigma = 14.614646911621094; // printed by diffusers for t = 999
    expectClose(await first(createSampler("euler")), valuesOf(map(xT, (x) => (x * sigma) / Math.hypot(sigma, 1))), {
      maxAbs: 1e-7,
    });
  });

  it.each([
    ["leading spacing", createSampler("euler", { spacing: "leading" })],
    ["a sampler without an initial scale", unclip()],
  ])("is the noise itself with %s", async (_, sampler) => {
    expect(await first(sampler)).toEqual(valuesOf(xT));
  });

  it("is taken as it is where it is a sample", async () => {
    expect(await first(createSampler("heun"), "sample")).toEqual(valuesOf(xT));
  });
});

describe("a list of timesteps that is not the sampler's own", () => {
  const walkAlong = (sampler: Sampler, timesteps: number[]) =>
    finish(sample(sine, { sampler, timesteps, schedule: scaledLinear, xT: linspace([1, 4]), random: createRandom(0) }));

  it.each([
    [
      "karras",
      createSampler("dpmpp-2m", { sigmas: "karras" }),
      /with "karras" sigmas the timesteps must be the sampler's/,
    ],
    ["heun", createSampler("heun"), /heun: expected every timestep but the first twice/],
    ["pndm", createSampler("pndm"), /pndm: expected the second timestep twice/],
  ])("is refused where the levels would not be right: %s", async (_, sampler, message) => {
    await expect(walkAlong(sampler, [999, 600, 300, 0])).rejects.toThrow(message);
  });

  it("is walked by the others", async () => {
    const { dims } = await walkAlong(createSampler("unipc"), [999, 600, 300, 0]);
    expect(dims).toEqual([1, 4]);
  });
});
