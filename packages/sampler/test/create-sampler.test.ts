import {
  analyticDpm,
  createSampler,
  createSchedule,
  ddim,
  ddimInversion,
  ddpm,
  dpmSolver,
  euler,
  eulerAncestral,
  heun,
  lms,
  pndm,
  sample,
  SAMPLER_NAMES,
  SAMPLER_OPTIONS,
  unclip,
  unipc,
  withGuidance,
  type AnalyticDpmOptions,
  type Denoiser,
  type Sampler,
  type SamplerName,
  type SamplerSpec,
} from "@unclip/sampler";
import { createRandom, map, valuesOf } from "@unclip/tensor";
import { describe, expect, it } from "vitest";
import { expectClose } from "../../../test-support/index.js";
import { linspace, point, scaledLinear, sine, runSampler } from "./toy.js";

const steps = 9;
const everyTimestep = Array.from({ length: 1000 }, (_, t) => t);

/** Each sampler with the options that it cannot do without, and an end at the clean end. */
function byName(name: SamplerName): Sampler {
  if (name === "pndm") return createSampler({ name, setAlphaToOne: true });
  if (name !== "analytic-dpm") return createSampler(name);
  return createSampler({ name, table: { timesteps: everyTimestep, gamma: everyTimestep.map(() => 0.9) } });
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

  it("takes a choice in any of its forms", async () => {
    const own = ddim({ eta: 0.5 });
    expect(createSampler(own)).toBe(own);
    const run = (sampler: Sampler) => runSampler(sine, { sampler, steps, xT: linspace([1, 4]) });
    expect(await run(createSampler({ name: "ddim", eta: 0.5 }))).toEqual(await run(own));
    expect(await run(createSampler("ddim"))).toEqual(await run(ddim()));
    expect(await run(own)).not.toEqual(await run(ddim()));
  });

  it.each(["dpm++ 2m", "toString", "", 7, null, undefined, {}, { name: "__proto__" }, { name: ["ddim"] }, []])(
    "refuses %j, which is no choice, with a list of the names",
    (choice) => {
      const name = typeof choice === "object" && choice !== null ? (choice as { name?: unknown }).name : choice;
      const got = typeof name === "string" || Array.isArray(name) ? JSON.stringify(name) : String(name);
      const create = () => createSampler(choice as SamplerName);
      expect(create).toThrow(`sampler: expected one of ${SAMPLER_NAMES.join(", ")}; got ${got}`);
      expect(create).toThrow(expect.objectContaining({ code: "input" }));
    },
  );

  it("refuses an option that the sampler does not take", () => {
    const create = () => createSampler({ name: "heun", eta: 1 } as unknown as SamplerSpec);
    expect(create).toThrow(
      /^sampler heun: no option "eta"; it takes spacing, stepsOffset, sigmas, finalSigma, clipping$/,
    );
    expect(() => createSampler({ name: "dpmpp-2m", order: 3 } as unknown as SamplerSpec)).toThrow(/no option "order"/);
  });

  it.each([
    [{ name: "ddim", eta: -0.1 }, "ddim: eta: expected a number from 0, got -0.1"],
    [{ name: "ddim", eta: NaN }, "ddim: eta: expected a number from 0, got NaN"],
    [{ name: "ddim", eta: Infinity }, "ddim: eta: expected a number from 0, got Infinity"],
    [{ name: "ddim", eta: "1" }, 'ddim: eta: expected a number from 0, got "1"'],
    [{ name: "ddim", eta: null }, "ddim: eta: expected a number from 0, got null"],
    [{ name: "ddim", epsFromClippedX0: 1 }, "ddim: epsFromClippedX0: expected true or false, got 1"],
    [{ name: "ddim", spacing: "even" }, 'ddim: spacing: expected unclip, linspace, leading or trailing, got "even"'],
    [{ name: "euler", spacing: "unclip" }, 'euler: spacing: expected linspace, leading or trailing, got "unclip"'],
    [{ name: "euler", stepsOffset: -1 }, "euler: stepsOffset: expected a whole number from 0, got -1"],
    [{ name: "lms", order: 5 }, "lms: order: expected a whole number from 1 to 4, got 5"],
    [{ name: "lms", order: 2.5 }, "lms: order: expected a whole number from 1 to 4, got 2.5"],
    [
      { name: "unipc", disableCorrector: [0, -1] },
      "unipc: disableCorrector: expected a list of numbers from 0, got [0,-1]",
    ],
    [{ name: "unipc", disableCorrector: 0 }, "unipc: disableCorrector: expected a list of numbers from 0, got 0"],
    [{ name: "euler", churn: [] }, "euler: churn: expected an object of amount, from, to, noise, got []"],
    [{ name: "euler", churn: null }, "euler: churn: expected an object of amount, from, to, noise, got null"],
    [{ name: "euler", churn: 5 }, "euler: churn: expected an object of amount, from, to, noise, got 5"],
    [
      { name: "ddpm", clipping: null },
      "ddpm: clipping: expected an object whose kind is none, range or dynamic, got null",
    ],
    [
      { name: "ddpm", clipping: { kind: ["none"] } },
      "ddpm: clipping: expected an object whose kind is none, range or d",
    ],
    [
      { name: "ddpm", clipping: { kind: "toString" } },
      "ddpm: clipping: expected an object whose kind is none, range or d",
    ],
    [
      { name: "ddpm", varianceType: ["learned"] },
      "ddpm: varianceType: expected fixed_small, fixed_small_log, fixed_large",
    ],
    [{ name: "dpmpp-2m", lambdaMinClipped: "x" }, 'dpmpp-2m: lambdaMinClipped: expected a number, got "x"'],
    [{ name: "euler", churn: { from: 1 } }, "euler: churn: needs amount: sum over the run"],
    [{ name: "euler", churn: { amount: -1 } }, "euler: churn: amount: expected a number from 0, got -1"],
    [{ name: "euler", churn: { amount: 1, until: 3 } }, 'euler: churn: no option "until"; it takes amount, from, to'],
    [
      { name: "ddpm", clipping: { kind: "hard" } },
      "ddpm: clipping: expected an object whose kind is none, range or dynamic",
    ],
    [
      { name: "ddpm", clipping: { range: 1 } },
      "ddpm: clipping: expected an object whose kind is none, range or dynamic",
    ],
    [{ name: "ddpm", clipping: "none" }, "ddpm: clipping: expected an object whose kind is none, range or dynamic"],
    [{ name: "ddpm", clipping: { kind: "range" } }, "ddpm: clipping: needs range: clamps x_0"],
    [
      { name: "ddpm", clipping: { kind: "range", range: 0 } },
      "ddpm: clipping: range: expected a number above 0, got 0",
    ],
    [{ name: "ddpm", clipping: { kind: "none", range: 1 } }, 'ddpm: clipping: no option "range"; it takes none'],
    [
      { name: "ddpm", clipping: { kind: "dynamic", ratio: 1.1 } },
      "ddpm: clipping: ratio: expected a number from 0 to 1, got 1.1",
    ],
    [{ name: "analytic-dpm" }, "analytic-dpm: needs table: Γ at the timesteps of the run; `unclip analytic` estimates"],
    [{ name: "analytic-dpm", table: undefined }, "analytic-dpm: needs table: "],
    [{ name: "analytic-dpm", table: { timesteps: [1] } }, "analytic-dpm: table: needs gamma: "],
    [
      { name: "analytic-dpm", table: { timesteps: ["1"], gamma: [1] } },
      "analytic-dpm: table: timesteps: expected a list",
    ],
  ])("refuses a value that does not fit: %j", (spec, message) => {
    const create = () => createSampler(spec as SamplerSpec);
    expect(create).toThrow(`sampler ${message}`);
    expect(create).toThrow(expect.objectContaining({ code: "input" }));
  });

  it("checks the options of a sampler that is made by its own function", () => {
    expect(() => ddim({ eta: -1 })).toThrow(/^sampler ddim: eta: expected a number from 0, got -1$/);
    const wrong = { clipping: { kind: "range", range: -1 } } as const;
    const named = { ddim, "ddim-inversion": ddimInversion, ddpm, unclip, dpmpp: dpmSolver, pndm, unipc };
    const all = { ...named, euler, "euler-ancestral": eulerAncestral, heun, lms };
    for (const [name, create] of Object.entries(all)) {
      expect(() => create(wrong)).toThrow(`sampler ${name}: clipping: range: expected a number above 0, got -1`);
    }
    expect(() => analyticDpm({} as AnalyticDpmOptions)).toThrow(/^sampler analytic-dpm: needs table: /);
  });

  it("quotes little of a value, and survives one that cannot be quoted", () => {
    const quote = (eta: unknown) => () => createSampler({ name: "ddim", eta } as SamplerSpec);
    expect(quote("x".repeat(1_000))).toThrow(/got "x{56}\.\.\.$/);
    const loop: { self?: unknown } = {};
    loop.self = loop;
    expect(quote(loop)).toThrow(/got an object that is not plain data$/);
    expect(quote(1n)).toThrow(/got 1$/);
  });

  it("takes an option that is undefined as left out", () => {
    const run = (sampler: Sampler) => runSampler(sine, { sampler, steps, xT: linspace([1, 4]) });
    const spec = { name: "ddim", eta: undefined, clipping: undefined } as const;
    return expect(run(createSampler(spec))).resolves.toBeInstanceOf(Float32Array);
  });
});

