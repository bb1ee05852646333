"""Pillow's ways to resize that diffusers uses beside the plain bicubic one: python training/reference/resizing.py (Pillow and NumPy alone)."""

import base64
import json
from pathlib import Path

import numpy as np
import PIL
from PIL import Image

ROOT = Path(__file__).parents[2] / "fixtures"
WAYS = {
    "reduced": {"resample": Image.Resampling.BICUBIC, "reducing_gap": 1},
    "lanczos": {"resample": Image.Resampling.LANCZOS},
}
SIZES = ((61, 47), (30, 23), (15, 40), (20, 9), (7, 5), (80, 16), (61, 20), (1, 1))
"""(width, height), from a picture of 61 x 47."""


def main() -> None:
    """Writes resizing.json."""
    random = np.random.default_rng(5)
    coarse = random.integers(0, 256, (6, 8, 3), dtype=np.uint8)
    picture = Image.fromarray(coarse).resize((61, 47), Image.Resampling.NEAREST)
    content = {
        "maker": "training/reference/resizing.py",
        "command": "python training/reference/resizing.py",
        "versions": {"pillow": PIL.__version__, "numpy": np.__version__},
        "input": _encode(picture),
        "resizes": [
            {"way": way, **_encode(picture.resize(size, **options))}
            for way, options in WAYS.items()
            for size in SIZES
        ],
    }
    (ROOT / "resizing.json").write_text(json.dumps(content, indent=1) + "\n")


def _encode(picture: Image.Image) -> dict[str, object]:
    return {
        "width": picture.width,
        "height": picture.height,
        "rgb": base64.b64encode(np.asarray(picture).tobytes()).decode(),
    }


if __name__ == "__main__":
    main()
