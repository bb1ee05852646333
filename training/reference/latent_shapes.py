"""The tiny checkpoints of the latent families: Kandinsky 2.2 and 2.1, Stable unCLIP."""

import torch

from kandinsky import KandinskyShape
from shapes import KARLO_TINY
from stable_unclip import StableUnclipShape

LINEAR = {"beta_start": 0.00085, "beta_end": 0.012, "beta_schedule": "linear"}

# what the authors of Kandinsky set for DDPM
DDPM = LINEAR | {
    "clip_sample": True,
    "clip_sample_range": 2.0,
    "sample_max_value": None,
    "variance_type": "learned_range",
    "thresholding": True,
}

# a shorter schedule than the published one: without clipping, its first step would divide the error of a network
# trained for seconds by 0.04
DDIM = LINEAR | {"beta_end": 0.004, "clip_sample": False, "set_alpha_to_one": False, "steps_offset": 1}

KANDINSKY_22 = KandinskyShape(
    name="kandinsky-2-2-tiny",
    version="2.2",
    seed=4000,
    merge_count=280,
    context_length=77,
    embedding_dim=24,
    text={"num_hidden_layers": 2, "num_attention_heads": 3, "intermediate_size": 48, "hidden_act": "gelu"},
    # heads of 13 numbers: bigG has 104, not a power of two either
    vision={
        "hidden_size": 26,
        "num_hidden_layers": 2,
        "num_attention_heads": 2,
        "intermediate_size": 64,
        "patch_size": 8,
        "hidden_act": "gelu",
    },
    crop_size=32,
    prior={"num_attention_heads": 4, "attention_head_dim": 8, "num_layers": 2},
    unet={
        "sample_size": 16,
        "block_out_channels": [16, 16, 24],
        "layers_per_block": 1,
        "attention_head_dim": 8,
        "cross_attention_dim": 16,
        "norm_num_groups": 8,
    },
    movq={"block_out_channels": [32, 32, 32], "layers_per_block": 1, "norm_num_groups": 8},
    scheduler=("DDPMScheduler", DDPM),
)

KANDINSKY_22_B = KandinskyShape(
    name="kandinsky-2-2-tiny-b",
    version="2.2",
    seed=4100,
    merge_count=120,
    context_length=20,
    embedding_dim=32,
    text={"num_hidden_layers": 1, "num_attention_heads": 2, "intermediate_size": 96, "hidden_act": "gelu"},
    vision={
        "hidden_size": 24,
        "num_hidden_layers": 1,
        "num_attention_heads": 3,
        "intermediate_size": 40,
        "patch_size": 7,
        "hidden_act": "gelu",
    },
    crop_size=28,
    prior={"num_attention_heads": 2, "attention_head_dim": 18, "num_layers": 1},
    unet={
        "sample_size": 8,
        "block_out_channels": [8, 12, 16, 16],
        "layers_per_block": 2,
        "attention_head_dim": 4,
        "cross_attention_dim": 12,
        "norm_num_groups": 4,
    },
    movq={"block_out_channels": [32, 32, 32, 32], "layers_per_block": 1, "norm_num_groups": 16},
    scheduler=("DDIMScheduler", DDIM),
    pad_token="<|endoftext|>",
    depth=True,
    dtype=torch.float16,
)

KANDINSKY_21 = KandinskyShape(
    name="kandinsky-2-1-tiny",
    version="2.1",
    seed=4200,
    merge_count=280,
    context_length=77,
    embedding_dim=24,
    text={"num_hidden_layers": 2, "num_attention_heads": 3, "intermediate_size": 48, "hidden_act": "quick_gelu"},
    vision={
        "hidden_size": 32,
        "num_hidden_layers": 2,
        "num_attention_heads": 4,
        "intermediate_size": 64,
        "patch_size": 8,
        "hidden_act": "quick_gelu",
    },
    crop_size=32,
    prior={"num_attention_heads": 4, "attention_head_dim": 8, "num_layers": 2},
    unet={
        "sample_size": 16,
        "block_out_channels": [16, 16, 24],
        "layers_per_block": 1,
        "attention_head_dim": 8,
        "norm_num_groups": 8,
    },
    movq={"block_out_channels": [32, 32, 32], "layers_per_block": 1, "norm_num_groups": 8},
    scheduler=("DDIMScheduler", DDIM),
    multilingual={"hidden_size": 32, "num_hidden_layers": 2, "num_attention_heads": 4, "intermediate_size": 56},
)

