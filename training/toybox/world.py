"""The toybox world: what can be in a scene, how scenes are drawn at random, what is held out of training.

Lengths are in world units (a large sphere has radius 0.95), y points up and the ground is y = 0.
"""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np

SHAPES = ("cube", "sphere", "cylinder", "cone", "ring")
COLOURS = ("red", "orange", "yellow", "green", "blue", "purple", "white", "black")
SIZES = ("small", "large")
GROUNDS = ("sand", "grass", "stone", "clay")
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

ONE_OBJECT_SHARE = 0.6
SMALLEST_FRAME = 3.1

# Never drawn in training, to test composition: (colour, shape) anywhere, and (top, base) stacks.
HELD_OUT_THINGS = frozenset({("purple", "cone"), ("orange", "ring")})
HELD_OUT_STACKS = frozenset(
    {
        (("yellow", "cube"), ("red", "cylinder")),
        (("green", "sphere"), ("white", "cube")),
        (("blue", "cone"), ("yellow", "cube")),
    }
)


@dataclass(frozen=True)
class Thing:
    """One solid: what captions speak of (shape, colour, size) and where it stands."""

    shape: str
    colour: str
    size: str
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
    frame: float  # height of the picture in world units at the target
    target: tuple[float, float, float]
    elevation: float  # radians
    azimuth: float  # radians
    light: tuple[float, float, float]  # unit vector towards the light


def is_held_out(scene: Scene) -> bool:
    """Whether a scene shows a combination kept out of training."""
    kinds = tuple((thing.colour, thing.shape) for thing in scene.things)
    if any(kind in HELD_OUT_THINGS for kind in kinds):
        return True
    return scene.relation == "on top of" and kinds in HELD_OUT_STACKS


def make_thing(shape: str, colour: str, size: str, rng: np.random.Generator) -> Thing:
    """A thing at the origin with a little jitter in size and yaw."""
    radius = SIZE_RADIUS[size] * rng.uniform(0.95, 1.05)
    return Thing(shape, colour, size, radius=radius, yaw=rng.uniform(0.35, 0.85))


def _move(thing: Thing, x: float, y: float, z: float) -> Thing:
    return Thing(thing.shape, thing.colour, thing.size, x, y, z, thing.radius, thing.yaw)


def _arrange(first: Thing, second: Thing, relation: str, rng: np.random.Generator) -> tuple[tuple[Thing, Thing], float]:
    """Places two things as `relation` says; returns them and the extent the camera must show."""
    reach = first.radius + second.radius
    if relation == "on top of":
        top = _move(first, rng.uniform(-0.06, 0.06), second.height, 0.0)
        return (top, second), first.height + second.height
    if relation == "left of":
        gap = reach * rng.uniform(1.04, 1.12)
        # Each stands off the middle so that the pair as a whole is centred.
        left = first.radius - (gap + reach) / 2
        depth = rng.uniform(-0.1, 0.1)
        return (_move(first, left, 0.0, depth), _move(second, left + gap, 0.0, -depth)), gap + reach
    side = rng.choice((-1.0, 1.0)) * reach * rng.uniform(0.22, 0.36)
    depth = reach * rng.uniform(0.5, 0.58)
    return (_move(first, side, 0.0, depth), _move(second, -side, 0.0, -depth)), reach * 1.75


def compose(things: tuple[Thing, ...], relation: str | None, ground: str, rng: np.random.Generator) -> Scene:
    """Arranges things into a scene with a framed, slightly jittered camera and light."""
    if relation is None:
        frame = SMALLEST_FRAME
    else:
        things, extent = _arrange(things[0], things[1], relation, rng)
        frame = max(SMALLEST_FRAME, 1.18 * extent)
    top = max(thing.y + thing.height for thing in things)
    angle = math.radians(rng.uniform(25.0, 55.0))  # light from the left, in front
    lift = math.radians(rng.uniform(45.0, 58.0))
    return Scene(
        things=things,
        relation=relation,
        ground=ground,
        frame=frame * rng.uniform(0.97, 1.05),
        target=(rng.uniform(-0.12, 0.12), 0.46 * top + rng.uniform(-0.08, 0.08), 0.0),
        elevation=math.radians(rng.uniform(24.0, 30.0)),
        azimuth=math.radians(rng.uniform(-6.0, 6.0)),
        light=(-math.cos(lift) * math.sin(angle), math.sin(lift), math.cos(lift) * math.cos(angle)),
    )


def _sample_any(rng: np.random.Generator) -> Scene:
    def thing(shapes: tuple[str, ...]) -> Thing:
        return make_thing(rng.choice(shapes), rng.choice(COLOURS), rng.choice(SIZES), rng)

    ground = str(rng.choice(GROUNDS))
    if rng.random() < ONE_OBJECT_SHARE:
        return compose((thing(SHAPES),), None, ground, rng)
    relation = str(rng.choice(RELATIONS))
    base = thing(BASES if relation == "on top of" else SHAPES)
    return compose((thing(SHAPES), base), relation, ground, rng)


def sample_scene(rng: np.random.Generator) -> Scene:
    """A random training scene: never a held-out one."""
    while is_held_out(scene := _sample_any(rng)):
        pass
    return scene
