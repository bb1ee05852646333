import { multilingualTokenizerFiles } from "../vocabulary.js";
import { CLIP, vocabularySize } from "./clip.js";
import type { BenchFamily } from "./family.js";

/* Kandinsky 2.2's and 2.1's configs in one folder, as diffusers' combined pipelines save them. The U-Net's are those of diffusers' conversion
 * scripts, its tests and the published counts of parameters; the others are those of CLIP, of PriorTransformer and of MoVQ. */

type Json = Readonly<Record<string, unknown>>;

interface Towers {
  readonly width: number;
  readonly activation: string;
  readonly text: { readonly width: number; readonly layers: number; readonly heads: number };
  readonly image: { readonly width: number; readonly inner: number; readonly layers: number };
}

const BIG_G: Towers = {
  width: 1280,
  activation: "gelu",
  text: { width: 1280, layers: 32, heads: 20 },
  image: { width: 1664, inner: 8192, layers: 48 },
};
const VIT_L: Towers = {
  width: 768,
  activation: "quick_gelu",
  text: { width: 768, layers: 12, heads: 12 },
  image: { width: 1024, inner: 4096, layers: 24 },
};

/** CLIP and the prior over it. */
function priorConfigs({ width, activation, text, image }: Towers, scale: number): Record<string, Json> {
  const layers = (count: number) => Math.ceil(count / scale);
  const clip = { ...CLIP, hidden_act: activation };
  return {
    prior_prior: {
      _class_name: "PriorTransformer",
      num_attention_heads: 32 / scale,
      attention_head_dim: 64,
      num_layers: layers(20),
      embedding_dim: width / scale,
      num_embeddings: 77,
      additional_embeddings: 4,
      dropout: 0,
    },
    prior_text_encoder: {
      ...clip,
      architectures: ["CLIPTextModelWithProjection"],
      model_type: "clip_text_model",
      hidden_size: text.width / scale,
      intermediate_size: (4 * text.width) / scale,
      num_attention_heads: text.heads,
      num_hidden_layers: layers(text.layers),
      projection_dim: width / scale,
      max_position_embeddings: 77,
      vocab_size: vocabularySize(scale),
      bos_token_id: vocabularySize(scale) - 2,
      eos_token_id: vocabularySize(scale) - 1,
      pad_token_id: 0,
    },
    prior_image_encoder: {
      ...clip,
      architectures: ["CLIPVisionModelWithProjection"],
      model_type: "clip_vision_model",
      hidden_size: image.width / scale,
      intermediate_size: image.inner / scale,
      num_attention_heads: 16 / Math.min(scale, 8),
      num_hidden_layers: layers(image.layers),
      projection_dim: width / scale,
      num_channels: 3,
      image_size: 224 / scale,
      patch_size: 14,
    },
  };
}

/** The decoder and its autoencoder.
 * @param conditions what the U-Net sees */
function decoderConfigs(conditions: Json, scale: number): Record<string, Json> {
  const normGroups = 32 / scale;
  const movq = ["DownEncoderBlock2D", "UpDecoderBlock2D"];
  return {
    unet: {
      _class_name: "UNet2DConditionModel",
      sample_size: 64 / Math.min(scale, 8),
      in_channels: 4,
      out_channels: 8,
      layers_per_block: 3,
      block_out_channels: [384, 768, 1152, 1536].map((width) => width / scale),
      norm_num_groups: normGroups,
      down_block_types: ["ResnetDownsampleBlock2D", ...Array<string>(3).fill("SimpleCrossAttnDownBlock2D")],
      mid_block_type: "UNetMidBlock2DSimpleCrossAttn",
      up_block_types: [...Array<string>(3).fill("SimpleCrossAttnUpBlock2D"), "ResnetUpsampleBlock2D"],
      cross_attention_dim: 768 / scale,
      attention_head_dim: 64 / scale,
      resnet_time_scale_shift: "scale_shift",
      ...conditions,
    },
    movq: {
      _class_name: "VQModel",
      in_channels: 3,
      out_channels: 3,
      latent_channels: 4,
      num_vq_embeddings: 16384,
      vq_embed_dim: 4,
      norm_type: "spatial",
      layers_per_block: 2,
      block_out_channels: [128, 256, 256, 512].map((width) => Math.max(width / scale, 32)), // a spatial norm has 32 groups
      norm_num_groups: normGroups,
      down_block_types: [...Array<string>(3).fill(movq[0]!), "AttnDownEncoderBlock2D"],
      up_block_types: ["AttnUpDecoderBlock2D", ...Array<string>(3).fill(movq[1]!)],
      sample_size: 512 / scale,
    },
  };
}

