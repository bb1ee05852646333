"""The oracle: a small network that reads style, ground, relation and things off a picture; trained and shipped here.

    python -m toybox.oracle --out runs/oracle --minutes 15
    python -m toybox.oracle --out runs/oracle --measure       # how good the shipped one is

It learns from renders of the whole world, held-out combinations included: it judges models, it is not one of them.
"""

from __future__ import annotations

import argparse
import json
import time
from collections.abc import Callable
from dataclasses import replace
from importlib.metadata import version
from pathlib import Path

import numpy as np
import torch
import torch.nn.functional as F
from safetensors.torch import load_file, save_file
from torch import nn

from toybox.captions import RELATION_FACT, THING_FACTS, facts
from toybox.data import cached_render
from toybox.optimise import Average, Progress, learning_rate
from toybox.world import (
    COLOURS,
    GROUNDS,
    MATERIALS,
    RELATIONS,
    SHAPES,
    SIZES,
    STYLES,
    Scene,
    sample_any_scene,
    sample_scene,
)

SIZE = 64
FEATURES = 128
# (channels, stride) of each 3x3 convolution: 64 -> 32 -> 16 -> 16 -> 8 -> 8 -> 4 pixels a side.
BLOCKS = ((32, 2), (64, 2), (64, 1), (128, 2), (128, 1), (128, 2))
ABSENT, NONE = "absent", "none"
# What the network tells, in the order of captions.facts.
HEADS: dict[str, tuple[str, ...]] = {
    "first_shape": SHAPES,
    "first_colour": COLOURS,
    "first_size": SIZES,
    "first_material": MATERIALS,
    "second_shape": (*SHAPES, ABSENT),
    "second_colour": (*COLOURS, ABSENT),
    "second_size": (*SIZES, ABSENT),
    "second_material": (*MATERIALS, ABSENT),
    "relation": (*RELATIONS, NONE),
    "ground": GROUNDS,
    "style": STYLES,
}

TRAINING_SEED, TEST_SEED, STATISTICS_SEED = 101, 102, 103
BATCH_SIZE = 128
PEAK_LEARNING_RATE = 2e-3
WEIGHT_DECAY = 0.02
SOFTENED_SHARE = 0.5
LARGEST_NOISE = 0.06  # of pixels in [-1, 1]
REPORT_EVERY = 30.0  # seconds
# A second thing is in sight if this many of the picture's 4,096 pixels show its colour.
LEAST_IN_SIGHT = 60
FIXTURE_PICTURES = 8

Weights = dict[str, torch.Tensor]


