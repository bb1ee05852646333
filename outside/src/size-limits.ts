/** What each package may take where it is installed, in kB (1000 bytes): a tenth more than it took when the limit was set. */
export const LIMITS: Readonly<Record<string, number>> = {
  "@unclip/ai-sdk": 20,
  "@unclip/autoencoder": 25,
  "@unclip/cli": 125,
  "@unclip/clip": 125,
  "@unclip/decoder": 75,
  "@unclip/evaluation": 2700,
  "@unclip/graph": 152,
  "@unclip/hub": 65,
  "@unclip/prior": 65,
  "@unclip/runtime": 94,
  "@unclip/sampler": 130,
  "@unclip/tensor": 142,
  "@unclip/toybox": 21500,
  "@unclip/upsampler": 16,
  unclip: 203,
};

/** Packages that not everybody needs: the model, the judge, the command line app. */
export const NOT_CORE: readonly string[] = ["@unclip/toybox", "@unclip/evaluation", "@unclip/cli", "@unclip/ai-sdk"];

/** All others together. */
export const MOST_CORE_BYTES = 1e6;
