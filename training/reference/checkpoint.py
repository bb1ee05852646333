"""A random Karlo checkpoint: its shape, its parts, and the folder that diffusers and transformers save."""

import json
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import torch
from diffusers import PriorTransformer, UnCLIPPipeline, UnCLIPScheduler, UNet2DConditionModel, UNet2DModel
from diffusers.pipelines.unclip import UnCLIPTextProjModel
from transformers import (
    CLIPImageProcessor,
    CLIPTextConfig,
    CLIPTextModelWithProjection,
    CLIPTokenizer,
    CLIPTokenizerFast,
    CLIPVisionConfig,
    CLIPVisionModelWithProjection,
)

from denoiser import train_decoder, train_super_res
from vocabulary import create_tokenizer
from weights import randomise, randomise_statistics

Config = dict[str, Any]

PRIOR_SCHEDULER: Config = {"prediction_type": "sample", "clip_sample_range": 5.0}
DECODER_SCHEDULER: Config = {"variance_type": "learned_range"}
LAST_STEP_GAIN = 6
"""The last step subtracts 0.0064 epsilon; a random epsilon this much larger moves the picture by some grey levels."""


@dataclass(frozen=True)
class Shape:
    """What sets one tiny checkpoint apart; everything not named here is Karlo's."""

    name: str
    seed: int
    merge_count: int
    context_length: int
    embedding_dim: int
    text: Config
    vision: Config
    crop_size: int
    prior: Config
    extra_context_tokens: int
    decoder: Config
    super_res: Config
    prior_scheduler: Config = field(default_factory=dict)
    decoder_scheduler: Config = field(default_factory=dict)
    super_res_scheduler: Config = field(default_factory=dict)
    pad_token: str = "!"
    dtype: torch.dtype = torch.float32
    shard_size: str = "1GB"
    old_schedulers: bool = False
    """True leaves `beta_schedule` out of the scheduler files, as the published ones do."""
    tokenizer_json: bool = False
    """True adds the tokenizer.json that newer transformers write."""


def save_checkpoint(shape: Shape, folder: Path) -> None:
    """Builds the pipeline and saves it, with the image encoder of the variation pipeline in the same folder."""
    pipeline = _create_pipeline(shape)
    image_encoder = create_image_encoder(shape)
    for component in (*pipeline.components.values(), image_encoder):
        if isinstance(component, torch.nn.Module):
            component.to(shape.dtype)
    pipeline.save_pretrained(folder, max_shard_size=shape.shard_size)
    image_encoder.save_pretrained(folder / "image_encoder")
    CLIPImageProcessor(
        size={"shortest_edge": shape.crop_size}, crop_size={"height": shape.crop_size, "width": shape.crop_size}
    ).save_pretrained(folder / "feature_extractor")
    index = {
        "feature_extractor": ["transformers", "CLIPImageProcessor"],
        "image_encoder": ["transformers", "CLIPVisionModelWithProjection"],
    }
    edit_json(folder / "model_index.json", lambda content: content | index)
    if shape.old_schedulers:
        for path in sorted(folder.glob("*_scheduler/scheduler_config.json")):
            edit_json(path, lambda config: {key: config[key] for key in config if key != "beta_schedule"})
    if shape.tokenizer_json:
        tokenizer = CLIPTokenizerFast.from_pretrained(folder / "tokenizer")
        tokenizer.backend_tokenizer.save(str(folder / "tokenizer" / "tokenizer.json"))


