"""Random Kandinsky 2.2 and 2.1 checkpoints: a folder for the prior and one for each decoder, as they are published."""

from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import torch
from diffusers import (
    DDIMScheduler,
    DDPMScheduler,
    DiffusionPipeline,
    KandinskyInpaintPipeline,
    KandinskyPipeline,
    KandinskyPriorPipeline,
    KandinskyV22ControlnetPipeline,
    KandinskyV22InpaintPipeline,
    KandinskyV22Pipeline,
    KandinskyV22PriorPipeline,
    PriorTransformer,
    SchedulerMixin,
    UnCLIPScheduler,
    UNet2DConditionModel,
    VQModel,
)
from transformers import CLIPImageProcessor

from checkpoint import Config, create_image_encoder, create_text_encoder
from latent_denoiser import BATCH_SIZE, calibrate_autoencoder, train_latent_denoiser
from multilingual import create_multilingual_encoder, create_multilingual_tokenizer
from vocabulary import create_tokenizer
from weights import randomise, randomise_statistics

IMAGE_TOKENS = {"2.2": 32, "2.1": 10}
"""How many tokens the image embedding becomes; fixed in the reference."""

SCHEDULERS: dict[str, type[SchedulerMixin]] = {"DDPMScheduler": DDPMScheduler, "DDIMScheduler": DDIMScheduler}


@dataclass(frozen=True)
class KandinskyShape:
    """What sets one family of tiny Kandinsky checkpoints apart; everything not named here is Kandinsky's."""

    name: str
    version: str
    """"2.2" or "2.1"."""
    seed: int
    merge_count: int
    context_length: int
    embedding_dim: int
    text: Config
    vision: Config
    crop_size: int
    prior: Config
    unet: Config
    """Sizes of the U-Net; `cross_attention_dim` of 2.1 is the embedding's."""
    movq: Config
    scheduler: tuple[str, Config]
    pad_token: str = "!"
    multilingual: Config = field(default_factory=dict)
    """Sizes of the text encoder of 2.1."""
    inpaint: bool = True
    depth: bool = False
    dtype: torch.dtype = torch.float32


def save_kandinsky(shape: KandinskyShape, root: Path) -> None:
    """Writes `<name>-prior`, `<name>-decoder` (2.1: `<name>`), and the inpainting and depth decoders it names."""
    _save(_create_prior(shape), shape, root / f"{shape.name}-prior")
    movq = _create_movq(shape)
    text = {}
    if shape.version == "2.1":
        tokenizer = create_multilingual_tokenizer()
        text_encoder = create_multilingual_encoder(shape.multilingual, shape.embedding_dim, tokenizer)
        randomise(text_encoder, shape.seed + 6)
        text = {"text_encoder": text_encoder, "tokenizer": tokenizer}
    for kind, folder in decoder_folders(shape).items():
        name, settings = shape.scheduler
        scheduler = SCHEDULERS[name](**settings)
        unet = _create_unet(shape, kind, scheduler)
        pipeline = PIPELINES[shape.version, kind](unet=unet, scheduler=scheduler, movq=movq, **text)
        _save(pipeline, shape, root / folder)


PIPELINES: dict[tuple[str, str], Any] = {
    ("2.2", "decoder"): KandinskyV22Pipeline,
    ("2.2", "inpaint"): KandinskyV22InpaintPipeline,
    ("2.2", "depth"): KandinskyV22ControlnetPipeline,
    ("2.1", "decoder"): KandinskyPipeline,
    ("2.1", "inpaint"): KandinskyInpaintPipeline,
}
"""The pipeline that each folder is saved as, which model_index.json names."""


def decoder_folders(shape: KandinskyShape) -> dict[str, str]:
    """The decoder folders of a shape by kind, named as the published repositories are."""
    name, is_22 = shape.name, shape.version == "2.2"
    folders = {"decoder": f"{name}-decoder" if is_22 else name}
    if shape.inpaint:
        folders["inpaint"] = f"{name}-decoder-inpaint" if is_22 else f"{name}-inpaint"
    if shape.depth:
        folders["depth"] = f"{name}-controlnet-depth"
    return folders


def _save(pipeline: DiffusionPipeline, shape: KandinskyShape, folder: Path) -> None:
    pipeline.to(shape.dtype).save_pretrained(folder)
    pipeline.to(torch.float32)


