import { cosineSimilarity, UnclipError, valuesOf, type Picture, type Tensor } from "@unclip/tensor";
import type { ImageEncoder } from "./image-encoder.js";
import type { TextEncoder } from "./text-encoder.js";

/** What {@link classify} needs of a CLIP. */
export interface ClipEncoders {
  readonly textEncoder: Pick<TextEncoder, "embed">;
  readonly imageEncoder: Pick<ImageEncoder, "embed">;
  /** s, the trained scale of the cosines, if the model's files hold it. */
  readonly logitScale?: number;
}

/** Options of {@link classify}. */
export interface ClassifyOptions {
  /** The caption of a label, which takes the place of "{}"; default "a photo of a {}". */
  readonly template?: string;
  /** s, above 0; default the model's own, or else 100, the value at which CLIP's training capped it. */
  readonly logitScale?: number;
}

/** How well a label fits. */
export interface LabelProbability {
  readonly label: string;
  /** From 0 to 1; the labels' sum is 1. */
  readonly probability: number;
}

/** Zero-shot classification: which of the labels, put into a caption, fits a picture.
 * @param labels any words, one or more
 * @returns the labels in the order in which they came
 * @throws UnclipError "input" if there is no label, a caption is too long, or the template has no place for the label
 * @see Radford et al. 2021 (arXiv:2103.00020) section 3.1.2 */
export async function classify(
  { textEncoder, imageEncoder, logitScale: trainedScale = 100 }: ClipEncoders,
  picture: Picture,
  labels: readonly string[],
  options: ClassifyOptions = {},
): Promise<LabelProbability[]> {
  const { template = "a photo of a {}", logitScale = trainedScale } = options;
  if (labels.length === 0) throw new UnclipError("input", "labels: expected one or more, got none");
  if (!template.includes("{}")) {
    throw new UnclipError("input", `template: expected a caption with {} where the label goes, got "${template}"`);
  }
  const { textEmbedding, cut } = await textEncoder.embed(labels.map((label) => template.replaceAll("{}", () => label)));
  const long = cut.findIndex((end) => end !== undefined);
  if (long >= 0) {
    throw new UnclipError("input", `labels: "${labels[long]}" is too long, "${cut[long]}" does not fit; shorten it`);
  }
  const probabilities = labelProbabilities(await imageEncoder.embed([picture]), textEmbedding, logitScale);
  return labels.map((label, i) => ({ label, probability: probabilities[i]! }));
}

/** p_k = softmax_k(s cos(z_i, z_t,k)): the probability of each caption for one picture.
 * @param imageEmbedding z_i, [1, D]
 * @param textEmbedding z_t, [K, D]
 * @param logitScale s, above 0
 * @returns K values whose sum is 1
 * @throws UnclipError "input" if s is not above 0, "shape" if the embeddings are not of one width
 * @see Radford et al. 2021 (arXiv:2103.00020) sections 2.4-2.5 and 3.1.2 */
export function labelProbabilities(imageEmbedding: Tensor, textEmbedding: Tensor, logitScale: number): Float64Array {
  if (!(logitScale > 0 && Number.isFinite(logitScale))) {
    throw new UnclipError("input", `logitScale: expected a number above 0, got ${logitScale}`);
  }
  const cosines = Float64Array.from(valuesOf(cosineSimilarity(imageEmbedding, textEmbedding)));
  const largest = cosines.reduce((a, b) => Math.max(a, b), -Infinity);
  const weights = cosines.map((cosine) => Math.exp(logitScale * (cosine - largest))); // no overflow: exponents are 0 at most
  const sum = weights.reduce((a, b) => a + b, 0);
  return weights.map((weight) => weight / sum);
}