describe("SAMPLER_OPTIONS", () => {
  const all = SAMPLER_NAMES.flatMap((name) =>
    Object.entries(SAMPLER_OPTIONS[name]).map(([key, option]) => [name, key, option] as const),
  );

  it("names the options of each sampler", () => {
    expect(Object.keys(SAMPLER_OPTIONS)).toEqual(SAMPLER_NAMES);
    expect(Object.keys(SAMPLER_OPTIONS.ddim)).toEqual([
      "eta",
      "clipping",
      "epsFromClippedX0",
      "spacing",
      "stepsOffset",
      "setAlphaToOne",
      "endTimestep",
      "previous",
    ]);
    expect(SAMPLER_OPTIONS.ddim["eta"]).toMatchObject({ kind: "number", min: 0, default: 0 });
  });

  it.each(all)("%s: the default of %s fits, and is what stands for it", async (name, key, option) => {
    expect(option.meaning).toMatch(/^\S.{9,}[^.]$/);
    if (option.default === undefined) return;
    const table = name === "analytic-dpm" && {
      table: { timesteps: everyTimestep, gamma: everyTimestep.map(() => 0.9) },
    };
    const run = (options: object) => {
      const sampler = createSampler({ name, ...table, ...options } as SamplerSpec);
      return runSampler(sine, { sampler, steps, xT: linspace([1, 4]) });
    };
    expect(await run({ [key]: option.default })).toEqual(await run({}));
  });

  it("is plain data", () => {
    expect(JSON.parse(JSON.stringify(SAMPLER_OPTIONS))).toEqual(SAMPLER_OPTIONS);
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
    const end = await runSampler(point(x0), { sampler, steps, xT: createRandom(3).normal(dims) });
    expectClose(end, valuesOf(x0), rounding);
  });

  it("survives the squared-cosine schedule, which begins at σ = 20,000", async () => {
    const x0 = map(linspace(dims), (x) => 0.9 * x);
    const options = { sampler, steps: 25, schedule: createSchedule(), xT: createRandom(3).normal(dims) };
    expectClose(await runSampler(point(x0), options), valuesOf(x0), rounding);
  });

  it("leaves a learned variance alone", async () => {
    const xT = linspace(dims);
    const plain = await runSampler(sine, { sampler, steps, xT });
    expect(await runSampler(withVariance, { sampler, steps, xT })).toEqual(plain);
    expect(plain.length).toBe(24);
  });

  it("leaves it alone under guidance", async () => {
    const xT = linspace(dims);
    const guided = await runSampler(withGuidance(sine, 2), { sampler, steps, xT });
    expect(await runSampler(withGuidance(withVariance, 2), { sampler, steps, xT })).toEqual(guided);
  });

  it("keeps nothing from one run to the next", async () => {
    const options = { sampler, steps, xT: linspace(dims) };
    const timesteps = sampler.timesteps(scaledLinear, steps);
    const first = sample(sine, { ...options, timesteps, schedule: scaledLinear, random: createRandom(0) });
    const begun = first[Symbol.asyncIterator]();
    for (let i = 0; i < 3; i++) await begun.next();
    const [second, rest] = [await runSampler(sine, options), valuesOf(await first)];
    expect(rest).toEqual(second);
  });
});

