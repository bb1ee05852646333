"""Does attention at its lowest resolution help an upsampler? Trains one without and one with it, on the same batches.

    python -m toybox.attention --data runs/v1/data --steps 600

Prints the loss of either on pictures that neither saw, and what a step costs.
"""

from __future__ import annotations

import argparse
import time
from dataclasses import replace
from pathlib import Path

import numpy as np
import torch

from toybox.data import BASE_SIZES, PICTURES, Pictures, load_pictures
from toybox.optimise import LARGEST_GRADIENT, WARMUP_STEPS, WEIGHT_DECAY, multiplies_bfloat16
from toybox.upsampler import UpsamplerStage

HELD_BACK = 128  # pictures that measure
BATCHES = 12  # of them, at random timesteps: the same ones for both networks


class Learner:
    """An upsampler, its optimiser, and the seconds its steps took."""

    def __init__(self, pictures: Pictures, attention: bool, device: torch.device):
        torch.manual_seed(0)
        self.stage = UpsamplerStage(pictures, 1, device, attention)
        self.optimiser = torch.optim.AdamW(
            self.stage.networks.parameters(), lr=self.stage.learning_rate, weight_decay=WEIGHT_DECAY, betas=(0.9, 0.99)
        )
        self.seconds = 0.0

    def step(self, step: int, steps: int) -> None:
        started = time.monotonic()
        rate = min(1.0, (step + 1) / WARMUP_STEPS) * 0.5 * (1 + np.cos(np.pi * step / steps))
        self.optimiser.param_groups[0]["lr"] = self.stage.learning_rate * rate
        torch.manual_seed(step)
        self.loss(self.stage, np.random.default_rng(step)).backward()
        torch.nn.utils.clip_grad_norm_(self.stage.networks.parameters(), LARGEST_GRADIENT)
        self.optimiser.step()
        self.optimiser.zero_grad()
        self.seconds += time.monotonic() - started

    def loss(self, stage: UpsamplerStage, rng: np.random.Generator) -> torch.Tensor:
        with torch.autocast(stage.device.type, torch.bfloat16, enabled=multiplies_bfloat16(stage.device)):
            return stage.loss(rng)["loss"]

    @torch.no_grad()
    def measure(self, pictures: Pictures) -> float:
        judge = UpsamplerStage(pictures, 1, self.stage.device)
        judge.networks = self.stage.networks
        torch.manual_seed(1)
        rng = np.random.default_rng(1)
        return float(np.mean([self.loss(judge, rng).item() for _ in range(BATCHES)]))


def part(pictures: Pictures, window: slice) -> Pictures:
    """Some of the pictures that are there in the first upsampler's size."""
    small, large = pictures.levels[0], pictures.levels[1]
    return replace(pictures, levels=[level[: len(large)][window] for level in (small, large)])


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--data", type=Path, required=True, help="folder of rendered pictures, for example of a run")
    parser.add_argument("--steps", type=int, default=600)
    parser.add_argument("--base-size", type=int, choices=BASE_SIZES, default=32)
    parser.add_argument("--pictures", type=int, nargs=3, default=PICTURES, help="as in the run")
    parser.add_argument("--device", choices=("cpu", "cuda"), default="cpu")
    parser.add_argument("--threads", type=int, default=2)
    args = parser.parse_args()
    torch.set_num_threads(args.threads)
    pictures = load_pictures(args.data, args.pictures, args.base_size)
    seen, unseen = part(pictures, slice(HELD_BACK, None)), part(pictures, slice(HELD_BACK))
    learners = {name: Learner(seen, name == "attention", torch.device(args.device)) for name in ("none", "attention")}
    for step in range(args.steps):
        for learner in learners.values():
            learner.step(step, args.steps)
    for name, learner in learners.items():
        print(f"{name}: loss {learner.measure(unseen):.5f}, {learner.seconds / args.steps:.2f} s a step")


if __name__ == "__main__":
    main()
