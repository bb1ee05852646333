"""Draws seconds a picture against quality, of this project's presets and types and of diffusers in its types.

    python -m toybox.speed_and_quality --pictures ../docs/benchmarks-picture.json --out ../docs/benchmarks.png

Seconds are those of `npm run bench:picture -- <karlo> --json`. Quality is that of toybox, as presets.py and diffusers_quality.py write it down,
because pictures of random weights have none. Diffusers in float32 paints the pictures of `exact`.
"""

from __future__ import annotations

import argparse
import json
from pathlib import Path

import matplotlib

matplotlib.use("Agg")
from matplotlib import pyplot
from matplotlib.ticker import LogLocator, NullFormatter

from toybox.presets import distance_interval, summary

DOCS = Path(__file__).parents[2] / "docs"
EXACT = "--preset exact"
SERIES = {
    ("unclip", "float32"): ("unclip, float32", "tab:blue", "o"),
    ("unclip", "int8"): ("unclip, int8", "tab:green", "s"),
    ("diffusers", "float32"): ("diffusers, float32", "tab:orange", "^"),
    ("diffusers", "bfloat16"): ("diffusers, bfloat16", "tab:red", "v"),
}


def flags_of(way: dict) -> str:
    """Under which flags the quality of a way to paint is written down."""
    if way["side"] == "diffusers":
        return EXACT if way["dtype"] == "float32" else f"diffusers {way['dtype']}"
    return f"--preset {way['preset']}" + ("" if way["dtype"] == "float32" else f" --dtype {way['dtype']}")


def points(ways: list[dict], rows: list[dict]) -> list[dict]:
    """What is drawn of each way: its seconds and, where it was measured, its quality."""
    found = []
    for way in ways:
        name, colour, marker = SERIES[way["side"], way["dtype"]]
        own = [row for row in rows if row["flags"] == flags_of(way)]
        point = {"series": name, "colour": colour, "marker": marker, "label": way.get("preset", "")}
        point |= {"painting": way["paintSeconds"], "together": way["openSeconds"] + way["paintSeconds"]}
        if own:
            of_all, distances = summary(own), [row["distance"] for row in own]
            low, high = of_all["interval"]
            point["share"] = (100 * of_all["share"], 100 * low, 100 * high)
            point["distance"] = (of_all["distance"], min(distances), max(distances))
        found.append(point)
    return found


def bands(rows: list[dict]) -> dict[str, tuple[float, float]]:
    """Where exact's quality lies, at 95 %: its share, and the distance of one more seed."""
    exact = [row for row in rows if row["flags"] == EXACT]
    low, high = summary(exact)["interval"]
    return {"share": (100 * low, 100 * high), "distance": distance_interval([row["distance"] for row in exact])}


def draw(found: list[dict], around: dict[str, tuple[float, float]], about: dict, captions: int, path: Path) -> None:
    figure, axes = pyplot.subplots(1, 2, figsize=(11, 4.8))
    panels = {"distance": "Fréchet distance to renders on toybox (less is better)", "share": "toybox pictures in which all is right, %"}
    for axis, (measure, title) in zip(axes, panels.items()):
        axis.axhspan(*around[measure], color="0.92", zorder=0)
        named = set()
        for point in found:
            label = point["series"] if point["series"] not in named else None
            named.add(point["series"])
            style = {"color": point["colour"], "marker": point["marker"]}
            if measure not in point:
                axis.axvline(point["painting"], color=point["colour"], linestyle=":", label=f"{point['series']}: not judged")
                continue
            value, low, high = point[measure]
            axis.errorbar(point["painting"], value, [[value - low], [high - value]], elinewidth=0.6, label=label, linestyle="", **style)
            axis.plot([point["painting"], point["together"]], [value, value], color=point["colour"], linewidth=1)
            axis.annotate(point["label"], (point["painting"], value), textcoords="offset points", xytext=(5, 5), fontsize=8)
        axis.set_xscale("log")
        axis.xaxis.set_major_locator(LogLocator(subs=(1, 2, 5)))
        axis.xaxis.set_major_formatter("{x:g}")
        axis.xaxis.set_minor_formatter(NullFormatter())
        axis.set_xlabel("seconds a picture, at Karlo's size")
        axis.set_ylabel(title)
        axis.margins(0.15)
        axis.grid(alpha=0.25)
    figure.legend(*axes[0].get_legend_handles_labels(), fontsize=8, loc="upper center", ncols=4, frameon=False, bbox_to_anchor=(0.5, 0.95))
    figure.suptitle(
        f"Quality is toybox's ({captions} captions, 32 pixels); seconds are those of random weights of Karlo's size "
        f"({about['steps']} steps, threads: {about['threads']})",
        fontsize=10,
    )
    figure.text(
        0.5,
        0.005,
        "Marks: painting with open networks; the line to the right: with opening them. Upright lines: least and largest of the seeds, or 95 % of the share. "
        "Grey: where exact lies, at 95 %.",
        ha="center",
        fontsize=7.5,
    )
    figure.tight_layout(rect=(0, 0.03, 1, 0.93))
    figure.savefig(path, dpi=110)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--pictures", type=Path, required=True, help="what bench:picture --json prints")
    parser.add_argument("--quality", type=Path, nargs="+", default=[DOCS / "presets.json", DOCS / "diffusers-quality.json"])
    parser.add_argument("--out", type=Path, required=True, help="a .png file")
    args = parser.parse_args()
    about = json.loads(args.pictures.read_text())
    rows = [row for file in args.quality for row in json.loads(file.read_text())]
    most = max(row["captions"] for row in rows)
    judged = [row for row in rows if row["captions"] == most]
    draw(points(about["measurements"], judged), bands(judged), about, most, args.out)


if __name__ == "__main__":
    main()
