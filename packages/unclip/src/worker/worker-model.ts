import type { PictureSize } from "@unclip/decoder";
import type { Unclip } from "../load.js";

/** What a page knows of the model in its Worker. */
export interface WorkerModel extends Pick<
  Unclip,
  "model" | "priorModel" | "family" | "can" | "lacks" | "device" | "arithmetic" | "passedOver" | "threads" | "defaults"
> {
  /** The size of the decoder's own pictures, before upsamplers. */
  readonly size: PictureSize;
  /** Which parts it has beside its decoder, and how many upsamplers. */
  readonly stages: {
    readonly textEncoder: boolean;
    readonly imageEncoder: boolean;
    readonly prior: boolean;
    readonly autoregressivePrior: boolean;
    readonly upsamplers: number;
  };
}

/** What a model is, as data. */
export function describeModel(unclip: Unclip): WorkerModel {
  const { model, priorModel, family, can, lacks, device, arithmetic, passedOver, threads, defaults, stages } = unclip;
  const { textEncoder, imageEncoder, prior, autoregressivePrior, upsamplers, decoder } = stages;
  return {
    model,
    ...(priorModel !== undefined && { priorModel }),
    family,
    can,
    lacks,
    device,
    arithmetic,
    passedOver,
    ...(threads !== undefined && { threads }),
    defaults,
    size: decoder.space.size,
    stages: {
      textEncoder: textEncoder !== undefined,
      imageEncoder: imageEncoder !== undefined,
      prior: prior !== undefined,
      autoregressivePrior: autoregressivePrior !== undefined,
      upsamplers: upsamplers.length,
    },
  };
}
