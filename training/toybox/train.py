"""Trains every stage in order within a time budget; run it again to resume.

    python -m toybox.train --out runs/v1 --minutes 106 --device cpu
"""

from __future__ import annotations

import argparse
import contextlib
import json
import math
import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Protocol

import numpy as np
import torch
from safetensors.torch import load_file
from torch import nn
from transformers import CLIPTokenizer

from toybox.clip import ClipStage, embed_pictures
from toybox.data import BASE_SIZES, PICTURES, load_pictures
from toybox.decoder import DecoderStage
from toybox.prior import PriorStage
from toybox.text import TextReader
from toybox.tokenizer import load_tokenizer, train_tokenizer
from toybox.upsampler import LastUpsamplerStage, UpsamplerStage
from toybox.world import MATERIALS, STYLES

# Each stage's part of the time budget, in training order.
SHARES = {
    "clip": 0.168,
    "prior": 0.105,
    "upsampler": 0.105,
    "upsampler-last": 0.02,
    "upsampler-2": 0.075,
    "decoder": 0.527,
}
WARMUP_STEPS = 200
WEIGHT_DECAY = 0.01
LARGEST_GRADIENT = 1.0
LONGEST_EMA = 0.999
LOG_EVERY = 25  # steps
SAVE_EVERY = 60.0  # seconds


class Stage(Protocol):
    name: str
    batch_size: int
    learning_rate: float
    networks: nn.ModuleDict

    def loss(self, rng: np.random.Generator) -> dict[str, torch.Tensor]:
        """The loss of a fresh random batch under "loss", and whatever else is worth logging."""
        ...


@dataclass
class Progress:
    step: int = 0
    seconds: float = 0.0


def learning_rate(progress: Progress, peak: float, budget: float) -> float:
    """Linear warm-up over steps, then a cosine to zero over the time budget."""
    done = min(progress.seconds / budget, 1.0)
    return peak * min(1.0, (progress.step + 1) / WARMUP_STEPS) * 0.5 * (1 + math.cos(math.pi * done))


class Average:
    """Exponential moving average of a stage's parameters; its horizon grows with the step, up to LONGEST_EMA."""

    def __init__(self, networks: nn.ModuleDict):
        self.weights = {name: weight.detach().clone() for name, weight in networks.state_dict().items()}

    @torch.no_grad()
    def update(self, networks: nn.ModuleDict, step: int) -> None:
        decay = min(LONGEST_EMA, (1 + step) / (10 + step))
        current = networks.state_dict()
        names = [name for name, weight in current.items() if weight.is_floating_point()]
        torch._foreach_lerp_([self.weights[n] for n in names], [current[n] for n in names], 1 - decay)


def checkpoint_path(run: Path, stage: str) -> Path:
    return run / f"{stage}.pt"


def load_average(stage: Stage, run: Path) -> None:
    """Puts a stage's averaged weights into its networks."""
    checkpoint = torch.load(checkpoint_path(run, stage.name), map_location="cpu", weights_only=True)
    stage.networks.load_state_dict(checkpoint["average"])


def multiplies_bfloat16(device: torch.device) -> bool:
    """Whether bfloat16 is faster than float32 here; processors without instructions for it are ten times slower."""
    return device.type == "cuda" or torch.cpu._is_avx512_bf16_supported()


def start_from(model: Path, stage: Stage, tokenizer: CLIPTokenizer) -> None:
    """Gives a stage the weights of a model folder, except what it lacks or has in another shape; a token keeps its embedding by its name."""
    for name, network in stage.networks.items():
        file = next((model / name).glob("*.safetensors"), None)
        if file is None:
            continue
        weights, own = load_file(file), network.state_dict()
        for key in weights:
            if key.endswith("token_embedding.weight"):
                weights[key] = rename_tokens(weights[key], own[key].clone(), model / "tokenizer", tokenizer)
        fitting = {key: value for key, value in weights.items() if key in own and own[key].shape == value.shape}
        network.load_state_dict(fitting, strict=False)