/** DDPM as the authors set it. */
const SCHEDULERS: Readonly<Record<string, Json>> = {
  prior_scheduler: {
    _class_name: "UnCLIPScheduler",
    num_train_timesteps: 1000,
    beta_schedule: "squaredcos_cap_v2",
    clip_sample: true,
    clip_sample_range: 10,
    prediction_type: "sample",
    variance_type: "fixed_small_log",
  },
  scheduler: {
    _class_name: "DDPMScheduler",
    num_train_timesteps: 1000,
    beta_schedule: "linear",
    beta_start: 0.00085,
    beta_end: 0.012,
    clip_sample: true,
    clip_sample_range: 2,
    sample_max_value: null,
    prediction_type: "epsilon",
    variance_type: "learned_range",
    thresholding: true,
  },
};

const PRIOR_INDEX: Json = {
  prior_prior: ["diffusers", "PriorTransformer"],
  prior_text_encoder: ["transformers", "CLIPTextModelWithProjection"],
  prior_image_encoder: ["transformers", "CLIPVisionModelWithProjection"],
  prior_image_processor: ["transformers", "CLIPImageProcessor"],
  prior_tokenizer: ["transformers", "CLIPTokenizer"],
  prior_scheduler: ["diffusers", "UnCLIPScheduler"],
};

const DECODER_INDEX: Json = {
  unet: ["diffusers", "UNet2DConditionModel"],
  scheduler: ["diffusers", "DDPMScheduler"],
  movq: ["diffusers", "VQModel"],
};

const CLIP_FOLDERS = { tokenizer: "prior_tokenizer", preprocessor: "prior_image_processor" };

/** Kandinsky 2.2, for captions and pictures.
 * @see https://huggingface.co/kandinsky-community/kandinsky-2-2-decoder */
export const kandinsky22: BenchFamily = {
  name: "kandinsky-2-2",
  configs: (scale) => ({
    ...priorConfigs(BIG_G, scale),
    ...decoderConfigs(
      { addition_embed_type: "image", encoder_hid_dim: 1280 / scale, encoder_hid_dim_type: "image_proj" },
      scale,
    ),
  }),
  schedulers: SCHEDULERS,
  index: { _class_name: "KandinskyV22CombinedPipeline", ...PRIOR_INDEX, ...DECODER_INDEX },
  clip: CLIP_FOLDERS,
};

/** Entries of XLM-RoBERTa's vocabulary. */
const MULTILINGUAL_SIZE = 250_002;

/** Kandinsky 2.1, for captions in a hundred languages and pictures.
 * @see https://huggingface.co/kandinsky-community/kandinsky-2-1 */
export const kandinsky21: BenchFamily = {
  name: "kandinsky-2-1",
  configs: (scale) => ({
    ...priorConfigs(VIT_L, scale),
    ...decoderConfigs(
      { addition_embed_type: "text_image", encoder_hid_dim: 1024 / scale, encoder_hid_dim_type: "text_image_proj" },
      scale,
    ),
    text_encoder: {
      architectures: ["MultilingualCLIP"],
      model_type: "M-CLIP",
      hidden_act: "gelu",
      hidden_size: 1024 / scale,
      transformerDimensions: 1024 / scale,
      numDims: 768 / scale,
      intermediate_size: 4096 / scale,
      num_attention_heads: 16 / Math.min(scale, 8),
      num_hidden_layers: Math.ceil(24 / scale),
      max_position_embeddings: 514,
      type_vocab_size: 1,
      vocab_size: Math.floor(MULTILINGUAL_SIZE / scale),
      layer_norm_eps: 1e-5,
      bos_token_id: 0,
      pad_token_id: 1,
      eos_token_id: 2,
    },
  }),
  schedulers: SCHEDULERS,
  index: {
    _class_name: "KandinskyCombinedPipeline",
    ...PRIOR_INDEX,
    ...DECODER_INDEX,
    text_encoder: ["kandinsky", "MultilingualCLIP"],
    tokenizer: ["transformers", "XLMRobertaTokenizerFast"],
  },
  clip: CLIP_FOLDERS,
  files: (scale) => multilingualTokenizerFiles(Math.floor(MULTILINGUAL_SIZE / scale)),
};
