import { createSampler, formatSampler, parseSampler, SAMPLER_NAMES, type SamplerSpec } from "@unclip/sampler";
import { describe, expect, it } from "vitest";

const pairs: [string, SamplerSpec][] = [
  ["ddim", { name: "ddim" }],
  ["ddim:eta=0.5", { name: "ddim", eta: 0.5 }],
  ["ddim:eta=0.5,spacing=trailing", { name: "ddim", eta: 0.5, spacing: "trailing" }],
  ["ddim:epsFromClippedX0=false,stepsOffset=1", { name: "ddim", epsFromClippedX0: false, stepsOffset: 1 }],
  ["unipc:disableCorrector=[0,1],order=3", { name: "unipc", disableCorrector: [0, 1], order: 3 }],
  [
    'euler:churn={"amount":5,"noise":0.5},sigmas=karras',
    { name: "euler", churn: { amount: 5, noise: 0.5 }, sigmas: "karras" },
  ],
  [
    'analytic-dpm:table={"timesteps":[999,0],"gamma":[1,0.5]},eta=0',
    { name: "analytic-dpm", table: { timesteps: [999, 0], gamma: [1, 0.5] }, eta: 0 },
  ],
];

describe("parseSampler and formatSampler", () => {
  it.each(pairs)("%s", (text, spec) => {
    expect(parseSampler(text)).toEqual(spec);
    expect(formatSampler(spec)).toBe(text);
    expect(createSampler(parseSampler(text)).name).toBe(spec.name);
  });

  it("know every name alone", () => {
    for (const name of SAMPLER_NAMES) {
      expect(parseSampler(name)).toEqual({ name });
      expect(formatSampler(name)).toBe(name);
    }
  });

  it("leave out what is undefined", () => {
    expect(formatSampler({ name: "ddim", eta: undefined })).toBe("ddim");
  });

  it("leave it to the table's owner to add what is required", () => {
    expect(parseSampler("analytic-dpm:eta=0")).toEqual({ name: "analytic-dpm", eta: 0 });
  });

  it.each([
    ["dimm", /^sampler: expected one of unclip, .*; got "dimm"$/],
    ["", /^sampler: expected one of .*; got ""$/],
    [":eta=1", /^sampler: expected one of .*; got ""$/],
    ["ddim:", /^sampler ddim: expected options as in ddim:eta=0.5,spacing=trailing, got ""$/],
    ["ddim:eta", /^sampler ddim: expected options as in .*, got "eta"$/],
    ["ddim:e=1", /^sampler ddim: no option "e"; it takes eta, /],
    ["ddim:=1", /^sampler ddim: expected options as in .*, got "=1"$/],
    ["ddim:eta=1,", /^sampler ddim: expected options as in .*, got ""$/],
    ["ddim:eta=1,eta=0", /^sampler ddim: "eta" is given twice$/],
    ["ddim:eta=much", /^sampler ddim: eta: expected a number from 0, got "much"$/],
    ["ddim:eta=", /^sampler ddim: eta: expected a number from 0, got ""$/],
    ["ddim:spacing=1", /^sampler ddim: spacing: expected unclip, linspace, leading or trailing, got 1$/],
    ["ddim:__proto__=1", /^sampler ddim: no option "__proto__"; it takes eta, clipping/],
    ["heun:order=2", /^sampler heun: no option "order"; it takes spacing, /],
  ])("refuse %s", (text, message) => {
    expect(() => parseSampler(text)).toThrow(message);
    expect(() => parseSampler(text)).toThrow(expect.objectContaining({ code: "input" }));
  });
});