def rename_tokens(known: torch.Tensor, rows: torch.Tensor, folder: Path, tokenizer: CLIPTokenizer) -> torch.Tensor:
    """Token embeddings [V, D] of our tokenizer: those of another one where it has the token, else the row as it is."""
    vocabulary: dict[str, int] = json.loads((folder / "vocab.json").read_text())
    for token, row in tokenizer.get_vocab().items():
        if token in vocabulary:
            rows[row] = known[vocabulary[token]]
    return rows


class Training:
    """One stage while it trains: its optimiser, averaged weights and progress, which are also what a checkpoint holds."""

    def __init__(self, stage: Stage, run: Path, budget: float, device: torch.device):
        self.stage, self.budget, self.device = stage, budget, device
        self.autocast = multiplies_bfloat16(device)
        self.path = checkpoint_path(run, stage.name)
        if device.type == "cuda":
            stage.networks.to(memory_format=torch.channels_last)
            for network in stage.networks.values():
                network.compile()
        self.weights = [weight for weight in stage.networks.parameters() if weight.requires_grad]
        self.optimiser = torch.optim.AdamW(
            self.weights, lr=stage.learning_rate, weight_decay=WEIGHT_DECAY, betas=(0.9, 0.99), fused=True
        )
        self.average, self.progress = Average(stage.networks), Progress()
        if self.path.exists():
            self.restore()
        self.started = time.monotonic() - self.progress.seconds

    def restore(self) -> None:
        checkpoint = torch.load(self.path, map_location=self.device, weights_only=True)
        self.stage.networks.load_state_dict(checkpoint["networks"])
        self.optimiser.load_state_dict(checkpoint["optimiser"])
        self.average.weights = checkpoint["average"]
        self.progress = Progress(**checkpoint["progress"])

    def save(self) -> None:
        """Writes the checkpoint beside the old one and swaps it in, so that an export never reads half of it."""
        writing = self.path.with_suffix(".tmp")
        state = {
            "networks": self.stage.networks.state_dict(),
            "optimiser": self.optimiser.state_dict(),
            "average": self.average.weights,
            "progress": vars(self.progress),
        }
        torch.save(state, writing)
        writing.replace(self.path)

    def step(self, rng: np.random.Generator) -> dict[str, float]:
        for group in self.optimiser.param_groups:
            group["lr"] = learning_rate(self.progress, self.stage.learning_rate, self.budget)
        with torch.autocast(self.device.type, torch.bfloat16, enabled=self.autocast):
            losses = self.stage.loss(rng)
        losses["loss"].backward()
        nn.utils.clip_grad_norm_(self.weights, LARGEST_GRADIENT)
        self.optimiser.step()
        self.optimiser.zero_grad(set_to_none=True)
        self.progress.step += 1
        self.progress.seconds = time.monotonic() - self.started
        self.average.update(self.stage.networks, self.progress.step)
        return {name: value.item() for name, value in losses.items()}


def train_stage(stage: Stage, run: Path, budget: float, device: torch.device, seed: int) -> None:
    """Trains until the stage has used `budget` seconds, from its checkpoint if there is one, then loads the average."""
    training = Training(stage, run, budget, device)
    progress = training.progress
    rewind_log(run / "losses.jsonl", stage, progress)
    rng = np.random.default_rng((seed, progress.step))
    torch.manual_seed(seed + progress.step)
    stage.networks.train()
    window: list[dict[str, float]] = []
    saved = progress.seconds
    with (run / "losses.jsonl").open("a", buffering=1) as log:
        while progress.seconds < budget:
            window.append(training.step(rng))
            if len(window) == LOG_EVERY:
                log.write(json.dumps(log_line(stage, progress, window)) + "\n")
                window.clear()
            if progress.seconds - saved > SAVE_EVERY or progress.seconds >= budget:
                training.save()
                saved = progress.seconds
    load_average(stage, run)
    stage.networks.eval().requires_grad_(False)


