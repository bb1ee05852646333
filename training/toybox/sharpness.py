"""How sharp the borders in a picture are: the energy of the gradient across a border, over the square of its contrast.

Across a straight border of contrast C that takes w pixels, the gradient is C / w on w pixels: its energy over C^2 is 1 / w.
So the measure tells the width of borders whatever their contrast, and can be held against that of real renders.

    npm run -s unclip -- sheet packages/toybox/captions.txt --columns 6 --out sheet.png
    python -m toybox.sharpness --sheet ../sheet.png --captions ../packages/toybox/captions.txt --columns 6
"""

from __future__ import annotations

import argparse
from pathlib import Path

import numpy as np
from PIL import Image

from toybox.render import render
from toybox.world import STYLES, sample_scene

# Windows along each side of a picture, less one: half of one is left out all round, so that the cells of pixel art, of which
# there are as many, have their borders in the middle of a window.
WINDOWS = 32
COARSE = 128  # contrast is read off a picture of this size, which fine grain does not reach
LEAST_CONTRAST = 0.35  # of a border: the length of the step in RGB, black to white being sqrt(3)
# Gradients weaker than this share of the contrast are shading and grain, and no part of the border.
LEAST_GRADIENT = 0.1


def windows(values: np.ndarray) -> np.ndarray:
    """[S, S, ...] to [WINDOWS - 1, WINDOWS - 1, pixels, ...]."""
    size = len(values) // WINDOWS
    values = values[size // 2 : -(size // 2), size // 2 : -(size // 2)]
    rows, columns = values.shape[0] // size, values.shape[1] // size
    parts = values.reshape(rows, size, columns, size, *values.shape[2:])
    return np.moveaxis(parts, 2, 1).reshape(rows, columns, size * size, *values.shape[2:])


def border_sharpness(picture: np.ndarray) -> float:
    """Mean of 1 / w over the windows of a picture uint8 [S, S, 3] that a border crosses; NaN where there is none.

    A border that ends at a window's edge is taken for up to a quarter sharper than it is, in paintings and renders alike.

    S must be a multiple of COARSE. Each window counts by its contrast squared.
    """
    size = picture.shape[0]
    if picture.shape[:2] != (size, size) or size % COARSE:
        raise ValueError(f"a picture of {picture.shape[:2]} cannot be measured; its sides must be a multiple of {COARSE}")
    x = picture.astype(np.float64) / 255
    coarse = x.reshape(COARSE, size // COARSE, COARSE, size // COARSE, 3).mean((1, 3))
    seen = windows(coarse)
    contrast = np.linalg.norm(seen.max(2) - seen.min(2), axis=-1)

    down, across = (np.diff(x, axis=axis, append=np.take(x, [-1], axis=axis)) for axis in (0, 1))
    squared = windows((down**2 + across**2).sum(-1))
    squared = np.where(squared > (LEAST_GRADIENT * contrast[..., None]) ** 2, squared, 0)
    borders = contrast >= LEAST_CONTRAST
    if not borders.any():
        return float("nan")
    return float(squared.sum(2)[borders].sum() / (contrast[borders] ** 2).sum() / (size // WINDOWS))


def sharpness_by_style(pictures: np.ndarray, styles: list[str]) -> dict[str, float]:
    """Mean border sharpness of pictures uint8 [N, S, S, 3] by the style of each, without those that have no border."""
    measured = np.array([border_sharpness(picture) for picture in pictures])
    names = np.array(styles)
    return {style: float(np.nanmean(measured[names == style])) for style in dict.fromkeys(styles)}


STYLE_WORDS = {"pixel": ("pixel",), "line": ("line drawing", "sketch"), "flat": ("flat", "cut-out")}
GAP = 2  # pixels between the pictures of a sheet
RENDERS, SEED = 200, 5


def style_of(caption: str) -> str:
    """The style that a caption names; one that names none means the shaded one."""
    named = (style for style, words in STYLE_WORDS.items() if any(word in caption for word in words))
    return next(named, "shaded")


def cut_sheet(sheet: np.ndarray, count: int, columns: int) -> np.ndarray:
    """The pictures [count, S, S, 3] of what `unclip sheet` makes, row by row."""
    pitch = (sheet.shape[1] + GAP) // columns
    places = [(i // columns * pitch, i % columns * pitch) for i in range(count)]
    return np.stack([sheet[y : y + pitch - GAP, x : x + pitch - GAP] for y, x in places])


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--sheet", type=Path, required=True)
    parser.add_argument("--captions", type=Path, required=True, help="those of the sheet, one on a line")
    parser.add_argument("--columns", type=int, default=6)
    args = parser.parse_args()
    styles = [style_of(caption) for caption in args.captions.read_text().split("\n") if caption]
    pictures = cut_sheet(np.asarray(Image.open(args.sheet).convert("RGB")), len(styles), args.columns)
    rng = np.random.default_rng(SEED)
    scenes = [sample_scene(rng) for _ in range(RENDERS)]
    size = pictures.shape[1]
    painted = sharpness_by_style(pictures, styles)
    real = sharpness_by_style(render(scenes, size, 2 if size > 256 else 4), [scene.style for scene in scenes])
    print(f"{size} pixels      painted   {RENDERS} renders     of it")
    for style in (style for style in STYLES if style in painted):
        print(f"{style:12}{painted[style]:12.3f}{real[style]:14.3f}{painted[style] / real[style]:10.0%}")
    share = np.mean([painted[style] / real[style] for style in painted])
    print(f"{'mean':38}{share:10.0%}")


if __name__ == "__main__":
    main()
