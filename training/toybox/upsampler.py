"""The upsampler stages: convolutional U-Nets, each from a picture to one four times as high and as wide."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import torch
import torch.nn.functional as F
from diffusers import UNet2DModel
from torch import nn

from toybox.data import ENLARGEMENT, Pictures
from toybox.decoder import to_pixels
from toybox.degrade import blur_and_noise, degrade
from toybox.diffusion import Diffusion, sample_noisy_timesteps, sample_timesteps



@dataclass(frozen=True)
class Size:
    channels: tuple[int, ...]
    batch_size: int
    crop: float  # the part of a picture's sides that is trained on at a time


# By base size and level: 1 enlarges the decoder's pictures, 2 those of level 1. The second has most pixels to compute, so it is
# narrower. Of crops the groups' norms differ from those of whole pictures, so a level is trained on crops only where it must be.
SIZES = {
    32: {1: Size((24, 48, 72), 4, 1.0), 2: Size((16, 32, 64), 2, 1.0)},
    64: {1: Size((24, 40, 64), 4, 1.0), 2: Size((8, 16, 32, 64), 2, 1.0)},
}
LAST_STEP_TIMESTEPS = 100
PAINTED_SHARE = 0.5  # of a batch


def build_upsampler(level: int, base_size: int, attention: bool = False) -> UNet2DModel:
    """Karlo's super-resolution network, block for block, at toy width: the noisy picture and the enlarged one go in together.

    `attention` adds what Karlo's does not have, at the lowest resolution.
    """
    channels = SIZES[base_size][level].channels
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
    """Trained on whole pictures or on crops; run on whole pictures.

    Half of the small pictures are renders, spoiled a little (Ramesh et al. 2022, section 2.1); the others, `painted`, were
    painted over again by the stage before, of the first scenes: what an upsampler is given in use. The error is taken
    absolute where it is large (Saharia et al. 2021, arXiv:2104.07636): where an edge may run here or there, the mean of
    both is a blur, the median is one of them.
    """

    learning_rate = 1e-3

    def __init__(
        self,
        pictures: Pictures,
        level: int,
        device: torch.device,
        attention: bool = False,
        painted: np.ndarray | None = None,
    ):
        self.name = ("upsampler", "upsampler-2")[level - 1]
        self.network = ("super_res_first", "super_res_2_first")[level - 1]
        self.level, self.device = level, device
        count = len(pictures.levels[level])
        self.small, self.large = (torch.from_numpy(pictures.levels[i][:count]).to(device) for i in (level - 1, level))
        self.painted = None if painted is None else torch.from_numpy(painted).to(device)
        size = SIZES[pictures.base_size][level]
        self.batch_size, self.crop = size.batch_size, int(self.large.shape[1] * size.crop)
        self.diffusion = Diffusion(device)
        self.networks = nn.ModuleDict({self.network: build_upsampler(level, pictures.base_size, attention)}).to(device)

    def sample(self, rng: np.random.Generator) -> tuple[torch.Tensor, torch.Tensor]:
        """Picture indices [batch_size], and the small pictures [batch_size, 3, S, S] of the level below, not quite as they should be."""

        def draw(count: int) -> torch.Tensor:
            return torch.from_numpy(rng.integers(count, size=self.batch_size)).to(self.device)

        spoil = blur_and_noise if self.level == 1 else degrade
        indices = draw(len(self.large))
        spoiled = spoil(to_pixels(self.small[indices], self.device), rng)
        if self.painted is None:
            return indices, spoiled
        others = draw(len(self.painted))
        chosen = torch.from_numpy(rng.random(self.batch_size) < PAINTED_SHARE).to(self.device)
        painted = to_pixels(self.painted[others], self.device)
        return torch.where(chosen, others, indices), torch.where(chosen[:, None, None, None], painted, spoiled)

    def sample_timesteps(self) -> torch.Tensor:
        return sample_noisy_timesteps(self.batch_size, self.device)

    def loss(self, rng: np.random.Generator) -> dict[str, torch.Tensor]:
        indices, small = self.sample(rng)
        top, left = rng.integers(self.large.shape[1] - self.crop + 1, size=2)
        window = (slice(top, top + self.crop), slice(left, left + self.crop))
        x0 = to_pixels(self.large[:, *window][indices], self.device)
        low = enlarge(small)[:, :, *window]

        t = self.sample_timesteps()
        xt = self.diffusion.add_noise(x0, t)
        predicted = self.networks[self.network](torch.cat([xt, low], dim=1), t).sample.float()
        squared = self.diffusion.x0_loss(predicted, x0, t)
        return {"loss": self.diffusion.x0_absolute_loss(predicted, x0, t), "squared": squared.detach()}


class LastUpsamplerStage(UpsamplerStage):
    """Continues from the trained upsampler on nearly clean pictures only: it runs the last sampling step."""

    learning_rate = 3e-4

    def __init__(
        self, pictures: Pictures, upsampler: UNet2DModel, device: torch.device, painted: np.ndarray | None = None
    ):
        super().__init__(pictures, 1, device, painted=painted)
        self.name, self.network = "upsampler-last", "super_res_last"
        self.networks = nn.ModuleDict({self.network: build_upsampler(1, pictures.base_size)}).to(device)
        self.networks[self.network].load_state_dict(upsampler.state_dict())

    def sample_timesteps(self) -> torch.Tensor:
        return sample_timesteps(self.batch_size, self.device, LAST_STEP_TIMESTEPS)
