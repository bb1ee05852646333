"""The latent checkpoints with what diffusers paints with them: which runs prove what."""

import shutil

from checkpoints import CAPTION, HIGH_SEED, LONG_CAPTION
from fixture import ROOT
from kandinsky import KandinskyShape, decoder_folders, save_kandinsky
from latent_expected import LatentRun, write_combined, write_kandinsky, write_stable_unclip
from latent_shapes import (
    KANDINSKY_21,
    KANDINSKY_21_B,
    KANDINSKY_22,
    KANDINSKY_22_B,
    STABLE_UNCLIP_H,
    STABLE_UNCLIP_H_B,
    STABLE_UNCLIP_L,
)
from shapes import KARLO_TINY
from stable_unclip import StableUnclipShape, save_stable_unclip

NEGATIVE = "blurry, dark and small"


def make_kandinsky_22() -> None:
    """Kandinsky 2.2 in small, with DDPM as its authors set it."""
    runs = [
        LatentRun("text-to-image", "text-to-image", 7, (64, 64), [CAPTION]),
        LatentRun("negative", "text-to-image", 0, (64, 48), [CAPTION], [NEGATIVE]),
        LatentRun("rounded-size", "text-to-image", HIGH_SEED, (50, 70), [CAPTION]),
        LatentRun("no-guidance", "text-to-image", 7, (64, 64), [CAPTION], prior_guidance=1.0, guidance=1.0),
        LatentRun("three", "text-to-image", 0, (32, 48), ["a cat"], images_per_input=3),
        LatentRun("two-captions", "text-to-image", 3, (48, 32), ["a cat", "two dogs"], [NEGATIVE, "red"], 2),
        LatentRun("long", "text-to-image", 7, (32, 32), [LONG_CAPTION], prior_steps=10, steps=12),
        LatentRun("variation", "image-variation", HIGH_SEED, (64, 48), picture=(45, 37, 1)),
        LatentRun("mix", "mix", 0, (64, 64), parts=["a cat", (40, 52, 2), "snow"], weights=[0.3, 0.5, 0.2]),
        LatentRun("image-to-image", "image-to-image", 7, (64, 64), [CAPTION], picture=(64, 64, 3), strength=0.5),
        LatentRun(
            "image-to-image-wide",
            "image-to-image",
            0,
            (64, 48),
            [CAPTION],
            [NEGATIVE],
            picture=(90, 60, 4),
            strength=0.8,
        ),
        LatentRun("inpaint", "inpaint", 7, (64, 64), [CAPTION], picture=(64, 64, 5), mask=(64, 64)),
        LatentRun(
            "inpaint-wide", "inpaint", HIGH_SEED, (64, 48), [CAPTION], [NEGATIVE], picture=(64, 48, 6), mask=(64, 48)
        ),
        LatentRun(
            "inpaint-no-guidance", "inpaint", 0, (48, 64), [CAPTION], guidance=1.0, picture=(30, 40, 6), mask=(48, 64)
        ),
    ]
    _make_kandinsky(KANDINSKY_22, runs)


def make_kandinsky_22_b() -> None:
    """F16 weights, four levels of two layers, DDIM, the end token as padding, and depth."""
    runs = [
        LatentRun("text-to-image", "text-to-image", 7, (128, 64), [CAPTION]),
        LatentRun("negative", "text-to-image", 0, (64, 64), ["a cat"], ["a dog"], guidance=2.0, steps=10),
        LatentRun(
            "image-to-image", "image-to-image", 7, (64, 64), [CAPTION], picture=(64, 64, 3), strength=0.3, steps=10
        ),
        LatentRun("inpaint", "inpaint", 7, (64, 128), [CAPTION], picture=(64, 128, 5), mask=(64, 128)),
        LatentRun("depth", "depth", 7, (64, 64), [CAPTION]),
        LatentRun("depth-wide", "depth", HIGH_SEED, (128, 64), [CAPTION], [NEGATIVE], guidance=1.0),
        LatentRun(
            "depth-image-to-image", "depth-image-to-image", 0, (64, 64), [CAPTION], picture=(64, 64, 8), strength=0.6
        ),
    ]
    _make_kandinsky(KANDINSKY_22_B, runs)


