"""What spoils an upsampler's small picture while it trains, since at sampling time that picture is not a perfect one.

Pictures are [N, C, H, W] in [-1, 1]. What happens, and how strongly, is drawn anew for each batch; noise for each picture.
"""

from __future__ import annotations

import math

import numpy as np
import torch
import torch.nn.functional as F

LARGEST_NOISE, LARGEST_BLUR = 0.02, 0.5
# Of the varied degradation: the blur's deviation in pixels, and how much coarser pixels become.
LARGEST_VARIED_BLUR, SMALLEST_SCALE = 1.0, 0.7
REACH = 3  # of the blur, in pixels to either side
RESAMPLINGS = ("bilinear", "bicubic", "area")


def blur_and_noise(pictures: torch.Tensor, rng: np.random.Generator) -> torch.Tensor:
    """A little Gaussian blur and a little noise."""
    sigma = float(rng.uniform(0.1, LARGEST_BLUR))
    return noise(blur(pictures, sigma, sigma))


def degrade(pictures: torch.Tensor, rng: np.random.Generator) -> torch.Tensor:
    """Blur, coarser pixels and noise, each in half of the cases, in random order.

    After BSR (Zhang et al. 2021, arXiv:2103.14006), which DALL-E 2 trains its second upsampler with, but for JPEG: what one
    upsampler hands to the next was never a file.
    """
    spoilers = [spoil for spoil in (blur_varied, coarsen, lambda x, _: noise(x)) if rng.random() < 0.5]
    for i in rng.permutation(len(spoilers)):
        pictures = spoilers[i](pictures, rng)
    return pictures


def noise(pictures: torch.Tensor) -> torch.Tensor:
    """Gaussian noise, of another strength for each picture."""
    strength = torch.rand(len(pictures), 1, 1, 1, device=pictures.device) * LARGEST_NOISE
    return pictures + strength * torch.randn_like(pictures)


def blur(pictures: torch.Tensor, down: float, across: float) -> torch.Tensor:
    """A Gaussian blur of these deviations, with mirrored borders."""
    columns, rows = (_bell(sigma, pictures) for sigma in (down, across))
    channels = pictures.shape[1]
    kernel = torch.outer(columns, rows).expand(channels, 1, -1, -1)
    with torch.autocast(pictures.device.type, enabled=False):  # bfloat16 would round a picture's tones to a hundred
        return F.conv2d(F.pad(pictures, (REACH,) * 4, mode="reflect"), kernel, groups=channels)


def _bell(sigma: float, like: torch.Tensor) -> torch.Tensor:
    heights = like.new_tensor([math.exp(-0.5 * (x / sigma) ** 2) for x in range(-REACH, REACH + 1)])
    return heights / heights.sum()


def blur_varied(pictures: torch.Tensor, rng: np.random.Generator) -> torch.Tensor:
    down, across = rng.uniform(0.1, LARGEST_VARIED_BLUR, size=2)
    return blur(pictures, float(down), float(across))


def coarsen(pictures: torch.Tensor, rng: np.random.Generator) -> torch.Tensor:
    """Shrunk and enlarged again, by ways of resampling drawn at random."""
    shrinking, enlarging = (RESAMPLINGS[i] for i in rng.integers(len(RESAMPLINGS), size=2))
    side = int(pictures.shape[-1] * rng.uniform(SMALLEST_SCALE, 1.0))
    small = F.interpolate(pictures, size=(side, side), mode=shrinking)
    return F.interpolate(small, size=pictures.shape[-2:], mode=enlarging)
