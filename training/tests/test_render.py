import numpy as np
import pytest

from toybox.render import render
from toybox.world import SHAPE_HEIGHT, SHAPES, compose, make_thing


@pytest.mark.parametrize("shape", SHAPES)
def test_a_thing_is_as_tall_as_the_world_says(shape):
    """The rows a white thing covers grow with its height; seen from 27 degrees up, depth adds to it."""
    rng = np.random.default_rng(0)
    scene = compose((make_thing(shape, "white", "large", "matte", rng),), None, "grass", "shaded", rng)
    picture = render([scene], 64)[0].astype(int)
    covered = (np.ptp(picture, axis=2) < 12).any(axis=1).sum() / 64 * scene.frame
    height = SHAPE_HEIGHT[shape] * scene.things[0].radius
    assert 0.8 * height < covered < height + 1.4 * scene.things[0].radius


def test_small_and_large_pictures_show_the_same():
    rng = np.random.default_rng(1)
    scene = compose(
        tuple(make_thing("cube", c, "large", "matte", rng) for c in ("red", "blue")), "left of", "sand", "shaded", rng
    )
    large = render([scene], 128)[0].reshape(32, 4, 32, 4, 3).mean((1, 3))
    assert np.abs(large - render([scene], 32)[0]).max() < 26  # two of a pixel's 16 rays, at an edge