KANDINSKY_21_B = KandinskyShape(
    name="kandinsky-2-1-tiny-b",
    version="2.1",
    seed=4300,
    merge_count=120,
    context_length=77,
    embedding_dim=20,
    text={"num_hidden_layers": 1, "num_attention_heads": 2, "intermediate_size": 40, "hidden_act": "quick_gelu"},
    vision={
        "hidden_size": 20,
        "num_hidden_layers": 1,
        "num_attention_heads": 2,
        "intermediate_size": 50,
        "patch_size": 10,
        "hidden_act": "quick_gelu",
    },
    crop_size=40,
    prior={"num_attention_heads": 3, "attention_head_dim": 12, "num_layers": 1},
    unet={
        "sample_size": 8,
        "block_out_channels": [8, 12, 16, 16],
        "layers_per_block": 2,
        "attention_head_dim": 4,
        "norm_num_groups": 4,
    },
    movq={"block_out_channels": [32, 32, 32, 64], "layers_per_block": 1, "norm_num_groups": 16},
    scheduler=("DDPMScheduler", DDPM),
    multilingual={"hidden_size": 24, "num_hidden_layers": 1, "num_attention_heads": 2, "intermediate_size": 40},
    inpaint=False,
    dtype=torch.bfloat16,
)

STABLE_UNCLIP_H = StableUnclipShape(
    name="stable-unclip-tiny-h",
    seed=4400,
    merge_count=280,
    context_length=77,
    embedding_dim=32,
    text={
        "hidden_size": 40,
        "num_hidden_layers": 2,
        "num_attention_heads": 4,
        "intermediate_size": 64,
        "hidden_act": "gelu",
    },
    # heads of 10 numbers: ViT-H has 80
    vision={
        "hidden_size": 30,
        "num_hidden_layers": 2,
        "num_attention_heads": 3,
        "intermediate_size": 64,
        "patch_size": 8,
        "hidden_act": "gelu",
    },
    crop_size=32,
    unet={
        "sample_size": 16,
        "block_out_channels": [16, 24, 32],
        "layers_per_block": 1,
        "attention_head_dim": [2, 3, 4],
        "norm_num_groups": 8,
    },
    vae={"block_out_channels": [16, 24, 32], "layers_per_block": 1, "norm_num_groups": 8},
    scheduler=("PNDMScheduler", {"skip_prk_steps": True, "set_alpha_to_one": False}),
)

STABLE_UNCLIP_L = StableUnclipShape(
    name="stable-unclip-tiny-l",
    seed=4500,
    merge_count=200,
    context_length=77,
    embedding_dim=KARLO_TINY.embedding_dim,
    text={
        "hidden_size": 32,
        "num_hidden_layers": 1,
        "num_attention_heads": 2,
        "intermediate_size": 48,
        "hidden_act": "gelu",
    },
    vision={
        "hidden_size": 32,
        "num_hidden_layers": 1,
        "num_attention_heads": 4,
        "intermediate_size": 64,
        "patch_size": 8,
        "hidden_act": "quick_gelu",
    },
    crop_size=32,
    unet={
        "sample_size": 8,
        "block_out_channels": [8, 16, 16, 24],
        "layers_per_block": 2,
        "attention_head_dim": [1, 2, 2, 4],
        "norm_num_groups": 8,
    },
    vae={"block_out_channels": [16, 16, 24, 24], "layers_per_block": 2, "norm_num_groups": 8, "scaling_factor": 0.5},
    scheduler=("DDIMScheduler", {"clip_sample": False, "set_alpha_to_one": False}),
    normalised=True,
    old_attention_names=True,
)

STABLE_UNCLIP_H_B = StableUnclipShape(
    name="stable-unclip-tiny-h-b",
    seed=4600,
    merge_count=120,
    context_length=20,
    embedding_dim=18,
    text={
        "hidden_size": 24,
        "num_hidden_layers": 3,
        "num_attention_heads": 3,
        "intermediate_size": 40,
        "hidden_act": "gelu",
    },
    vision={
        "hidden_size": 24,
        "num_hidden_layers": 1,
        "num_attention_heads": 3,
        "intermediate_size": 40,
        "patch_size": 7,
        "hidden_act": "gelu",
    },
    crop_size=28,
    unet={
        "sample_size": 24,
        "block_out_channels": [12, 24],
        "layers_per_block": 2,
        "attention_head_dim": [3, 6],
        "norm_num_groups": 4,
    },
    vae={"block_out_channels": [8, 16], "layers_per_block": 1, "norm_num_groups": 4},
    scheduler=("EulerDiscreteScheduler", {}),
)
