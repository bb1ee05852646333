"""Small pictures drawn by formula: the inputs of the image encoder and of the preprocessing fixture."""

import numpy as np
from PIL import Image


def draw_picture(width: int, height: int, seed: int) -> Image.Image:
    """An RGB picture with soft colour waves, a hard-edged disc and a little noise, different for every seed."""
    random = np.random.default_rng(seed)
    y, x = np.mgrid[0:height, 0:width].astype(np.float64)
    u, v = (x + 0.5) / width, (y + 0.5) / height
    frequency, phase = random.uniform(0.5, 3.0, (2, 3)), random.uniform(0, 2 * np.pi, 3)
    waves = 0.5 + 0.4 * np.cos(2 * np.pi * (u[..., None] * frequency[0] + v[..., None] * frequency[1]) + phase)
    centre, radius = random.uniform(0.3, 0.7, 2), random.uniform(0.15, 0.3)
    disc = (u - centre[0]) ** 2 + (v - centre[1]) ** 2 < radius**2
    waves[disc] = random.uniform(0, 1, 3)
    noisy = waves + random.uniform(-0.05, 0.05, waves.shape)
    return Image.fromarray((noisy.clip(0, 1) * 255).round().astype(np.uint8))
