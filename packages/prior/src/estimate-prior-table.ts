import {
  estimateAnalyticTable,
  spaceTimesteps,
  type AnalyticBatch,
  type AnalyticTable,
  type AnalyticTableStep,
} from "@unclip/sampler";
import {
  checkDims,
  rows,
  sliceText,
  type Random,
  type Tensor,
  type TextFeatures,
  createRun,
  type Run,
} from "@unclip/tensor";
import { normalise, type ConditionedPrior, type DiffusionPrior } from "./diffusion-prior.js";

/** Options of {@link estimatePriorTable}. */
export interface PriorTableOptions {
  /** Features of N captions. */
  readonly text: TextFeatures;
  /** CLIP image embeddings z_i of their pictures, [N, D], as the image encoder gives them. */
  readonly imageEmbeddings: Tensor;
  /** Sampling steps that the table is for; default 64, as in the paper. */
  readonly steps?: number;
  /** Captions in one evaluation; default 8. */
  readonly batchSize?: number;
  /** Source of the noise that the embeddings are given. */
  readonly random: Random;
  /** Stops between two evaluations. */
  readonly signal?: AbortSignal;
}

/** Estimates the table with which Analytic-DPM samples a diffusion prior, as the paper samples its own: Γ of the network without
 * guidance, in normalised space. One evaluation per batch and timestep, and one more for the statistics of that space.
 * @returns a run over the evaluations whose result is the table for `steps`
 * @throws UnclipError "shape" if the features are not from this model, "input" for a number of steps that cannot be or no captions,
 * "aborted" if `signal` fires
 * @see Ramesh et al. 2022 (arXiv:2204.06125) table 3; Bao et al. 2022 (arXiv:2201.06503) */
export function estimatePriorTable(
  prior: Pick<DiffusionPrior, "config" | "scheduler" | "condition">,
  options: PriorTableOptions,
): Run<AnalyticTable, AnalyticTableStep> {
  return createRun(() => estimate(prior, options));
}

async function* estimate(
  prior: Pick<DiffusionPrior, "config" | "scheduler" | "condition">,
  options: PriorTableOptions,
): AsyncGenerator<AnalyticTableStep, AnalyticTable> {
  const { text, imageEmbeddings, steps = 64, batchSize = 8, random, signal } = options;
  const { schedule } = prior.scheduler;
  const n = text.textEmbedding.dims[0]!;
  checkDims("prior.imageEmbeddings", imageEmbeddings, [n, prior.config.embeddingWidth], "one for each caption");
  const timesteps = spaceTimesteps({ spacing: "unclip", steps, length: schedule.length });
  const statistics = n === 0 ? undefined : await prior.condition(sliceText(text, 0, 1)).statistics();
  const batches: AnalyticBatch[] = [];
  let open: { readonly start: number; readonly conditioned: ConditionedPrior } | undefined; // one at a time: it remembers its tokens
  for (let start = 0; start < n; start += batchSize) {
    const end = Math.min(start + batchSize, n);
    batches.push({
      x0: normalise(rows(imageEmbeddings, start, end), statistics!),
      denoise(xt, t, stop) {
        if (open?.start !== start) open = { start, conditioned: prior.condition(sliceText(text, start, end)) };
        return open.conditioned.denoise(xt, t, stop);
      },
    });
  }
  return yield* estimateAnalyticTable({ schedule, timesteps, batches, random, signal });
}
