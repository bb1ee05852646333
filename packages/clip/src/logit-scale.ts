import { readScalar, type ModelFolder } from "@unclip/runtime";

/** s, by which CLIP multiplies cosines before the softmax: the exponential of the number that a CLIPModel's file holds.
 * @param component sub-folder of the weights; "" for the folder itself
 * @returns undefined where the file holds one tower without it
 * @see Radford et al. 2021 (arXiv:2103.00020) section 2.4 */
export async function readLogitScale(folder: ModelFolder, component = ""): Promise<number | undefined> {
  const logarithm = await readScalar(folder, component, "logit_scale");
  return logarithm === undefined ? undefined : Math.exp(logarithm);
}
