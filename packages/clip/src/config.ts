import { createConfigReader, RANGES, UnclipError } from "@unclip/tensor";

/** Sizes that both towers of CLIP have. */
export interface ClipTowerConfig {
  /** W, width of the hidden states. */
  readonly width: number;
  readonly layers: number;
  readonly heads: number;
  /** Width of the hidden layer of the feed-forward networks. */
  readonly inner: number;
  readonly activation: "quick_gelu" | "gelu";
  readonly epsilon: number;
  /** D, width of the joint embedding. */
  readonly embeddingWidth: number;
}

/** Sizes of a CLIP text tower. */
export interface ClipTextConfig extends ClipTowerConfig {
  readonly vocabularySize: number;
  /** L, tokens of a caption. */
  readonly textLength: number;
  /** Id of the end-of-text token, or undefined where the file says 2, the wrong value of all early files:
   * then the end is where the largest id stands. */
  readonly endOfText: number | undefined;
  /** Whether a projection leads from the hidden states to the joint embedding. CLIPTextModel, as in Stable unCLIP, has none:
   * its embedding is the hidden state at the end of the text, as wide as the others. */
  readonly hasProjection: boolean;
}

/** Sizes of a CLIP vision tower. */
export interface ClipVisionConfig extends ClipTowerConfig {
  /** Height and width of the picture it sees. */
  readonly imageSize: number;
  /** Height and width of a patch. */
  readonly patchSize: number;
}

type Json = Readonly<Record<string, unknown>>;

/** Reads the config.json of CLIPTextModelWithProjection, of CLIPTextModel, or the text half of CLIPModel's.
 * @throws UnclipError "config" for a value that is not supported */
export function readClipTextConfig(json: Json, where: string): ClipTextConfig {
  const half = halfOf(json, "text_config");
  const read = createConfigReader(half, where);
  const endOfText = read.whole("eos_token_id", { min: 0, max: RANGES.vocabulary.max }, 49407);
  const architectures: unknown = json["architectures"];
  const hasProjection = !(Array.isArray(architectures) && architectures.includes("CLIPTextModel"));
  const tower = readTower(half, where, { width: 512, layers: 12, heads: 8, inner: 2048 });
  return {
    ...tower,
    embeddingWidth: hasProjection ? tower.embeddingWidth : tower.width,
    hasProjection,
    vocabularySize: read.whole("vocab_size", RANGES.vocabulary, 49408),
    textLength: read.whole("max_position_embeddings", RANGES.tokens, 77),
    endOfText: endOfText === 2 ? undefined : endOfText,
  };
}

/** Reads the config.json of CLIPVisionModelWithProjection, or the vision half of CLIPModel's.
 * @throws UnclipError "config" for a value that is not supported */
export function readClipVisionConfig(json: Json, where: string): ClipVisionConfig {
  const half = halfOf(json, "vision_config");
  const read = createConfigReader(half, where);
  read.only("num_channels", 3);
  const imageSize = read.whole("image_size", RANGES.pixels, 224);
  const patchSize = read.whole("patch_size", RANGES.pixels, 32);
  if (imageSize % patchSize !== 0) {
    throw new UnclipError("config", `${where}: image_size ${imageSize} is not a multiple of patch_size ${patchSize}`);
  }
  return { ...readTower(half, where, { width: 768, layers: 12, heads: 12, inner: 3072 }), imageSize, patchSize };
}

/** A file of the whole CLIPModel holds one config for each tower; the joint width stands beside them. */
function halfOf(json: Json, key: string): Json {
  const half = json[key];
  if (typeof half !== "object" || half === null) return json;
  return { ...half, ...("projection_dim" in json ? { projection_dim: json["projection_dim"] } : {}) };
}

function readTower(
  json: Json,
  where: string,
  defaults: { width: number; layers: number; heads: number; inner: number },
): ClipTowerConfig {
  const read = createConfigReader(json, where);
  read.only("hidden_act", "quick_gelu", "gelu");
  const width = read.whole("hidden_size", RANGES.width, defaults.width);
  const heads = read.whole("num_attention_heads", RANGES.heads, defaults.heads);
  if (width % heads !== 0) {
    throw new UnclipError("config", `${where}: hidden_size ${width} is not a multiple of num_attention_heads ${heads}`);
  }
  return {
    width,
    layers: read.whole("num_hidden_layers", RANGES.layers, defaults.layers),
    heads,
    inner: read.whole("intermediate_size", RANGES.width, defaults.inner),
    activation: read.string("hidden_act", "quick_gelu") as ClipTowerConfig["activation"],
    epsilon: read.number("layer_norm_eps", 1e-5, RANGES.epsilon),
    embeddingWidth: read.whole("projection_dim", RANGES.width, 512),
  };
}
