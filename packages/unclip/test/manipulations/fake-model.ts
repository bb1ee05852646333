import { readSchedulerConfig } from "@unclip/sampler";
import { createRandom, tensor, textFromTensor, type Picture, type Tensor } from "@unclip/tensor";
import type { Lacks } from "../../src/features.js";
import type { LoadedModel, Workplace } from "../../src/operation.js";
import type { StoredPicture } from "../../src/manipulations/subject.js";
import { createTimeline } from "../../src/timeline.js";

const SCHEDULER = readSchedulerConfig(
  JSON.stringify({ _class_name: "DDIMScheduler", beta_schedule: "linear" }),
  "fake",
);

/** A row of one number, [1, 1], or several such rows. */
export const column = (...values: number[]): Tensor => tensor(Float32Array.from(values), [values.length, 1]);

/** A picture of one pixel. */
export const dot = (value: number): Picture => ({ width: 1, height: 1, data: new Uint8Array(3).fill(value) });

export interface FakeModel {
  /** Default "pixels". */
  readonly space?: "pixels" | "latents";
  readonly lacks?: Lacks;
  /** What differs from the stages of a model that has all. */
  readonly stages?: object;
  /** What of a loaded model differs. */
  readonly loaded?: object;
}

/** A model of one pixel, or of latents of one number: its CLIP sees the red of a picture, and the length of a caption. */
export function fakeModel({ space = "pixels", lacks = {}, stages = {}, loaded = {} }: FakeModel = {}): LoadedModel {
  const dims = space === "pixels" ? [3, 1, 1] : [1, 1, 1];
  const decoder = {
    embeddingWidth: 1,
    scheduler: SCHEDULER,
    space: {
      kind: space,
      size: { width: 1, height: 1 },
      shape: (n: number) => [n, ...dims],
      encode: async (pixels: Tensor) =>
        space === "pixels" ? pixels : tensor(Float32Array.of(pixels.data[0] as number), [1, 1, 1, 1]),
    },
  };
  const imageEncoder = {
    embed: async (pictures: readonly Picture[]) => column(...pictures.map(({ data }) => data[0]!)),
  };
  const textEncoder = {
    config: { textLength: 77 },
    async embed(captions: readonly string[]) {
      const n = captions.length;
      const textEmbedding = column(...captions.map(({ length }) => length));
      const textMask = tensor(new Float32Array(n).fill(1), [n, 1]);
      return { textEmbedding, textStates: tensor(textEmbedding.data as Float32Array, [n, 1, 1]), textMask, cut: [] };
    },
  };
  return {
    model: "fake",
    lacks,
    defaults: { prior: { steps: 25, guidanceScale: 4 }, decoder: { steps: 25, guidanceScale: 8 }, upsamplers: [] },
    stages: { decoder, imageEncoder, textEncoder, upsamplers: [], ...stages },
    ...loaded,
  } as unknown as LoadedModel;
}

/** What a recipe keeps of a picture of the fake model. */
export function stored(embedding: number, x0: Partial<Record<"pixels" | "latents", readonly number[]>> = {}) {
  const text = (values: readonly number[]) => textFromTensor(tensor(Float32Array.from(values), [1, values.length]));
  const kept = Object.entries(x0).map(([kind, values]) => [kind, text(values)]);
  return { imageEmbedding: text([embedding]), ...Object.fromEntries(kept) } as StoredPicture;
}

/** Where an operation works with the model. */
export function workplaceOf({ stages }: LoadedModel, random = createRandom(0)): Workplace {
  return { stages, timeline: createTimeline(), random, signal: undefined, warn: () => undefined };
}

/** What a generator returns, and the stages of the steps that it yields. */
export async function finish<T>(work: AsyncGenerator<{ readonly stage: string }, T>) {
  const stages = new Set<string>();
  for (;;) {
    const next = await work.next();
    if (next.done) return { result: next.value, stages: [...stages] };
    stages.add(next.value.stage);
  }
}
