import {
  add,
  concat,
  createGraphBuilder,
  div,
  expandRows,
  mul,
  sub,
  timestepEmbedding,
  type Checkpoint,
  type Graph,
} from "@unclip/graph";
import { createConfigReader, RANGES } from "@unclip/tensor";

/** Reads image_normalizer/config.json of class StableUnCLIPImageNormalizer.
 * @returns D, the width of the embeddings that it normalises
 * @throws UnclipError "config" for a value that is not supported */
export function readImageNormalizerConfig(json: Readonly<Record<string, unknown>>, where: string): number {
  const read = createConfigReader(json, where);
  read.only("_class_name", "StableUnCLIPImageNormalizer");
  return read.whole("embedding_dim", RANGES.width, 768);
}

/** Noises image embeddings in the space where each of their numbers has mean 0 and deviation 1, and says how much.
 *
 * Inputs: imageEmbedding [N, D]; noise [N, D], standard normal; level [1], the noise level l in 0..T-1; signal [1] and strength [1], the
 * square roots of ᾱ_l and of 1 - ᾱ_l.
 * Output: imageCondition [N, 2D], the noised embedding and the sinusoidal embedding of the level.
 * @throws UnclipError "weights" if the checkpoint does not fit the width
 * @see Ho et al. 2021 (arXiv:2106.15282), conditioning augmentation */
export function noiseAugmentationNetwork(embeddingWidth: number, checkpoint: Checkpoint): Graph {
  const g = createGraphBuilder({ name: checkpoint.name, checkpoint });
  const imageEmbedding = g.input("imageEmbedding", "float", ["N", embeddingWidth]);
  const noise = g.input("noise", "float", ["N", embeddingWidth]);
  const level = g.input("level", "float", [1]);
  const signal = g.input("signal", "float", [1]);
  const strength = g.input("strength", "float", [1]);
  const mean = g.weight("mean", [1, embeddingWidth]);
  const std = g.weight("std", [1, embeddingWidth]);

  const scaled = div(g, sub(g, imageEmbedding, mean), std);
  const noised = add(g, mul(g, scaled, signal), mul(g, noise, strength));
  const unscaled = add(g, mul(g, noised, std), mean);
  const levels = expandRows(g, timestepEmbedding(g, level, embeddingWidth), imageEmbedding);
  g.output("imageCondition", concat(g, [unscaled, levels], 1));
  return g.finish();
}
