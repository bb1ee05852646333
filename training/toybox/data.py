"""The training pictures: rendered once into a cache, with captions drawn anew each time a picture is used."""

from __future__ import annotations

import hashlib
import os
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import partial
from pathlib import Path

import numpy as np

from toybox.captions import RELATION_FACT, describe, facts
from toybox.render import render
from toybox.world import MATERIALS, RELATIONS, STYLES, Scene, rival_of, sample_scene

BASE_SIZES = (32, 64)  # of the pictures that a decoder paints
# How many to render in the size of the decoder and, of the same scenes, in those of the two upsamplers.
PICTURES = (100_000, 8_000, 800)
# Every upsampler makes a picture that many times as high and as wide.
ENLARGEMENT = 4
# Rays for each pixel, along either side, by the picture's size.
SAMPLES = {32: 4, 64: 3, 128: 3, 256: 2, 512: 2, 1024: 2}
# Prior and decoder see more pairs than the world has: they are harder to learn than single things.
PAIR_SHARE = 0.7


class Levels(Sequence[np.ndarray]):
    """Arrays that are made when first asked for."""

    def __init__(self, makers: list[Callable[[], np.ndarray]]):
        self.makers = makers
        self.made: dict[int, np.ndarray] = {}

    def __len__(self) -> int:
        return len(self.makers)

    def __getitem__(self, i: int) -> np.ndarray:
        if i not in self.made:
            self.made[i] = self.makers[i]()
        return self.made[i]


@dataclass
class Pictures:
    """N scenes and their pictures: all of them in the decoder's size S, the first M in that of the first upsampler, and
    the first K in that of the second. A level is drawn, or read, when first asked for.

    A scene with a rival stands right before or after it: `rivals` [N] has its index, or -1.
    """

    scenes: list[Scene]
    rivals: np.ndarray
    facts: np.ndarray  # int8 [N, CLAIM_WIDTH]
    levels: Sequence[np.ndarray]  # uint8 [N, S, S, 3], [M, 4 S, 4 S, 3] and [K, 16 S, 16 S, 3]

    def __len__(self) -> int:
        return len(self.scenes)

    @property
    def base(self) -> np.ndarray:
        """All pictures in the decoder's size, uint8 [N, S, S, 3]."""
        return self.levels[0]

    @property
    def base_size(self) -> int:
        return self.base.shape[1]

    def sample(self, count: int, pair_share: float, rng: np.random.Generator) -> np.ndarray:
        """Random picture indices [count], of which about `pair_share` show two things."""
        is_pair = self.facts[:, RELATION_FACT] < len(RELATIONS)
        chosen = rng.random(count) < pair_share
        singles, pairs = (rng.choice(np.flatnonzero(pool), count) for pool in (~is_pair, is_pair))
        return np.where(chosen, pairs, singles)

    def captions(self, indices: np.ndarray, rng: np.random.Generator) -> tuple[list[str], np.ndarray]:
        """A fresh caption for each picture, and the claims [len(indices), CLAIM_WIDTH]."""
        told = [describe(self.scenes[i], rng) for i in indices]
        return [caption for caption, _ in told], np.stack([claim for _, claim in told])


def shrink(pictures: np.ndarray, size: int) -> np.ndarray:
    """Pictures uint8 [N, S, S, 3] in a size that divides S, each pixel the mean of those it covers."""
    factor, rest = divmod(pictures.shape[1], size)
    if rest:
        raise ValueError(f"pictures of {pictures.shape[1]} pixels cannot be shrunk to {size}, which does not divide them")
    if factor == 1:
        return pictures
    shrunk = np.empty((len(pictures), size, size, 3), dtype=np.uint8)
    for i in range(0, len(pictures), 1024):
        cells = pictures[i : i + 1024].reshape(-1, size, factor, size, factor, 3)
        shrunk[i : i + 1024] = cells.mean((2, 4)).round()
    return shrunk


def cached_render(folder: Path, scenes: list[Scene], size: int, samples: int) -> np.ndarray:
    """`render`, or what an earlier call with these scenes left in the folder: uint8 [N, size, size, 3]."""
    path = folder / f"{size}-{hashlib.sha256(repr(scenes).encode()).hexdigest()[:12]}.npy"
    if path.exists():
        return np.load(path)
    pictures = render(scenes, size, samples)
    writing = path.with_suffix(f".{os.getpid()}.npy")
    np.save(writing, pictures)
    writing.replace(path)
    return pictures


def sample_scenes(
    count: int, rng: np.random.Generator, styles: tuple[str, ...], materials: tuple[str, ...]
) -> tuple[list[Scene], np.ndarray]:
    """Random scenes, pairs followed by their rivals where they have one; and each scene's rival, or -1."""
    scenes: list[Scene] = []
    rivals: list[int] = []
    while len(scenes) < count:
        scene = sample_scene(rng, styles, materials)
        rival = rival_of(scene, rng) if len(scenes) + 2 <= count else None
        here = len(scenes)
        scenes += [scene] if rival is None else [scene, rival]
        rivals += [-1] if rival is None else [here + 1, here]
    return scenes, np.array(rivals)


def load_pictures(
    folder: Path,
    counts: tuple[int, int, int],
    base_size: int,
    styles: tuple[str, ...] = STYLES,
    materials: tuple[str, ...] = MATERIALS,
    seed: int = 1,
) -> Pictures:
    """Samples the scenes from a seed and renders the first `counts` of them in the size of each level, or reads the
    pictures that an earlier run rendered.
    """
    folder.mkdir(parents=True, exist_ok=True)
    sizes = [base_size * ENLARGEMENT**level for level in range(len(counts))]
    scenes, rivals = sample_scenes(counts[0], np.random.default_rng(seed), styles, materials)
    return Pictures(
        scenes=scenes,
        rivals=rivals,
        facts=np.stack([facts(scene) for scene in scenes]),
        levels=Levels(
            [
                partial(cached_render, folder, scenes[:count], size, SAMPLES[size])
                for count, size in zip(counts, sizes, strict=True)
            ]
        ),
    )
