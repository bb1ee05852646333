"""Draws of torch's CPU generator: the random numbers that a seed must reproduce."""

import torch

from fixture import ROOT, Json, f32_base64, provenance, write_json

SEEDS = (0, 7, 123456789, 2**32 + 5, 2**33 + 5)
SINGLE_SIZES = (3, 15, 16, 17, 1000)
SEQUENCES = ((3, 3, 16, 5, 17, 1), (1, 1, 1), (5, 1000, 3, 16, 3))
UNIFORM_COUNT = 40


def make_random() -> None:
    """Writes random.json: normals by size and in sequences on one generator, and the uniforms below them."""
    sequences = [(size,) for size in SINGLE_SIZES] + list(SEQUENCES)
    cases = [_normals(seed, sizes) for seed in SEEDS for sizes in sequences]
    uniforms = [_uniforms(seed) for seed in SEEDS]
    write_json(ROOT / "random.json", {**provenance("random"), "cases": cases, "uniforms": uniforms})


def _normals(seed: int, sizes: tuple[int, ...]) -> Json:
    """Consecutive torch.randn draws on one generator; below 16 elements a second normal waits for the next draw."""
    generator = torch.Generator().manual_seed(seed)
    draws = [{"size": size, "f32": f32_base64(torch.randn(size, generator=generator))} for size in sizes]
    return {"seed": seed, "draws": draws}


def _uniforms(seed: int) -> Json:
    """torch.rand: the low 24 bits of each 32-bit word times 2^-24."""
    generator = torch.Generator().manual_seed(seed)
    return {"seed": seed, "size": UNIFORM_COUNT, "f32": f32_base64(torch.rand(UNIFORM_COUNT, generator=generator))}
