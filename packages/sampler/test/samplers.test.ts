import {
  createSchedule,
  ddim,
  ddpm,
  heun,
  pndm,
  sample,
  spaceTimesteps,
  unclip,
  type Denoiser,
  type Prediction,
  type Sampler,
  type TimestepSpacing,
  type VarianceType,
} from "@unclip/sampler";
import { createRandom, map, tensor, valuesOf } from "@unclip/tensor";
import { describe, expect, it } from "vitest";
import { expectClose } from "../../../test-support/index.js";

/* The toy network of the check values: e(x) = 0.3 x + 0.1 sin 3x, with cos x for a learned variance.
 * The expected values were printed by diffusers' schedulers with six decimals. */

const toy = (x: number) => 0.3 * x + 0.1 * Math.sin(3 * x);
const epsilon: Denoiser = async (xt) => ({ type: "epsilon", output: map(xt, toy) });
const withVariance: Denoiser = async (xt) => ({ type: "epsilon", output: map(xt, toy), variance: map(xt, Math.cos) });
const clean: Denoiser = async (xt) => ({ type: "sample", output: map(xt, Math.tanh) });

const SIX_DECIMALS = { maxAbs: 2e-5 }; // five decimals, over ten steps of float32

function linspace(dims: readonly number[]): ReturnType<typeof tensor> {
  const size = dims.reduce((a, b) => a * b);
  return tensor(
    Float32Array.from({ length: size }, (_, i) => -1 + (2 * i) / (size - 1)),
    dims,
  );
}

interface Run {
  denoise: Denoiser;
  sampler: Sampler;
  spacing: TimestepSpacing;
  steps: number;
  stepsOffset?: number;
  dims: readonly number[];
  schedule?: Parameters<typeof createSchedule>[0];
}

async function run({ denoise, sampler, spacing, steps, stepsOffset, dims, schedule }: Run): Promise<Float32Array> {
  const timesteps = spaceTimesteps({ spacing, steps, stepsOffset });
  const options = {
    sampler,
    schedule: createSchedule(schedule),
    timesteps,
    xT: linspace(dims),
    random: createRandom(0),
  };
  return valuesOf(await sample(denoise, options));
}

