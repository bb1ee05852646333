"""Paints captions with diffusers' classes and with the command line app from the same folder and seeds, and compares the pictures.

    python -m toybox.compare --model ../packages/toybox/model
"""

from __future__ import annotations

import argparse
import json
import subprocess
import tempfile
from pathlib import Path

import numpy as np
import torch
from PIL import Image

from toybox.pipeline import enlarge_again, load_pipeline, paint, to_bytes

ROOT = Path(__file__).parents[2]
CASES = (
    ("a red cube on top of a blue sphere", 3),
    ("a line drawing of a large green cylinder", 0),
    ("pixel art of a purple ring on grass", 7),
    ("", 2**33 + 5),
)


def paint_in_python(folder: Path, caption: str, seed: int) -> np.ndarray:
    """uint8 [512, 512, 3]"""
    defaults = json.loads((folder / "unclip.json").read_text())["defaults"]
    generator = torch.Generator().manual_seed(seed)
    small = paint(load_pipeline(folder), [caption], defaults, generator)
    return to_bytes(enlarge_again(folder, small, defaults["upsamplers"][1]["steps"], generator))[0]


def paint_in_node(folder: Path, caption: str, seed: int) -> np.ndarray:
    """uint8 [512, 512, 3]"""
    with tempfile.TemporaryDirectory() as place:
        picture = Path(place) / "picture.png"
        options = ("--model", str(folder.resolve()), "--seed", str(seed), "--out", str(picture), "--json")
        command = ("npm", "run", "-s", "unclip", "--", "generate", caption, *options)
        subprocess.run(command, cwd=ROOT, check=True, capture_output=True)
        return np.asarray(Image.open(picture).convert("RGB"))


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--model", type=Path, required=True)
    folder: Path = parser.parse_args().model
    for caption, seed in CASES:
        ours, theirs = (side(folder, caption, seed).astype(int) for side in (paint_in_node, paint_in_python))
        difference = np.abs(ours - theirs)
        print(f"{caption!r}, seed {seed}: at most {difference.max()}/255, {(difference > 0).mean():.4%} of the values differ")


if __name__ == "__main__":
    main()
