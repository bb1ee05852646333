import type { Prior } from "@unclip/prior";
import type { HubProgress } from "@unclip/runtime";
import type { AnalyticTable, SamplerName, SamplerSpec } from "@unclip/sampler";
import type { Picture, Random, Tensor } from "@unclip/tensor";
import type { Defaults } from "./defaults.js";
import type { Stages } from "./stages.js";

/** Which prior turns the caption into an image embedding: the model's diffusion prior; the CLIP text embedding in its place;
 * none, so that the caption alone conditions the decoder; or one of your own. */
export type PriorChoice = "diffusion" | "text-embedding" | "none" | Prior;

/** Options of `generate`. A setting left out takes the model's own default (`unclip.json`), or else that of diffusers' UnCLIPPipeline. */
export interface GenerateOptions {
  /** Pictures per caption, 1 or more; default 1. */
  n?: number;
  /** Seed of the random numbers, an integer; default 0. The same seed gives the same picture as diffusers on a CPU. */
  seed?: number | bigint;
  /** A random stream of your own instead of `seed`. */
  random?: Random;
  /** Default "diffusion". */
  prior?: PriorChoice;
  /** Sampling steps of the prior; default 25, or as many as `priorTable` is for. */
  priorSteps?: number;
  /** Sampling steps of the decoder; default 25. */
  decoderSteps?: number;
  /** Sampling steps of each upsampler in turn; default 7 each. */
  upsamplerSteps?: readonly number[];
  /** Sampler of the prior, for example "dpmpp-2m"; default the model's own. One of SAMPLER_NAMES. */
  priorSampler?: SamplerName | SamplerSpec;
  /** What the prior's sampler "analytic-dpm" needs, from `estimatePriorTable`. */
  priorTable?: AnalyticTable;
  /** Sampler of the decoder; default the model's own. */
  decoderSampler?: SamplerName | SamplerSpec;
  /** Sampler of the upsamplers; default the model's own. */
  upsamplerSampler?: SamplerName | SamplerSpec;
  /** Guidance scale of the prior, 1 is off; default 4. */
  priorGuidance?: number;
  /** Guidance scale of the decoder, 1 is off; default 8. */
  decoderGuidance?: number;
  /** How many upsamplers run; default all. 0 gives the decoder's own small picture. */
  upsamplers?: number;
  /** Stops between two steps with UnclipError "aborted". */
  signal?: AbortSignal;
  /** The same, by the name other image libraries use. */
  abortSignal?: AbortSignal;
}

/** Options of `vary`: those of `generate` that do not concern the caption. */
export type VaryOptions = Omit<
  GenerateOptions,
  "prior" | "priorSteps" | "priorSampler" | "priorTable" | "priorGuidance"
>;

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

/** Progress: `step` of `steps` of one stage is done. Step 0 says that the stage begins. */
export interface StageStep {
  /** "clip", "prior", "decoder", "upsampler-1", "upsampler-2", ... */
  readonly stage: string;
  readonly step: number;
  readonly steps: number;
  /** The pictures as they look at this step, where the stage makes pictures. Computed when called. */
  readonly preview?: () => Picture[];
}

/** Time one stage took. */
export interface StageTiming {
  readonly name: string;
  readonly steps: number;
  /** Milliseconds, loading included. */
  readonly ms: number;
}

/** Everything needed to paint the same picture again. */
export interface Recipe {
  readonly model: string;
  /** Empty for variations of pictures. */
  readonly captions: readonly string[];
  /** Absent when the caller gave a random stream of their own. */
  readonly seed?: string;
  readonly n: number;
  /** Where the image embedding came from: a prior's name, or "picture". */
  readonly prior: string;
  readonly priorSteps: number;
  readonly priorGuidance: number;
  readonly decoderSteps: number;
  readonly decoderGuidance: number;
  readonly upsamplerSteps: readonly number[];
  /** Samplers that were chosen instead of the model's own. */
  readonly priorSampler?: SamplerName | SamplerSpec;
  /** The table that "analytic-dpm" sampled with. */
  readonly priorTable?: AnalyticTable;
  readonly decoderSampler?: SamplerName | SamplerSpec;
  readonly upsamplerSampler?: SamplerName | SamplerSpec;
  /** Versions of unclip and of ONNX Runtime. */
  readonly versions: Readonly<Record<string, string>>;
}

