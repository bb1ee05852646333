import {
  createSampler,
  readSchedulerConfig,
  sample,
  withSampler,
  type SchedulerConfig,
  type SamplerSpec,
} from "@unclip/sampler";
import { createRandom, map, parseRecord, valuesOf } from "@unclip/tensor";
import { describe, expect, it } from "vitest";
import { expectClose } from "../../../test-support/index.js";
import { linspace, sine } from "./toy.js";

const where = "model/scheduler/scheduler_config.json";
const read = (kind: string, rest: object = {}) =>
  readSchedulerConfig(JSON.stringify({ _class_name: `${kind}Scheduler`, ...rest }), where);

async function run(config: SchedulerConfig, steps = 5): Promise<Float32Array> {
  const options = { ...config, timesteps: config.timesteps(steps), xT: linspace([1, 4]), random: createRandom(0) };
  return valuesOf(await sample(sine, options));
}

describe("readSchedulerConfig", () => {
  it.each([
    ["UnCLIP", "unclip", [999, 749, 500, 250, 0], 4.128422e-5],
    ["DDPM", "ddpm", [800, 600, 400, 200, 0], 1e-4],
    ["DDIM", "ddim", [800, 600, 400, 200, 0], 1e-4],
    ["DDIMInverse", "ddim-inversion", [0, 200, 400, 600, 800], 1e-4],
    ["DPMSolverMultistep", "dpmpp-2m", [999, 799, 599, 400, 200], 1e-4],
    ["UniPCMultistep", "unipc", [999, 799, 599, 400, 200], 1e-4],
    ["EulerDiscrete", "euler", [999, 749.25, 499.5, 249.75, 0], 1e-4],
    ["EulerAncestralDiscrete", "euler-ancestral", [999, 749.25, 499.5, 249.75, 0], 1e-4],
    ["HeunDiscrete", "heun", [999, 749.25, 499.5, 249.75, 0], 8.5e-4],
    ["LMSDiscrete", "lms", [999, 749.25, 499.5, 249.75, 0], 1e-4],
  ])("gives an empty file of %sScheduler the class's defaults", (kind, name, timesteps, beta0) => {
    const config = read(kind);
    expect(config.sampler.name).toBe(name);
    expect(config.timesteps(5)).toEqual(timesteps);
    expect(config.predictionType).toBe("epsilon");
    expect(Math.abs(config.schedule.betas[0]! / beta0 - 1)).toBeLessThan(1e-6);
  });

  it("runs the settings of one class as another, as from_config of diffusers does", () => {
    const file = { _class_name: "UnCLIPScheduler", clip_sample_range: 5, prediction_type: "sample" };
    const config = readSchedulerConfig(JSON.stringify(file), where, { as: "DDPMScheduler" });
    expect(config.sampler.name).toBe("ddpm");
    expect(config.timesteps(25).slice(0, 3)).toEqual([960, 920, 880]);
    expect(config).toMatchObject({ clipping: { kind: "range", range: 5 }, predictionType: "sample" });
    expect(config.varianceType).toBe("fixed_small_log"); // UnCLIPScheduler's default, not DDPMScheduler's
    expect(config.schedule.betas).toEqual(read("UnCLIP").schedule.betas);
    expect(() => readSchedulerConfig(JSON.stringify(file), where, { as: "Nothing" })).toThrow(
      `${where}: _class_name Nothing is not supported`,
    );
  });

  it("ignores parameters that the class does not have", () => {
    expect(read("UnCLIP", { thresholding: true, beta_start: "x" }).clipping).toEqual({ kind: "range", range: 1 });
    expect(read("LMSDiscrete", { clip_sample: true, rescale_betas_zero_snr: true }).clipping).toEqual({ kind: "none" });
  });

  it("reads how x_0 is kept in range", () => {
    expect(read("DDIM", { clip_sample_range: 2 }).clipping).toEqual({ kind: "range", range: 2 });
    const threshold = { thresholding: true, clip_sample: true, sample_max_value: null };
    expect(read("DDPM", threshold).clipping).toEqual({ kind: "dynamic", ratio: 0.995 });
  });

  it("reads the rule for the levels", () => {
    const timesteps = (rest: object) => read("DPMSolverMultistep", rest).timesteps(10);
    const dpm = { schedule: read("DPMSolverMultistep").schedule };
    const own = (options: object) =>
      createSampler({ name: "dpmpp-2m", ...options } as SamplerSpec).timesteps(dpm.schedule, 10);
    expect(timesteps({ use_exponential_sigmas: true })).toEqual(own({ sigmas: "exponential" }));
    expect(timesteps({ use_karras_sigmas: true })).toEqual(own({ sigmas: "karras" }));
    const cosine = { beta_schedule: "squaredcos_cap_v2", use_karras_sigmas: true };
    const { schedule } = read("DPMSolverMultistep", cosine);
    const truncated = createSampler({ name: "dpmpp-2m", sigmas: "karras", truncateTimesteps: true });
    const rounded = createSampler({ name: "dpmpp-2m", sigmas: "karras" });
    expect(timesteps(cosine)).toEqual(truncated.timesteps(schedule, 10));
    expect(timesteps(cosine)).not.toEqual(rounded.timesteps(schedule, 10));
  });

  it("reads betas that are written out", () => {
    const { schedule } = read("DDPM", { trained_betas: [0.1, 0.2, 0.3] });
    expectClose(schedule.alphasCumprod, [0.9, 0.72, 0.504], { maxAbs: 1e-7 });
  });

  it("reads files as Python writes them, with -Infinity for no bound", async () => {
    const text = `{"_class_name": "DPMSolverMultistepScheduler", "lambda_min_clipped": -Infinity, "note": "-Infinity"}`;
    expect(await run(readSchedulerConfig(text, where))).toEqual(await run(read("DPMSolverMultistep")));
    expect(parseRecord(text, where)).toEqual({
      _class_name: "DPMSolverMultistepScheduler",
      lambda_min_clipped: -Infinity,
      note: "-Infinity",
    });
  });

  it("takes what the reference gives to each step", async () => {
    const text = JSON.stringify({ _class_name: "DDIMScheduler" });
    const ends = await Promise.all([0, 1].map((eta) => run(readSchedulerConfig(text, where, { eta }))));
    expect(ends[0]).not.toEqual(ends[1]);
    expect(ends[0]).toEqual(await run(read("DDIM")));
  });

  it.each([
    ["EDMEuler", {}, /_class_name EDMEulerScheduler is not supported; expected one of UnCLIPScheduler, DDPMScheduler/],
    ["PNDM", {}, /skip_prk_steps false is not supported; expected true/],
    ["DDPM", { beta_schedule: "exp" }, /beta_schedule "exp" is not supported; expected "linear" or/],
    ["UnCLIP", { beta_schedule: "linear" }, /beta_schedule "linear" is not supported; expected "squaredcos_cap_v2"/],
    ["DDPM", { variance_type: "small" }, /variance_type "small" is not supported; expected "fixed_small"/],
    ["DDPM", { timestep_spacing: "unclip" }, /timestep_spacing "unclip" is not supported; expected "linspace" or/],
    ["DDPM", { num_train_timesteps: "many" }, /num_train_timesteps: expected a number, got "many"/],
    [
      "DDPM",
      { num_train_timesteps: 1e9 },
      /num_train_timesteps: expected a whole number from 1 to 100000, got 1000000000/,
    ],
    ["UnCLIP", { num_train_timesteps: 0 }, /num_train_timesteps: expected a whole number from 1 to 100000, got 0/],
    [
      "UnCLIP",
      { num_train_timesteps: 10.5 },
      /num_train_timesteps: expected a whole number from 1 to 100000, got 10.5/,
    ],
    ["DDPM", { trained_betas: [] }, /num_train_timesteps: expected a whole number from 1 to 100000, got 0/],
    ["DDPM", { trained_betas: [0.1, 1.5] }, /betas: expected numbers from 0 to 1, got 1.5 at timestep 1/],
    ["DDPM", { trained_betas: [0.1, "0.2"] }, /trained_betas: expected a list of numbers, got \[0.1,"0.2"\]/],
    ["DDPM", { beta_end: 30 }, /betas: expected numbers from 0 to 1, got 1.02\d* at timestep 34/],
    ["DDPM", { beta_start: -1 }, /betas: expected numbers from 0 to 1, got -1 at timestep 0/],
    ["DDPM", { beta_schedule: "scaled_linear", beta_start: -1 }, /betas: expected numbers from 0 to 1, got NaN at t/],
    ["DDPM", { beta_end: null }, /beta_end: expected a number, got null/],
    ["DDPM", { rescale_betas_zero_snr: true, num_train_timesteps: 1 }, /betas: expected numbers from 0 to 1, got NaN/],
    ["DDIM", { steps_offset: -1 }, /sampler ddim: stepsOffset: expected a whole number from 0, got -1/],
    ["DDIM", { clip_sample_range: 0 }, /sampler ddim: clipping: range: expected a number above 0, got 0/],
    ["EulerDiscrete", { prediction_type: "flow" }, /prediction_type "flow" is not supported/],
    ["EulerDiscrete", { use_beta_sigmas: true }, /use_beta_sigmas true is not supported; expected false/],
    ["EulerDiscrete", { sigma_min: 0.1 }, /sigma_min 0.1 is not supported; expected nothing/],
    [
      "DPMSolverMultistep",
      { algorithm_type: "dpmsolver" },
      /algorithm_type "dpmsolver" is not supported; expected "dpm/,
    ],
    [
      "DPMSolverMultistep",
      { algorithm_type: "sde-dpmsolver++", solver_order: 3 },
      /solver_order 3 is not supported; expected 1 or 2/,
    ],
    [
      "DDIMInverse",
      { timestep_spacing: "linspace" },
      /timestep_spacing "linspace" is not supported; expected "leading" or/,
    ],
    ["DPMSolverMultistep", { use_flow_sigmas: true }, /use_flow_sigmas true is not supported; expected false/],
    ["DPMSolverMultistep", { use_lu_lambdas: true }, /use_lu_lambdas true is not supported; expected false/],
    ["DPMSolverMultistep", { use_beta_sigmas: true }, /use_beta_sigmas true is not supported; expected false/],
    ["UniPCMultistep", { solver_p: "DDIM" }, /solver_p "DDIM" is not supported; expected nothing/],
    ["UniPCMultistep", { predict_x0: false }, /predict_x0 false is not supported; expected true/],
    ["UniPCMultistep", { use_flow_sigmas: true }, /use_flow_sigmas true is not supported; expected false/],
  ])("refuses what it cannot do as the reference does: %s %j", (kind, rest, message) => {
    const attempt = () => read(kind, rest);
    expect(attempt).toThrow(message);
    expect(attempt).toThrow(where);
    expect(attempt).toThrow(expect.objectContaining({ code: "config" }));
  });
});

