import { readSchedulerConfig } from "@unclip/sampler";
import { textFromPicture } from "@unclip/tensor";
import { describe, expect, it } from "vitest";
import { checkCaption, checkKeys, checkRange, checkWhole, fillRequest, fillStage } from "../src/fill-request.js";

type Model = Parameters<typeof fillRequest>[1];
const DEFAULTS = { decoder: { steps: 25, guidanceScale: 8 }, upsamplers: [] };
const model = { stages: { decoder: {}, upsamplers: [] }, defaults: DEFAULTS, lacks: {} } as unknown as Model;
const fill = (request: object, subjects = 1) => fillRequest(request, model, subjects);
const refusal = (message: string | RegExp) =>
  expect.objectContaining({ code: "input", message: expect.stringMatching(message) });

describe("fillRequest", () => {
  it("fills what is left out, and records nothing that was not said", () => {
    expect(fill({})).toStrictEqual({
      n: 1,
      seed: 0,
      negative: "",
      decoder: { steps: 25, guidanceScale: 8 },
      upsamplers: [],
    });
    const sampler = { name: "ddim" };
    expect(fill({ decoder: { steps: 3, guidanceScale: 0, sampler } }).decoder).toStrictEqual({
      steps: 3,
      guidanceScale: 0,
      sampler,
    });
    expect("seed" in fill({ random: {} })).toBe(false);
  });

  it.each([
    [{ cacheInterval: 0 }, /^decoder.cacheInterval: expected a whole number of steps from 1 on, got 0$/],
    [{ cacheIntervals: 2 }, /^decoder: there is no setting "cacheIntervals"; expected steps, .*, cacheInterval$/],
  ])("refuses the decoder %j", (decoder, message) => {
    expect(() => fill({ decoder })).toThrow(refusal(message));
  });

  it.each([
    [7, 7],
    [-7, -7],
    [12n, 12],
    ["1234", 1234],
    ["-5", -5],
    [2n ** 60n, String(2n ** 60n)],
    ["1152921504606846976", "1152921504606846976"],
  ])("records the seed %s as JSON holds it exactly", (seed, recorded) => {
    expect(fill({ seed }).seed).toBe(recorded);
  });

  it.each([1.5, NaN, "x", "1x", "x1", "", 2 ** 53, null])("refuses the seed %s", (seed) => {
    expect(() => fill({ seed })).toThrow(
      refusal(`^seed: expected an integer, got ${String(seed)}; beyond 2\\^53 pass a bigint or its digits$`),
    );
  });

  it("bounds the pictures of all captions together", () => {
    expect(fill({ n: 64 }).n).toBe(64);
    expect(fill({ n: 2 }, 32).n).toBe(2);
    expect(fill({ n: 1 }, 64).n).toBe(1);
    expect(() => fill({ n: 3 }, 32)).toThrow(
      refusal(/^n: expected a whole number from 1 to 2, got 3; all are painted/),
    );
    expect(() => fill({}, 65)).toThrow(refusal(/^captions: expected at most 64, got 65; all are painted at once/));
  });

  it.each([-1, 0.5, 1, NaN])("refuses %s upsamplers of a model without", (upsamplers) => {
    expect(() => fill({ upsamplers })).toThrow(
      refusal(`^upsamplers: expected 0 to 0, as many as the model has, got ${upsamplers}$`),
    );
  });
});

describe("upsamplers", () => {
  const scheduler = readSchedulerConfig(JSON.stringify({ _class_name: "DDIMScheduler", beta_schedule: "linear" }), "x");
  const stages = { decoder: {}, upsamplers: [{ scheduler }, { scheduler }] };
  const defaults = { ...DEFAULTS, upsamplers: [{ steps: 7 }, { steps: 5 }] };
  const cascade = { ...model, stages, defaults } as unknown as Model;
  const fillOf = (upsamplers?: unknown) => fillRequest({ upsamplers } as object, cascade, 1).upsamplers;

  it("are all that the model has where nothing is said, or as many as are asked for, or those with settings", () => {
    expect(fillOf()).toStrictEqual([{ steps: 7 }, { steps: 5 }]);
    expect(fillOf(2)).toStrictEqual(fillOf());
    expect(fillOf(1)).toStrictEqual([{ steps: 7 }]);
    expect(fillOf(0)).toStrictEqual([]);
    expect(fillOf([])).toStrictEqual([]);
    expect(fillOf([{ sampler: "heun" }, { steps: 3 }])).toStrictEqual([{ steps: 7, sampler: "heun" }, { steps: 3 }]);
  });

  it.each([
    [3, "upsamplers: expected 0 to 2, as many as the model has, got 3"],
    [-1, "upsamplers: expected 0 to 2, as many as the model has, got -1"],
    [[{}, {}, {}], "upsamplers: expected 0 to 2, as many as the model has, got 3"],
    ["all", "upsamplers: expected a number or a list, got string"],
    [{ length: 1 }, "upsamplers: expected a number or a list, got object"],
    [[{}, { step: 1 }], 'upsamplers[1]: there is no setting "step"; expected steps, sampler'],
    [[{}, { steps: 0 }], "upsamplers[1].steps: expected a whole number"],
    [[null], "upsamplers[0]: expected an object with settings, got null"],
  ])("are not %j", (upsamplers, message) => {
    expect(() => fillOf(upsamplers)).toThrow(
      expect.objectContaining({ code: "input", message: expect.stringContaining(message) }),
    );
  });
});