describe("a run's start", () => {
  const xT = linspace([1, 4]);
  const first = async (sampler: Sampler, start?: "noise" | "sample") => {
    let seen: Float32Array | undefined;
    const watching: Denoiser = async (xt, t) => {
      seen ??= valuesOf(xt);
      return sine(xt, t);
    };
    await runSampler(watching, { sampler, steps, xT, start });
    return seen!;
  };

  it("is noise of the first level's spread", async () => {
    const sigma = 14.614646911621094; // printed by diffusers for t = 999
    expectClose(await first(createSampler("euler")), valuesOf(map(xT, (x) => (x * sigma) / Math.hypot(sigma, 1))), {
      maxAbs: 1e-7,
    });
  });

  it.each([
    ["leading spacing", createSampler({ name: "euler", spacing: "leading" })],
    ["a sampler without an initial scale", unclip()],
  ])("is the noise itself with %s", async (_, sampler) => {
    expect(await first(sampler)).toEqual(valuesOf(xT));
  });

  it("is taken as it is where it is a sample", async () => {
    expect(await first(createSampler("heun"), "sample")).toEqual(valuesOf(xT));
  });
});

describe("a list of timesteps that is not the sampler's own", () => {
  const runAlong = (sampler: Sampler, timesteps: number[]) =>
    Promise.resolve(
      sample(sine, { sampler, timesteps, schedule: scaledLinear, xT: linspace([1, 4]), random: createRandom(0) }),
    );

  it.each([
    [
      "karras",
      createSampler({ name: "dpmpp-2m", sigmas: "karras" }),
      /with "karras" sigmas the timesteps must be the sampler's/,
    ],
  ])("is refused where the levels would not be right: %s", async (_, sampler, message) => {
    await expect(runAlong(sampler, [999, 600, 300, 0])).rejects.toThrow(message);
  });

  it("is taken by the others", async () => {
    for (const name of ["unipc", "heun", "pndm"] as const) {
      const { dims } = await runAlong(createSampler(name), [999, 600, 300, 0]);
      expect(dims).toEqual([1, 4]);
    }
  });
});
