import { CLIP, vocabularySize } from "./clip.js";
import type { BenchFamily } from "./family.js";

/* Stable unCLIP 2.1's configs, as its published config.json files give them with the defaults of diffusers' classes. */

type Json = Readonly<Record<string, unknown>>;

/** Stable unCLIP's configs with ViT-H, or those of a model of the same shape with widths, heads, groups and pictures divided by `scale`.
 * @param scale one of SCALES; 1 is the published size
 * @see https://huggingface.co/stabilityai/stable-diffusion-2-1-unclip */
function stableUnclipConfigs(scale: number): Record<string, Json> {
  const layers = (count: number) => Math.ceil(count / scale);
  const clip = { ...CLIP, hidden_act: "gelu" };
  const normGroups = 32 / scale;
  return {
    text_encoder: {
      ...clip,
      architectures: ["CLIPTextModel"],
      model_type: "clip_text_model",
      hidden_size: 1024 / scale,
      intermediate_size: 4096 / scale,
      num_attention_heads: 16 / Math.min(scale, 8),
      num_hidden_layers: layers(23),
      max_position_embeddings: 77,
      vocab_size: vocabularySize(scale),
      bos_token_id: vocabularySize(scale) - 2,
      eos_token_id: vocabularySize(scale) - 1,
      pad_token_id: 0,
    },
    image_encoder: {
      ...clip,
      architectures: ["CLIPVisionModelWithProjection"],
      model_type: "clip_vision_model",
      hidden_size: 1280 / scale,
      intermediate_size: 5120 / scale,
      num_attention_heads: 16 / Math.min(scale, 8),
      num_hidden_layers: layers(32),
      projection_dim: 1024 / scale,
      num_channels: 3,
      image_size: 224 / scale,
      patch_size: 14,
    },
    image_normalizer: { _class_name: "StableUnCLIPImageNormalizer", embedding_dim: 1024 / scale },
    unet: {
      _class_name: "UNet2DConditionModel",
      sample_size: 96 / Math.min(scale, 8),
      in_channels: 4,
      out_channels: 4,
      layers_per_block: 2,
      block_out_channels: [320, 640, 1280, 1280].map((width) => width / scale),
      norm_num_groups: normGroups,
      down_block_types: [...Array<string>(3).fill("CrossAttnDownBlock2D"), "DownBlock2D"],
      mid_block_type: "UNetMidBlock2DCrossAttn",
      up_block_types: ["UpBlock2D", ...Array<string>(3).fill("CrossAttnUpBlock2D")],
      cross_attention_dim: 1024 / scale,
      attention_head_dim: [5, 10, 20, 20],
      use_linear_projection: true,
      class_embed_type: "projection",
      projection_class_embeddings_input_dim: 2048 / scale,
    },
    vae: {
      _class_name: "AutoencoderKL",
      in_channels: 3,
      out_channels: 3,
      latent_channels: 4,
      layers_per_block: 2,
      block_out_channels: [128, 256, 512, 512].map((width) => width / scale),
      norm_num_groups: normGroups,
      down_block_types: Array<string>(4).fill("DownEncoderBlock2D"),
      up_block_types: Array<string>(4).fill("UpDecoderBlock2D"),
      sample_size: 768 / scale,
      scaling_factor: 0.18215,
    },
  };
}

/** The scheduler_config.json of each scheduler. */
const SCHEDULERS: Readonly<Record<string, Json>> = {
  scheduler: {
    _class_name: "PNDMScheduler",
    num_train_timesteps: 1000,
    beta_schedule: "scaled_linear",
    beta_start: 0.00085,
    beta_end: 0.012,
    prediction_type: "v_prediction",
    skip_prk_steps: true,
    set_alpha_to_one: false,
    steps_offset: 1,
  },
  image_noising_scheduler: {
    _class_name: "DDPMScheduler",
    num_train_timesteps: 1000,
    beta_schedule: "squaredcos_cap_v2",
  },
};

/** model_index.json of a folder for variations of pictures. */
const MODEL_INDEX: Json = {
  _class_name: "StableUnCLIPImg2ImgPipeline",
  feature_extractor: ["transformers", "CLIPImageProcessor"],
  image_encoder: ["transformers", "CLIPVisionModelWithProjection"],
  image_normalizer: ["stable_diffusion", "StableUnCLIPImageNormalizer"],
  image_noising_scheduler: ["diffusers", "DDPMScheduler"],
  tokenizer: ["transformers", "CLIPTokenizer"],
  text_encoder: ["transformers", "CLIPTextModel"],
  unet: ["diffusers", "UNet2DConditionModel"],
  scheduler: ["diffusers", "PNDMScheduler"],
  vae: ["diffusers", "AutoencoderKL"],
};

/** Stable unCLIP 2.1 with ViT-H, for variations of pictures. */
export const stableUnclip: BenchFamily = {
  name: "stable-unclip",
  configs: stableUnclipConfigs,
  schedulers: SCHEDULERS,
  index: MODEL_INDEX,
};
