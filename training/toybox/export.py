"""Writes a run's averaged weights as a diffusers UnCLIPPipeline folder, in float16. Training may go on meanwhile.

    python -m toybox.export --run runs/v0 --out ../packages/toybox/model
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
from toybox.prior import build_prior
from toybox.tokenizer import load_tokenizer
from toybox.train import SHARES, checkpoint_path
from toybox.upsampler import build_upsampler

# The best of those in docs/choices.md.
DEFAULTS = {
    "prior": {"steps": 10, "guidanceScale": 4},
    "decoder": {"steps": 10, "guidanceScale": 2},
    "upsamplers": [{"steps": 3}, {"steps": 3}],
}
LARGEST_FOLDER = 40_000_000  # bytes

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


def read_networks(run: Path, base_size: int) -> dict[str, nn.Module]:
    """Every network with its averaged weights; one whose stage has not begun keeps its initial ones, and is named."""
    networks = {
        "text_encoder": build_text_encoder(load_tokenizer(run / "tokenizer")),
        "image_encoder": build_image_encoder(base_size),
        "prior": build_prior(),
        "decoder": build_decoder(base_size),
        "text_proj": build_text_proj(base_size),
        "super_res_first": build_upsampler(1, base_size),
        "super_res_last": build_upsampler(1, base_size),
        "super_res_2_first": build_upsampler(2, base_size),
    }
    trained: set[str] = set()
    for stage in SHARES:
        if not (path := checkpoint_path(run, stage)).exists():
            continue
        average = torch.load(path, map_location="cpu", weights_only=True)["average"]
        for name, network in networks.items():
            prefix = f"{name}."
            if weights := {k.removeprefix(prefix): v for k, v in average.items() if k.startswith(prefix)}:
                network.load_state_dict(weights)
                trained.add(name)
    for name in networks.keys() - trained:
        print(f"{name}: untrained")
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


def export(run: Path, out: Path) -> None:
    """Builds the whole folder beside `out`, then swaps it in."""
    building, old = out.with_name(f".{out.name}.new"), out.with_name(f".{out.name}.old")
    shutil.rmtree(building, ignore_errors=True)
    base_size = json.loads((run / "settings.json").read_text())["base_size"]
    for name, network in read_networks(run, base_size).items():
        parameters = sum(weight.numel() for weight in network.parameters())
        print(f"{name}: {parameters:,} parameters")
        network.half().save_pretrained(building / name, safe_serialization=True)
    for name, scheduler in build_schedulers().items():
        scheduler.save_pretrained(building / name)
    shutil.copytree(run / "tokenizer", building / "tokenizer")
    CLIPImageProcessorPil(
        size={"shortest_edge": base_size},
        crop_size={"height": base_size, "width": base_size},
        image_mean=list(PIXEL_MEAN),
        image_std=list(PIXEL_STD),
    ).save_pretrained(building / "feature_extractor")
    index = {"_class_name": "UnCLIPPipeline", "_diffusers_version": diffusers.__version__, **COMPONENTS}
    (building / "model_index.json").write_text(json.dumps(index, indent=2) + "\n")
    (building / "unclip.json").write_text(json.dumps({"defaults": DEFAULTS}, indent=2) + "\n")

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
    parser.add_argument("--run", type=Path, required=True)
    parser.add_argument("--out", type=Path, required=True)
    args = parser.parse_args()
    export(args.run, args.out)


if __name__ == "__main__":
    main()
