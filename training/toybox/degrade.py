"""What spoils an upsampler's small picture while it trains, since at sampling time that picture is not a perfect one."""

from __future__ import annotations

import io
import math

import numpy as np
import torch
import torch.nn.functional as F
from PIL import Image, ImageFilter

LARGEST_NOISE, LARGEST_BLUR = 0.02, 0.5
# Of the varied degradation; radii in pixels, noise in levels of 255.
LARGEST_RADIUS, LARGEST_LEVELS = 1.0, 3.0
SMALLEST_SCALE = 0.7
LOWEST_QUALITY = 75
RESAMPLINGS = (Image.Resampling.BILINEAR, Image.Resampling.BICUBIC, Image.Resampling.BOX)


def blur_and_noise(pictures: torch.Tensor, rng: np.random.Generator) -> torch.Tensor:
    """A little Gaussian blur, the same for the batch, and a little noise, of another strength for each picture."""
    blurred = blur(pictures, float(rng.uniform(0.1, LARGEST_BLUR)))
    noise = torch.rand(len(pictures), 1, 1, 1, device=pictures.device) * LARGEST_NOISE
    return blurred + noise * torch.randn_like(blurred)


def blur(pictures: torch.Tensor, sigma: float) -> torch.Tensor:
    """A 3x3 Gaussian blur with mirrored borders, [N, C, H, W]."""
    side = math.exp(-0.5 / sigma**2)
    row = pictures.new_tensor([side, 1.0, side]) / (1 + 2 * side)
    channels = pictures.shape[1]
    kernel = torch.outer(row, row).expand(channels, 1, 3, 3)
    return F.conv2d(F.pad(pictures, (1, 1, 1, 1), mode="reflect"), kernel, groups=channels)


def degrade(picture: np.ndarray, rng: np.random.Generator) -> np.ndarray:
    """Blur, coarser pixels, noise and JPEG, each in half of the cases, in random order, uint8 [H, W, 3].

    After BSR (Zhang et al. 2021, arXiv:2103.14006), which DALL-E 2 trains its second upsampler with.
    """
    spoilers = [spoil for spoil in (_blurred, _coarsened, _noised, _compressed) if rng.random() < 0.5]
    image = Image.fromarray(picture)
    for i in rng.permutation(len(spoilers)):
        image = spoilers[i](image, rng)
    return np.asarray(image)


def _blurred(image: Image.Image, rng: np.random.Generator) -> Image.Image:
    across, along = rng.uniform(0.0, LARGEST_RADIUS, size=2)
    return image.filter(ImageFilter.GaussianBlur((across, along)))


def _coarsened(image: Image.Image, rng: np.random.Generator) -> Image.Image:
    down, up = (RESAMPLINGS[i] for i in rng.integers(len(RESAMPLINGS), size=2))
    side = int(image.width * rng.uniform(SMALLEST_SCALE, 1.0))
    return image.resize((side, side), down).resize(image.size, up)


def _noised(image: Image.Image, rng: np.random.Generator) -> Image.Image:
    noise = rng.normal(0.0, rng.uniform(0.0, LARGEST_LEVELS), size=(image.height, image.width, 3))
    return Image.fromarray((np.asarray(image) + noise).clip(0, 255).astype(np.uint8))


def _compressed(image: Image.Image, rng: np.random.Generator) -> Image.Image:
    file = io.BytesIO()
    image.save(file, "JPEG", quality=int(rng.integers(LOWEST_QUALITY, 96)))
    return Image.open(file).convert("RGB")
