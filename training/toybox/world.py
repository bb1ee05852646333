"""The toybox world: what can be in a scene, how scenes are drawn at random, what is held out of training.

Lengths are in world units (a large sphere has radius 0.95), y points up and the ground is y = 0.
"""

from __future__ import annotations

import math
from dataclasses import dataclass, replace

import numpy as np

SHAPES = ("cube", "sphere", "cylinder", "cone", "ring")
COLOURS = ("red", "orange", "yellow", "green", "blue", "purple", "white", "black")
SIZES = ("small", "large")
MATERIALS = ("matte", "metal")
GROUNDS = ("sand", "grass", "stone", "clay")
STYLES = ("shaded", "flat", "line", "pixel")
# Stored in one direction only: "right of", "under" and "behind" are the same scenes told from the other object.
RELATIONS = ("left of", "on top of", "in front of")

COLOUR_RGB = {
    "red": (0.88, 0.09, 0.09),
    "orange": (1.00, 0.48, 0.03),
    "yellow": (0.98, 0.87, 0.08),
    "green": (0.08, 0.62, 0.16),
    "blue": (0.10, 0.24, 0.88),
    "purple": (0.52, 0.13, 0.72),
    "white": (0.97, 0.97, 0.97),
    "black": (0.07, 0.07, 0.08),
}
GROUND_RGB = {
    "sand": (0.80, 0.71, 0.52),
    "grass": (0.56, 0.70, 0.44),
    "stone": (0.62, 0.64, 0.68),
    "clay": (0.72, 0.52, 0.46),
}
SIZE_RADIUS = {"small": 0.60, "large": 0.95}
# Height of each shape over its radius; the renderer draws exactly these solids.
SHAPE_HEIGHT = {"cube": 1.6, "sphere": 2.0, "cylinder": 1.7, "cone": 1.9, "ring": 0.60}
# Nothing stands on a cone's tip.
BASES = ("cube", "sphere", "cylinder", "ring")

ONE_OBJECT_SHARE = 0.4
SHADED_SHARE = 0.2  # beyond its even part of the styles
# Height of the picture in world units. It depends on the arrangement alone, so that small and large can be told apart.
FRAMES = {None: 3.1, "left of": 4.5, "on top of": 4.3, "in front of": 4.3}

# Never drawn in training, to test composition: (colour, shape) anywhere, (top, base) stacks, and (style, colour, shape).
HELD_OUT_THINGS = frozenset({("purple", "cone"), ("orange", "ring")})
HELD_OUT_STACKS = frozenset(
    {
        (("yellow", "cube"), ("red", "cylinder")),
        (("green", "sphere"), ("white", "cube")),
        (("blue", "cone"), ("yellow", "cube")),
    }
)
HELD_OUT_STYLED = frozenset(
    {("flat", "blue", "ring"), ("line", "green", "cube"), ("pixel", "red", "sphere"), ("shaded", "white", "cone")}
)


@dataclass(frozen=True)
class Thing:
    """One solid: what captions speak of (shape, colour, size, material) and where it stands."""

    shape: str
    colour: str
    size: str
    material: str
    x: float = 0.0
    y: float = 0.0  # height of its lowest point
    z: float = 0.0  # towards the camera
    radius: float = 1.0
    yaw: float = 0.6  # radians about the y axis

    @property
    def height(self) -> float:
        return SHAPE_HEIGHT[self.shape] * self.radius


@dataclass(frozen=True)
class Scene:
    """One or two things on a ground, seen by a camera; `relation` says how things[0] stands to things[1]."""

    things: tuple[Thing, ...]
    relation: str | None
    ground: str
    style: str
    frame: float  # height of the picture in world units at the target
    target: tuple[float, float, float]
    elevation: float  # radians
    azimuth: float  # radians
    light: tuple[float, float, float]  # unit vector towards the light


def is_held_out(scene: Scene) -> bool:
    """Whether a scene shows a combination kept out of training."""
    kinds = tuple((thing.colour, thing.shape) for thing in scene.things)
    if any(kind in HELD_OUT_THINGS or (scene.style, *kind) in HELD_OUT_STYLED for kind in kinds):
        return True
    return scene.relation == "on top of" and kinds in HELD_OUT_STACKS


def can_stand(top: Thing, base: Thing, relation: str) -> bool:
    """Whether two things can be arranged so: nothing stands on a cone's tip."""
    return relation != "on top of" or base.shape in BASES