class Oracle(nn.Module):
    """Pixels in [-1, 1] [N, 3, 64, 64] to features [N, FEATURES] and the logits of all heads, side by side."""

    def __init__(self) -> None:
        super().__init__()
        inputs = (3, *(channels for channels, _ in BLOCKS))
        self.convs = nn.ModuleList(
            nn.Conv2d(i, o, 3, stride, padding=1, bias=False) for i, (o, stride) in zip(inputs, BLOCKS)
        )
        self.norms = nn.ModuleList(nn.BatchNorm2d(channels) for channels, _ in BLOCKS)
        cells = (SIZE // int(np.prod([stride for _, stride in BLOCKS]))) ** 2
        self.features = nn.Linear(BLOCKS[-1][0] * cells, FEATURES)
        self.heads = nn.Linear(FEATURES, sum(map(len, HEADS.values())))

    def forward(self, x: torch.Tensor) -> tuple[torch.Tensor, torch.Tensor]:
        for conv, norm in zip(self.convs, self.norms):
            x = F.silu(norm(conv(x)))
        features = F.silu(self.features(x.flatten(1)))
        return features, self.heads(features)

    @torch.no_grad()
    def folded(self) -> Weights:
        """The weights in half precision with each norm multiplied into the convolution before it: what is shipped."""
        weights = {}
        for i, (conv, norm) in enumerate(zip(self.convs, self.norms)):
            gain = norm.weight / torch.sqrt(norm.running_var + norm.eps)
            weights[f"convs.{i}.weight"] = conv.weight * gain[:, None, None, None]
            weights[f"convs.{i}.bias"] = norm.bias - norm.running_mean * gain
        for name in ("features", "heads"):
            layer = getattr(self, name)
            weights |= {f"{name}.weight": layer.weight, f"{name}.bias": layer.bias}
        return {name: weight.half().contiguous() for name, weight in weights.items()}


@torch.no_grad()
def apply(weights: Weights, x: torch.Tensor) -> tuple[torch.Tensor, torch.Tensor]:
    """Features and logits as `Oracle` gives them in evaluation, from its folded weights."""
    weights = {name: weight.float() for name, weight in weights.items()}
    for i, (_, stride) in enumerate(BLOCKS):
        x = F.silu(F.conv2d(x, weights[f"convs.{i}.weight"], weights[f"convs.{i}.bias"], stride, padding=1))
    features = F.silu(F.linear(x.flatten(1), weights["features.weight"], weights["features.bias"]))
    return features, F.linear(features, weights["heads.weight"], weights["heads.bias"])


def split_heads(logits: torch.Tensor) -> dict[str, torch.Tensor]:
    """Logits [N, 50] by head."""
    return dict(zip(HEADS, logits.split([len(values) for values in HEADS.values()], dim=1)))


def to_pixels(pictures: np.ndarray) -> torch.Tensor:
    """uint8 [N, H, W, 3] to pixels in [-1, 1] [N, 3, H, W], channels last in memory."""
    return torch.from_numpy(pictures).permute(0, 3, 1, 2).float().div_(127.5).sub_(1)


def mirror(x: torch.Tensor, rows: np.ndarray, which: np.ndarray) -> tuple[torch.Tensor, np.ndarray]:
    """Mirrors the pictures `which` [N], and exchanges their things where one stands left of the other."""
    x = torch.where(torch.from_numpy(which).to(x.device)[:, None, None, None], x.flip(3), x)
    rows, swapped = rows.copy(), which & (rows[:, RELATION_FACT] == RELATIONS.index("left of"))
    rows[swapped, : 2 * THING_FACTS] = np.roll(rows[swapped, : 2 * THING_FACTS], THING_FACTS, axis=1)
    return x, rows


def soften(x: torch.Tensor, rng: np.random.Generator) -> torch.Tensor:
    """What painting does to pictures [N, 3, 64, 64]: half lose their fine detail, all are a little blurred and noisy."""
    half = len(x) // 2
    small = F.interpolate(x[:half], scale_factor=0.5, mode="area")
    x = torch.cat((F.interpolate(small, scale_factor=2, mode="bilinear"), x[half:]))
    share = torch.from_numpy(rng.uniform(0, 0.8, (len(x), 1, 1, 1)).astype(np.float32)).to(x.device)
    x = x.lerp(F.avg_pool2d(F.pad(x, (1, 1, 1, 1), mode="replicate"), 3, 1), share)
    noise = torch.from_numpy(rng.uniform(0, LARGEST_NOISE, (len(x), 1, 1, 1)).astype(np.float32)).to(x.device)
    return x + noise * torch.randn_like(x)


def train(
    oracle: nn.Module, pictures: np.ndarray, rows: np.ndarray, seconds: float, seed: int, device: str = "cpu"
) -> None:
    """Trains an oracle on pictures [N, 64, 64, 3] with their facts [N, 11] and leaves it on the processor with the averaged weights."""
    rng = np.random.default_rng(seed)
    oracle.to(device, memory_format=torch.channels_last)
    optimiser = torch.optim.AdamW(oracle.parameters(), weight_decay=WEIGHT_DECAY, betas=(0.9, 0.99), fused=True)
    average, progress, started = Average(oracle), Progress(), time.monotonic()
    reported, losses = 0.0, []
    while progress.seconds < seconds:
        for group in optimiser.param_groups:
            group["lr"] = learning_rate(progress, PEAK_LEARNING_RATE, seconds)
        chosen = rng.integers(len(pictures), size=BATCH_SIZE)
        x, truth = mirror(to_pixels(pictures[chosen]).to(device), rows[chosen], rng.random(BATCH_SIZE) < 0.5)
        softened = int(BATCH_SIZE * SOFTENED_SHARE)
        x = torch.cat((soften(x[:softened], rng), x[softened:])).contiguous(memory_format=torch.channels_last)
        target = torch.from_numpy(truth).long().to(device)
        heads = split_heads(oracle(x)[1]).values()
        loss = sum(F.cross_entropy(logits, target[:, i]) for i, logits in enumerate(heads))
        loss.backward()
        optimiser.step()
        optimiser.zero_grad(set_to_none=True)
        progress.step += 1
        progress.seconds = time.monotonic() - started
        average.update(oracle, progress.step)
        losses.append(loss.item())
        if progress.seconds - reported > REPORT_EVERY:
            print(f"{progress.seconds:5.0f} s, step {progress.step}: loss {np.mean(losses):.4f}", flush=True)
            reported, losses = progress.seconds, []
    oracle.load_state_dict(average.weights)
    oracle.cpu().eval()


def read(weights: Weights, x: torch.Tensor) -> tuple[torch.Tensor, np.ndarray]:
    """Features [N, FEATURES] and facts [N, 11] that the oracle reads off pixels [N, 3, 64, 64]."""
    features, logits = zip(*(apply(weights, part) for part in x.split(256)))
    told = [part.argmax(1) for part in split_heads(torch.cat(logits)).values()]
    return torch.cat(features), torch.stack(told, 1).numpy()


def accuracies(told: np.ndarray, rows: np.ndarray) -> dict[str, float]:
    """Share of pictures read rightly, by head; of a second thing, among the pictures that have one."""
    right = told == rows
    pairs = rows[:, RELATION_FACT] < len(RELATIONS)
    return {
        name: float(right[pairs, i].mean() if name.startswith("second") else right[:, i].mean())
        for i, name in enumerate(HEADS)
    }


def attributes(told: np.ndarray, rows: np.ndarray) -> dict[str, float]:
    """Share of all things, first and second ones together, whose attribute is read rightly."""
    right, pairs = told == rows, rows[:, RELATION_FACT] < len(RELATIONS)
    both = [np.concatenate((right[:, i], right[pairs, THING_FACTS + i])) for i in range(THING_FACTS)]
    return dict(zip(("shape", "colour", "size", "material"), (float(each.mean()) for each in both), strict=True))


def hides_second(scenes: list[Scene], pictures: np.ndarray, folder: Path) -> np.ndarray:
    """Which scenes have a second thing that is next to hidden, bool [N]: seen by giving it another colour."""
    pairs = [i for i, scene in enumerate(scenes) if scene.relation is not None]
    repainted = []
    for first, second in (scenes[i].things for i in pairs):
        other = "blue" if second.colour == "orange" else "orange"
        repainted.append((first, replace(second, colour=other)))
    others = [replace(scenes[i], things=things) for i, things in zip(pairs, repainted)]
    changed = np.abs(cached_render(folder, others, SIZE, 4).astype(int) - pictures[pairs]).max(-1) > 24
    hidden = np.zeros(len(scenes), dtype=bool)
    hidden[pairs] = changed.sum((1, 2)) < LEAST_IN_SIGHT
    return hidden


def ship(weights: Weights, pictures: np.ndarray, folder: Path, fixture: Path) -> None:
    """Writes config, weights, the statistics of the features of real pictures [N, 64, 64, 3], and a test's fixture."""
    folder.mkdir(parents=True, exist_ok=True)
    config = {
        "_class_name": "ToyboxOracle",
        "sample_size": SIZE,
        "block_out_channels": [channels for channels, _ in BLOCKS],
        "strides": [stride for _, stride in BLOCKS],
        "features": FEATURES,
        "heads": HEADS,
    }
    (folder / "config.json").write_text(json.dumps(config, indent=2) + "\n")
    save(weights, folder / "model.safetensors", {"format": "pt"})
    features = read(weights, to_pixels(pictures))[0].double()
    statistics = {"mean": features.mean(0).float(), "covariance": features.T.cov().float()}
    save(statistics, folder / "statistics.safetensors", {"pictures": str(len(pictures))})

    some = pictures[:FIXTURE_PICTURES]
    features, logits = apply(weights, to_pixels(some))
    provenance = {
        "maker": "training/toybox/oracle.py",
        "command": "python -m toybox.oracle --out runs/oracle",
        "versions": {package: version(package).split("+")[0] for package in ("torch", "safetensors", "numpy")},
    }
    tensors = {"pictures": torch.from_numpy(some.copy()), "features": features, "logits": logits}
    save(tensors, fixture, {"provenance": json.dumps(provenance)})


def save(tensors: Weights, path: Path, metadata: dict[str, str]) -> None:
    """Writes a safetensors file that everybody may read."""
    save_file(tensors, path, metadata)
    path.chmod(0o644)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--out", type=Path, required=True, help="folder for pictures and the trained weights")
    parser.add_argument("--ship", type=Path, default=Path("../packages/evaluation/oracle"))
    parser.add_argument("--fixture", type=Path, default=Path("../fixtures/oracle.safetensors"))
    parser.add_argument("--minutes", type=float, default=15, help="of training; none where there are trained weights")
    parser.add_argument("--pictures", type=int, default=45_000)
    parser.add_argument("--test-pictures", type=int, default=5_000)
    parser.add_argument("--measure", action="store_true", help="only measure the one in the folder of --ship")
    parser.add_argument("--threads", type=int, default=2)
    parser.add_argument("--seed", type=int, default=0)
    args = parser.parse_args()
    torch.set_num_threads(args.threads)
    out: Path = args.out
    out.mkdir(parents=True, exist_ok=True)

    def draw(
        count: int, seed: int, sample: Callable[[np.random.Generator], Scene], samples: int = 4
    ) -> tuple[list[Scene], np.ndarray]:
        rng = np.random.default_rng(seed)
        scenes = [sample(rng) for _ in range(count)]
        return scenes, cached_render(out, scenes, SIZE, samples)

    def trained() -> Weights:
        path = out / "oracle.pt"
        if path.exists():
            oracle = Oracle()
            oracle.load_state_dict(torch.load(path, weights_only=True))
            return oracle.folded()
        scenes, pictures = draw(args.pictures, TRAINING_SEED, sample_any_scene, samples=3)
        print(f"{len(scenes)} training pictures", flush=True)
        torch.manual_seed(args.seed)
        oracle = Oracle()
        train(oracle, pictures, np.stack([facts(scene) for scene in scenes]), args.minutes * 60, args.seed)
        torch.save(oracle.state_dict(), path)
        return oracle.folded()

    weights = load_file(args.ship / "model.safetensors") if args.measure else trained()
    scenes, pictures = draw(args.test_pictures, TEST_SEED, sample_any_scene)
    rows, x = np.stack([facts(scene) for scene in scenes]), to_pixels(pictures)
    plain, soft = (read(weights, each)[1] for each in (x, soften(x, np.random.default_rng(0))))
    shown = ~hides_second(scenes, pictures, out)
    readings = ((plain, rows), (plain[shown], rows[shown]), (soft, rows))
    columns = [attributes(*reading) | accuracies(*reading) for reading in readings]
    print(f"{'read rightly off fresh renders':32}{'all':>10}{'in sight':>10}{'softened':>10}")
    for name in columns[0]:
        print(f"{name:32}" + "".join(f"{column[name]:10.4f}" for column in columns))
    print(f"in sight: all but the {(~shown).mean():.1%} whose second thing shows fewer than {LEAST_IN_SIGHT} pixels")
    if not args.measure:
        ship(weights, draw(args.test_pictures, STATISTICS_SEED, sample_scene)[1], args.ship, args.fixture)


if __name__ == "__main__":
    main()
