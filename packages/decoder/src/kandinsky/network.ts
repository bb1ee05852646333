import {
  add,
  addedAttentionBlock,
  concat,
  conv2d,
  createGraphBuilder,
  layerNorm,
  linear,
  reshape,
  silu,
  slice,
  timestepEmbedding,
  timestepNetwork,
  unet,
  type Checkpoint,
  type DeepFeatures,
  type Graph,
  type GraphBuilder,
  type Value,
} from "@unclip/graph";
import type { KandinskyConfig } from "./config.js";

/** What a Kandinsky network is built for. */
export interface KandinskySize {
  /** Height of the latents, a multiple of 2^(levels - 1). */
  readonly height: number;
  /** Width of the latents, likewise. */
  readonly width: number;
  /** Tokens of a caption; 2.1 only. */
  readonly textLength?: number;
}

/** Pixels of a depth picture to one latent, along each side. */
const DEPTH_FACTOR = 8;

/** The U-Net of Kandinsky 2.1 and 2.2.
 *
 * Inputs: xt [N, c, h, w], the noisy latents, where config.beside is "mask" with the c latents of the kept picture and the mask
 * (1 is kept) as further channels, [N, 2c + 1, h, w]; t [1]; imageEmbedding [N, D]; of 2.1 also textEmbedding [N, D] and textStates
 * [N, L, W]; where config.beside is "depth" also depth [N, 3, 8h, 8w] in [0, 1].
 * Outputs: prediction [N, c, h, w]; variance, same shape.
 * @param deep whether it gives its deep features, or takes them
 * @throws UnclipError "weights" if the checkpoint does not fit the config
 * @see Razzhigaev et al. 2023 (arXiv:2310.03502) */
export function kandinskyNetwork(
  config: KandinskyConfig,
  size: KandinskySize,
  checkpoint: Checkpoint,
  deep?: DeepFeatures,
): Graph {
  const { inChannels, latentChannels, outChannels, blockOutChannels, embeddingWidth, headWidth, beside } = config;
  const { height, width } = size;
  const g = createGraphBuilder({ name: checkpoint.name, checkpoint, ignore: () => deep === "input" });
  const xt = g.input("xt", "float", ["N", beside === "depth" ? latentChannels : inChannels, height, width]);
  const t = g.input("t", "float", [1]);
  const image = g.input("imageEmbedding", "float", ["N", embeddingWidth]);
  const timeWidth = blockOutChannels[0]! * 4;

  const time = timestepNetwork(g, "time_embedding", timestepEmbedding(g, t, blockOutChannels[0]!), timeWidth); // [1, E]
  const [added, context] = config.version === "2.2" ? ofImage(g, image, timeWidth, config) : ofImageAndText();
  const seen = beside === "depth" ? concat(g, [xt, depthChannels(g, size, latentChannels)], 1) : xt;
  const out = unet(g, seen, add(g, time, added), {
    ...config,
    deep,
    attention: (scope, h) => addedAttentionBlock(g, scope, h, { headWidth, context }, config),
  });
  g.output("prediction", slice(g, out, 1, 0, latentChannels));
  g.output("variance", slice(g, out, 1, latentChannels, outChannels));
  return g.finish();

  function ofImageAndText(): readonly [Value, Value] {
    const embedding = g.input("textEmbedding", "float", ["N", embeddingWidth]);
    const states = g.input("textStates", "float", ["N", size.textLength ?? 77, config.textWidth!]);
    return ofText(g, { image, embedding, states }, timeWidth, config);
  }
}

/** What 2.2's U-Net is conditioned on: a part of the time embedding [N, E], and tokens [N, 32, W]. */
function ofImage(g: GraphBuilder, image: Value, timeWidth: number, config: KandinskyConfig): readonly [Value, Value] {
  const added = g.scope("add_embedding", () => layerNorm(g, "image_norm", linear(g, "image_proj", image, timeWidth)));
  const context = g.scope("encoder_hid_proj", () =>
    layerNorm(g, "norm", imageTokens(g, "image_embeds", image, config)),
  );
  return [added, context];
}

/** What 2.1's U-Net is conditioned on: a part of the time embedding [N, E], and tokens [N, 10 + L, W], the image's in front. */
function ofText(
  g: GraphBuilder,
  { image, embedding, states }: { image: Value; embedding: Value; states: Value },
  timeWidth: number,
  config: KandinskyConfig,
): readonly [Value, Value] {
  const added = g.scope("add_embedding", () => {
    const text = layerNorm(g, "text_norm", linear(g, "text_proj", embedding, timeWidth));
    return add(g, linear(g, "image_proj", image, timeWidth), text);
  });
  const context = g.scope("encoder_hid_proj", () => {
    const text = linear(g, "text_proj", states, config.contextWidth);
    return concat(g, [imageTokens(g, "image_embeds", image, config), text], 1);
  });
  return [added, context];
}

/** An image embedding [N, D] as tokens [N, T, W]. */
function imageTokens(
  g: GraphBuilder,
  scope: string,
  image: Value,
  { imageTokens: count, contextWidth }: KandinskyConfig,
): Value {
  return reshape(g, linear(g, scope, image, count * contextWidth), ["N", count, contextWidth]);
}

/** Layers of the network on the depth picture by their place in it, with the channels they give and their stride. */
const DEPTH_LAYERS = [
  [0, 16, 1],
  [2, 16, 1],
  [4, 32, 2],
  [6, 32, 1],
  [8, 96, 2],
  [10, 96, 1],
  [12, 256, 2],
] as const;

/** The depth picture as channels beside the latents, [N, channels, h, w]. */
function depthChannels(g: GraphBuilder, { height, width }: KandinskySize, channels: number): Value {
  let h = g.input("depth", "float", ["N", 3, DEPTH_FACTOR * height, DEPTH_FACTOR * width]);
  return g.scope("add_embedding.input_hint_block", () => {
    for (const [place, out, stride] of DEPTH_LAYERS) {
      h = silu(g, conv2d(g, `${place}`, h, out, { kernel: 3, padding: 1, stride }));
    }
    return conv2d(g, "14", h, channels, { kernel: 3, padding: 1 });
  });
}
