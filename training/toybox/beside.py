"""Two contact sheets of the same captions in one picture: each row of the first one above the same row of the second.

    python -m toybox.beside --sheets v1.png v2.png --out ../packages/toybox/v1-and-v2.jpg
"""

from __future__ import annotations

import argparse
from pathlib import Path

from PIL import Image

QUALITY = 88  # of the JPEG


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--sheets", type=Path, nargs=2, required=True, help="as `unclip sheet` makes them, of one size")
    parser.add_argument("--rows", type=int, default=4)
    parser.add_argument("--out", type=Path, required=True)
    args = parser.parse_args()
    first, second = (Image.open(path).convert("RGB") for path in args.sheets)
    if first.size != second.size:
        parser.error(f"sheets of one size are needed, got {first.size} and {second.size}")
    height = first.height // args.rows
    both = Image.new("RGB", (first.width, 2 * height * args.rows))
    for row in range(args.rows):
        window = (0, row * height, first.width, (row + 1) * height)
        both.paste(first.crop(window), (0, 2 * row * height))
        both.paste(second.crop(window), (0, (2 * row + 1) * height))
    both.save(args.out, quality=QUALITY)


if __name__ == "__main__":
    main()
