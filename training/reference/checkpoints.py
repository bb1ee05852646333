"""The tiny checkpoints with what diffusers paints with them: which runs prove what."""

import shutil
from typing import Any

from checkpoint import Shape, save_checkpoint
from expected import ImageVariation, TextToImage, write_expected
from fixture import ROOT
from shapes import KARLO_TINY, KARLO_TINY_B, KARLO_TINY_C, KARLO_TINY_D

CAPTION = "a red cube on top of a blue sphere"
LONG_CAPTION = " ".join(["the small green bird is flying over a dark lake"] * 20)
"""200 words: more tokens than any context holds."""

HIGH_SEED = 2**33 + 5


def make_karlo_tiny() -> None:
    """Karlo in small, one text to image and one variation with every stage recorded."""
    _make(
        KARLO_TINY,
        [
            _caption("text-to-image", CAPTION, 7, all_stages=True),
            _picture("image-variation", (45, 37, 1), 7, all_stages=True),
        ],
    )


def make_karlo_tiny_b() -> None:
    """F16 weights, three levels of two layers, gelu text and quick_gelu vision, the end token as padding."""
    _make(
        KARLO_TINY_B,
        [
            _caption("plain", CAPTION, 0),
            _caption("empty", "", 7, guidance=(4.0, 5.0)),
            _caption("upper-case", "A RED CUBE, On Top Of A BLUE Sphere", HIGH_SEED),
            _caption("no-guidance", CAPTION, 7, guidance=(1.0, 1.0)),
            _caption("more-steps", "12 cubes & 3.5 balls (big)", 0, steps=(12, 10, 7), guidance=(2.0, 3.0)),
            TextToImage(
                name="batch",
                captions=["a cat", "two dogs in the snow"],
                seeds=[7],
                images_per_input=2,
                **_settings((3, 3, 4), (4.0, 4.0)),
            ),
            _picture("variation", (37, 64, 2), HIGH_SEED),
            _picture("variation-no-guidance", (28, 28, 3), 0, guidance=1.0),
        ],
    )


def make_karlo_tiny_c() -> None:
    """BF16 weights in shards, scheduler files without beta_schedule, a tokenizer.json beside the older files."""
    _make(
        KARLO_TINY_C,
        [
            _caption("punctuation", 'hello!! what\'s this? #1: "a ball" -- (50% off!)', 7),
            _caption("digits", "0 12 345 6789", 0),
            _caption("long", LONG_CAPTION, HIGH_SEED),
            _caption("two-steps", CAPTION, 7, steps=(2, 2, 5)),
            _caption("prior-guidance-only", CAPTION, 0, guidance=(4.0, 1.0)),
            _caption("decoder-guidance-only", CAPTION, 0, guidance=(1.0, 3.0)),
            TextToImage(
                name="generators",
                captions=["a cat", "two dogs in the snow"],
                seeds=[0, 7, HIGH_SEED, 7],
                images_per_input=2,
                **_settings((3, 3, 4), (4.0, 4.0)),
            ),
            _picture("variation", (90, 41, 4), 7),
            ImageVariation(
                name="variation-batch",
                pictures=[(40, 40, 5), (53, 80, 6)],
                seeds=[HIGH_SEED],
                images_per_input=2,
                decoder_steps=3,
                super_res_steps=4,
                decoder_guidance=4.0,
            ),
        ],
    )


def make_karlo_tiny_d() -> None:
    """The other settings of UnCLIPScheduler, the old end-of-text rule, no merges, embeddings of under 16 numbers."""
    _make(
        KARLO_TINY_D,
        [
            _caption("plain", CAPTION, HIGH_SEED),
            _caption("id-two-in-text", "a ##tag and a dog", 0),
            _caption("long", LONG_CAPTION, 7),
            _caption("no-guidance", "A CAT", 0, guidance=(1.0, 1.0)),
            _caption("guidance-below-one", CAPTION, 7, guidance=(0.5, 2.0)),
            _caption("many-steps", "3 red balls", 7, steps=(25, 25, 7)),
            _picture("variation", (1, 2, 7), 0),
            _picture("variation-more-steps", (120, 47, 8), 7, steps=(12, 7), guidance=2.0),
        ],
    )


def _make(shape: Shape, runs: list[TextToImage | ImageVariation]) -> None:
    folder = ROOT / shape.name
    for path in (folder, folder.with_name(f"{shape.name}.expected")):
        shutil.rmtree(path, ignore_errors=True)
    save_checkpoint(shape, folder)
    write_expected(folder, runs)


def _caption(
    name: str,
    caption: str,
    seed: int,
    *,
    steps: tuple[int, int, int] = (5, 5, 4),
    guidance: tuple[float, float] = (4.0, 8.0),
    all_stages: bool = False,
) -> TextToImage:
    return TextToImage(name=name, captions=[caption], seeds=[seed], all_stages=all_stages, **_settings(steps, guidance))


def _picture(
    name: str,
    picture: tuple[int, int, int],
    seed: int,
    *,
    steps: tuple[int, int] = (5, 4),
    guidance: float = 8.0,
    all_stages: bool = False,
) -> ImageVariation:
    return ImageVariation(
        name=name,
        pictures=[picture],
        seeds=[seed],
        decoder_steps=steps[0],
        super_res_steps=steps[1],
        decoder_guidance=guidance,
        all_stages=all_stages,
    )


def _settings(steps: tuple[int, int, int], guidance: tuple[float, float]) -> dict[str, Any]:
    """(prior, decoder, super-resolution) steps and (prior, decoder) guidance, as the fields of TextToImage."""
    return {
        "prior_steps": steps[0],
        "decoder_steps": steps[1],
        "super_res_steps": steps[2],
        "prior_guidance": guidance[0],
        "decoder_guidance": guidance[1],
    }
