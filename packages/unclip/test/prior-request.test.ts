import type { Prior, PriorOptions } from "@unclip/prior";
import { readSchedulerConfig } from "@unclip/sampler";
import { createRandom, tensor, valuesOf, type TextFeatures } from "@unclip/tensor";
import { describe, expect, it } from "vitest";
import { drawAsPrior, embedCaptions, fillPrior, fillPriorFor, type FilledPrior } from "../src/prior-request.js";
import { createTimeline, type StageStep } from "../src/timeline.js";

type Model = Parameters<typeof fillPrior>[1];
const defaults = { prior: { steps: 25, guidanceScale: 4 } };
const modelWith = (stages: object, lacks: Model["lacks"] = {}) => ({ stages, defaults, lacks }) as unknown as Model;
const full = modelWith({ prior: {}, autoregressivePrior: { config: { components: 42 } } });
const refusal = (message: string) => expect.objectContaining({ code: "input", message });
const bare = modelWith({}, { prior: "no prior here", autoregressivePrior: "nor such a one", textEncoder: "no tower" });
const own: Prior = { name: "own", embed: async () => undefined };

describe("fillPrior", () => {
  it("takes the model's settings for what is left out, and records nothing that was not said", () => {
    expect(fillPrior(undefined, full)).toStrictEqual({ kind: "diffusion", steps: 25, guidanceScale: 4 });
    expect(fillPrior({ steps: 3, guidanceScale: 0, candidates: 2, temperature: 0, topP: 1 }, full)).toStrictEqual({
      kind: "diffusion",
      steps: 3,
      guidanceScale: 0,
      candidates: 2,
      temperature: 0,
      topP: 1,
    });
  });

  it.each([
    ["autoregressive", 42],
    ["text-embedding", 1],
    ["none", 1],
  ] as const)("counts the steps of the prior %s, which is not guided by default", (kind, steps) => {
    expect(fillPrior(kind, full)).toStrictEqual({ kind, steps, guidanceScale: 1 });
  });

  it("leaves a prior of one's own as it is, where there is text for it to read", () => {
    expect(fillPrior(own, modelWith({}))).toBe(own);
    expect(() => fillPrior(own, bare)).toThrow(refusal("prior: no tower"));
  });

  it("does without where nothing needs a prior, none was asked for, and the model has none", () => {
    expect(fillPriorFor(false, undefined, bare)).toBe(undefined);
    expect(() => fillPriorFor(true, undefined, bare)).toThrow(refusal("prior.kind: no prior here"));
    expect(() => fillPriorFor(false, "diffusion", bare)).toThrow(refusal("prior.kind: no prior here"));
    expect(fillPriorFor(false, undefined, full)).toStrictEqual(fillPrior(undefined, full));
  });

  it.each([
    ["diffusion", "prior.kind: no prior here"],
    ["autoregressive", "prior.kind: nor such a one"],
    ["gan", "prior.kind: expected diffusion, autoregressive, text-embedding or none, got gan"],
    ["toString", "prior.kind: expected diffusion, autoregressive, text-embedding or none, got toString"],
  ])("refuses the prior %s of a model without", (kind, message) => {
    expect(() => fillPrior(kind as "none", bare)).toThrow(refusal(message));
  });

  it.each([
    [
      { step: 3 },
      'prior: there is no setting "step"; expected kind, steps, guidanceScale, guidanceInterval, sampler, candidates, ',
    ],
    [{ candidates: 17 }, "prior.candidates: expected a whole number from 1 to 16, got 17"],
    [{ candidates: 0 }, "prior.candidates: expected a whole number from 1 to 16, got 0"],
    [{ temperature: -1 }, "prior.temperature: expected a number from 0 to 10, got -1"],
    [{ temperature: 11 }, "prior.temperature: expected a number from 0 to 10, got 11"],
    [{ topP: 0 }, "prior.topP: expected a number from 5e-324 to 1, got 0"],
    [{ topP: 1.1 }, "prior.topP: expected a number from 5e-324 to 1, got 1.1"],
  ])("refuses %j", (settings, message) => {
    expect(() => fillPrior(settings as object, full)).toThrow(
      expect.objectContaining({ code: "input", message: expect.stringContaining(message) }),
    );
  });
});

