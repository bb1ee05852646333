"""The upsampler stages: convolutional U-Nets, each from a picture to one four times as high and as wide."""

from __future__ import annotations

import numpy as np
import torch
import torch.nn.functional as F
from diffusers import UNet2DModel
from torch import nn

from toybox.data import ENLARGEMENT, Pictures
from toybox.decoder import to_pixels
from toybox.degrade import blur_and_noise, degrade
from toybox.diffusion import TIMESTEPS, Diffusion, sample_timesteps

# By level: 1 enlarges the decoder's pictures, 2 those of level 1. The second has most pixels to compute, so it is narrower.
CHANNELS = {1: (24, 48, 72), 2: (16, 32, 64)}
LAST_STEP_TIMESTEPS = 100


def build_upsampler(level: int, base_size: int, attention: bool = False) -> UNet2DModel:
    """Karlo's super-resolution network, block for block, at toy width: the noisy picture and the enlarged one go in together.

    `attention` adds what Karlo's does not have, at the lowest resolution.
    """
    channels = CHANNELS[level]
    return UNet2DModel(
        sample_size=base_size * ENLARGEMENT**level,
        in_channels=6,
        out_channels=3,
        layers_per_block=1,
        block_out_channels=channels,
        down_block_types=("ResnetDownsampleBlock2D",) * len(channels),
        up_block_types=("ResnetUpsampleBlock2D",) * len(channels),
        add_attention=attention,
        norm_num_groups=8,
    )


def enlarge(small: torch.Tensor) -> torch.Tensor:
    """The conditioning picture, enlarged exactly as UnCLIPPipeline does: [N, 3, S, S] to [N, 3, 4 S, 4 S]."""
    size = small.shape[-1] * ENLARGEMENT
    return F.interpolate(small, size=(size, size), mode="bicubic", align_corners=False, antialias=True)


class UpsamplerStage:
    """Trained on crops of a quarter of the area or, at the second level, of a quarter of the sides; run on whole pictures.

    The small picture is spoiled: a little at the first level, in varied ways at the second (Ramesh et al. 2022, section 2.1).
    """

    batch_size = 8
    learning_rate = 1e-3
    timesteps = TIMESTEPS

    def __init__(self, pictures: Pictures, level: int, device: torch.device, attention: bool = False):
        self.name = ("upsampler", "upsampler-2")[level - 1]
        self.network = ("super_res_first", "super_res_2_first")[level - 1]
        self.pictures, self.level, self.device = pictures, level, device
        self.crop = pictures.levels[level].shape[1] // 2**level
        self.diffusion = Diffusion(device)
        self.networks = nn.ModuleDict({self.network: build_upsampler(level, pictures.base_size, attention)}).to(device)

    def spoiled(self, indices: np.ndarray, rng: np.random.Generator) -> torch.Tensor:
        """The small pictures [N, 3, S, S] of the level below, not quite as they should be."""
        small = self.pictures.levels[self.level - 1][indices]
        if self.level == 1:
            return blur_and_noise(to_pixels(small, self.device), rng)
        return to_pixels(np.stack([degrade(picture, rng) for picture in small]), self.device)

    def loss(self, rng: np.random.Generator) -> dict[str, torch.Tensor]:
        pictures = self.pictures.levels[self.level]
        indices = rng.integers(len(pictures), size=self.batch_size)
        top, left = rng.integers(pictures.shape[1] - self.crop + 1, size=2)
        window = (slice(top, top + self.crop), slice(left, left + self.crop))
        x0 = to_pixels(pictures[indices][:, *window], self.device)
        low = enlarge(self.spoiled(indices, rng))[:, :, *window]

        t = sample_timesteps(self.batch_size, self.device, self.timesteps)
        xt = self.diffusion.add_noise(x0, t)
        predicted = self.networks[self.network](torch.cat([xt, low], dim=1), t).sample.float()
        return {"loss": self.diffusion.x0_loss(predicted, x0, t)}


class LastUpsamplerStage(UpsamplerStage):
    """Continues from the trained upsampler on nearly clean pictures only: it runs the last sampling step."""

    learning_rate = 3e-4
    timesteps = LAST_STEP_TIMESTEPS

    def __init__(self, pictures: Pictures, upsampler: UNet2DModel, device: torch.device):
        super().__init__(pictures, 1, device)
        self.name, self.network = "upsampler-last", "super_res_last"
        self.networks = nn.ModuleDict({self.network: build_upsampler(1, pictures.base_size)}).to(device)
        self.networks[self.network].load_state_dict(upsampler.state_dict())
