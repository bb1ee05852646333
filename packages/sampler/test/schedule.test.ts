import { alphaBar, createSchedule, rescaleZeroTerminalSnr } from "@unclip/sampler";
import { describe, expect, it } from "vitest";

/** Tables printed by diffusers' schedulers for T = 1000 hold 7 digits. */
function expectDigits(actual: number, expected: number, relative = 1e-6): void {
  expect(Math.abs(actual / expected - 1)).toBeLessThanOrEqual(relative);
}

describe("createSchedule", () => {
  it("gives the squared-cosine table", () => {
    const { betas, alphasCumprod } = createSchedule();
    const expectedBetas = {
      0: 4.128422e-5,
      1: 4.614175e-5,
      2: 5.099948e-5,
      500: 0.003155692,
      990: 0.1899875,
      998: 0.7499994,
      999: 0.999,
    };
    for (const [t, beta] of Object.entries(expectedBetas)) expectDigits(betas[Number(t)]!, beta);
    const expectedBars = {
      0: 0.99995869,
      250: 0.84588802,
      500: 0.49228504,
      750: 0.14317866,
      998: 2.428766e-6,
      999: 2.428735e-9,
    };
    for (const [t, bar] of Object.entries(expectedBars)) expectDigits(alphasCumprod[Number(t)]!, bar);
  });

  it.each([
    ["linear", 0.00085, 0.012, { 0: 0.99914998, 500: 0.16077162, 999: 0.00157896 }],
    ["scaled_linear", 0.00085, 0.012, { 500: 0.27633247, 999: 0.0046601 }],
    ["linear", 0.0001, 0.02, { 500: 0.07779665, 999: 4.03583e-5 }],
  ] as const)("gives the %s table from %d to %d", (betaSchedule, betaStart, betaEnd, expected) => {
    const schedule = createSchedule({ betaSchedule, betaStart, betaEnd });
    for (const [t, bar] of Object.entries(expected)) expectDigits(alphaBar(schedule, Number(t)), bar, 3e-6);
  });

  it("ends clean", () => {
    const schedule = createSchedule();
    expect(alphaBar(schedule, -1)).toBe(1);
    expect(alphaBar(schedule, -1, alphaBar(schedule, 0))).toBe(alphaBar(schedule, 0));
  });

  it.each(["linear", "scaled_linear", "sigmoid", "squaredcos_cap_v2"] as const)(
    "%s has a schedule of one step",
    (rule) => {
      const { betas, alphasCumprod, length } = createSchedule({ betaSchedule: rule, length: 1 });
      expect(length).toBe(1);
      expect(betas[0]).toBeGreaterThan(0);
      expect(Math.abs(alphasCumprod[0]! - (1 - betas[0]!))).toBeLessThan(1e-7); // float32
    },
  );

  it("takes up to 100,000 timesteps", () => {
    expect(createSchedule({ length: 100_000 }).alphasCumprod.length).toBe(100_000);
    for (const length of [0, 100_001, 1e9, 2.5, NaN]) {
      const create = () => createSchedule({ length });
      expect(create).toThrow(`num_train_timesteps: expected a whole number from 1 to 100000, got ${length}`);
    }
  });

  it("refuses a rule it does not know", () => {
    expect(() => createSchedule({ betaSchedule: "exp" as "linear" })).toThrow(
      /beta_schedule: expected one of linear, .* got exp/,
    );
  });
});

describe("rescaleZeroTerminalSnr", () => {
  const schedule = createSchedule({ betaSchedule: "scaled_linear", betaStart: 0.00085, betaEnd: 0.012 });

  it("gives the reference's table", () => {
    const { alphasCumprod } = rescaleZeroTerminalSnr(schedule);
    expectDigits(alphasCumprod[500]!, 0.24101864);
    expectDigits(alphasCumprod[998]!, 1.967963e-7);
    expect(alphasCumprod[999]).toBe(0);
  });

  it("keeps the clean end", () => {
    expectDigits(alphaBar(rescaleZeroTerminalSnr(schedule), 0), alphaBar(schedule, 0));
  });
});
