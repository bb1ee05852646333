"""Writes the averaged weights of runs as a diffusers UnCLIPPipeline folder, in float16. Training may go on meanwhile.

    python -m toybox.export --run runs/v1 --out ../packages/toybox/model
    python -m toybox.export --run runs/v2 --start-from ../packages/toybox/model --out runs/v2/model

What no run has trained is copied from the folder of --start-from, byte for byte.
"""

from __future__ import annotations

import argparse
import json
import shutil
from pathlib import Path

import diffusers
import torch
from diffusers import UnCLIPScheduler
from torch import nn
from transformers import CLIPImageProcessorPil

from toybox.clip import PIXEL_MEAN, PIXEL_STD, build_image_encoder, build_text_encoder
from toybox.decoder import build_decoder, build_text_proj
from toybox.diffusion import TIMESTEPS
from toybox.optimise import checkpoint_path
from toybox.prior import build_prior
from toybox.tokenizer import load_tokenizer
from toybox.train import SHARES
from toybox.upsampler import build_upsampler

# The best of those in docs/choices.md.
DEFAULTS = {
    "prior": {"steps": 10, "guidanceScale": 2.5},
    "decoder": {"steps": 10, "guidanceScale": 1.5},
    "upsamplers": [{"steps": 3}, {"steps": 2}],
}
LARGEST_FOLDER = 25_000_000  # bytes

COMPONENTS = {
    "prior": ("diffusers", "PriorTransformer"),
    "prior_scheduler": ("diffusers", "UnCLIPScheduler"),
    "decoder": ("diffusers", "UNet2DConditionModel"),
    "decoder_scheduler": ("diffusers", "UnCLIPScheduler"),
    "text_proj": ("unclip", "UnCLIPTextProjModel"),
    "text_encoder": ("transformers", "CLIPTextModelWithProjection"),
    "tokenizer": ("transformers", "CLIPTokenizer"),
    "image_encoder": ("transformers", "CLIPVisionModelWithProjection"),
    "feature_extractor": ("transformers", "CLIPImageProcessor"),
    "super_res_first": ("diffusers", "UNet2DModel"),
    "super_res_last": ("diffusers", "UNet2DModel"),
    "super_res_scheduler": ("diffusers", "UnCLIPScheduler"),
    "super_res_2_first": ("diffusers", "UNet2DModel"),
    "super_res_2_scheduler": ("diffusers", "UnCLIPScheduler"),
}


def read_networks(runs: list[Path], base_size: int) -> dict[str, nn.Module]:
    """Every network that a run has trained, with its averaged weights; of several runs, the first that has a stage."""
    tokenizer = load_tokenizer(runs[0] / "tokenizer")
    builders = {
        "text_encoder": lambda: build_text_encoder(tokenizer),
        "image_encoder": lambda: build_image_encoder(base_size),
        "prior": build_prior,
        "decoder": lambda: build_decoder(base_size),
        "text_proj": lambda: build_text_proj(base_size),
        "super_res_first": lambda: build_upsampler(1, base_size),
        "super_res_last": lambda: build_upsampler(1, base_size),
        "super_res_2_first": lambda: build_upsampler(2, base_size),
    }
    networks: dict[str, nn.Module] = {}
    for stage in SHARES:
        path = next((path for run in runs if (path := checkpoint_path(run, stage)).exists()), None)
        if path is None:
            continue
        average = torch.load(path, map_location="cpu", weights_only=True)["average"]
        for name, build in builders.items():
            prefix = f"{name}."
            if weights := {k.removeprefix(prefix): v for k, v in average.items() if k.startswith(prefix)}:
                networks[name] = build()
                networks[name].load_state_dict(weights)
    return networks


def build_schedulers() -> dict[str, UnCLIPScheduler]:
    common = {"num_train_timesteps": TIMESTEPS, "prediction_type": "sample"}
    return {
        "prior_scheduler": UnCLIPScheduler(variance_type="fixed_small_log", clip_sample_range=5.0, **common),
        "decoder_scheduler": UnCLIPScheduler(variance_type="learned_range", **common),
        **{
            name: UnCLIPScheduler(variance_type="fixed_small_log", **common)
            for name in ("super_res_scheduler", "super_res_2_scheduler")
        },
    }


def write_settings(run: Path, base_size: int, folder: Path) -> None:
    """All of a model folder but its networks: schedulers, tokenizer, picture preprocessing, index and defaults."""
    for name, scheduler in build_schedulers().items():
        scheduler.save_pretrained(folder / name)
    shutil.copytree(run / "tokenizer", folder / "tokenizer")
    CLIPImageProcessorPil(
        size={"shortest_edge": base_size},
        crop_size={"height": base_size, "width": base_size},
        image_mean=list(PIXEL_MEAN),
        image_std=list(PIXEL_STD),
    ).save_pretrained(folder / "feature_extractor")
    index = {"_class_name": "UnCLIPPipeline", "_diffusers_version": diffusers.__version__, **COMPONENTS}
    (folder / "model_index.json").write_text(json.dumps(index, indent=2) + "\n")
    (folder / "unclip.json").write_text(json.dumps({"defaults": DEFAULTS}, indent=2) + "\n")


def export(runs: list[Path], start_from: Path | None, out: Path) -> None:
    """Builds the whole folder beside `out`, then swaps it in."""
    building, old = out.with_name(f".{out.name}.new"), out.with_name(f".{out.name}.old")
    shutil.rmtree(building, ignore_errors=True)
    if start_from is not None:
        shutil.copytree(start_from, building)
    base_size = json.loads((runs[0] / "settings.json").read_text())["base_size"]
    for name, network in read_networks(runs, base_size).items():
        parameters = sum(weight.numel() for weight in network.parameters())
        print(f"{name}: {parameters:,} parameters")
        network.half().save_pretrained(building / name, safe_serialization=True)
    if start_from is None:
        write_settings(runs[0], base_size, building)
    if missing := [name for name in COMPONENTS if not (building / name).exists()]:
        raise SystemExit(f"no run has trained {', '.join(missing)}; train them, or name a model folder with --start-from")

    files = [path for path in building.rglob("*") if path.is_file()]
    for path in files:
        path.chmod(0o644)
    size = sum(path.stat().st_size for path in files)
    print(f"folder: {size:,} bytes")
    if size > LARGEST_FOLDER:
        raise SystemExit(f"{building} has {size:,} bytes; at most {LARGEST_FOLDER:,} are allowed")
    out.parent.mkdir(parents=True, exist_ok=True)
    shutil.rmtree(old, ignore_errors=True)
    if out.exists():
        out.rename(old)
    building.rename(out)
    shutil.rmtree(old, ignore_errors=True)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--run", type=Path, nargs="+", required=True, help="folders of toybox.train")
    parser.add_argument("--start-from", type=Path, help="a model folder that has what the runs have not trained")
    parser.add_argument("--out", type=Path, required=True)
    args = parser.parse_args()
    export(args.run, args.start_from, args.out)


if __name__ == "__main__":
    main()
