"""Captions: a small grammar that tells exactly what a scene shows, and what each caption claims.

A claim is a vector of CLAIM_WIDTH integers; `UNSAID` marks what the caption leaves open. A caption is true of a
picture when every said entry agrees, which is how contrastive training tells a real negative from a false one.
"""

from __future__ import annotations

import numpy as np

from toybox.world import COLOURS, GROUNDS, RELATIONS, SHAPES, SIZES, Scene, Thing

UNSAID = -1
CLAIM_WIDTH = 8  # shape, colour, size of each thing; relation; ground
RELATION_FACT, GROUND_FACT = 6, 7

SHAPE_WORDS = {
    "cube": ("cube", "cube", "cube", "box", "block"),
    "sphere": ("sphere", "sphere", "sphere", "ball", "ball"),
    "cylinder": ("cylinder", "cylinder", "cylinder", "can"),
    "cone": ("cone",),
    "ring": ("ring", "ring", "ring", "torus", "donut"),
}
SIZE_WORDS = {"small": ("small", "small", "little", "tiny"), "large": ("large", "large", "big")}
COLOUR_WORDS = {"purple": ("purple", "purple", "purple", "violet")}
# (told from the first thing, told from the second)
RELATION_WORDS = {
    "left of": (("to the left of", "left of", "on the left of"), ("to the right of", "right of", "on the right of")),
    "on top of": (("on top of", "on top of", "on top of", "on", "above"), ("under", "below")),
    "in front of": (("in front of",), ("behind",)),
}
GROUND_WORDS = {
    "sand": ("on sand", "on the sand"),
    "grass": ("on grass", "on the grass"),
    "stone": ("on stone", "on grey stone"),
    "clay": ("on clay", "on red clay"),
}
OPENINGS = ("", "", "", "", "", "a picture of ", "an image of ", "a photo of ", "a render of ", "there is ", "this is ")

SAY_SIZE = {1: 0.5, 2: 0.25}
SAY_GROUND = 0.2
SAY_NO_ARTICLE = 0.08


def _pick(words: tuple[str, ...], rng: np.random.Generator) -> str:
    return words[int(rng.integers(len(words)))]


def _name(thing: Thing, say_size: bool, article: bool, rng: np.random.Generator) -> str:
    words = [_pick(SIZE_WORDS[thing.size], rng)] if say_size else []
    words += [_pick(COLOUR_WORDS.get(thing.colour, (thing.colour,)), rng), _pick(SHAPE_WORDS[thing.shape], rng)]
    if article:
        words.insert(0, "an" if words[0][0] in "aeiou" else "a")
    return " ".join(words)


def describe(scene: Scene, rng: np.random.Generator) -> tuple[str, np.ndarray]:
    """A random true caption of a scene, and its claim [CLAIM_WIDTH]."""
    say_sizes = [bool(rng.random() < SAY_SIZE[len(scene.things)]) for _ in scene.things]
    article = bool(rng.random() >= SAY_NO_ARTICLE)
    opening = _pick(OPENINGS, rng) if article else ""
    names = [_name(thing, say, article, rng) for thing, say in zip(scene.things, say_sizes, strict=True)]

    if scene.relation is None:
        caption = opening + names[0]
    else:
        swapped = int(rng.random() < 0.5)
        phrase = _pick(RELATION_WORDS[scene.relation][swapped], rng)
        caption = f"{opening}{names[swapped]} {phrase} {names[1 - swapped]}"

    say_ground = bool(rng.random() < SAY_GROUND)
    if say_ground:
        caption += " " + _pick(GROUND_WORDS[scene.ground], rng)

    claim = facts(scene)
    for i, say in enumerate(say_sizes):
        if not say:
            claim[3 * i + 2] = UNSAID
    if not say_ground:
        claim[GROUND_FACT] = UNSAID
    return caption, claim


def facts(scene: Scene) -> np.ndarray:
    """Everything a caption may claim about a scene [CLAIM_WIDTH]; a missing second thing is its own value."""
    row: list[int] = []
    for thing in scene.things:
        row += [SHAPES.index(thing.shape), COLOURS.index(thing.colour), SIZES.index(thing.size)]
    if scene.relation is None:
        row += [len(SHAPES), len(COLOURS), len(SIZES), len(RELATIONS)]
    else:
        row.append(RELATIONS.index(scene.relation))
    row.append(GROUNDS.index(scene.ground))
    return np.array(row, dtype=np.int8)


def is_true_of(claims: np.ndarray, facts: np.ndarray) -> np.ndarray:
    """Which captions are true of which pictures: [N, CLAIM_WIDTH] x [M, CLAIM_WIDTH] -> bool [N, M]."""
    said = claims[:, None] != UNSAID
    return ((claims[:, None] == facts[None]) | ~said).all(axis=-1)
