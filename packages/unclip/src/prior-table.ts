import { estimatePriorTable as estimate, type DiffusionPrior } from "@unclip/prior";
import { planSampling, type AnalyticTable } from "@unclip/sampler";
import {
  checkAborted,
  concatRows,
  concatText,
  createRandom,
  createRun,
  nextTask,
  sliceText,
  UnclipError,
  type Picture,
  type Random,
  type Run,
  type Tensor,
  type TextFeatures,
} from "@unclip/tensor";
import { checkKeys } from "./fill-request.js";
import type { LoadedModel } from "./operation.js";
import type { StageStep } from "./timeline.js";

/** A caption, and what stands for the picture that goes with it when the prior's table is estimated. */
export interface PriorExample {
  readonly caption: string;
  /** Reads the picture when its turn comes. Without it a sample of the prior itself stands in, which is an approximation: the table
   * then says what the network makes of its own results, not of real pictures. All examples have one, or none. */
  readonly picture?: () => Promise<Picture>;
}

/** Options of `estimatePriorTable`. */
export interface PriorTableOptions {
  /** Sampling steps that the table is for, 2 or more; default 64, as in the paper. */
  steps?: number;
  /** Seed of the noise, an integer; default 0. */
  seed?: number | bigint;
  /** Stops between two steps with UnclipError "aborted". */
  signal?: AbortSignal;
}

/** Examples that one evaluation of a network takes. */
const BATCH = 8;

/** Examples to the table of the prior's Analytic-DPM: captions and pictures through CLIP, then the prior on noised image embeddings.
 * @see Ramesh et al. 2022 (arXiv:2204.06125) table 3 */
export function estimatePriorTable(
  { model, stages }: LoadedModel,
  examples: readonly PriorExample[],
  options: PriorTableOptions = {},
): Run<AnalyticTable, StageStep> {
  return createRun(async function* () {
    checkKeys("estimatePriorTable", options, ["steps", "seed", "signal"]);
    const { steps = 64, seed = 0, signal } = options;
    const { prior, textEncoder, imageEncoder } = stages;
    if (prior === undefined || textEncoder === undefined)
      throw new UnclipError("input", `${model}: has no diffusion prior to estimate a table of`);
    const pictures = picturesOf(examples);
    if (pictures && !imageEncoder) {
      throw new UnclipError(
        "input",
        `${model}: has no image_encoder for the pictures; give captions alone, and the prior's own samples stand in`,
      );
    }
    planSampling(prior.scheduler, "prior", { steps }); // refused before work begins
    const random = createRandom(seed);

    const captions = examples.map(({ caption }) => caption);
    const text = concatText(...(yield* inBatches("clip-text", captions, (batch) => textEncoder.embed(batch), signal)));
    const embedPictures = async (batch: readonly (() => Promise<Picture>)[]) =>
      imageEncoder!.embed(await Promise.all(batch.map((read) => read())));
    const imageEmbeddings = pictures
      ? concatRows(yield* inBatches("clip-image", pictures, embedPictures, signal))
      : yield* ownSamples(prior, text, { steps, random, signal });
    const estimating = estimate(prior, { text, imageEmbeddings, steps, batchSize: BATCH, random, signal });
    for await (const step of estimating) yield { stage: "table", ...step };
    return estimating;
  });
}

function picturesOf(examples: readonly PriorExample[]): readonly (() => Promise<Picture>)[] | undefined {
  if (examples.length === 0) throw new UnclipError("input", "examples: expected one or more, got none");
  const pictures = examples.flatMap(({ picture }) => picture ?? []);
  if (pictures.length === 0) return undefined;
  if (pictures.length === examples.length) return pictures;
  throw new UnclipError("input", `examples: ${pictures.length} of ${examples.length} have a picture; give all or none`);
}

async function* inBatches<T, R>(
  stage: string,
  items: readonly T[],
  run: (batch: readonly T[]) => Promise<R>,
  signal: AbortSignal | undefined,
): AsyncGenerator<StageStep, R[]> {
  const steps = Math.ceil(items.length / BATCH);
  const results: R[] = [];
  yield { stage, step: 0, steps };
  while (results.length < steps) {
    await nextTask();
    checkAborted(signal, stage);
    results.push(await run(items.slice(results.length * BATCH, (results.length + 1) * BATCH)));
    yield { stage, step: results.length, steps };
  }
  return results;
}

/** What the model's own sampler gives for these captions, without guidance. */
async function* ownSamples(
  prior: DiffusionPrior,
  text: TextFeatures,
  { steps, random, signal }: { steps: number; random: Random; signal: AbortSignal | undefined },
): AsyncGenerator<StageStep, Tensor> {
  const n = text.textEmbedding.dims[0]!;
  const embeddings: Tensor[] = [];
  for (let from = 0; from < n; from += BATCH) {
    const batch = sliceText(text, from, Math.min(from + BATCH, n));
    const sampling = prior.embed(batch, { random, steps, guidanceScale: 1, signal });
    for await (const { step } of sampling) {
      yield { stage: "prior", step: embeddings.length * steps + step, steps: Math.ceil(n / BATCH) * steps };
    }
    embeddings.push(await sampling);
  }
  return concatRows(embeddings);
}
