import { createSchedule } from "@unclip/sampler";

/** ᾱ to which image to image of Kandinsky 2.1 noises its picture: by a schedule of its own, linear from 0.0001 to 0.02 over 1000
 * timesteps, at timestep ⌊1000 · strength⌋ - 2, whatever the sampler begins with.
 * @param strength share of the way that is sampled anew, above 0 to 1
 * @see Kandinsky 2.1 in diffusers, KandinskyImg2ImgPipeline.add_noise */
export function pictureAlphaBar(strength: number): number {
  const { alphasCumprod } = createSchedule({ betaSchedule: "linear", betaStart: 0.0001, betaEnd: 0.02, length: 1000 });
  return alphasCumprod[Math.max(Math.trunc(alphasCumprod.length * strength) - 2, 0)]!;
}