def _create_pipeline(shape: Shape) -> UnCLIPPipeline:
    """Random networks, of which the decoder and the first super-resolution network learn to remove noise."""
    tokenizer = create_tokenizer(shape.merge_count, shape.context_length, shape.pad_token)
    networks = {
        "text_encoder": create_text_encoder(shape, tokenizer),
        "prior": PriorTransformer(
            embedding_dim=shape.embedding_dim, num_embeddings=shape.context_length, **shape.prior
        ),
        "text_proj": UnCLIPTextProjModel(
            clip_extra_context_tokens=shape.extra_context_tokens,
            clip_embeddings_dim=shape.embedding_dim,
            time_embed_dim=4 * shape.decoder["block_out_channels"][0],
            cross_attention_dim=shape.decoder["cross_attention_dim"],
        ),
        "decoder": _create_decoder(shape),
        "super_res_first": _create_super_res(shape),
        "super_res_last": _create_super_res(shape),
    }
    schedulers = {
        "prior_scheduler": UnCLIPScheduler(**PRIOR_SCHEDULER | shape.prior_scheduler),
        "decoder_scheduler": UnCLIPScheduler(**DECODER_SCHEDULER | shape.decoder_scheduler),
        "super_res_scheduler": UnCLIPScheduler(**shape.super_res_scheduler),
    }
    for index, network in enumerate(networks.values()):
        network.eval()
        randomise(network, shape.seed + index)
    randomise_statistics(networks["prior"], shape.seed + 10)
    token_count = shape.extra_context_tokens + shape.context_length
    small_size = shape.decoder["sample_size"]
    train_decoder(networks["decoder"], schedulers["decoder_scheduler"], token_count, shape.seed + 11)
    train_super_res(networks["super_res_first"], schedulers["super_res_scheduler"], small_size, shape.seed + 12)
    networks["super_res_last"].conv_out.weight.mul_(LAST_STEP_GAIN)
    return UnCLIPPipeline(tokenizer=tokenizer, **networks, **schedulers)


def create_text_encoder(shape: Shape, tokenizer: CLIPTokenizer) -> CLIPTextModelWithProjection:
    """A text tower of the shape's sizes whose ids are those of the tokenizer; its weights are torch's own."""
    ids = {
        "bos_token_id": tokenizer.bos_token_id,
        "eos_token_id": tokenizer.eos_token_id,
        "pad_token_id": tokenizer.pad_token_id,
    }
    config = CLIPTextConfig(
        vocab_size=tokenizer.vocab_size,
        max_position_embeddings=shape.context_length,
        hidden_size=shape.embedding_dim,
        projection_dim=shape.embedding_dim,
        **ids | shape.text,
    )
    return CLIPTextModelWithProjection(config)


def create_image_encoder(shape: Shape) -> CLIPVisionModelWithProjection:
    """A vision tower of the shape's sizes with random weights."""
    config = CLIPVisionConfig(image_size=shape.crop_size, projection_dim=shape.embedding_dim, **shape.vision)
    image_encoder = CLIPVisionModelWithProjection(config).eval()
    randomise(image_encoder, shape.seed + 20)
    return image_encoder


def _create_decoder(shape: Shape) -> UNet2DConditionModel:
    levels = len(shape.decoder["block_out_channels"])
    return UNet2DConditionModel(
        in_channels=3,
        out_channels=6,
        down_block_types=["ResnetDownsampleBlock2D"] + ["SimpleCrossAttnDownBlock2D"] * (levels - 1),
        mid_block_type="UNetMidBlock2DSimpleCrossAttn",
        up_block_types=["SimpleCrossAttnUpBlock2D"] * (levels - 1) + ["ResnetUpsampleBlock2D"],
        class_embed_type="identity",
        resnet_time_scale_shift="scale_shift",
        **shape.decoder,
    )


def _create_super_res(shape: Shape) -> UNet2DModel:
    levels = len(shape.super_res["block_out_channels"])
    return UNet2DModel(
        in_channels=6,
        out_channels=3,
        down_block_types=["ResnetDownsampleBlock2D"] * levels,
        up_block_types=["ResnetUpsampleBlock2D"] * levels,
        add_attention=False,
        **shape.super_res,
    )


def edit_json(path: Path, edit: Callable[[Config], Config]) -> None:
    """Rewrites a JSON file in place."""
    content = edit(json.loads(path.read_text(encoding="utf-8")))
    path.write_text(json.dumps(content, indent=2) + "\n", encoding="utf-8")