def make_kandinsky_21() -> None:
    """Kandinsky 2.1 in small, with DDIM."""
    russian = "красный куб на синем шаре"
    runs = [
        LatentRun("text-to-image", "text-to-image", 7, (64, 64), [CAPTION]),
        LatentRun("negative", "text-to-image", 0, (64, 48), [russian], ["тёмный, размытый"]),
        LatentRun("no-guidance", "text-to-image", HIGH_SEED, (48, 64), [CAPTION], prior_guidance=1.0, guidance=1.0),
        LatentRun("two", "text-to-image", 3, (32, 32), ["a cat", "夜晚海边的灯塔"], images_per_input=2),
        LatentRun("long", "text-to-image", 7, (32, 32), [LONG_CAPTION], steps=10),
        LatentRun("variation", "image-variation", 7, (64, 48), picture=(45, 37, 1)),
        LatentRun("mix", "mix", 0, (64, 64), parts=["a cat", (40, 52, 2)], weights=[0.4, 0.6]),
        LatentRun("image-to-image", "image-to-image", 7, (64, 64), [CAPTION], picture=(64, 64, 3), strength=0.5),
        LatentRun(
            "image-to-image-negative",
            "image-to-image",
            0,
            (64, 64),
            [CAPTION],
            [NEGATIVE],
            picture=(80, 70, 4),
            strength=0.3,
            steps=10,
        ),
        LatentRun("inpaint", "inpaint", 7, (64, 64), [CAPTION], picture=(64, 64, 5), mask=(64, 64)),
        LatentRun(
            "inpaint-wide", "inpaint", HIGH_SEED, (64, 48), [russian], [NEGATIVE], picture=(64, 48, 6), mask=(64, 48)
        ),
    ]
    _make_kandinsky(KANDINSKY_21, runs)


def make_kandinsky_21_b() -> None:
    """BF16 weights, four levels of two layers, DDPM."""
    runs = [
        LatentRun("text-to-image", "text-to-image", 7, (64, 128), ["ein roter Würfel"]),
        LatentRun("negative", "text-to-image", 0, (64, 64), [CAPTION], [NEGATIVE], guidance=2.0, steps=8),
        LatentRun("image-to-image", "image-to-image", 7, (64, 64), [CAPTION], picture=(64, 64, 3), strength=0.8),
    ]
    _make_kandinsky(KANDINSKY_21_B, runs)


def make_stable_unclip_h() -> None:
    """Stable unCLIP with ViT-H in small, with PNDM."""
    runs = [
        _variation("variation", 7, (64, 64), [], 0),
        _variation("caption", 0, (64, 48), [CAPTION], 100),
        _variation("negative", HIGH_SEED, (40, 56), [CAPTION], 0, negative=[NEGATIVE], picture=(90, 41, 4)),
        _variation("odd-size", 3, (56, 40), [CAPTION], 999),
        _variation("no-guidance", 7, (64, 64), [CAPTION], 500, guidance=1.0),
        _variation("two", 7, (48, 48), ["a cat"], 0, images_per_input=2),
        _variation("more-steps", 7, (64, 64), [LONG_CAPTION], 20, steps=12),
    ]
    _make_stable_unclip(STABLE_UNCLIP_H, runs)


def make_stable_unclip_h_b() -> None:
    """Two levels, Euler, another context length."""
    runs = [
        _variation("variation", 7, (48, 48), [], 0),
        _variation("wide", 0, (40, 24), [CAPTION], 50, negative=[NEGATIVE]),
    ]
    _make_stable_unclip(STABLE_UNCLIP_H_B, runs)


def make_stable_unclip_l() -> None:
    """Stable unCLIP with ViT-L in small: an image normaliser of its own, Karlo's prior for captions, DDIM."""
    runs = [
        _variation("variation", 7, (64, 64), [], 0),
        _variation("caption", 0, (64, 128), [CAPTION], 300, negative=[NEGATIVE]),
        LatentRun("text-to-image", "text-to-image", 7, (64, 64), [CAPTION], noise_level=0, guidance=10.0),
        LatentRun(
            "negative", "text-to-image", HIGH_SEED, (128, 64), [CAPTION], [NEGATIVE], noise_level=50, guidance=10.0
        ),
        LatentRun("two", "text-to-image", 0, (64, 64), ["a cat"], images_per_input=2, noise_level=0, guidance=3.0),
        LatentRun(
            "no-guidance", "text-to-image", 0, (64, 64), ["a cat"], prior_guidance=1.0, noise_level=0, guidance=1.0
        ),
    ]
    _make_stable_unclip(STABLE_UNCLIP_L, runs)
    write_combined(STABLE_UNCLIP_L, ROOT, ROOT / KARLO_TINY.name)


def _variation(
    name: str,
    seed: int,
    size: tuple[int, int],
    captions: list[str],
    noise_level: int,
    **settings: object,
) -> LatentRun:
    given = {"picture": (45, 37, 1), "guidance": 10.0} | settings
    return LatentRun(name, "image-variation", seed, size, captions, noise_level=noise_level, **given)


def _make_kandinsky(shape: KandinskyShape, runs: list[LatentRun]) -> None:
    _clear(f"{shape.name}-prior", f"{shape.name}.expected", *decoder_folders(shape).values())
    save_kandinsky(shape, ROOT)
    write_kandinsky(shape, ROOT, runs)


def _make_stable_unclip(shape: StableUnclipShape, runs: list[LatentRun]) -> None:
    _clear(shape.name, f"{shape.name}.expected")
    save_stable_unclip(shape, ROOT / shape.name)
    write_stable_unclip(shape, ROOT, runs, ROOT / KARLO_TINY.name)


def _clear(*folders: str) -> None:
    for folder in folders:
        shutil.rmtree(ROOT / folder, ignore_errors=True)
