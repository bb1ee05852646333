import type { Prior } from "@unclip/prior";
import { createRandom, tensor, valuesOf, type Tensor, type TextFeatures } from "@unclip/tensor";
import { describe, expect, it } from "vitest";
import { conditionsOf, repeatConditions, rowsOf, type Shown } from "../src/conditions.js";
import type { Subject } from "../src/stages.js";
import { createTimeline, type StageStep } from "../src/timeline.js";

const column = (...values: number[]) => tensor(Float32Array.from(values), [values.length, 1]);
const textOf = (...values: number[]): TextFeatures => ({
  textEmbedding: column(...values),
  textStates: tensor(Float32Array.from(values), [values.length, 1, 1]),
  textMask: column(...values.map(() => 1)),
});
const numbers = (x: Tensor | undefined) => x && [...valuesOf(x)];

interface Asked {
  readonly negative?: string | readonly string[];
  readonly noiseLevel?: number;
  readonly guidanceScale?: number;
  readonly priorNegative?: "embedding";
}

const random = createRandom(0);

/** The conditions of pictures, what their family was asked for, and the steps and warnings on the way. The prior gives a caption its length. */
async function ask(
  { negative = "", noiseLevel, guidanceScale = 4, priorNegative }: Asked,
  shown: Partial<Shown> = {},
  said: readonly string[] | undefined = undefined,
) {
  const subjects: Subject[] = [];
  const warnings: string[] = [];
  const streams: unknown[] = [];
  const prior: Prior = {
    name: "length",
    embed: async ({ textEmbedding }, options) => {
      streams.push(options.random);
      return textEmbedding;
    },
  };
  const textEncoder = {
    config: { textLength: 77 },
    embed: async (captions: readonly string[]) => ({ ...textOf(...captions.map(({ length }) => length)), cut: [] }),
  };
  const stages = {
    prior: Object.assign(prior, { scheduler: {} }),
    textEncoder,
    ...(priorNegative && { priorNegative }),
    async conditions(subject: Subject) {
      subjects.push(subject);
      return { condition: {}, negative: {}, ...(said && { warnings: said }) };
    },
  };
  const place = {
    stages,
    random,
    timeline: createTimeline(),
    signal: undefined,
    warn: (one: string) => warnings.push(one),
  };
  const filled = { negative, decoder: { guidanceScale }, ...(noiseLevel !== undefined && { noiseLevel }) };
  const work = conditionsOf(place as never, filled as never, { pictures: 2, ...shown });
  const steps: StageStep[] = [];
  for (let next = await work.next(); !next.done; next = await work.next()) steps.push(next.value);
  return { subject: subjects[0]!, warnings, stages: new Set(steps.map(({ stage }) => stage)), streams };
}

describe("conditionsOf", () => {
  it("asks for what is shown, with the workplace's random numbers, and for nothing that was not said", async () => {
    const imageEmbedding = column(1, 2);
    const { subject, warnings, stages } = await ask({}, { imageEmbedding, captions: ["a"] });
    expect(subject).toStrictEqual({ random, negatives: [""], imageEmbedding, captions: ["a"], pictures: 2 });
    expect([warnings, [...stages]]).toEqual([[], []]);
  });

  it("passes on a level of noise, negative captions and a stream of one's own", async () => {
    const own = createRandom(1);
    const { subject } = await ask({ noiseLevel: 0, negative: ["a", "b"] }, { random: own });
    expect(subject).toMatchObject({ noiseLevel: 0, negatives: ["a", "b"], pictures: 2 });
    expect(subject.random).toBe(own);
    expect(subject).not.toHaveProperty("negativeEmbedding");
  });

  it("makes warnings of what captions lose", async () => {
    expect((await ask({}, {}, ["cut", "cut too"])).warnings).toEqual(["cut", "cut too"]);
  });

  it("makes an embedding of the negative caption where the decoder is led away from one", async () => {
    const own = createRandom(1);
    const { subject, stages, streams } = await ask({ negative: "abc", priorNegative: "embedding" }, { random: own });
    expect(numbers(subject.negativeEmbedding)).toEqual([3]);
    expect([...stages]).toEqual(["clip", "prior"]);
    expect(streams).toEqual([own]);
  });

  it("makes one embedding for each picture of several negative captions", async () => {
    const { subject } = await ask({ negative: ["", "ab"], priorNegative: "embedding" }, { pictures: 4 });
    expect(numbers(subject.negativeEmbedding)).toEqual([0, 0, 2, 2]);
  });

  it("makes none where none is needed, without guidance, or where it is known", async () => {
    for (const asked of [
      { negative: "abc" },
      { negative: "", priorNegative: "embedding" },
      { negative: ["", ""], priorNegative: "embedding" },
      { negative: "abc", priorNegative: "embedding", guidanceScale: 1 },
    ] as const) {
      const { subject, stages } = await ask(asked);
      expect(subject).not.toHaveProperty("negativeEmbedding");
      expect(stages.size).toBe(0);
    }
    const negativeEmbedding = column(9);
    const { subject, stages } = await ask({ negative: "abc", priorNegative: "embedding" }, { negativeEmbedding });
    expect(subject.negativeEmbedding).toBe(negativeEmbedding);
    expect(stages.size).toBe(0);
  });
});

describe("repeatConditions", () => {
  const of = (condition: object, negative: object) =>
    repeatConditions({ condition, negative, warnings: ["cut"] } as Parameters<typeof repeatConditions>[0], 2);

  it("repeats each picture's conditions in a row, but not what all are led away from", () => {
    const shared = { imageEmbedding: column(9), text: textOf(9) };
    const { condition, negative, warnings } = of({ imageEmbedding: column(1, 2), text: textOf(3, 4) }, shared);
    expect(numbers(condition.imageEmbedding)).toEqual([1, 1, 2, 2]);
    expect(numbers(condition.text!.textEmbedding)).toEqual([3, 3, 4, 4]);
    expect(negative).toBe(shared);
    expect(warnings).toEqual(["cut"]);
  });

  it("repeats what each is led away from where there are several", () => {
    const { condition, negative } = of({ text: textOf(1, 2) }, { imageEmbedding: column(7, 8) });
    expect(condition).not.toHaveProperty("imageEmbedding");
    expect(numbers(negative.imageEmbedding)).toEqual([7, 7, 8, 8]);
    expect(negative).not.toHaveProperty("text");
  });
});

it("a condition has as many rows as its embedding, or else its text", () => {
  expect(rowsOf({ imageEmbedding: column(1, 2, 3), text: textOf(1) })).toBe(3);
  expect(rowsOf({ text: textOf(1, 2) })).toBe(2);
});
