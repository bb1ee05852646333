"""The decoder stage: a U-Net from a CLIP image embedding (and the caption) to a small picture."""

from __future__ import annotations

from functools import cached_property

import numpy as np
import torch
import torch.nn.functional as F
from diffusers import UNet2DConditionModel
from diffusers.models.attention_processor import AttnAddedKVProcessor
from diffusers.pipelines.deprecated.unclip.text_proj import UnCLIPTextProjModel
from torch import nn

from toybox.clip import EMBEDDING_DIM
from toybox.data import PAIR_SHARE, Pictures
from toybox.diffusion import Diffusion, sample_timesteps
from toybox.text import Captions, TextReader

# By the base size. A step at 64 pixels costs 2.6 times the multiplications of one at 32.
CHANNELS = {32: (32, 64, 128), 64: (32, 32, 96, 160)}
ATTENDING = 2  # levels, the lowest
CROSS_ATTENTION_DIM = 128
CAPTION_DROP, EMBEDDING_DROP = 0.2, 0.2
CAPTION_SEED = 2
VARIANCE_WEIGHT = 0.05


def build_decoder(base_size: int) -> UNet2DConditionModel:
    """Karlo's decoder, block for block, at toy width."""
    channels = CHANNELS[base_size]
    plain = len(channels) - ATTENDING
    return UNet2DConditionModel(
        sample_size=base_size,
        in_channels=3,
        out_channels=6,
        layers_per_block=1,
        block_out_channels=channels,
        down_block_types=(*["ResnetDownsampleBlock2D"] * plain, *["SimpleCrossAttnDownBlock2D"] * ATTENDING),
        mid_block_type="UNetMidBlock2DSimpleCrossAttn",
        up_block_types=(*["SimpleCrossAttnUpBlock2D"] * ATTENDING, *["ResnetUpsampleBlock2D"] * plain),
        cross_attention_dim=CROSS_ATTENTION_DIM,
        class_embed_type="identity",
        attention_head_dim=32,
        resnet_time_scale_shift="scale_shift",
        norm_num_groups=8,
    )


def build_text_proj(base_size: int) -> UnCLIPTextProjModel:
    return UnCLIPTextProjModel(
        clip_extra_context_tokens=4,
        clip_embeddings_dim=EMBEDDING_DIM,
        time_embed_dim=4 * CHANNELS[base_size][0],
        cross_attention_dim=CROSS_ATTENTION_DIM,
    )


def to_pixels(pictures: np.ndarray | torch.Tensor, device: torch.device) -> torch.Tensor:
    """uint8 [N, H, W, 3] to [N, 3, H, W] in [-1, 1]."""
    return torch.as_tensor(pictures, device=device).permute(0, 3, 1, 2).float() / 127.5 - 1


class DecoderStage:
    """Weighted x0 loss and learned variance; embedding and caption are dropped independently, for guidance."""

    name = "decoder"
    batch_size = 32
    learning_rate = 1e-3

    def __init__(self, reader: TextReader, pictures: Pictures, embeddings: torch.Tensor, device: torch.device):
        self.reader, self.pictures, self.device = reader, pictures, device
        self.embeddings, self.base = embeddings.to(device), torch.from_numpy(pictures.base).to(device)
        self.diffusion = Diffusion(device)
        self.networks = nn.ModuleDict(
            {"decoder": build_decoder(pictures.base_size), "text_proj": build_text_proj(pictures.base_size)}
        ).to(device)
        # On a processor, fused attention over so few pixels is slower than the plain kind.
        if device.type == "cpu":
            self.networks["decoder"].set_attn_processor(AttnAddedKVProcessor())

    @cached_property
    def captions(self) -> Captions:
        return self.reader.write(self.pictures, np.random.default_rng(CAPTION_SEED))

    def loss(self, rng: np.random.Generator) -> dict[str, torch.Tensor]:
        indices = torch.from_numpy(self.pictures.sample(self.batch_size, PAIR_SHARE, rng)).to(self.device)
        text = self.reader.draw(self.captions, indices, CAPTION_DROP)
        text_proj = self.networks["text_proj"]
        dropped = torch.rand(self.batch_size, 1, device=self.device) < EMBEDDING_DROP
        z = torch.where(dropped, text_proj.learned_classifier_free_guidance_embeddings, self.embeddings[indices])
        states, additive = text_proj(
            image_embeddings=z,
            prompt_embeds=text.embeds,
            text_encoder_hidden_states=text.states,
            do_classifier_free_guidance=False,
        )
        mask = F.pad(text.mask, (text_proj.config.clip_extra_context_tokens, 0), value=True)

        x0 = to_pixels(self.base[indices], self.device)
        t = sample_timesteps(self.batch_size, self.device)
        xt = self.diffusion.add_noise(x0, t)
        output = self.networks["decoder"](
            xt, t, encoder_hidden_states=states, class_labels=additive, attention_mask=mask
        ).sample.float()
        predicted, fraction = output.chunk(2, dim=1)
        simple = self.diffusion.x0_loss(predicted, x0, t)
        variance = self.diffusion.variance_loss(predicted, fraction, x0, t)
        return {"loss": simple + VARIANCE_WEIGHT * variance, "simple": simple, "variance": variance}