describe("UnCLIP sampler", () => {
  const dims = [1, 3, 2, 2];
  const clip = (range: number) => ({ kind: "range", range }) as const;

  it.each([
    [
      "sample prediction",
      clean,
      unclip({ varianceType: "fixed_small_log", clipping: clip(5) }),
      [
        0.335355, 0.518373, -0.630251, -0.474236, -0.415073, 0.013288, -0.002447, -0.681178, -0.582661, 0.461506,
        -0.300583, 0.49881,
      ],
    ],
    [
      "fixed variance",
      epsilon,
      unclip({ varianceType: "fixed_small_log" }),
      [
        0.344285, 0.646024, -0.985364, -0.481008, -0.69617, -0.259264, 0.212538, -0.98974, -0.780111, 0.746831,
        -0.474675, 0.869883,
      ],
    ],
    [
      "learned variance",
      withVariance,
      unclip({ varianceType: "learned_range" }),
      [
        0.55241, 0.668439, -0.807479, -0.430649, -0.630874, 0.016104, -0.128799, -0.933227, -0.898428, 0.857298,
        -0.250256, 0.669787,
      ],
    ],
  ])("%s", async (_, denoise, sampler, expected) => {
    expectClose(await run({ denoise, sampler, spacing: "unclip", steps: 7, dims }), expected, SIX_DECIMALS);
  });

  it("equals DDPM on the same timesteps but for the rounding of tiny rates", async () => {
    const options = { denoise: epsilon, spacing: "unclip", steps: 7, dims } as const;
    expectClose(await run({ ...options, sampler: unclip() }), await run({ ...options, sampler: ddpm() }), {
      maxAbs: 1e-3,
    }); // α of the first step is 4e-8
  });

  it("takes a learned variance as it is, or the greater of the fixed ones", async () => {
    // On data that are 0 a step ends with its noise alone.
    const n = 20_000;
    const schedule = createSchedule();
    const learned: Denoiser = async (xt) => ({
      type: "sample",
      output: map(xt, () => 0),
      variance: map(xt, () => 0.25),
    });
    const deviation = async (varianceType: VarianceType) => {
      const xT = tensor(new Float32Array(n), [1, n]);
      const options = { schedule, timesteps: [500, 400, 0], xT, random: createRandom(0) };
      for await (const { xt } of sample(learned, { ...options, sampler: ddpm({ varianceType }) })) {
        return Math.sqrt(valuesOf(xt).reduce((sum, x) => sum + x ** 2, 0) / n);
      }
      return NaN;
    };
    const [bar, earlier] = [500, 400].map((t) => schedule.alphasCumprod[t]!) as [number, number];
    const beta = 1 - bar / earlier;
    const expected = {
      learned: 0.5,
      fixed_large: Math.sqrt(beta),
      fixed_large_log: Math.sqrt(beta),
      fixed_small: Math.sqrt((beta * (1 - earlier)) / (1 - bar)),
      fixed_small_log: Math.sqrt((beta * (1 - earlier)) / (1 - bar)),
    };
    for (const [type, value] of Object.entries(expected)) {
      expect(Math.abs((await deviation(type as VarianceType)) / value - 1)).toBeLessThan(0.02); // 20,000 values: 0.5 %
    }
  });

  it("says which setting needs a learned variance", async () => {
    const refused = run({
      denoise: epsilon,
      sampler: unclip({ varianceType: "learned_range" }),
      spacing: "unclip",
      steps: 7,
      dims,
    });
    await expect(refused).rejects.toThrow(/variance_type "learned_range" needs a network that predicts a variance/);
    await expect(refused).rejects.toMatchObject({ code: "config" });
  });
});

describe("DDPM and DDIM", () => {
  const schedule = { betaSchedule: "scaled_linear", betaStart: 0.00085, betaEnd: 0.012 } as const;
  const options = { denoise: epsilon, spacing: "leading", steps: 10, dims: [1, 1, 2, 2], schedule } as const;
  const none = { kind: "none" } as const;

  it("DDPM", async () => {
    const result = await run({ ...options, sampler: ddpm({ clipping: none }) });
    expectClose(result, [-2.359174, -1.055042, -3.846325, 3.407039], SIX_DECIMALS);
  });

  it.each([
    [0, [-4.007872, -0.870034, 0.870034, 4.007872]],
    [1, [-2.392473, -1.065735, -3.887143, 3.40984]],
  ])("DDIM, eta %d", async (eta, expected) => {
    const sampler = ddim({ eta, clipping: none, setAlphaToOne: false, previous: "stride" });
    expectClose(await run({ ...options, stepsOffset: 1, sampler }), expected, SIX_DECIMALS);
  });

  it("DDPM with dynamic thresholding and a learned variance", async () => {
    const sampler = ddpm({ varianceType: "learned_range", clipping: { kind: "dynamic", ratio: 0.995 } });
    const linear = { betaSchedule: "linear", betaStart: 0.00085, betaEnd: 0.012 } as const;
    const result = await run({
      denoise: withVariance,
      sampler,
      spacing: "leading",
      steps: 10,
      dims: [1, 4, 2, 2],
      schedule: linear,
    });
    expectClose(
      result,
      [
        -0.518717, -1, -0.080085, 0.626385, -0.380625, 0.103486, 0.572998, -0.152989, -0.549978, 0.53148, 0.177364,
        0.337906, -0.372059, 0.237995, 0.799636, 0.260077,
      ],
      SIX_DECIMALS,
    );
  });
});