/** What CLIP says of captions here: their length, in each number. */
const encode = (captions: readonly string[]): TextFeatures => {
  const lengths = captions.map(({ length }) => length);
  return {
    textEmbedding: tensor(Float32Array.from(lengths), [captions.length, 1]),
    textStates: tensor(Float32Array.from(lengths), [captions.length, 1, 1]),
    textMask: tensor(new Float32Array(captions.length).fill(1), [captions.length, 1]),
  };
};

interface Asked {
  stages?: object;
  n?: number;
  negative?: string | readonly string[];
}

async function embed(
  prior: Parameters<typeof embedCaptions>[2]["prior"],
  { stages = {}, n, negative = "n" }: Asked = {},
) {
  const warnings: string[] = [];
  const timeline = createTimeline();
  const asked: (readonly string[])[] = [];
  const textEncoder = {
    config: { textLength: 6 },
    async embed(captions: readonly string[]) {
      asked.push(captions);
      return {
        ...encode(captions),
        cut: captions.map((caption) => (caption.length > 4 ? caption.slice(4) : undefined)),
      };
    },
  };
  const place = {
    stages: { textEncoder, ...stages },
    timeline,
    random: createRandom(0),
    signal: undefined,
    warn: (sentence: string) => void warnings.push(sentence),
  };
  const work = embedCaptions(place as unknown as Parameters<typeof embedCaptions>[0], ["ab", "abcd"], {
    prior,
    negative,
    ...(n !== undefined && { n }),
  });
  const steps: StageStep[] = [];
  for (;;) {
    const next = await work.next();
    if (next.done) return { result: next.value, steps, asked, warnings };
    steps.push(next.value);
  }
}

