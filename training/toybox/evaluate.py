"""Paints the benchmark with model folders and judges them: both judges, Fréchet distance, border sharpness.

    python -m toybox.evaluate --model ../packages/toybox/model --out runs/judged/v1 --captions 600

The pictures go into OUT as they come: run it again to go on. They are those of `unclip evaluate`: caption i has seed i.
With `--real`, real renders of as many of the same captions are judged in the place of a model's pictures.
"""

from __future__ import annotations

import argparse
import json
from collections.abc import Callable
from pathlib import Path

import numpy as np
import torch
from PIL import Image
from safetensors.torch import load_file

from toybox.benchmark import SEED, benchmark_scenes
from toybox.judge import load_judge
from toybox.oracle import SIZE, apply, to_pixels
from toybox.pipeline import enlarge_again, load_pipeline, paint, to_bytes
from toybox.render import render
from toybox.score import MEASURES, frechet_distance, judge_scene, scene_of, totals, wilson
from toybox.sharpness import sharpness_by_style
from toybox.world import STYLES

PACKAGES = Path(__file__).parents[2] / "packages"
EVALUATION, SHIPPED = PACKAGES / "evaluation", PACKAGES / "toybox/model"
Judge = Callable[[torch.Tensor], tuple[torch.Tensor, torch.Tensor]]  # pixels to features and logits


def path_of(out: Path, i: int, size: int) -> Path:
    return out / f"{size}-{i:03}.png"


def full_size(model: Path) -> int:
    """The side of what a model's second upsampler paints."""
    return json.loads((model / "super_res_2_first/config.json").read_text())["sample_size"]


def paint_all(model: Path, cases: list[dict], out: Path, full: int, batch_size: int, device: str) -> None:
    """Paints every case up to the first upsampler, and the first `full` of them in full size, where they are not there yet."""
    defaults = json.loads((model / "unclip.json").read_text())["defaults"]
    pipeline, size = load_pipeline(model, device), full_size(model)
    for start in range(0, len(cases), batch_size):
        batch = range(start, min(start + batch_size, len(cases)))
        wanted = [path_of(out, i, size if i < full else size // 4) for i in batch]
        if all(path.exists() for path in wanted):
            continue
        generators = [torch.Generator().manual_seed(i) for i in batch]
        small = paint(pipeline, [cases[i]["caption"] for i in batch], defaults, generators)
        save(out, batch, to_bytes(small))
        if start < full:
            steps = defaults["upsamplers"][1]["steps"]
            save(out, batch, to_bytes(enlarge_again(model, small, steps, generators, device)))
        print(f"{batch.stop} of {len(cases)}", flush=True)


def save(out: Path, indices: range, pictures: np.ndarray) -> None:
    for i, picture in zip(indices, pictures, strict=True):
        Image.fromarray(picture).save(path_of(out, i, len(picture)), compress_level=1)


def read_pictures(out: Path, count: int, size: int) -> np.ndarray:
    return np.stack([np.asarray(Image.open(path_of(out, i, size)).convert("RGB")) for i in range(count)])


def shrunk(pictures: np.ndarray) -> torch.Tensor:
    """Pictures of any size as the judges see them, pixels in [-1, 1] [N, 3, 64, 64]."""
    small = [np.asarray(Image.fromarray(picture).resize((SIZE, SIZE), Image.Resampling.BICUBIC)) for picture in pictures]
    return to_pixels(np.stack(small))


def judges() -> dict[str, Judge]:
    weights, second = load_file(EVALUATION / "oracle/model.safetensors"), load_judge()
    return {"oracle": lambda x: apply(weights, x), "second judge": second}


@torch.no_grad()
def report(pictures: np.ndarray, cases: list[dict], sharpness: bool) -> dict:
    """What both judges find in pictures [N, S, S, 3] of the cases, apart for held-out combinations."""
    x = shrunk(pictures)
    groups = {
        "known": [i for i, case in enumerate(cases) if "heldOut" not in case],
        "held out": [i for i, case in enumerate(cases) if "heldOut" in case],
    }
    found = {}
    for name, judge in judges().items():
        parts = [judge(part) for part in x.split(256)]
        features, logits = (torch.cat(part).numpy() for part in zip(*parts))
        verdicts = [judge_scene(case, scene_of(row)) for case, row in zip(cases, logits, strict=True)]
        found[name] = {group: totals([verdicts[i] for i in rows]) for group, rows in groups.items()}
        if name == "oracle":
            statistics = load_file(EVALUATION / "oracle/statistics.safetensors")
            mean, covariance = (statistics[key].double().numpy() for key in ("mean", "covariance"))
            found["frechet"] = frechet_distance(features[groups["known"]].astype(np.float64), mean, covariance)
    if sharpness:
        found["sharpness"] = sharpness_by_style(pictures, [case["style"] for case in cases])
    return found


def show(title: str, found: dict) -> None:
    print(f"\n{title}")
    for measure in MEASURES:
        cells = []
        for name in ("oracle", "second judge"):
            for group in ("known", "held out"):
                right, total = found[name][group][measure]
                low, high = wilson(right, total)
                cells.append(f"{100 * right / total:6.1f} ({100 * low:.1f}-{100 * high:.1f})")
        print(f"{measure:10}" + "".join(f"{cell:>22}" for cell in cells))
    print(f"Fréchet distance {found['frechet']:.1f}")
    if sharpness := found.get("sharpness"):
        told = ", ".join(f"{style} {sharpness[style]:.3f}" for style in STYLES if style in sharpness)
        print(f"border sharpness {np.mean(list(sharpness.values())):.3f}: {told}")


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    what = parser.add_mutually_exclusive_group(required=True)
    what.add_argument("--model", type=Path)
    what.add_argument("--real", action="store_true")
    parser.add_argument("--out", type=Path, required=True, help="folder for the pictures")
    parser.add_argument("--captions", type=int, default=600)
    parser.add_argument("--full", type=int, default=600, help="pictures to paint in full size; the second upsampler costs most")
    parser.add_argument("--size", type=int, default=full_size(SHIPPED), help="of real renders in full size")
    parser.add_argument("--batch-size", type=int, default=8)
    parser.add_argument("--device", choices=("cpu", "cuda"), default="cpu")
    parser.add_argument("--threads", type=int, default=2)
    args = parser.parse_args()
    torch.set_num_threads(args.threads)
    args.out.mkdir(parents=True, exist_ok=True)
    cases = json.loads((EVALUATION / "toybox/captions.json").read_text())["cases"][: args.captions]
    full = min(args.full, args.captions)
    if args.model:
        size = full_size(args.model)
        paint_all(args.model, cases, args.out, full, args.batch_size, args.device)
    else:
        size = args.size
        scenes = benchmark_scenes(args.captions, np.random.default_rng(SEED))
        save(args.out, range(args.captions), render(scenes, size // 4, 4))
        if full:
            save(args.out, range(full), render(scenes[:full], size, 2))
    results = {}
    for side, count in ((size // 4, args.captions), (size, full)):
        if count:
            results[side] = report(read_pictures(args.out, count, side), cases[:count], side == size)
            show(f"{count} pictures of {side} pixels: oracle, the same on held-out combinations, second judge likewise", results[side])
    (args.out / "results.json").write_text(json.dumps(results, indent=1) + "\n")


if __name__ == "__main__":
    main()
