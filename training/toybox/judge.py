"""Judges shaded pictures without any network: names the one-object scene whose rendering is nearest, pixel by pixel.

    python -m toybox.judge        # how often it is right about fresh renderings
"""

from __future__ import annotations

from itertools import product

import numpy as np

from toybox.render import render
from toybox.world import COLOURS, GROUNDS, SHAPES, SIZES, compose, make_thing


SIZE = 32  # of the pictures it compares


class Judge:
    """Compares with `variants` jittered renderings of every shape, colour, size and ground, held-out ones too."""

    def __init__(self, variants: int = 12, seed: int = 2):
        rng = np.random.default_rng(seed)
        kinds = list(product(SHAPES, COLOURS, SIZES, GROUNDS)) * variants
        scenes = [compose((make_thing(*kind[:3], "matte", rng),), None, kind[3], "shaded", rng) for kind in kinds]
        self.kinds = [kind[:2] for kind in kinds]
        self.pictures = render(scenes, SIZE).reshape(len(kinds), -1).astype(np.float32)
        self.lengths = np.square(self.pictures).sum(1)

    def name(self, pictures: np.ndarray) -> list[tuple[str, str]]:
        """(shape, colour) of each picture, uint8 [N, 32, 32, 3]."""
        flat = pictures.reshape(len(pictures), -1).astype(np.float32)
        nearest = (self.lengths - 2 * flat @ self.pictures.T).argmin(1)
        return [self.kinds[i] for i in nearest]


def main(count: int = 600, seed: int = 9) -> None:
    rng = np.random.default_rng(seed)
    kinds = [(rng.choice(SHAPES), rng.choice(COLOURS), rng.choice(SIZES)) for _ in range(count)]
    scenes = [compose((make_thing(*kind, "matte", rng),), None, str(rng.choice(GROUNDS)), "shaded", rng) for kind in kinds]
    named = Judge().name(render(scenes, SIZE))
    shapes = sum(seen[0] == kind[0] for seen, kind in zip(named, kinds, strict=True))
    colours = sum(seen[1] == kind[1] for seen, kind in zip(named, kinds, strict=True))
    print(f"of {count} fresh renderings: {shapes} shapes and {colours} colours right")


if __name__ == "__main__":
    main()