describe("embedCaptions", () => {
  it("asks the text encoder once, and hands each prior its captions, n times, beside the negative one", async () => {
    const seen: [TextFeatures, PriorOptions][] = [];
    const prior: Prior = {
      name: "own",
      async embed(text, options) {
        seen.push([text, options]);
        return text.textEmbedding;
      },
    };
    const { result, steps, asked } = await embed(prior, { n: 2 });
    expect(asked).toEqual([["ab", "abcd", "n"]]);
    expect([...result.imageEmbedding!.data]).toEqual([2, 2, 4, 4]);
    expect(result.negativeEmbedding).toBeUndefined();
    expect([...seen[0]![1].negative!.textEmbedding.data]).toEqual([1]);
    expect(steps.map(({ stage, step, steps: all }) => `${stage} ${step}/${all}`)).toEqual([
      "clip 0/1",
      "clip 1/1",
      "prior 0/1",
      "prior 1/1",
    ]);
  });

  it("passes the settings of the model's prior on, and announces its steps", async () => {
    const options: PriorOptions[] = [];
    const prior: Prior & { scheduler: object } = {
      scheduler: {},
      name: "diffusion",
      async embed(text, given) {
        options.push(given);
        return text.textEmbedding;
      },
    };
    const { steps } = await embed({ kind: "diffusion", steps: 7, guidanceScale: 3 }, { stages: { prior } });
    expect(options).toEqual([expect.objectContaining({ steps: 7, guidanceScale: 3 })]);
    expect(steps.at(-1)).toMatchObject({ stage: "prior", step: 7, steps: 7 });
  });

  it("draws the candidates that were asked for and keeps one for each caption", async () => {
    const rows: number[] = [];
    const prior: Prior & { scheduler: object } = {
      scheduler: {},
      name: "diffusion",
      async embed(text) {
        rows.push(text.textEmbedding.dims[0]!);
        return text.textEmbedding;
      },
    };
    const { result } = await embed(
      { kind: "diffusion", steps: 1, guidanceScale: 1, candidates: 3 },
      { stages: { prior } },
    );
    expect(rows).toEqual([6]);
    expect(result.imageEmbedding!.dims).toEqual([2, 1]);
  });

  /** The negative captions' lengths that a prior is given. */
  async function negativesSeen(asked: Asked): Promise<number[]> {
    const seen: number[] = [];
    const prior: Prior = {
      name: "own",
      async embed(text, { negative }) {
        seen.push(...negative!.textEmbedding.data);
        return text.textEmbedding;
      },
    };
    await embed(prior, asked);
    return seen;
  }

  it("leads away from one negative caption, from one for each, or from the empty one where the model does so always", async () => {
    expect(await negativesSeen({ negative: "abc" })).toEqual([3]);
    expect(await negativesSeen({ negative: ["abc", "a"], n: 2 })).toEqual([3, 3, 1, 1]);
    expect(await negativesSeen({ negative: "abc", stages: { priorNegative: "empty" } })).toEqual([0]);
  });

  it("makes embeddings of negative captions too, led away from themselves, where the decoder is led away from these", async () => {
    const seen: number[][] = [];
    const prior: Prior = {
      name: "own",
      async embed(text, { negative }) {
        seen.push([...(text.textEmbedding.data as Float32Array)], [...(negative!.textEmbedding.data as Float32Array)]);
        return text.textEmbedding;
      },
    };
    const stages = { priorNegative: "embedding" };
    const { result } = await embed(prior, { stages, negative: ["abc", ""], n: 2 });
    expect(seen).toEqual([
      [2, 2, 4, 4, 3, 3, 0, 0],
      [3, 3, 0, 0, 3, 3, 0, 0],
    ]);
    expect([...result.imageEmbedding!.data]).toEqual([2, 2, 4, 4]);
    expect([...result.negativeEmbedding!.data]).toEqual([3, 3, 0, 0]);
    const { result: plain } = await embed(prior, { stages, negative: "" });
    expect(Object.keys(plain)).toEqual(["imageEmbedding"]);
  });

  it("says what of a caption did not fit", async () => {
    const { warnings } = await embed(own, { negative: "too long" });
    expect(warnings).toEqual(['caption: only 4 tokens fit, so this was cut off: "long"']);
  });

  it("gives nothing for a model whose captions condition the decoder alone", async () => {
    const { result, steps } = await embed(own, { stages: { textEncoder: undefined } });
    expect([result, steps]).toEqual([{}, []]);
  });
});

describe("drawAsPrior", () => {
  const text = JSON.stringify({
    _class_name: "UnCLIPScheduler",
    prediction_type: "sample",
    variance_type: "fixed_small_log",
  });
  const scheduler = readSchedulerConfig(text, "fake");
  const prior = { scheduler, config: { embeddingWidth: 4 } };
  const settings: FilledPrior = { kind: "diffusion", steps: 3, guidanceScale: 4 };
  /** The number that comes next, after the prior of such stages has drawn. */
  async function after(stages: object, given: FilledPrior) {
    const random = createRandom(5);
    await drawAsPrior({ stages, random } as unknown as Parameters<typeof drawAsPrior>[0], given);
    return valuesOf(random.normal([1]))[0];
  }

  it("takes numbers for a start and for each step but the last", async () => {
    const random = createRandom(5);
    for (let draw = 0; draw < 3; draw++) random.normal([1, 4]);
    expect(await after({ prior }, settings)).toBe(valuesOf(random.normal([1]))[0]);
  });

  it("takes none where no diffusion prior would", async () => {
    const first = valuesOf(createRandom(5).normal([1]))[0];
    for (const [stages, given] of [
      [{}, settings],
      [{ prior }, own],
      [{ prior }, { ...settings, kind: "text-embedding" }],
    ] as const) {
      expect(await after(stages, given)).toBe(first);
    }
  });
});
