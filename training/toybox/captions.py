"""Captions: a small grammar that tells exactly what a scene shows, and what each caption claims.

A claim is a vector of CLAIM_WIDTH integers; `UNSAID` marks what the caption leaves open. A caption is true of a
picture when every said entry agrees, which is how contrastive training tells a real negative from a false one.
"""

from __future__ import annotations

import numpy as np

from toybox.world import COLOURS, GROUNDS, MATERIALS, RELATIONS, SHAPES, SIZES, STYLES, Scene, Thing

UNSAID = -1
THING_FACTS = 4  # shape, colour, size, material
SIZE_FACT, MATERIAL_FACT = 2, 3  # of a thing
RELATION_FACT, GROUND_FACT, STYLE_FACT = 8, 9, 10
CLAIM_WIDTH = 11
_OF_A_THING = (len(SHAPES), len(COLOURS), len(SIZES), len(MATERIALS))
# How many values each entry of a claim can have: a second thing, and with it the relation, can also be missing.
FACT_VALUES = (*_OF_A_THING, *(count + 1 for count in _OF_A_THING), len(RELATIONS) + 1, len(GROUNDS), len(STYLES))

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
MATERIAL_WORDS = {"matte": ("matte", "rubber"), "metal": ("metal", "metal", "metallic", "shiny")}
# A caption that names no style means the shaded one.
OPENINGS = {
    "shaded": (*("",) * 8, "a picture of ", "an image of ", "a photo of ", "a render of ", "a 3d render of ", "there is "),
    "flat": ("a flat picture of ", "a paper cut-out of ", "a flat cut-out of ", "a flat illustration of "),
    "line": ("a line drawing of ", "a drawing of ", "a sketch of ", "a line drawing of "),
    "pixel": ("pixel art of ", "a pixel art picture of ", "pixel art of ", "a pixelated picture of "),
}
ENDINGS = {
    "flat": (", flat style", ", as a paper cut-out"),
    "line": (", line drawing", ", as a line drawing"),
    "pixel": (", pixel art", ", in pixel art style"),
}

SAY_SIZE = {1: 0.5, 2: 0.25}
SAY_MATERIAL = {1: 0.4, 2: 0.2}
SAY_GROUND = 0.2
SAY_NO_ARTICLE = 0.08
SAY_STYLE_LAST = 0.3


def _pick(words: tuple[str, ...], rng: np.random.Generator) -> str:
    return words[int(rng.integers(len(words)))]


def _name(thing: Thing, says: tuple[bool, bool], article: bool, rng: np.random.Generator) -> str:
    say_size, say_material = says
    words = [_pick(SIZE_WORDS[thing.size], rng)] if say_size else []
    middle = [_pick(COLOUR_WORDS.get(thing.colour, (thing.colour,)), rng)]
    if say_material:
        middle.insert(int(rng.integers(2)), _pick(MATERIAL_WORDS[thing.material], rng))
    words += [*middle, _pick(SHAPE_WORDS[thing.shape], rng)]
    if article:
        words.insert(0, "an" if words[0][0] in "aeiou" else "a")
    return " ".join(words)


def describe(scene: Scene, rng: np.random.Generator) -> tuple[str, np.ndarray]:
    """A random true caption of a scene, and its claim [CLAIM_WIDTH]."""
    count = len(scene.things)
    says = [(bool(rng.random() < SAY_SIZE[count]), bool(rng.random() < SAY_MATERIAL[count])) for _ in scene.things]
    article = bool(rng.random() >= SAY_NO_ARTICLE)
    names = [_name(thing, say, article, rng) for thing, say in zip(scene.things, says, strict=True)]

    if scene.relation is None:
        caption = names[0]
    else:
        swapped = int(rng.random() < 0.5)
        phrase = _pick(RELATION_WORDS[scene.relation][swapped], rng)
        caption = f"{names[swapped]} {phrase} {names[1 - swapped]}"

    say_ground = bool(rng.random() < SAY_GROUND)
    if say_ground:
        caption += " " + _pick(GROUND_WORDS[scene.ground], rng)
    if scene.style in ENDINGS and rng.random() < SAY_STYLE_LAST:
        caption += _pick(ENDINGS[scene.style], rng)
    elif scene.style != "shaded" or article:
        caption = _pick(OPENINGS[scene.style], rng) + caption

    claim = facts(scene)
    for i, (say_size, say_material) in enumerate(says):
        if not say_size:
            claim[THING_FACTS * i + SIZE_FACT] = UNSAID
        if not say_material:
            claim[THING_FACTS * i + MATERIAL_FACT] = UNSAID
    if not say_ground:
        claim[GROUND_FACT] = UNSAID
    return caption, claim


def facts(scene: Scene) -> np.ndarray:
    """Everything a caption may claim about a scene [CLAIM_WIDTH]; a missing second thing is its own value."""
    row: list[int] = []
    for thing in scene.things:
        row += [
            SHAPES.index(thing.shape),
            COLOURS.index(thing.colour),
            SIZES.index(thing.size),
            MATERIALS.index(thing.material),
        ]
    if scene.relation is None:
        row += [len(SHAPES), len(COLOURS), len(SIZES), len(MATERIALS), len(RELATIONS)]
    else:
        row.append(RELATIONS.index(scene.relation))
    row += [GROUNDS.index(scene.ground), STYLES.index(scene.style)]
    return np.array(row, dtype=np.int8)


def is_true_of(claims: np.ndarray, facts: np.ndarray) -> np.ndarray:
    """Which captions are true of which pictures: [N, CLAIM_WIDTH] x [M, CLAIM_WIDTH] -> bool [N, M]."""
    said = claims[:, None] != UNSAID
    return ((claims[:, None] == facts[None]) | ~said).all(axis=-1)