/** What `generate` gives. */
export interface Generation {
  /** Captions or pictures in order, `n` images for each. */
  readonly images: Picture[];
  /** The image embedding behind each picture, [N, D]; absent with prior "none". */
  readonly imageEmbedding?: Tensor;
  readonly recipe: Recipe;
  readonly stages: readonly StageTiming[];
  /** Sentences about what was changed in the input, such as a caption that was cut. */
  readonly warnings: readonly string[];
}

/** A whole model, ready to paint. */
export interface Unclip {
  /** The name or folder it was loaded from. */
  readonly model: string;
  /** Its stages, for pipelines of your own. */
  readonly stages: Stages;
  /** What `generate` uses for settings that are left out. */
  readonly defaults: Defaults;
  /** Captions to pictures.
   * @throws UnclipError "input" for a setting out of range, "aborted" if the signal fires */
  generate(caption: string | readonly string[], options?: GenerateOptions): Promise<Generation>;
  /** The same as a generator of progress, which returns what `generate` gives. */
  stream(caption: string | readonly string[], options?: GenerateOptions): AsyncGenerator<StageStep, Generation>;
  /** Variations of pictures: other pictures that CLIP sees the same in.
   * @throws UnclipError "input" for a setting out of range or a model without an image encoder, "aborted" if the signal fires */
  vary(picture: Picture | readonly Picture[], options?: VaryOptions): Promise<Generation>;
  /** The same as a generator of progress, which returns what `vary` gives. */
  streamVariations(picture: Picture | readonly Picture[], options?: VaryOptions): AsyncGenerator<StageStep, Generation>;
  /** Estimates the table of the prior's sampler "analytic-dpm", to be kept and given to `generate` as `priorTable`.
   * @throws UnclipError "input" for a model without what this needs or no examples, "aborted" if the signal fires */
  estimatePriorTable(examples: readonly PriorExample[], options?: PriorTableOptions): Promise<AnalyticTable>;
  /** The same as a generator of progress, which returns the table. */
  streamPriorTable(
    examples: readonly PriorExample[],
    options?: PriorTableOptions,
  ): AsyncGenerator<StageStep, AnalyticTable>;
  /** Gives the memory of all networks back. */
  dispose(): Promise<void>;
}

/** How a model is found, and which of its files are read. */
export interface SourceOptions {
  /** "fp16" takes the half-precision files (`*.fp16.safetensors`) of components that have them; default "fp32". It concerns storage:
   * networks compute in float32. */
  dtype?: "fp32" | "fp16";
  /** Take models of the hub from the cache alone, without a request; default: what HF_HUB_OFFLINE says. */
  offline?: boolean;
  /** Progress of a download, over all files. */
  onDownload?: (progress: HubProgress) => void;
  /** Stops the download, which goes on from there the next time. */
  signal?: AbortSignal;
}

/** Options of `loadUnclip`. */
export interface LoadOptions extends SourceOptions {
  /** Where networks run; default "cpu". */
  device?: "cpu" | "wasm";
  /** Keep every network in memory between stages; default false, which keeps the small ones only. */
  keep?: boolean;
}

/** What `inspectModel` found about one component of a model folder. */
export interface ComponentReport {
  /** Folder name, for example "decoder". */
  readonly name: string;
  /** Class named in model_index.json. */
  readonly className: string;
  /** "ok", or one sentence about what is missing or wrong. */
  readonly status: string;
  /** Size of its weight files; 0 for a component without weights. */
  readonly sizeBytes: number;
  /** Number of parameters; 0 for a component without weights. */
  readonly parameters: number;
  /** Storage types of the weights, for example ["F16"]. */
  readonly dtypes: readonly string[];
}

/** What `inspectModel` found about a model folder. */
export interface ModelReport {
  readonly model: string;
  /** `_class_name` of model_index.json. */
  readonly className: string;
  readonly components: readonly ComponentReport[];
  /** Sentences about what keeps the folder from generating; empty if nothing does. */
  readonly problems: readonly string[];
}
