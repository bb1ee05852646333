"""Draws 64 random scenes of the world with their captions: what a training set looks like.

    python -m toybox.gallery --out world.png
"""

from __future__ import annotations

import argparse
import textwrap
from pathlib import Path

import numpy as np
from PIL import Image, ImageDraw, ImageFont

from toybox.captions import describe
from toybox.render import render
from toybox.world import STYLES, sample_scene

COLUMNS, ROWS = 8, 8
SIZE, MARGIN, LINE_HEIGHT, LINES = 128, 6, 12, 4
FONT_SIZE, LETTERS = 10, 26  # letters that fit under a picture


def draw_gallery(seed: int) -> Image.Image:
    """ROWS x COLUMNS pictures, two rows of each style, every one over its caption."""
    rng = np.random.default_rng(seed)
    share = ROWS * COLUMNS // len(STYLES)
    scenes = [sample_scene(rng, styles=(style,)) for style in STYLES for _ in range(share)]
    captions = [describe(scene, rng)[0] for scene in scenes]
    width, height = SIZE + 2 * MARGIN, SIZE + 2 * MARGIN + LINES * LINE_HEIGHT
    sheet = Image.new("RGB", (COLUMNS * width, ROWS * height), "white")
    draw, font = ImageDraw.Draw(sheet), ImageFont.load_default(FONT_SIZE)
    for i, (picture, caption) in enumerate(zip(render(scenes, SIZE, samples=4), captions, strict=True)):
        left, top = i % COLUMNS * width + MARGIN, i // COLUMNS * height + MARGIN
        sheet.paste(Image.fromarray(picture), (left, top))
        for line, text in enumerate(textwrap.wrap(caption, LETTERS)[:LINES]):
            draw.text((left, top + SIZE + 2 + line * LINE_HEIGHT), text, fill=(40, 40, 48), font=font)
    return sheet


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--out", type=Path, required=True)
    parser.add_argument("--seed", type=int, default=0)
    args = parser.parse_args()
    draw_gallery(args.seed).save(args.out, optimize=True)


if __name__ == "__main__":
    main()
