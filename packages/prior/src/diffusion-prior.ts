import { checkRuntime, readCheckpoint, type ModelFolder, type Network, type Runtime } from "@unclip/runtime";
import {
  readJson,
  checkDims,
  checkTextFeatures,
  concatText,
  filled,
  repeatRows,
  tensor,
  withoutPadding,
  zip,
  type Tensor,
  type TextFeatures,
  createRun,
  type Run,
} from "@unclip/tensor";
import {
  checkGuidanceInterval,
  guidedWithin,
  readScheduler,
  planSampling,
  sample,
  withGuidance,
  type Denoiser,
  type SchedulerConfig,
  type SampleStep,
} from "@unclip/sampler";
import { readPriorConfig, type PriorConfig } from "./config.js";
import { priorNetwork } from "./network.js";
import { checkPriorArguments, negativeRows, type Prior, type PriorOptions, type PriorStep } from "./prior.js";

/** A diffusion prior, its sizes and its noise process. */
export interface DiffusionPrior extends Prior {
  embed(text: TextFeatures, options: PriorOptions): Run<Tensor, SampleStep & PriorStep>;
  readonly config: PriorConfig;
  readonly scheduler: SchedulerConfig;
  /** The network for these captions, without guidance, in normalised space.
   * @throws UnclipError "shape" if the captions are not from this model's text encoder */
  condition(text: TextFeatures): ConditionedPrior;
}

/** The network of a diffusion prior for N captions. */
export interface ConditionedPrior {
  readonly denoise: Denoiser;
  /** Evaluates the network once if it has not run yet. */
  statistics(): Promise<ClipStatistics>;
}

/** Mean and spread of CLIP image embeddings, [1, D] each: normalised space is (z - mean) / std. */
export interface ClipStatistics {
  readonly mean: Tensor;
  readonly std: Tensor;
}

/** Options of {@link loadDiffusionPrior}: where its parts lie in the model folder. */
export interface LoadDiffusionPriorOptions {
  /** Default "prior". */
  readonly component?: string;
  /** Default "prior_scheduler". */
  readonly scheduler?: string;
  /** The class of diffusers that runs the scheduler's settings, where it is not the file's own; for example "DDPMScheduler". */
  readonly schedulerClass?: string;
}

/** Loads the diffusion prior of a model folder. Weights are opened when it first runs.
 * @throws UnclipError "config" or "weights" if the folder does not hold a prior that fits its config */
export async function loadDiffusionPrior(
  folder: ModelFolder,
  runtime: Runtime,
  options: LoadDiffusionPriorOptions = {},
): Promise<DiffusionPrior> {
  checkRuntime("loadDiffusionPrior", runtime);
  const { component = "prior", scheduler: schedulerFolder = "prior_scheduler", schedulerClass } = options;
  const config = readPriorConfig(
    await readJson(folder, `${component}/config.json`),
    `${folder.name}/${component}/config.json`,
  );
  const scheduler = await readScheduler(folder, schedulerFolder, { as: schedulerClass });
  const network = runtime.network(priorNetwork(config, await readCheckpoint(folder, component)), folder);
  return createDiffusionPrior(network, config, scheduler);
}

/** The paper's diffusion prior: samples the image embedding by denoising, guided by the caption.
 * It works in normalised space, (z - mean) / std, and leaves it at the end.
 * @see Ramesh et al. 2022 (arXiv:2204.06125) section 2.2 */
export function createDiffusionPrior(
  network: Network,
  config: PriorConfig,
  scheduler: SchedulerConfig,
): DiffusionPrior {
  let statistics: ClipStatistics | undefined;
  function condition(text: TextFeatures): ConditionedPrior {
    checkTextFeatures("prior.text", text);
    const n = text.textEmbedding.dims[0]!;
    checkText(text, n, config);
    const { textEmbedding, textStates, textMask } = withoutPadding(text);
    let past = emptyPast(config, n);
    const denoise: Denoiser = async (xt, t) => {
      const out = await network.run({
        xt,
        t: tensor(Float32Array.of(t), [1]),
        textEmbedding,
        textStates,
        textMask,
        past,
      });
      if (past.data.length === 0) past = out["present"]!; // the caption's tokens are the same in every step
      statistics = { mean: out["clipMean"]!, std: out["clipStd"]! };
      return { type: scheduler.predictionType, output: out["prediction"]! };
    };
    return {
      denoise,
      async statistics() {
        if (statistics === undefined) await denoise(filled([n, config.embeddingWidth], 0), 0);
        return statistics!;
      },
    };
  }
  return {
    name: "diffusion",
    config,
    scheduler,
    condition,
    embed: (text, options) =>
      createRun(async function* () {
        checkPriorArguments(text, options);
        const { random, steps = 25, sampler, guidanceScale = 4, guidanceInterval, signal } = options;
        const n = text.textEmbedding.dims[0]!;
        checkText(text, n, config);
        const plan = planSampling(scheduler, "prior", { steps, sampler });
        if (guidanceInterval !== undefined)
          checkGuidanceInterval("prior.guidanceInterval", guidanceInterval, scheduler.schedule);
        const isGuided = guidanceScale !== 1;
        const both = isGuided ? concatText(negativeRows(options, n), text) : text;
        const plain = () => condition(text).denoise;
        const guided = () => withGuidance(condition(both).denoise, guidanceScale);
        const run = sample(isGuided ? guidedWithin(guidanceInterval, guided, plain) : plain(), {
          ...plan,
          where: "prior",
          xT: random.normal([n, config.embeddingWidth]),
          random,
          signal,
        });
        for await (const step of run) {
          const known = await condition(text).statistics();
          yield { ...step, embeddingOf: (x) => denormalise(x, known) };
        }
        return denormalise(await run, await condition(text).statistics());
      }),
  };
}

/** What the network takes for `past` in the first step: nothing is known of any token of `rows` captions. */
export function emptyPast({ heads, headWidth, layers }: PriorConfig, rows: number): Tensor {
  return tensor(new Float32Array(), [2 * layers, rows, 0, heads * headWidth]);
}

/** x = (z - mean) / std, for z [N, D]. */
export function normalise(z: Tensor, { mean, std }: ClipStatistics): Tensor {
  const n = z.dims[0]!;
  const centred = zip(z, repeatRows(mean, n), (value, m) => value - m);
  return zip(centred, repeatRows(std, n), (value, s) => value / s);
}

/** z = x std + mean, for x [N, D]. */
function denormalise(x: Tensor, { mean, std }: ClipStatistics): Tensor {
  const n = x.dims[0]!;
  const spread = zip(x, repeatRows(std, n), (value, s) => value * s);
  return zip(spread, repeatRows(mean, n), (value, m) => value + m);
}

function checkText(
  { textEmbedding, textStates, textMask }: TextFeatures,
  n: number,
  { embeddingWidth, textLength }: PriorConfig,
): void {
  const hint = "are the text encoder and the prior from one model?";
  checkDims("prior.textEmbedding", textEmbedding, [n, embeddingWidth], hint);
  checkDims("prior.textStates", textStates, [n, textLength, embeddingWidth], hint);
  checkDims("prior.textMask", textMask, [n, textLength], hint);
}