describe("a depth picture", () => {
  const picture = { width: 1, height: 1, data: new Uint8Array(3).fill(200) };
  const decoder = { space: { size: { width: 2, height: 1 } } };
  const deep = { ...model, stages: { decoder, upsamplers: [], beside: { kind: "depth" } } } as unknown as Model;
  const kept = textFromPicture({ width: 2, height: 1, data: new Uint8Array(6).fill(200) });

  it("is kept at the pictures' size, and taken as it was kept", () => {
    expect(fillRequest({ depth: picture }, deep, 1).depth).toBe(kept);
    expect(fillRequest({ depth: kept }, deep, 1).depth).toBe(kept);
  });

  it.each([
    [undefined, "depth: this model follows a depth picture; give one, or take a model without"],
    ["AAAA", "depth: expected a picture of 2 x 1 in base64, got 3 bytes"],
    [{ ...picture, width: 2 }, "depth: expected 6 bytes for 2 x 1 RGB pixels, got 3"],
  ])("is not %j", (depth, message) => {
    expect(() => fillRequest({ depth } as object, deep, 1)).toThrow(
      expect.objectContaining({ code: "input", message: expect.stringContaining(message) }),
    );
  });

  it("is nothing to a model that sees another thing, or nothing, beside", () => {
    const masked = { ...deep, stages: { ...deep.stages, beside: { kind: "mask" } } } as unknown as Model;
    for (const other of [masked, model]) expect(fillRequest({}, other, 1)).not.toHaveProperty("depth");
    const lacking = { ...masked, lacks: { depth: "sees none" } };
    expect(() => fillRequest({ depth: picture }, lacking, 1)).toThrow(refusal("^depth: sees none$"));
  });
});

describe("negative captions", () => {
  const each = (negative: unknown, subjects: number) =>
    fillRequest({ negative } as object, model, subjects, { negatives: "each" }).negative;

  it("are one for all, or one for each", () => {
    expect(each("a", 2)).toBe("a");
    expect(each(["a"], 2)).toEqual(["a"]);
    expect(each(["a", ""], 2)).toEqual(["a", ""]);
    expect(() => each(["a", "b", "c"], 2)).toThrow(
      refusal(/^negative: expected one caption, or 2, one for each caption or picture, got 3$/),
    );
    expect(() => each([], 1)).toThrow(refusal(/^negative: expected one caption, got 0$/));
    expect(() => each(["a", 3], 2)).toThrow(refusal(/^negative: expected a text, got number$/));
    expect(() => fill({ negative: ["a", "b"] }, 2)).toThrow(refusal(/^negative: expected one caption, got 2$/));
  });
});

describe("the noise of image embeddings", () => {
  const noising = { ...model, noiseLevels: 1000 } as Model;
  it("has a level of a model that noises them", () => {
    expect(fillRequest({}, noising, 1).noiseLevel).toBe(0);
    expect(fillRequest({ noiseLevel: 999 }, noising, 1).noiseLevel).toBe(999);
    for (const noiseLevel of [-1, 1000, 0.5, NaN]) {
      expect(() => fillRequest({ noiseLevel }, noising, 1)).toThrow(
        refusal(`^noiseLevel: expected a whole number from 0 to 999, got ${noiseLevel}$`),
      );
    }
  });

  it("is refused of any other model", () => {
    const plain = { ...model, lacks: { noiseLevel: "takes none" } } as Model;
    expect(() => fillRequest({ noiseLevel: 0 }, plain, 1)).toThrow(refusal(/^noiseLevel: takes none$/));
  });
});

it("a model of several sizes records the one that its decoder has", () => {
  const size = { width: 64, height: 32 };
  expect(fillRequest({}, { ...model, size }, 1)).toMatchObject(size);
});

describe("checks of settings", () => {
  it.each([-1, NaN, Infinity])("a guidance of %s is refused, with its stage", (guidanceScale) => {
    expect(() => fillStage("prior", { guidanceScale }, { steps: 1, guidanceScale: 1 }, undefined)).toThrow(
      refusal(`^prior.guidanceScale: expected a number from 0 \\(1 is off\\), got ${guidanceScale}$`),
    );
  });

  it.each([
    [null, "null"],
    ["a", "string"],
    [[], "object"],
  ])("%j is no object with settings", (value, got) => {
    expect(() => checkKeys("decoder", value, [])).toThrow(
      refusal(`^decoder: expected an object with settings, got ${got}$`),
    );
  });

  it("an unknown setting is named, beside those that there are", () => {
    expect(() => checkKeys("decoder", { steps: 1, step: 1 }, ["steps", "sampler"])).toThrow(
      refusal(/^decoder: there is no setting "step"; expected steps, sampler$/),
    );
    expect(() => checkKeys("decoder", { steps: 1 }, ["steps", "sampler"])).not.toThrow();
  });

  it("captions are texts without NUL", () => {
    expect(() => checkCaption("caption", "")).not.toThrow();
    expect(() => checkCaption("caption", null)).toThrow(refusal(/^caption: expected a text, got null$/));
    expect(() => checkCaption("caption", 3)).toThrow(refusal(/^caption: expected a text, got number$/));
    expect(() => checkCaption("caption", "a\0")).toThrow(refusal(/^caption: holds a NUL character; leave it out$/));
  });

  it("ranges include both of their ends", () => {
    for (const value of [0, 0.5, 1]) expect(() => checkRange("eta", value, 0, 1)).not.toThrow();
    for (const value of [-0.1, 1.1, NaN, "0"]) {
      expect(() => checkRange("eta", value, 0, 1)).toThrow(
        refusal(`^eta: expected a number from 0 to 1, got ${value}$`),
      );
    }
    for (const value of [1, 3]) expect(() => checkWhole("n", value, 3)).not.toThrow();
    for (const value of [0, 1.5]) {
      expect(() => checkWhole("n", value, 3)).toThrow(
        refusal(`^n: expected a whole number from 1 to 3, got ${value}$`),
      );
    }
  });
});
