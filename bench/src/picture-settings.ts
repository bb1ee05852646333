import { UnclipError } from "@unclip/tensor";
import { loadUnclip, type Defaults } from "unclip";

/** What the processes of {@link measurePictures} are told: the same to both sides. */
export interface PictureSettings {
  /** A picture is painted of each; the i-th has seed i. */
  readonly captions: readonly string[];
  /** Of prior, decoder and first upsampler, on which diffusers' pipeline ends. */
  readonly settings: Defaults;
  /** Default one for each core. */
  readonly threads?: number;
}

/** The settings of a model that both sides can paint captions with.
 * @throws UnclipError "input" if it is none of Karlo's pipeline with a prior and an upsampler, and what `loadUnclip` throws */
export async function ownSettings(directory: string): Promise<Defaults> {
  const { family, stages, defaults } = await loadUnclip(directory);
  if (family === "karlo" && stages.prior !== undefined && stages.upsamplers.length > 0) return defaults;
  const found =
    family === "karlo" ? `one without ${stages.prior === undefined ? "a prior" : "upsamplers"}` : `one of ${family}`;
  throw new UnclipError(
    "input",
    `${directory}: expected a model of Karlo's pipeline (UnCLIPPipeline) with a prior and an upsampler, got ${found}; bench:weights writes one`,
  );
}

/** Steps that stand in place of a model's own. */
export interface Steps {
  readonly prior?: number;
  readonly decoder?: number;
  readonly upsampler?: number;
}

/** A model's settings as far as diffusers' pipeline goes, with other steps where they are given. */
export function settingsWith(own: Defaults, steps: Steps): Defaults {
  const { prior, decoder, upsamplers } = own;
  return {
    prior: { ...prior, steps: steps.prior ?? prior.steps },
    decoder: { ...decoder, steps: steps.decoder ?? decoder.steps },
    upsamplers: upsamplers.slice(0, 1).map((first) => ({ ...first, steps: steps.upsampler ?? first.steps })),
  };
}
