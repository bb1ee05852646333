import numpy as np
import pytest

from toybox.render import render
from toybox.sharpness import border_sharpness, cut_sheet, sharpness_by_style, style_of
from toybox.world import compose, make_thing


def step(width, contrast=1.0, slant=0.0):
    """A picture that is dark on the left and bright on the right, with a border of `width` pixels between."""
    y, x = np.mgrid[:512, :512]
    along = (x - 256 - slant * (y - 256)) / (width * np.hypot(1, slant))
    return (255 * (0.5 + contrast * (along.clip(-0.5, 0.5)))[..., None].repeat(3, 2)).round().astype(np.uint8)


@pytest.mark.parametrize("width", (4, 8))
@pytest.mark.parametrize("contrast", (1.0, 0.5))
def test_a_border_of_w_pixels_measures_1_over_w_at_any_contrast(width, contrast):
    assert border_sharpness(step(width, contrast)) == pytest.approx(1 / width, rel=0.25)


def test_a_slanted_border_measures_as_an_upright_one():
    upright, slanted = (border_sharpness(step(6, slant=slant)) for slant in (0.0, 0.4))
    assert slanted == pytest.approx(upright, rel=0.25)


def test_grain_does_not_make_borders_sharper():
    picture, rng = step(8), np.random.default_rng(0)
    grainy = (picture + rng.normal(0, 5, picture.shape)).clip(0, 255).astype(np.uint8)
    assert border_sharpness(grainy) < 1.15 * border_sharpness(picture)


def test_a_render_is_sharper_than_what_is_left_of_it_after_shrinking():
    rng = np.random.default_rng(0)
    scene = compose((make_thing("cube", "red", "large", "matte", rng),), None, "sand", "flat", rng)
    picture = render([scene], 512, 2)[0]
    shrunk = picture.reshape(128, 4, 128, 4, 3).mean((1, 3)).repeat(4, 0).repeat(4, 1).astype(np.uint8)
    blurred = picture.astype(float)
    for _ in range(16):
        blurred = (blurred + np.roll(blurred, 1, 0) + np.roll(blurred, 1, 1) + np.roll(blurred, (1, 1), (0, 1))) / 4
    assert border_sharpness(picture) > 2 * border_sharpness(blurred.astype(np.uint8))
    assert np.isnan(border_sharpness(np.full((512, 512, 3), 90, np.uint8)))
    by_style = sharpness_by_style(np.stack([picture, shrunk]), ["flat", "flat"])
    assert by_style["flat"] == pytest.approx((border_sharpness(picture) + border_sharpness(shrunk)) / 2)


def test_a_size_that_cannot_be_measured_is_refused():
    with pytest.raises(ValueError, match="multiple of 128"):
        border_sharpness(np.zeros((100, 100, 3), np.uint8))


def test_a_sheet_is_cut_into_its_pictures():
    pictures = np.random.default_rng(0).integers(256, size=(5, 32, 32, 3), dtype=np.uint8)
    sheet = np.zeros((2 * 32 + 2, 3 * 32 + 4, 3), np.uint8)
    for i, picture in enumerate(pictures):
        y, x = i // 3 * 34, i % 3 * 34
        sheet[y : y + 32, x : x + 32] = picture
    assert np.array_equal(cut_sheet(sheet, 5, 3), pictures)


def test_a_caption_tells_its_style():
    told = {"a red cube": "shaded", "a sketch of a cone": "line", "a paper cut-out of a ring": "flat", "pixel art of a ball": "pixel"}
    assert {caption: style_of(caption) for caption in told} == told
