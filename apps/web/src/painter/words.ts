import type { Generation, StageStep, WorkerModel } from "unclip/worker";

const STAGES: Readonly<Record<string, string>> = {
  clip: "CLIP reads",
  captions: "CLIP reads the captions",
  prior: "the prior imagines an image embedding",
  decoder: "the decoder paints",
  autoencoder: "the autoencoder makes pixels of latents",
  inversion: "finding the picture's own noise",
};

/** A stage in words. */
export function wordsOf({ stage, step, steps }: Pick<StageStep, "stage" | "step" | "steps">): string {
  const words = STAGES[stage] ?? stage.replace(/^upsampler-(\d+)$/, "upsampler $1 enlarges");
  return steps > 1 ? `${words}, step ${step} of ${steps}` : words;
}

/** What is said of finished runs. */
export function doneWords(generations: readonly Generation[]): string {
  const stages = generations.flatMap((one) => one.stages);
  const seconds = stages.reduce((sum, { ms }) => sum + ms, 0) / 1000;
  const warnings = new Set(generations.flatMap((one) => one.warnings));
  return [`painted in ${seconds.toFixed(1)} s`, ...warnings].join("; ");
}

const DEVICES: Readonly<Record<string, string>> = { wasm: "WebAssembly", webgpu: "WebGPU" };

/** What a device is called. */
export function deviceWords(device: string): string {
  return DEVICES[device] ?? device;
}

/** Which device a model runs on, in words. */
export function modelWords(model: WorkerModel | undefined): string {
  if (model === undefined) return "opening the model";
  const { device, threads = 1 } = model;
  const many = device === "wasm" ? `, ${threads} ${threads === 1 ? "thread" : "threads"}` : "";
  return `${model.model} is ready, on ${deviceWords(device)}${many}`;
}

/** Bytes in the largest unit that leaves a number from 1 on. */
export function sizeWords(bytes: number): string {
  if (bytes >= 1e9) return `${(bytes / 1e9).toFixed(1)} GB`;
  if (bytes >= 1e6) return `${(bytes / 1e6).toFixed(1)} MB`;
  return `${Math.ceil(bytes / 1e3)} kB`;
}