def rewind_log(path: Path, stage: Stage, progress: Progress) -> None:
    """Drops what a stopped run logged after its last checkpoint."""
    lines = path.read_text().splitlines() if path.exists() else []
    rows = [json.loads(line) for line in lines]
    kept = [line for line, row in zip(lines, rows) if row["stage"] != stage.name or row["step"] <= progress.step]
    path.write_text("".join(f"{line}\n" for line in kept))


def log_line(stage: Stage, progress: Progress, window: list[dict[str, float]]) -> dict[str, object]:
    means = {name: round(sum(row[name] for row in window) / len(window), 5) for name in window[0]}
    pictures = progress.step * stage.batch_size
    return {
        "stage": stage.name,
        "step": progress.step,
        "seconds": round(progress.seconds, 1),
        "pictures": pictures,
        **means,
    }


def cached_embeddings(clip: ClipStage, run: Path) -> torch.Tensor:
    """The trained CLIP's embeddings of all training pictures [N, D]; kept on disk until CLIP is trained further."""
    path = run / "embeddings.pt"
    if not path.exists() or path.stat().st_mtime < checkpoint_path(run, clip.name).stat().st_mtime:
        with torch.autocast(clip.device.type, torch.bfloat16, enabled=multiplies_bfloat16(clip.device)):
            embeddings = embed_pictures(clip.networks["image_encoder"], clip.pictures.base, clip.device)
        torch.save(embeddings, path)
    return torch.load(path, weights_only=True)


@contextlib.contextmanager
def timed(what: str) -> Iterator[None]:
    started = time.monotonic()
    yield
    print(f"{what}: {(time.monotonic() - started) / 60:.1f} min", flush=True)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--out", type=Path, required=True, help="folder for pictures, checkpoints and losses")
    parser.add_argument("--minutes", type=float, default=106, help="training time of all stages together")
    parser.add_argument("--device", choices=("cpu", "cuda"), default="cpu")
    parser.add_argument("--base-size", type=int, choices=BASE_SIZES, default=32, help="of the decoder's pictures")
    parser.add_argument(
        "--pictures",
        type=int,
        nargs=3,
        default=PICTURES,
        help="how many to render in the size of the decoder and, of the same scenes, in those of the two upsamplers",
    )
    parser.add_argument("--styles", nargs="+", choices=STYLES, default=STYLES, help="styles of the world to draw")
    parser.add_argument("--materials", nargs="+", choices=MATERIALS, default=MATERIALS, help="materials to draw")
    parser.add_argument("--start-from", type=Path, help="a model folder, whose weights the stages begin with")
    parser.add_argument("--threads", type=int, default=2)
    parser.add_argument("--seed", type=int, default=0)
    args = parser.parse_args()
    torch.set_num_threads(args.threads)
    device = torch.device(args.device)
    run: Path = args.out

    def train(stage: Stage) -> None:
        if args.start_from and not checkpoint_path(run, stage.name).exists():
            start_from(args.start_from, stage, tokenizer)
        with timed(stage.name):
            train_stage(stage, run, SHARES[stage.name] * args.minutes * 60, device, args.seed)

    with timed("pictures"):
        pictures = load_pictures(
            run / "data", args.pictures, args.base_size, tuple(args.styles), tuple(args.materials)
        )
    (run / "settings.json").write_text(json.dumps({"base_size": args.base_size}) + "\n")
    if not (run / "tokenizer").exists():
        train_tokenizer(run / "tokenizer")
    tokenizer = load_tokenizer(run / "tokenizer")

    clip = ClipStage(tokenizer, pictures, device)
    train(clip)
    reader = TextReader(tokenizer, clip.networks["text_encoder"], device)
    with timed("embeddings"):
        embeddings = cached_embeddings(clip, run)

    train(PriorStage(reader, pictures, embeddings, device))
    upsampler = UpsamplerStage(pictures, 1, device)
    train(upsampler)
    train(LastUpsamplerStage(pictures, upsampler.networks[upsampler.network], device))
    train(UpsamplerStage(pictures, 2, device))
    train(DecoderStage(reader, pictures, embeddings, device))


if __name__ == "__main__":
    main()