describe("sample", () => {
  const options = () => ({
    sampler: ddim(),
    schedule: createSchedule(),
    timesteps: spaceTimesteps({ spacing: "unclip", steps: 4 }),
    xT: linspace([1, 4]),
    random: createRandom(0),
  });

  it("counts its steps and gives a preview at each", async () => {
    const seen: [number, number, number][] = [];
    for await (const { step, steps, t, x0 } of sample(epsilon, options())) {
      seen.push([step, steps, t]);
      expect(x0.dims).toEqual([1, 4]);
    }
    expect(seen).toEqual([
      [1, 4, 999],
      [2, 4, 666],
      [3, 4, 333],
      [4, 4, 0],
    ]);
  });

  it("stops between two steps when the signal fires", async () => {
    const controller = new AbortController();
    let calls = 0;
    const denoise = async (xt: Parameters<Denoiser>[0]): Promise<Prediction> => {
      calls++;
      controller.abort();
      return { type: "sample", output: xt };
    };
    const running = Promise.resolve(sample(denoise, { ...options(), signal: controller.signal }));
    await expect(running).rejects.toMatchObject({ name: "UnclipError", code: "aborted" });
    expect(calls).toBe(1);
  });

  it("recovers x0 exactly from the right noise, whatever the prediction is called", async () => {
    const x0 = linspace([1, 4]);
    const { alphasCumprod } = createSchedule();
    const perfect: Denoiser = async (xt, t) => {
      const bar = alphasCumprod[t]!;
      const noise = map(xt, (x) => x);
      valuesOf(noise).forEach(
        (x, i) => (valuesOf(noise)[i] = (x - Math.sqrt(bar) * valuesOf(x0)[i]!) / Math.sqrt(1 - bar)),
      );
      return { type: "epsilon", output: noise };
    };
    const timesteps = [800, 500, 200, 0];
    const result = await sample(perfect, { ...options(), timesteps });
    expectClose(valuesOf(result), valuesOf(x0), { maxAbs: 1e-5 }); // float32 rounding over four steps
  });
});

describe("a sampler that asks more than once per step", () => {
  const heunAndPndm: [string, Sampler, readonly number[]][] = [
    ["heun", heun(), [2, 2, 2, 1]],
    ["pndm", pndm(), [2, 1, 1, 1]],
  ];

  it.each(heunAndPndm)("%s counts its steps, not its evaluations", async (_, sampler, evaluations) => {
    let calls = 0;
    const denoise: Denoiser = async (xt, t) => (calls++, epsilon(xt, t));
    const schedule = createSchedule();
    const timesteps = sampler.timesteps(schedule, 4);
    expect(new Set(timesteps).size).toBe(4);
    const seen: [number, number, number, number][] = [];
    const options = { sampler, schedule, timesteps, xT: linspace([1, 4]), random: createRandom(0) };
    for await (const { step, steps, t } of sample(denoise, options)) {
      seen.push([step, steps, t, calls]);
      calls = 0;
    }
    expect(seen).toEqual(timesteps.map((t, i) => [i + 1, 4, t, evaluations[i]]));
  });

  it.each(heunAndPndm)("%s stops before the second evaluation of a step", async (_, sampler) => {
    const controller = new AbortController();
    let calls = 0;
    const denoise: Denoiser = async (xt, t) => {
      calls++;
      controller.abort();
      return epsilon(xt, t);
    };
    const schedule = createSchedule();
    const options = { sampler, schedule, timesteps: sampler.timesteps(schedule, 4), xT: linspace([1, 4]) };
    const running = Promise.resolve(
      sample(denoise, { ...options, random: createRandom(0), signal: controller.signal }),
    );
    await expect(running).rejects.toThrow(/^sample: step 1 of 4: stopped on request$/);
    expect(calls).toBe(1);
  });

  it("a run of one step is a single evaluation", async () => {
    for (const sampler of [heun(), pndm()]) {
      let calls = 0;
      const denoise: Denoiser = async (xt, t) => (calls++, epsilon(xt, t));
      const options = { sampler, schedule: createSchedule(), timesteps: [500], xT: linspace([1, 4]) };
      await sample(denoise, { ...options, random: createRandom(0) });
      expect(calls).toBe(1);
    }
  });
});

