"""The second judge: reads the same facts off a picture as the oracle, by another network from another seed and other renders.

    python -m toybox.judge --out runs/judge --minutes 20      # trains it, ships it in training/, and measures it
    python -m toybox.judge --out runs/judge --measure         # measures the shipped one

Where both judges agree that a model has become better, it was not tuned to one of them.
"""

from __future__ import annotations

import argparse
from pathlib import Path

import numpy as np
import torch
import torch.nn.functional as F
from safetensors.torch import load_file, save_file
from torch import nn

from toybox.captions import facts
from toybox.data import cached_render
from toybox.oracle import HEADS, SIZE, accuracies, attributes, hides_second, soften, split_heads, to_pixels, train
from toybox.world import sample_any_scene

SHIPPED = Path(__file__).parents[1] / "judge.safetensors"
TRAINING_SEED, TEST_SEED, SEED = 301, 302, 7
CHANNELS = (24, 48, 96)  # at 32, 16 and 8 pixels a side
HEADS_OF_ATTENTION = 4
GROUPS = 8


class Residual(nn.Module):
    """Two 3x3 convolutions beside the identity, normed by groups."""

    def __init__(self, channels: int):
        super().__init__()
        self.norms = nn.ModuleList(nn.GroupNorm(GROUPS, channels) for _ in range(2))
        self.convs = nn.ModuleList(nn.Conv2d(channels, channels, 3, padding=1) for _ in range(2))

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        out = x
        for norm, conv in zip(self.norms, self.convs):
            out = conv(F.relu(norm(out)))
        return x + out


class Judge(nn.Module):
    """Pixels in [-1, 1] [N, 3, 64, 64] to features [N, 11 C] and the logits of all heads, side by side, as `Oracle`.

    A residual network down to 8x8 places; then each fact has a question that looks for its answer by attention over the
    places, where the oracle has one layer over all of them.
    """

    def __init__(self) -> None:
        super().__init__()
        first, second, width = CHANNELS
        self.body = nn.Sequential(
            nn.Conv2d(3, first, 5, 2, padding=2),
            nn.ReLU(),
            nn.Conv2d(first, second, 3, 2, padding=1),
            nn.ReLU(),
            nn.Conv2d(second, width, 3, 2, padding=1),
            Residual(width),
            Residual(width),
        )
        self.place = nn.Parameter(0.02 * torch.randn((SIZE // 8) ** 2, width))
        self.norm = nn.LayerNorm(width)
        self.mixing = nn.TransformerEncoderLayer(width, HEADS_OF_ATTENTION, 2 * width, 0.0, batch_first=True, norm_first=True)
        self.questions = nn.Parameter(0.02 * torch.randn(len(HEADS), width))
        self.look = nn.MultiheadAttention(width, HEADS_OF_ATTENTION, batch_first=True)
        self.answers = nn.ModuleList(
            nn.Sequential(nn.Linear(width, width), nn.ReLU(), nn.Linear(width, len(values))) for values in HEADS.values()
        )

    def forward(self, x: torch.Tensor) -> tuple[torch.Tensor, torch.Tensor]:
        places = self.mixing(self.norm(self.body(x).flatten(2).transpose(1, 2)) + self.place)
        questions = self.questions.expand(len(x), -1, -1)
        found, _ = self.look(questions, places, places, need_weights=False)
        logits = [answer(found[:, i]) for i, answer in enumerate(self.answers)]
        return found.flatten(1), torch.cat(logits, dim=1)


def load_judge(path: Path = SHIPPED) -> Judge:
    """The shipped judge, in float32."""
    judge = Judge().eval()
    judge.load_state_dict({name: weight.float() for name, weight in load_file(path).items()})
    return judge


@torch.no_grad()
def read(judge: Judge, x: torch.Tensor) -> np.ndarray:
    """Facts [N, 11] that the judge reads off pixels [N, 3, 64, 64]."""
    logits = torch.cat([judge(part)[1] for part in x.split(256)])
    return torch.stack([part.argmax(1) for part in split_heads(logits).values()], 1).numpy()


def measure(judge: Judge, out: Path, count: int) -> None:
    """Prints how much it reads rightly off renders that nothing was trained on."""
    rng = np.random.default_rng(TEST_SEED)
    scenes = [sample_any_scene(rng) for _ in range(count)]
    pictures = cached_render(out, scenes, SIZE, 4)
    rows, x = np.stack([facts(scene) for scene in scenes]), to_pixels(pictures)
    plain, soft = (read(judge, each) for each in (x, soften(x, np.random.default_rng(0))))
    shown = ~hides_second(scenes, pictures, out)
    readings = ((plain, rows), (plain[shown], rows[shown]), (soft, rows))
    columns = [attributes(*reading) | accuracies(*reading) for reading in readings]
    print(f"{f'read rightly off {count} fresh renders':40}{'all':>10}{'in sight':>10}{'softened':>10}")
    for name in columns[0]:
        print(f"{name:40}" + "".join(f"{column[name]:10.4f}" for column in columns))
    every = [np.mean([column[name] for name in HEADS]) for column in columns]
    print(f"{'mean of all heads':40}" + "".join(f"{share:10.4f}" for share in every))


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--out", type=Path, required=True, help="folder for pictures")
    parser.add_argument("--minutes", type=float, default=20)
    parser.add_argument("--pictures", type=int, default=30_000)
    parser.add_argument("--test-pictures", type=int, default=3_000)
    parser.add_argument("--measure", action="store_true", help="only measure the shipped one")
    parser.add_argument("--further", action="store_true", help="begin with the weights of the shipped one")
    parser.add_argument("--device", choices=("cpu", "cuda"), default="cpu")
    parser.add_argument("--threads", type=int, default=2)
    args = parser.parse_args()
    torch.set_num_threads(args.threads)
    args.out.mkdir(parents=True, exist_ok=True)
    if not args.measure:
        rng = np.random.default_rng(TRAINING_SEED)
        scenes = [sample_any_scene(rng) for _ in range(args.pictures)]
        pictures = cached_render(args.out, scenes, SIZE, 2)
        print(f"{len(scenes)} training pictures", flush=True)
        torch.manual_seed(SEED)
        judge = load_judge().train() if args.further else Judge()
        print(f"{sum(weight.numel() for weight in judge.parameters()):,} parameters", flush=True)
        train(judge, pictures, np.stack([facts(scene) for scene in scenes]), args.minutes * 60, SEED, args.device)
        save_file({name: weight.half().contiguous() for name, weight in judge.state_dict().items()}, SHIPPED)
        SHIPPED.chmod(0o644)
    measure(load_judge(), args.out, args.test_pictures)


if __name__ == "__main__":
    main()
