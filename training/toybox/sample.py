"""Samples captions through diffusers' own UnCLIPPipeline: a contact sheet, and the judge's counts for one-object captions.

    python -m toybox.sample --model ../packages/toybox/model --sheet sheet.png
"""

from __future__ import annotations

import argparse
import json
import time
from pathlib import Path

import numpy as np
import torch
from diffusers import PriorTransformer, UNet2DConditionModel, UNet2DModel, UnCLIPPipeline, UnCLIPScheduler
from diffusers.pipelines.deprecated.unclip.text_proj import UnCLIPTextProjModel
from PIL import Image
from transformers import CLIPTextModelWithProjection, CLIPTokenizer

from toybox.judge import SIZE, Judge
from toybox.upsampler import enlarge

# Every shape at least three times, every colour twice; the judge counts these.
ONE_OBJECT = (
    ("a red cube", "cube", "red"),
    ("a blue sphere", "sphere", "blue"),
    ("a green cylinder", "cylinder", "green"),
    ("a yellow cone", "cone", "yellow"),
    ("a purple ring", "ring", "purple"),
    ("a large white cube", "cube", "white"),
    ("a picture of an orange ball", "sphere", "orange"),
    ("a small black cylinder", "cylinder", "black"),
    ("a large red cone", "cone", "red"),
    ("a blue donut", "ring", "blue"),
    ("a small green box", "cube", "green"),
    ("a large yellow sphere", "sphere", "yellow"),
    ("a purple can", "cylinder", "purple"),
    ("an orange cone on grass", "cone", "orange"),
    ("a large white ring on clay", "ring", "white"),
    ("a black cube on sand", "cube", "black"),
)
# One-object combinations that training never showed; the judge counts these apart.
HELD_OUT = (
    ("a purple cone", "cone", "purple"),
    ("an orange ring", "ring", "orange"),
    ("a large purple cone on sand", "cone", "purple"),
    ("a small orange donut on stone", "ring", "orange"),
)
# Judged by eye: relations; the last four are held out of training.
PAIRS = (
    "a red cube on top of a blue sphere",
    "a blue cube to the left of a yellow cone",
    "a green ball in front of a white cylinder",
    "a purple cube behind an orange sphere",
    "a yellow ring on top of a black cube",
    "a white sphere to the right of a red cylinder",
    "a small orange cube on top of a large green cylinder",
    "a black cone to the left of a blue ring",
    "a yellow cube on top of a red cylinder",
    "a green sphere on top of a white cube",
    "a blue cone on top of a yellow cube",
    "a purple cone to the left of a red cube",
)
COLUMNS = 8


def load_pipeline(folder: Path) -> UnCLIPPipeline:
    """Built from its parts in float32: diffusers does not find UnCLIPTextProjModel by the published name."""
    parts = {
        "prior": PriorTransformer,
        "decoder": UNet2DConditionModel,
        "text_proj": UnCLIPTextProjModel,
        "text_encoder": CLIPTextModelWithProjection,
        "super_res_first": UNet2DModel,
        "super_res_last": UNet2DModel,
    }
    schedulers = ("prior_scheduler", "decoder_scheduler", "super_res_scheduler")
    return UnCLIPPipeline(
        tokenizer=CLIPTokenizer.from_pretrained(folder / "tokenizer"),
        **{name: kind.from_pretrained(folder / name).float().eval() for name, kind in parts.items()},
        **{name: UnCLIPScheduler.from_pretrained(folder / name) for name in schedulers},
    )


def paint(pipeline: UnCLIPPipeline, captions: list[str], defaults: dict, generator: torch.Generator) -> np.ndarray:
    """Pictures [N, 128, 128, 3] in [0, 1], one per caption: as far as diffusers' pipeline goes, which has one upsampler."""
    pipeline.set_progress_bar_config(disable=True)
    return pipeline(
        captions,
        prior_num_inference_steps=defaults["priorSteps"],
        prior_guidance_scale=defaults["priorGuidance"],
        decoder_num_inference_steps=defaults["decoderSteps"],
        decoder_guidance_scale=defaults["decoderGuidance"],
        super_res_num_inference_steps=defaults["upsamplerSteps"][0],
        generator=generator,
        output_type="np",
    ).images