def make_thing(shape: str, colour: str, size: str, material: str, rng: np.random.Generator) -> Thing:
    """A thing at the origin with a little jitter in size and yaw."""
    radius = SIZE_RADIUS[size] * rng.uniform(0.95, 1.05)
    return Thing(shape, colour, size, material, radius=radius, yaw=rng.uniform(0.35, 0.85))


def _arrange(first: Thing, second: Thing, relation: str, rng: np.random.Generator) -> tuple[Thing, Thing]:
    """Places two things as `relation` says."""
    reach = first.radius + second.radius
    if relation == "on top of":
        return replace(first, x=rng.uniform(-0.06, 0.06), y=second.height), second
    if relation == "left of":
        gap = reach * rng.uniform(1.04, 1.12)
        # Each stands off the middle so that the pair as a whole is centred.
        left = first.radius - (gap + reach) / 2
        depth = rng.uniform(-0.1, 0.1)
        return replace(first, x=left, z=depth), replace(second, x=left + gap, z=-depth)
    side = rng.choice((-1.0, 1.0)) * reach * rng.uniform(0.34, 0.46)
    depth = reach * rng.uniform(0.5, 0.58)
    return replace(first, x=side, z=depth), replace(second, x=-side, z=-depth)


def compose(
    things: tuple[Thing, ...], relation: str | None, ground: str, style: str, rng: np.random.Generator
) -> Scene:
    """Arranges things into a scene with a framed, jittered camera and a light from the front, left or right."""
    if relation is not None:
        things = _arrange(things[0], things[1], relation, rng)
    top = max(thing.y + thing.height for thing in things)
    angle = math.radians(rng.uniform(-55.0, 55.0))
    lift = math.radians(rng.uniform(42.0, 60.0))
    return Scene(
        things=things,
        relation=relation,
        ground=ground,
        style=style,
        frame=FRAMES[relation] * rng.uniform(0.97, 1.05),
        target=(rng.uniform(-0.12, 0.12), 0.46 * top + rng.uniform(-0.08, 0.08), 0.0),
        elevation=math.radians(rng.uniform(20.0, 32.0)),
        azimuth=math.radians(rng.uniform(-10.0, 10.0)),
        light=(-math.cos(lift) * math.sin(angle), math.sin(lift), math.cos(lift) * math.cos(angle)),
    )


def sample_any_scene(
    rng: np.random.Generator, styles: tuple[str, ...] = STYLES, materials: tuple[str, ...] = MATERIALS
) -> Scene:
    """A random scene of the whole world, held-out combinations included."""

    def thing(shapes: tuple[str, ...]) -> Thing:
        return make_thing(*(str(rng.choice(names)) for names in (shapes, COLOURS, SIZES, materials)), rng)

    ground, style = str(rng.choice(GROUNDS)), str(rng.choice(styles))
    if "shaded" in styles and rng.random() < SHADED_SHARE:
        style = "shaded"
    if rng.random() < ONE_OBJECT_SHARE:
        return compose((thing(SHAPES),), None, ground, style, rng)
    relation = str(rng.choice(RELATIONS))
    base = thing(BASES if relation == "on top of" else SHAPES)
    return compose((thing(SHAPES), base), relation, ground, style, rng)


def sample_scene(
    rng: np.random.Generator, styles: tuple[str, ...] = STYLES, materials: tuple[str, ...] = MATERIALS
) -> Scene:
    """A random training scene in one of the styles, of things of these materials: never a held-out one."""
    while is_held_out(scene := sample_any_scene(rng, styles, materials)):
        pass
    return scene


def rival_of(scene: Scene, rng: np.random.Generator) -> Scene | None:
    """The same words in another order: a pair with its two things exchanged, or with their colours exchanged.

    None for single things, for pairs that cannot stand so, that look the same, or that are held out.
    """
    if scene.relation is None:
        return None
    first, second = scene.things
    if rng.random() < 0.5:
        kinds = (second, first)
    else:
        kinds = (replace(first, colour=second.colour), replace(second, colour=first.colour))
    if first.colour == second.colour and (first.shape == second.shape or kinds[0].shape == first.shape):
        return None
    if not can_stand(*kinds, scene.relation):
        return None
    fresh = tuple(make_thing(kind.shape, kind.colour, kind.size, kind.material, rng) for kind in kinds)
    rival = compose(fresh, scene.relation, scene.ground, scene.style, rng)
    return None if is_held_out(rival) else rival