def _create_prior(shape: KandinskyShape) -> DiffusionPipeline:
    tokenizer = create_tokenizer(shape.merge_count, shape.context_length, shape.pad_token)
    text_encoder = create_text_encoder(shape, tokenizer)
    prior = PriorTransformer(embedding_dim=shape.embedding_dim, num_embeddings=shape.context_length, **shape.prior)
    for index, network in enumerate((text_encoder, prior)):
        network.eval()
        randomise(network, shape.seed + index)
    randomise_statistics(prior, shape.seed + 10)
    pipeline = KandinskyV22PriorPipeline if shape.version == "2.2" else KandinskyPriorPipeline
    size = {"height": shape.crop_size, "width": shape.crop_size}
    return pipeline(
        prior=prior,
        image_encoder=create_image_encoder(shape),
        text_encoder=text_encoder,
        tokenizer=tokenizer,
        scheduler=UnCLIPScheduler(prediction_type="sample", clip_sample_range=10.0),
        image_processor=CLIPImageProcessor(size={"shortest_edge": shape.crop_size}, crop_size=size),
    )


def _create_movq(shape: KandinskyShape) -> VQModel:
    """The autoencoder, without spatial norms of scale near zero."""
    levels = len(shape.movq["block_out_channels"])
    movq = VQModel(
        latent_channels=4,
        vq_embed_dim=4,
        num_vq_embeddings=16,
        norm_type="spatial",
        down_block_types=["DownEncoderBlock2D"] * (levels - 1) + ["AttnDownEncoderBlock2D"],
        up_block_types=["AttnUpDecoderBlock2D"] + ["UpDecoderBlock2D"] * (levels - 1),
        **shape.movq,
    ).eval()
    randomise(movq, shape.seed + 5)
    for name, parameter in movq.named_parameters():
        if name.endswith("conv_y.bias"):
            parameter.add_(1)
    calibrate_autoencoder(movq, shape.seed + 15)
    return movq


def _create_unet(shape: KandinskyShape, kind: str, scheduler: SchedulerMixin) -> UNet2DConditionModel:
    """The U-Net of a decoder, trained to remove noise; the image embedding's first numbers give the colour."""
    levels = len(shape.unet["block_out_channels"])
    is_22 = shape.version == "2.2"
    sizes = {
        "encoder_hid_dim": shape.embedding_dim if is_22 else shape.multilingual["hidden_size"],
        "encoder_hid_dim_type": "image_proj" if is_22 else "text_image_proj",
        "addition_embed_type": ("image_hint" if kind == "depth" else "image") if is_22 else "text_image",
        "in_channels": {"decoder": 4, "inpaint": 9, "depth": 8}[kind],
    }
    if not is_22:
        sizes["cross_attention_dim"] = shape.embedding_dim
    unet = UNet2DConditionModel(
        out_channels=8,
        down_block_types=["ResnetDownsampleBlock2D"] + ["SimpleCrossAttnDownBlock2D"] * (levels - 1),
        mid_block_type="UNetMidBlock2DSimpleCrossAttn",
        up_block_types=["SimpleCrossAttnUpBlock2D"] * (levels - 1) + ["ResnetUpsampleBlock2D"],
        resnet_time_scale_shift="scale_shift",
        **sizes | shape.unet,
    ).eval()
    seed = shape.seed + 20 + 10 * ["decoder", "inpaint", "depth"].index(kind)
    randomise(unet, seed)

    def condition(generator: torch.Generator) -> tuple[Config, torch.Tensor]:
        image = torch.randn(BATCH_SIZE, shape.embedding_dim, generator=generator)
        added = {"image_embeds": image}
        if kind == "depth":
            pixels = 8 * unet.config.sample_size
            added["hint"] = torch.randn(BATCH_SIZE, 3, pixels, pixels, generator=generator)
        if is_22:
            return {"encoder_hidden_states": None, "added_cond_kwargs": added}, image[:, :4]
        added["text_embeds"] = torch.randn(BATCH_SIZE, shape.embedding_dim, generator=generator)
        states = torch.randn(BATCH_SIZE, 77, shape.multilingual["hidden_size"], generator=generator)
        colour = image[:, :4] + added["text_embeds"][:, :4]
        return {"encoder_hidden_states": states, "added_cond_kwargs": added}, colour

    train_latent_denoiser(unet, scheduler, condition, seed + 1)
    return unet
