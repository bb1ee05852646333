"""Random Stable unCLIP checkpoints, as StableUnCLIPImg2ImgPipeline saves them."""

from dataclasses import dataclass
from pathlib import Path

import torch
from diffusers import (
    AutoencoderKL,
    DDIMScheduler,
    DDPMScheduler,
    EulerDiscreteScheduler,
    PNDMScheduler,
    SchedulerMixin,
    StableUnCLIPImg2ImgPipeline,
    UNet2DConditionModel,
)
from diffusers.pipelines.stable_diffusion.stable_unclip_image_normalizer import StableUnCLIPImageNormalizer
from safetensors.torch import load_file, save_file
from transformers import CLIPImageProcessor, CLIPTextConfig, CLIPTextModel

from checkpoint import Config, create_image_encoder
from latent_denoiser import BATCH_SIZE, calibrate_autoencoder, calibrate_velocity
from vocabulary import create_tokenizer
from weights import randomise

SCHEDULERS: dict[str, type[SchedulerMixin]] = {
    "PNDMScheduler": PNDMScheduler,
    "DDIMScheduler": DDIMScheduler,
    "EulerDiscreteScheduler": EulerDiscreteScheduler,
}

SCHEDULER: Config = {
    "beta_start": 0.00085,
    "beta_end": 0.012,
    "beta_schedule": "scaled_linear",
    "prediction_type": "v_prediction",
    "steps_offset": 1,
}
"""What all of them have in common."""


@dataclass(frozen=True)
class StableUnclipShape:
    """What sets one tiny checkpoint apart; everything not named here is Stable unCLIP's."""

    name: str
    seed: int
    merge_count: int
    context_length: int
    embedding_dim: int
    text: Config
    vision: Config
    crop_size: int
    unet: Config
    vae: Config
    scheduler: tuple[str, Config]
    normalised: bool = False
    """True gives the image normaliser a mean and a deviation of its own, as the ViT-L model has."""
    old_attention_names: bool = False
    """True writes the attention of the autoencoder under the names of early files: query, key, value, proj_attn."""


def save_stable_unclip(shape: StableUnclipShape, folder: Path) -> None:
    """Builds the pipeline and saves it."""
    tokenizer = create_tokenizer(shape.merge_count, shape.context_length, "!")
    text_encoder = _create_text_encoder(shape, tokenizer)
    normaliser = StableUnCLIPImageNormalizer(shape.embedding_dim)
    if shape.normalised:
        generator = torch.Generator().manual_seed(shape.seed + 2)
        normaliser.mean.copy_(0.5 * torch.randn(normaliser.mean.shape, generator=generator))
        normaliser.std.copy_(0.4 + 0.8 * torch.rand(normaliser.std.shape, generator=generator))
    name, settings = shape.scheduler
    scheduler = SCHEDULERS[name](**SCHEDULER | settings)
    size = {"height": shape.crop_size, "width": shape.crop_size}
    StableUnCLIPImg2ImgPipeline(
        feature_extractor=CLIPImageProcessor(size={"shortest_edge": shape.crop_size}, crop_size=size),
        image_encoder=create_image_encoder(shape),
        image_normalizer=normaliser,
        image_noising_scheduler=DDPMScheduler(beta_schedule="squaredcos_cap_v2"),
        tokenizer=tokenizer,
        text_encoder=text_encoder,
        unet=_create_unet(shape),
        scheduler=scheduler,
        vae=_create_vae(shape),
    ).save_pretrained(folder)
    if shape.old_attention_names:
        _rename_attention(folder / "vae" / "diffusion_pytorch_model.safetensors")


def _create_text_encoder(shape: StableUnclipShape, tokenizer: object) -> CLIPTextModel:
    ids = {
        "bos_token_id": tokenizer.bos_token_id,
        "eos_token_id": tokenizer.eos_token_id,
        "pad_token_id": tokenizer.pad_token_id,
    }
    length = shape.context_length
    config = CLIPTextConfig(vocab_size=tokenizer.vocab_size, max_position_embeddings=length, **ids | shape.text)
    text_encoder = CLIPTextModel(config).eval()
    randomise(text_encoder, shape.seed)
    return text_encoder


def _create_vae(shape: StableUnclipShape) -> AutoencoderKL:
    levels = len(shape.vae["block_out_channels"])
    vae = AutoencoderKL(
        latent_channels=4,
        down_block_types=["DownEncoderBlock2D"] * levels,
        up_block_types=["UpDecoderBlock2D"] * levels,
        **shape.vae,
    ).eval()
    randomise(vae, shape.seed + 5)
    calibrate_autoencoder(vae, shape.seed + 15)
    return vae


def _create_unet(shape: StableUnclipShape) -> UNet2DConditionModel:
    """The U-Net, with random weights."""
    levels = len(shape.unet["block_out_channels"])
    context_width = shape.text["hidden_size"]
    unet = UNet2DConditionModel(
        down_block_types=["CrossAttnDownBlock2D"] * (levels - 1) + ["DownBlock2D"],
        mid_block_type="UNetMidBlock2DCrossAttn",
        up_block_types=["UpBlock2D"] + ["CrossAttnUpBlock2D"] * (levels - 1),
        cross_attention_dim=context_width,
        use_linear_projection=True,
        class_embed_type="projection",
        projection_class_embeddings_input_dim=2 * shape.embedding_dim,
        **shape.unet,
    ).eval()
    randomise(unet, shape.seed + 20)

    def condition(generator: torch.Generator) -> tuple[Config, torch.Tensor]:
        labels = torch.randn(BATCH_SIZE, 2 * shape.embedding_dim, generator=generator)
        states = torch.randn(BATCH_SIZE, shape.context_length, context_width, generator=generator)
        return {"encoder_hidden_states": states, "class_labels": labels}, labels[:, :4]

    calibrate_velocity(unet, condition, shape.seed + 21)
    return unet


def _rename_attention(path: Path) -> None:
    """The names of early files. Their matrices were 1x1 convolutions, which this reference itself no longer opens."""
    old = {"to_q": "query", "to_k": "key", "to_v": "value", "to_out.0": "proj_attn"}
    renamed = {}
    for key, x in load_file(path).items():
        for new, name in old.items():
            if f".attentions.0.{new}." in key:
                key = key.replace(new, name)
        renamed[key] = x
    save_file(renamed, path, metadata={"format": "pt"})