it("quotes a line at most of a class that it does not know", () => {
  for (const kind of ["x".repeat(1e5), { toString: 1 }, "\u001b[2J"]) {
    const attempt = () => readSchedulerConfig(JSON.stringify({ _class_name: kind }), "f");
    expect(attempt).toThrow(/^f: _class_name [^\p{Cc}]{1,100} is not supported; expected one of/u);
  }
});

describe("withSampler", () => {
  const unclip = read("UnCLIP", { variance_type: "learned_range", clip_sample_range: 0.5, prediction_type: "sample" });

  it("gives the same model the sampler's own timesteps", () => {
    const config = withSampler(unclip, { name: "dpmpp-2m", spacing: "trailing" });
    expect(config.sampler.name).toBe("dpmpp-2m");
    expect(config.timesteps(4)).toEqual([999, 749, 499, 249]);
    expect(config.schedule).toBe(unclip.schedule);
    expect(config.predictionType).toBe("sample");
  });

  it("keeps the range of x_0", async () => {
    const far = async (config: SchedulerConfig) => {
      const options = { ...config, timesteps: config.timesteps(5), xT: linspace([1, 4]), random: createRandom(0) };
      const x0 = map(linspace([1, 4]), (x) => 9 * x);
      return valuesOf(await sample(async () => ({ type: "sample", output: x0 }), options));
    };
    expectClose(await far(withSampler(unclip, "heun")), [-0.5, -0.5, 0.5, 0.5], { maxAbs: 1e-6 });
    const free = withSampler(unclip, { name: "heun", clipping: { kind: "none" } });
    expectClose(await far(free), [-9, -3, 3, 9], { maxAbs: 1e-5 });
  });

  it("keeps the kind of variance where the sampler has one", async () => {
    const options = { timesteps: [999, 500, 0], xT: linspace([1, 4]), random: createRandom(0) };
    const run = Promise.resolve(sample(sine, { ...withSampler(unclip, "ddpm"), ...options }));
    await expect(run).rejects.toThrow(/"learned_range" needs a network that predicts a variance/);
  });

  it("refuses an unknown name", () => {
    expect(() => withSampler(unclip, "k_euler" as "euler")).toThrow(
      /sampler: expected one of unclip, .* got "k_euler"/,
    );
  });
});
