"""The upsampler stages: a convolutional U-Net from a 32x32 picture to a 128x128 one, and its copy for the last step."""

from __future__ import annotations

import math

import numpy as np
import torch
import torch.nn.functional as F
from diffusers import UNet2DModel
from torch import nn

from toybox.data import LARGE_SIZE, Pictures
from toybox.decoder import to_pixels
from toybox.diffusion import TIMESTEPS, Diffusion, sample_timesteps

CHANNELS = (24, 48, 72)
CROP = LARGE_SIZE // 2  # a quarter of the area
LAST_STEP_TIMESTEPS = 100
LARGEST_NOISE, LARGEST_BLUR = 0.08, 0.6


def build_upsampler() -> UNet2DModel:
    """Karlo's super-resolution network, block for block, at toy width: the noisy picture and the enlarged one go in together."""
    return UNet2DModel(
        sample_size=LARGE_SIZE,
        in_channels=6,
        out_channels=3,
        layers_per_block=1,
        block_out_channels=CHANNELS,
        down_block_types=("ResnetDownsampleBlock2D",) * len(CHANNELS),
        up_block_types=("ResnetUpsampleBlock2D",) * len(CHANNELS),
        add_attention=False,
        norm_num_groups=8,
    )


def enlarge(small: torch.Tensor) -> torch.Tensor:
    """The conditioning picture, enlarged exactly as UnCLIPPipeline does: [N, 3, 32, 32] to [N, 3, 128, 128]."""
    return F.interpolate(small, size=(LARGE_SIZE, LARGE_SIZE), mode="bicubic", align_corners=False, antialias=True)


def blur(pictures: torch.Tensor, sigma: float) -> torch.Tensor:
    """A 3x3 Gaussian blur with mirrored borders, [N, C, H, W]."""
    side = math.exp(-0.5 / sigma**2)
    row = pictures.new_tensor([side, 1.0, side]) / (1 + 2 * side)
    channels = pictures.shape[1]
    kernel = torch.outer(row, row).expand(channels, 1, 3, 3)
    return F.conv2d(F.pad(pictures, (1, 1, 1, 1), mode="reflect"), kernel, groups=channels)


class UpsamplerStage:
    """Trained on crops; the small picture is blurred and noised a little, since the decoder's pictures are not perfect."""

    name = "upsampler"
    network = "super_res_first"
    batch_size = 8
    learning_rate = 1e-3
    timesteps = TIMESTEPS

    def __init__(self, pictures: Pictures, device: torch.device):
        self.pictures, self.device = pictures, device
        self.diffusion = Diffusion(device)
        self.networks = nn.ModuleDict({self.network: build_upsampler()}).to(device)

    def loss(self, rng: np.random.Generator) -> dict[str, torch.Tensor]:
        indices = rng.integers(len(self.pictures.large), size=self.batch_size)
        small = to_pixels(self.pictures.small[indices], self.device)
        small = blur(small, float(rng.uniform(0.1, LARGEST_BLUR)))
        noise = torch.rand(self.batch_size, 1, 1, 1, device=self.device) * LARGEST_NOISE
        enlarged = enlarge(small + noise * torch.randn_like(small))
        pair = torch.cat([to_pixels(self.pictures.large[indices], self.device), enlarged], dim=1)
        top, left = rng.integers(LARGE_SIZE - CROP + 1, size=2)
        x0, low = pair[:, :, top : top + CROP, left : left + CROP].chunk(2, dim=1)

        t = sample_timesteps(self.batch_size, self.device, self.timesteps)
        xt = self.diffusion.add_noise(x0, t)
        predicted = self.networks[self.network](torch.cat([xt, low], dim=1), t).sample.float()
        return {"loss": self.diffusion.x0_loss(predicted, x0, t)}


class LastUpsamplerStage(UpsamplerStage):
    """Continues from the trained upsampler on nearly clean pictures only: it runs the last sampling step."""

    name = "upsampler-last"
    network = "super_res_last"
    learning_rate = 3e-4
    timesteps = LAST_STEP_TIMESTEPS

    def start_from(self, upsampler: UNet2DModel) -> None:
        self.networks[self.network].load_state_dict(upsampler.state_dict())