@torch.no_grad()
def enlarge_again(folder: Path, pictures: np.ndarray, steps: int, generator: torch.Generator) -> np.ndarray:
    """What the second upsampler makes of [N, 128, 128, 3] in [0, 1]: [N, 512, 512, 3], as the pipeline runs its first one."""
    network = UNet2DModel.from_pretrained(folder / "super_res_2_first").float().eval()
    scheduler = UnCLIPScheduler.from_pretrained(folder / "super_res_2_scheduler")
    low = enlarge(torch.from_numpy(pictures).permute(0, 3, 1, 2).float() * 2 - 1)
    scheduler.set_timesteps(steps)
    x = torch.randn(low.shape, generator=generator)
    for t, after in zip(scheduler.timesteps, [*scheduler.timesteps[1:], None]):
        predicted = network(torch.cat([x, low], dim=1), t).sample
        x = scheduler.step(predicted, t, x, prev_timestep=after, generator=generator).prev_sample
    return (x / 2 + 0.5).clamp(0, 1).permute(0, 2, 3, 1).numpy()


def to_bytes(pictures: np.ndarray) -> np.ndarray:
    """[0, 1] to uint8."""
    return (pictures * 255).round().astype(np.uint8)


def count_right(pictures: np.ndarray, wanted: tuple[tuple[str, str, str], ...], judge: Judge) -> dict:
    """How many pictures of `wanted` (caption, shape, colour) have the right colour and shape, and what went wrong."""
    small = np.stack([np.asarray(Image.fromarray(p).resize((SIZE, SIZE), Image.BOX)) for p in pictures])
    seen = judge.name(small)
    return {
        "colours": sum(colour == s[1] for (_, _, colour), s in zip(wanted, seen, strict=True)),
        "shapes": sum(shape == s[0] for (_, shape, _), s in zip(wanted, seen, strict=True)),
        "of": len(wanted),
        "wrong": [f"{c}: {s[1]} {s[0]}" for (c, *kind), s in zip(wanted, seen, strict=True) if tuple(kind) != s],
    }


def tile(pictures: np.ndarray) -> Image.Image:
    rows = [np.concatenate(list(pictures[i : i + COLUMNS]), axis=1) for i in range(0, len(pictures), COLUMNS)]
    return Image.fromarray(np.concatenate(rows, axis=0))


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--model", type=Path, required=True)
    parser.add_argument("--sheet", type=Path, help="where to save the contact sheet of the first seed")
    parser.add_argument("--seeds", type=int, default=1, help="how many seeds to count over")
    parser.add_argument("--set", action="append", default=[], metavar="NAME=JSON", help="overrides a default")
    parser.add_argument("--threads", type=int, default=2)
    args = parser.parse_args()
    torch.set_num_threads(args.threads)
    defaults = json.loads((args.model / "unclip.json").read_text())["defaults"]
    for setting in args.set:
        name, _, value = setting.partition("=")
        defaults[name] = json.loads(value)
    pipeline, judge = load_pipeline(args.model), Judge()
    judged = ONE_OBJECT + HELD_OUT
    captions = [caption for caption, _, _ in judged]
    for seed in range(args.seeds):
        painted = captions + list(PAIRS) if args.sheet and seed == 0 else captions
        started = time.monotonic()
        pictures = to_bytes(paint(pipeline, painted, defaults, torch.Generator().manual_seed(seed)))
        seconds = (time.monotonic() - started) / len(painted)
        seen = count_right(pictures[: len(ONE_OBJECT)], ONE_OBJECT, judge)
        held_out = count_right(pictures[len(ONE_OBJECT) : len(judged)], HELD_OUT, judge)
        line = {"seed": seed, "one object": seen, "held out": held_out, "seconds a picture": round(seconds, 2)}
        print(json.dumps(line), flush=True)
        if args.sheet and seed == 0:
            tile(pictures).save(args.sheet)


if __name__ == "__main__":
    main()
