"""Writes the benchmark of the world: captions with their claims, one atlas with the real picture of each, and one that shows where
its things are: red where the first is seen, green where the second is.

    python -m toybox.benchmark --out ../packages/evaluation/toybox

Every sixth caption tells of a combination that is held out of training, the combinations in turn, so that the first
captions of the file are a fair benchmark too.
"""

from __future__ import annotations

import argparse
import json
from collections.abc import Iterator
from itertools import cycle
from pathlib import Path

import numpy as np
from PIL import Image

from toybox.captions import GROUND_FACT, MATERIAL_FACT, SIZE_FACT, THING_FACTS, UNSAID, describe
from toybox.oracle import SIZE
from toybox.render import find_things, render
from toybox.world import (
    HELD_OUT_STACKS,
    HELD_OUT_STYLED,
    HELD_OUT_THINGS,
    Scene,
    is_held_out,
    sample_any_scene,
    sample_scene,
)

SEED = 201  # nothing else of the project draws from it
CAPTIONS, EVERY = 600, 6
COLUMNS = 30


def combination_of(scene: Scene) -> str | None:
    """The held-out combination that a scene shows, in words."""
    if not is_held_out(scene):
        return None
    kinds = [(thing.colour, thing.shape) for thing in scene.things]
    for kind in kinds:
        if kind in HELD_OUT_THINGS:
            return " ".join(kind)
        if (scene.style, *kind) in HELD_OUT_STYLED:
            return " ".join((scene.style, *kind))
    return " on ".join(map(" ".join, kinds))


COMBINATIONS = sorted(
    [" ".join(kind) for kind in HELD_OUT_THINGS | HELD_OUT_STYLED]
    + [" on ".join(map(" ".join, stack)) for stack in HELD_OUT_STACKS]
)


def held_out_scenes(rng: np.random.Generator) -> Iterator[Scene]:
    """Scenes of held-out combinations, the combinations in turn."""
    for combination in cycle(COMBINATIONS):
        while combination_of(scene := sample_any_scene(rng)) != combination:
            pass
        yield scene


def benchmark_scenes(count: int, rng: np.random.Generator) -> list[Scene]:
    """The scenes whose captions make the benchmark: every EVERY-th of a held-out combination."""
    held_out = held_out_scenes(rng)
    return [next(held_out) if i % EVERY == EVERY - 1 else sample_scene(rng) for i in range(count)]


def case_of(scene: Scene, rng: np.random.Generator) -> dict:
    """A caption of a scene, with what it claims in words and the held-out combination it tells of."""
    caption, claim = describe(scene, rng)
    things = []
    for i, thing in enumerate(scene.things):
        facts = {"shape": thing.shape, "colour": thing.colour, "size": thing.size, "material": thing.material}
        for name, fact in (("size", SIZE_FACT), ("material", MATERIAL_FACT)):
            if claim[THING_FACTS * i + fact] == UNSAID:
                del facts[name]
        things.append(facts)
    ground = {} if claim[GROUND_FACT] == UNSAID else {"ground": scene.ground}
    relation = {} if scene.relation is None else {"relation": scene.relation}
    combination = combination_of(scene)
    held_out = {} if combination is None else {"heldOut": combination}
    return {"caption": caption, "things": things, **relation, **ground, "style": scene.style, **held_out}


def save_atlas(pictures: np.ndarray, path: Path) -> None:
    """Pictures [N, SIZE, SIZE, 3] in rows of COLUMNS."""
    tiles = pictures.reshape(-1, COLUMNS, SIZE, SIZE, 3).transpose(0, 2, 1, 3, 4)
    Image.fromarray(tiles.reshape(-1, COLUMNS * SIZE, 3)).save(path, optimize=True)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--out", type=Path, required=True)
    folder: Path = parser.parse_args().out
    folder.mkdir(parents=True, exist_ok=True)
    rng = np.random.default_rng(SEED)
    scenes = benchmark_scenes(CAPTIONS, rng)
    rows = [json.dumps(case_of(scene, rng)) for scene in scenes]
    layout = json.dumps({"sample_size": SIZE, "columns": COLUMNS})[1:-1]
    (folder / "captions.json").write_text(f'{{{layout}, "cases": [\n' + ",\n".join(rows) + "\n]}\n")
    save_atlas(render(scenes, SIZE), folder / "pictures.png")
    found = find_things(scenes, SIZE)
    save_atlas(np.stack([255 * (found == i) for i in (0, 1, 2)], axis=-1).astype(np.uint8), folder / "things.png")


if __name__ == "__main__":
    main()
