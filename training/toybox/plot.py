"""Plots the losses of a run over training time, one panel a stage.

    python -m toybox.plot --losses losses.jsonl --out losses.png
"""

from __future__ import annotations

import argparse
import json
from collections import defaultdict
from pathlib import Path

import matplotlib

matplotlib.use("Agg")
import matplotlib.pyplot as plt

INFORMATION = {"stage", "step", "seconds", "pictures"}


def read_losses(path: Path) -> dict[str, list[dict]]:
    """The log's lines by stage, in training order."""
    stages: defaultdict[str, list[dict]] = defaultdict(list)
    for line in path.read_text().splitlines():
        row = json.loads(line)
        stages[row["stage"]].append(row)
    return stages


def plot(losses: Path, out: Path) -> None:
    stages = read_losses(losses)
    figure, panels = plt.subplots(1, len(stages), figsize=(4 * len(stages), 3.2), layout="constrained", squeeze=False)
    for panel, (stage, rows) in zip(panels[0], stages.items(), strict=True):
        for name in sorted(rows[-1].keys() - INFORMATION - {"accuracy"}):
            logged = [row for row in rows if name in row]  # some losses came in while a stage trained
            panel.plot([row["seconds"] / 60 for row in logged], [row[name] for row in logged], label=name, linewidth=1)
        panel.set(title=f"{stage}, {rows[-1]['pictures']:,} pictures", xlabel="minutes", yscale="log")
        panel.legend(frameon=False)
    figure.savefig(out, dpi=110)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--losses", type=Path, required=True)
    parser.add_argument("--out", type=Path, required=True)
    args = parser.parse_args()
    plot(args.losses, args.out)


if __name__ == "__main__":
    main()