describe("a run that blocks the thread", () => {
  /** A network that takes `ms` without giving the event loop a turn. */
  const blocking = (ms: number): Denoiser => {
    return async (xt, t) => {
      const end = performance.now() + ms;
      while (performance.now() < end);
      return epsilon(xt, t);
    };
  };
  const options = () => ({
    sampler: ddim(),
    schedule: createSchedule(),
    timesteps: spaceTimesteps({ spacing: "unclip", steps: 20 }),
    xT: linspace([1, 4]),
    random: createRandom(0),
  });

  it("lets timers fire between its steps", async () => {
    let fired = 0;
    const timer = setInterval(() => fired++, 1);
    await sample(blocking(5), options());
    clearInterval(timer);
    expect(fired).toBeGreaterThanOrEqual(15); // a turn in front of each of 20 steps, of which a busy machine may miss some
  });

  it("is stopped by a timer that aborts", async () => {
    const controller = new AbortController();
    setTimeout(() => controller.abort("enough"), 20);
    let done = 0;
    const run = async () => {
      const steps = sample(blocking(10), { ...options(), signal: controller.signal, where: "decoder" });
      for await (const { step } of steps) done = step;
    };
    await expect(run()).rejects.toMatchObject({ code: "aborted", cause: "enough" });
    expect(done).toBeGreaterThan(0);
    expect(done).toBeLessThan(10); // 20 ms are two steps
  });
});

describe("a result that is not finite", () => {
  const schedule = createSchedule();
  const options = () => ({ sampler: ddim(), schedule, timesteps: [999, 500, 0], random: createRandom(0) });
  const run = (denoise: Denoiser, more: object = {}) =>
    Promise.resolve(sample(denoise, { ...options(), xT: linspace([1, 4]), ...more }));
  const broken =
    (value: number, from: number): Denoiser =>
    async (xt, t) => ({ type: "sample", output: map(xt, (x) => (t <= from && x === valuesOf(xt)[2] ? value : x)) });

  it.each([NaN, Infinity, -Infinity])("is refused, with stage, step and likely causes: %d", async (value) => {
    const running = run(broken(value, 500), { where: "decoder" });
    await expect(running).rejects.toMatchObject({ code: "session" });
    await expect(running).rejects.toThrow(
      `decoder: step 2 of 3: the result holds ${value}, which is no picture; the weights may be damaged, ` +
        "the noise schedule may not fit the model, or half precision may overflow",
    );
  });

  it.each([
    ["x_t", (x: typeof linspace) => ({ xt: map(x([4]), () => NaN), x0: x([4]) })],
    ["x_0", (x: typeof linspace) => ({ xt: x([4]), x0: map(x([4]), () => Infinity) })],
  ])("is refused in %s, where a sampler made it", async (_, step) => {
    const sampler = { ...ddim(), begin: () => async () => step(linspace) };
    await expect(run(clean, { sampler })).rejects.toThrow(/^sample: step 1 of 3: the result holds (NaN|Infinity)/);
  });

  it("but a flat picture is legal", async () => {
    const flat: Denoiser = async (xt) => ({ type: "sample", output: map(xt, () => 0) });
    expect(valuesOf(await run(flat))).toEqual(new Float32Array(4));
  });
});

describe("no timesteps", () => {
  it("are refused, with the stage", async () => {
    const options = { sampler: ddim(), schedule: createSchedule(), timesteps: [], xT: linspace([1, 4]) };
    const running = Promise.resolve(sample(epsilon, { ...options, random: createRandom(0), where: "prior" }));
    await expect(Promise.resolve(running)).rejects.toThrow(/^prior: timesteps is empty$/);
    await expect(Promise.resolve(running)).rejects.toMatchObject({ code: "input" });
  });
});
