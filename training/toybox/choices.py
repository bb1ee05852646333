"""How sampler, steps and guidance of each stage trade time for quality: judges the model at many settings and draws the plot.

    python -m toybox.choices --out ../docs/choices

Each point is one run of `unclip evaluate`, whose results go into OUT.json as they come: run it again to go on. One setting is
moved at a time; the others are the model's own. OUT.png shows all points.
"""

from __future__ import annotations

import argparse
import json
import subprocess
from dataclasses import dataclass
from pathlib import Path

import matplotlib

matplotlib.use("Agg")
from matplotlib import pyplot

ROOT = Path(__file__).parents[2]
SAMPLERS = ("unclip", "ddim", "dpmpp-2m", "euler-ancestral")
BASE = ("--upsamplers", "0")  # decoder and prior are judged by their own pictures


@dataclass(frozen=True)
class Series:
    """One line of one panel: the flags that are moved, and what each point is called."""

    panel: str
    name: str
    points: tuple[tuple[str, tuple[str, ...]], ...]


def moved(flag: str, values: tuple[float, ...], *others: str) -> tuple[tuple[str, tuple[str, ...]], ...]:
    return tuple((f"{value:g}", (flag, f"{value:g}", *others)) for value in values)


SERIES = (
    *(
        Series("decoder: steps", name, moved("--decoder-steps", (5, 10, 20, 40), "--decoder-sampler", name, *BASE))
        for name in SAMPLERS
    ),
    Series("decoder: guidance", "guidance", moved("--decoder-guidance", (1, 1.5, 2, 3, 4), *BASE)),
    Series("prior: steps", "steps", moved("--prior-steps", (2, 5, 10, 25), *BASE)),
    Series("prior: guidance", "guidance", moved("--prior-guidance", (1, 1.5, 2, 4), *BASE)),
    Series(
        "upsamplers: steps",
        "steps",
        tuple((steps, ("--upsampler-steps", steps)) for steps in ("1,1", "2,1", "3,1", "3,2", "7,4")),
    ),
)


def judge(flags: tuple[str, ...], captions: int) -> dict:
    """What `unclip evaluate` finds at a setting, in short."""
    command = ["npm", "run", "-s", "unclip", "--", "evaluate", "--captions", str(captions), "--json", *flags]
    done = subprocess.run(command, cwd=ROOT, check=True, capture_output=True, text=True)
    report = json.loads(done.stdout)
    rows = report["captions"]
    right = sum(all(v["right"] == v["total"] for v in row["verdict"].values()) for row in rows)
    return {
        "flags": " ".join(flags),
        "captions": captions,
        "seconds": round(report["paintingMs"] / captions / 1000, 3),
        "right": round(right / captions, 4),
        "distance": round(report["frechetDistance"]["generated"], 3),
        "distanceOfReal": round(report["frechetDistance"]["real"], 3),
        "shares": {name: score["share"] for name, score in report["generated"].items()},
    }


def draw(results: dict[str, dict], path: Path) -> None:
    """Two rows of panels: the share of pictures in which all is right, and the Fréchet distance, over the time of a picture."""
    panels = list(dict.fromkeys(series.panel for series in SERIES))
    figure, axes = pyplot.subplots(2, len(panels), figsize=(3.4 * len(panels), 6.4), squeeze=False)
    for column, panel in enumerate(panels):
        lines = [series for series in SERIES if series.panel == panel]
        for row, (key, title) in enumerate((("right", "all right, %"), ("distance", "Fréchet distance"))):
            axis = axes[row][column]
            for series in lines:
                found = [(label, results[" ".join(flags)]) for label, flags in series.points if " ".join(flags) in results]
                ys = [100 * result[key] if key == "right" else result[key] for _, result in found]
                xs = [result["seconds"] for _, result in found]
                axis.plot(xs, ys, marker="o", markersize=4, linewidth=1.2, label=series.name)
                for x, y, (label, _) in zip(xs, ys, found):
                    axis.annotate(label, (x, y), textcoords="offset points", xytext=(4, 4), fontsize=7)
            axis.set_xlabel("seconds a picture")
            axis.margins(0.12)
            axis.grid(alpha=0.25)
            if column == 0:
                axis.set_ylabel(title)
            if row == 0:
                axis.set_title(panel, fontsize=10)
            if len(lines) > 1:
                axis.legend(fontsize=7)
    figure.tight_layout()
    figure.savefig(path, dpi=110)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--out", type=Path, required=True, help="path without an ending, of a .json and a .png file")
    parser.add_argument("--captions", type=int, default=100)
    parser.add_argument("--panels", nargs="+", help="only those whose names begin so")
    args = parser.parse_args()
    file = args.out.with_suffix(".json")
    results: dict[str, dict] = {row["flags"]: row for row in json.loads(file.read_text())} if file.exists() else {}
    for series in SERIES:
        if args.panels and not series.panel.startswith(tuple(args.panels)):
            continue
        for _, flags in series.points:
            key = " ".join(flags)
            if results.get(key, {}).get("captions") == args.captions:
                continue
            results[key] = judge(flags, args.captions)
            print(f"{series.panel}, {key}: {results[key]['right']:.2f} right, {results[key]['seconds']} s", flush=True)
            file.write_text("[\n" + ",\n".join(map(json.dumps, results.values())) + "\n]\n")
    draw(results, args.out.with_suffix(".png"))


if __name__ == "__main__":
    main()
