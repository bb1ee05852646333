"""The training pictures: rendered once into a cache, with captions drawn anew each time a picture is used."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from toybox.captions import RELATION_FACT, describe, facts
from toybox.render import render
from toybox.world import MATERIALS, RELATIONS, STYLES, Scene, rival_of, sample_scene

SMALL_SIZE, LARGE_SIZE = 32, 128
# Prior and decoder see more pairs than the world has: they are harder to learn than single things.
PAIR_SHARE = 0.7


@dataclass
class Pictures:
    """N scenes with their pictures; the first M of them are also there in the large size.

    A scene with a rival stands right before or after it: `rivals` [N] has its index, or -1.
    """

    scenes: list[Scene]
    rivals: np.ndarray
    facts: np.ndarray  # int8 [N, CLAIM_WIDTH]
    small: np.ndarray  # uint8 [N, 32, 32, 3]
    large: np.ndarray  # uint8 [M, 128, 128, 3]

    def __len__(self) -> int:
        return len(self.scenes)

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


def _cached(folder: Path, scenes: list[Scene], size: int, samples: int) -> np.ndarray:
    path = folder / f"{size}-{hashlib.sha256(repr(scenes).encode()).hexdigest()[:12]}.npy"
    if path.exists():
        return np.load(path)
    pictures = render(scenes, size, samples)
    np.save(path, pictures)
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
    count: int,
    large_count: int,
    styles: tuple[str, ...] = STYLES,
    materials: tuple[str, ...] = MATERIALS,
    seed: int = 1,
) -> Pictures:
    """Samples the scenes from a seed and renders them, or reads the pictures that an earlier run rendered."""
    folder.mkdir(parents=True, exist_ok=True)
    scenes, rivals = sample_scenes(count, np.random.default_rng(seed), styles, materials)
    return Pictures(
        scenes=scenes,
        rivals=rivals,
        facts=np.stack([facts(scene) for scene in scenes]),
        small=_cached(folder, scenes, SMALL_SIZE, samples=4),
        large=_cached(folder, scenes[:large_count], LARGE_SIZE, samples=3),
    )
