"""How any stage trains within a time budget: its optimiser, averaged weights, checkpoints and log."""

from __future__ import annotations

import json
import math
import time
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path
from typing import Protocol

import numpy as np
import torch
from torch import nn

WARMUP_STEPS = 50
WEIGHT_DECAY = 0.01
LARGEST_GRADIENT = 1.0
LONGEST_EMA = 0.998
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


@lru_cache
def multiplies_bfloat16(device: torch.device) -> bool:
    """Whether bfloat16 is faster than float32 here. On processors that is measured: some that have the instructions are slower."""
    if device.type == "cuda":
        return True
    x, conv = torch.randn(16, 64, 32, 32), nn.Conv2d(64, 64, 3, padding=1)
    best = dict.fromkeys((True, False), math.inf)
    for _ in range(3):
        for half in best:
            started = time.monotonic()
            with torch.autocast("cpu", torch.bfloat16, enabled=half):
                conv(x).float().sum().backward()
            best[half] = min(best[half], time.monotonic() - started)
    return best[True] < best[False]


class Training:
    """One stage while it trains: its optimiser, averaged weights and progress, which are also what a checkpoint holds."""

    def __init__(self, stage: Stage, run: Path, budget: float, device: torch.device):
        self.stage, self.budget, self.device = stage, budget, device
        self.autocast = multiplies_bfloat16(device)
        self.path = checkpoint_path(run, stage.name)
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

    def step(self, rng: np.random.Generator) -> dict[str, torch.Tensor]:
        """One step; its losses stay on the device, so that a GPU need not be waited for."""
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
        return {name: value.detach() for name, value in losses.items()}


def train_stage(stage: Stage, run: Path, budget: float, device: torch.device, seed: int) -> None:
    """Trains until the stage has used `budget` seconds, from its checkpoint if there is one, then loads the average."""
    training = Training(stage, run, budget, device)
    progress = training.progress
    rewind_log(run / "losses.jsonl", stage, progress)
    rng = np.random.default_rng((seed, progress.step))
    torch.manual_seed(seed + progress.step)
    stage.networks.train()
    window: list[dict[str, torch.Tensor]] = []
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


def log_line(stage: Stage, progress: Progress, window: list[dict[str, torch.Tensor]]) -> dict[str, object]:
    means = {name: round(torch.stack([row[name] for row in window]).mean().item(), 5) for name in window[0]}
    pictures = progress.step * stage.batch_size
    return {
        "stage": stage.name,
        "step": progress.step,
        "seconds": round(progress.seconds, 1),
        "pictures": pictures,
        **means,
    }
