"""How sampler, steps and guidance of each stage trade time for quality: judges the model at many settings and draws the plot.

    python -m toybox.choices --out ../docs/choices

Each point is one run of `unclip evaluate`, whose results go into OUT.json as they come: run it again to go on. One setting is
moved at a time, from those of START. OUT.png shows all points.
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
SAMPLERS = ("unclip", "ddim", "dpmpp-2m")
# The model's defaults; decoder and prior are judged by their own small pictures.
START = {
    "--prior-steps": "10",
    "--prior-guidance": "2.5",
    "--decoder-sampler": "unclip",
    "--decoder-steps": "10",
    "--decoder-guidance": "1.5",
    "--upsamplers": "0",
}
Point = tuple[str, tuple[str, ...]]  # what the plot calls it, and all its flags


@dataclass(frozen=True)
class Series:
    """One line of one panel, over the time of a picture or over what is moved."""

    panel: str
    name: str
    points: tuple[Point, ...]
    timed: bool = False


def moved(values: dict[str, dict[str, str]]) -> tuple[Point, ...]:
    """Points by their names, from what they change of START."""
    return tuple(
        (name, tuple(part for flag in (START | changes).items() for part in flag)) for name, changes in values.items()
    )


def along(flag: str, values: tuple[float, ...], **others: str) -> tuple[Point, ...]:
    return moved({f"{value:g}": {flag: f"{value:g}", **others} for value in values})


SERIES = (
    *(
        Series("decoder: steps", name, along("--decoder-steps", (5, 10, 20, 40), **{"--decoder-sampler": name}), timed=True)
        for name in SAMPLERS
    ),
    Series("decoder: guidance", "guidance", along("--decoder-guidance", (1, 1.5, 2, 3, 4))),
    Series("prior: steps", "steps", along("--prior-steps", (2, 5, 10, 25))),
    Series("prior: guidance", "guidance", along("--prior-guidance", (1, 1.5, 2.5, 4))),
    Series(
        "upsamplers: steps",
        "steps",
        moved({steps: {"--upsamplers": "2", "--upsampler-steps": steps} for steps in ("2,2", "3,2", "4,2", "3,4", "7,7")}),
        timed=True,
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


def deviation(result: dict) -> float:
    """Half of the 95 % interval of the share that is right, in per cent."""
    return 196 * (result["right"] * (1 - result["right"]) / result["captions"]) ** 0.5


def draw(results: dict[str, dict], path: Path) -> None:
    """Two rows of panels: the share of pictures in which all is right, with its 95 % interval, and the Fréchet distance."""
    panels = list(dict.fromkeys(series.panel for series in SERIES))
    figure, axes = pyplot.subplots(2, len(panels), figsize=(3.4 * len(panels), 6.4), squeeze=False)
    for column, panel in enumerate(panels):
        for series in (series for series in SERIES if series.panel == panel):
            found = [(label, results[" ".join(flags)]) for label, flags in series.points if " ".join(flags) in results]
            xs = [result["seconds"] if series.timed else float(label) for label, result in found]
            right = [100 * result["right"] for _, result in found]
            distance = [result["distance"] for _, result in found]
            above, below = axes[0][column], axes[1][column]
            bars = [deviation(result) for _, result in found]
            above.errorbar(xs, right, bars, marker="o", markersize=4, linewidth=1.2, elinewidth=0.5, label=series.name)
            below.plot(xs, distance, marker="o", markersize=4, linewidth=1.2, label=series.name)
            for axis, ys in ((above, right), (below, distance)):
                for x, y, (label, _) in zip(xs, ys, found):
                    axis.annotate(label, (x, y), textcoords="offset points", xytext=(4, 4), fontsize=7)
                axis.set_xlabel("seconds a picture" if series.timed else panel.split(": ")[1])
                axis.margins(0.12)
                axis.grid(alpha=0.25)
        axes[0][column].set_ylim(0, 105)
        axes[0][column].set_title(panel, fontsize=10)
        if sum(series.panel == panel for series in SERIES) > 1:
            axes[0][column].legend(fontsize=7, loc="lower left")
    axes[0][0].set_ylabel("all right, %")
    axes[1][0].set_ylabel("Fréchet distance")
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
