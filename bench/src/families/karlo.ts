import { CLIP, vocabularySize } from "./clip.js";
import type { BenchFamily } from "./family.js";

/* Karlo v1 alpha's configs, as its published config.json files give them with the defaults of diffusers' classes. */

type Json = Readonly<Record<string, unknown>>;

/** The config.json files of a Karlo-shaped model. */
interface KarloConfigs {
  readonly text_encoder: Json;
  readonly image_encoder: Json;
  readonly prior: Json;
  readonly text_proj: Json;
  readonly decoder: Json;
  /** Of super_res_first and super_res_last. */
  readonly super_res: Json;
}

/** Karlo's configs, or those of a model of the same shape with everything but its vocabulary's alphabet divided by `scale`.
 * @param scale one of SCALES; 1 is Karlo
 * @see https://huggingface.co/kakaobrain/karlo-v1-alpha */
function karloConfigs(scale: number = 1): KarloConfigs {
  const layers = (count: number) => Math.ceil(count / scale);
  const channels = [320, 640, 960, 1280].map((width) => width / scale);
  const normGroups = 32 / scale;
  return {
    text_encoder: {
      ...CLIP,
      architectures: ["CLIPTextModelWithProjection"],
      model_type: "clip_text_model",
      hidden_size: 768 / scale,
      intermediate_size: 3072 / scale,
      num_attention_heads: 12,
      num_hidden_layers: layers(12),
      projection_dim: 768 / scale,
      max_position_embeddings: 77,
      vocab_size: vocabularySize(scale),
      bos_token_id: vocabularySize(scale) - 2,
      eos_token_id: vocabularySize(scale) - 1,
      pad_token_id: 0,
    },
    image_encoder: {
      ...CLIP,
      architectures: ["CLIPVisionModelWithProjection"],
      model_type: "clip_vision_model",
      hidden_size: 1024 / scale,
      intermediate_size: 4096 / scale,
      num_attention_heads: 16,
      num_hidden_layers: layers(24),
      projection_dim: 768 / scale,
      num_channels: 3,
      image_size: 224 / scale,
      patch_size: 14,
    },
    prior: {
      _class_name: "PriorTransformer",
      num_attention_heads: 32 / scale,
      attention_head_dim: 64,
      num_layers: layers(20),
      embedding_dim: 768 / scale,
      num_embeddings: 77,
      additional_embeddings: 4,
      dropout: 0,
    },
    text_proj: {
      _class_name: "UnCLIPTextProjModel",
      clip_extra_context_tokens: 4,
      clip_embeddings_dim: 768 / scale,
      time_embed_dim: 1280 / scale,
      cross_attention_dim: 1536 / scale,
    },
    decoder: {
      _class_name: "UNet2DConditionModel",
      sample_size: 64 / Math.min(scale, 8),
      in_channels: 3,
      out_channels: 6,
      layers_per_block: 3,
      block_out_channels: channels,
      norm_num_groups: normGroups,
      down_block_types: ["ResnetDownsampleBlock2D", ...Array<string>(3).fill("SimpleCrossAttnDownBlock2D")],
      mid_block_type: "UNetMidBlock2DSimpleCrossAttn",
      up_block_types: [...Array<string>(3).fill("SimpleCrossAttnUpBlock2D"), "ResnetUpsampleBlock2D"],
      cross_attention_dim: 1536 / scale,
      attention_head_dim: 64 / scale,
      class_embed_type: "identity",
      resnet_time_scale_shift: "scale_shift",
    },
    super_res: {
      _class_name: "UNet2DModel",
      sample_size: 256 / scale,
      in_channels: 6,
      out_channels: 3,
      layers_per_block: 3,
      block_out_channels: channels,
      norm_num_groups: normGroups,
      down_block_types: Array<string>(4).fill("ResnetDownsampleBlock2D"),
      up_block_types: Array<string>(4).fill("ResnetUpsampleBlock2D"),
      add_attention: false,
    },
  };
}

const SCHEDULER: Json = {
  _class_name: "UnCLIPScheduler",
  num_train_timesteps: 1000,
  beta_schedule: "squaredcos_cap_v2",
  clip_sample: true,
};

/** The scheduler_config.json of each scheduler. */
const SCHEDULERS: Readonly<Record<string, Json>> = {
  prior_scheduler: {
    ...SCHEDULER,
    prediction_type: "sample",
    variance_type: "fixed_small_log",
    clip_sample_range: 5,
  },
  decoder_scheduler: {
    ...SCHEDULER,
    prediction_type: "epsilon",
    variance_type: "learned_range",
    clip_sample_range: 1,
  },
  super_res_scheduler: {
    ...SCHEDULER,
    prediction_type: "epsilon",
    variance_type: "fixed_small_log",
    clip_sample_range: 1,
  },
};

/** model_index.json of a folder for captions and for variations of pictures. */
const MODEL_INDEX: Json = {
  _class_name: "UnCLIPPipeline",
  prior: ["diffusers", "PriorTransformer"],
  decoder: ["diffusers", "UNet2DConditionModel"],
  text_proj: ["unclip", "UnCLIPTextProjModel"],
  text_encoder: ["transformers", "CLIPTextModelWithProjection"],
  tokenizer: ["transformers", "CLIPTokenizer"],
  image_encoder: ["transformers", "CLIPVisionModelWithProjection"],
  feature_extractor: ["transformers", "CLIPImageProcessor"],
  super_res_first: ["diffusers", "UNet2DModel"],
  super_res_last: ["diffusers", "UNet2DModel"],
  prior_scheduler: ["diffusers", "UnCLIPScheduler"],
  decoder_scheduler: ["diffusers", "UnCLIPScheduler"],
  super_res_scheduler: ["diffusers", "UnCLIPScheduler"],
};

/** Karlo, for captions and for variations of pictures. */
export const karlo: BenchFamily = {
  name: "karlo",
  configs(scale) {
    const { super_res, ...configs } = karloConfigs(scale);
    return { ...configs, super_res_first: super_res, super_res_last: super_res };
  },
  schedulers: SCHEDULERS,
  index: MODEL_INDEX,
};
