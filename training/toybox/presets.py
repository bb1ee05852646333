"""What the presets, and each thing that they do, cost and bring: judges a model with them and writes the table.

    python -m toybox.presets --out ../docs/presets.json

Each point is a run of `unclip evaluate`, whose results go into OUT as they come: run it again to go on. Pictures are painted at
32 pixels, from other noise for each seed, in one thread; the time is that of the processor, so that other work beside it hardly matters.
"""

from __future__ import annotations

import argparse
import json
import subprocess
from concurrent.futures import ThreadPoolExecutor, as_completed
from pathlib import Path
from statistics import mean, stdev

ROOT = Path(__file__).parents[2]
SEEDS = (0, 1000, 2000)  # the i-th caption takes the seed after these, so that no two share one
ONE = (0,)
# What a row of the table is called, its flags, and its seeds.
POINTS = (
    ("`--preset exact`", "--preset exact", SEEDS),
    ("`--preset balanced`", "--preset balanced", SEEDS),
    ("`--preset fast`", "--preset fast", SEEDS),
    ("`--preset exact --dtype int8`", "--preset exact --dtype int8", SEEDS),
    ("`--preset balanced --dtype int8`", "--preset balanced --dtype int8", SEEDS),
    ("`--preset fast --dtype int8`", "--preset fast --dtype int8", SEEDS),
    ("prior: 5 steps", "--prior-steps 5", ONE),
    ("prior: guidance at 250 to 750", "--prior-guidance-interval 250,750", ONE),
    ("decoder: 5 steps of DPM-Solver++", "--decoder-steps 5 --decoder-sampler dpmpp-2m", ONE),
    ("decoder: guidance at 250 to 750", "--decoder-guidance-interval 250,750", ONE),
    ("decoder: guidance at 500 to 999", "--decoder-guidance-interval 500,999", ONE),
    ("decoder: every second step reuses", "--decoder-cache-interval 2", ONE),
)
# Student's t at 97.5 %, for the distance of one more seed.
STUDENT = {2: 12.706, 3: 4.303, 4: 3.182, 5: 2.776}


def judge(flags: str, seed: int, captions: int) -> dict:
    """What `unclip evaluate` finds, in short."""
    command = ["node", "apps/cli/dist/index.js", "evaluate", "--captions", str(captions), "--upsamplers", "0"]
    command += ["--threads", "1", "--json", "--seed", str(seed), *flags.split()]
    report = json.loads(subprocess.run(command, cwd=ROOT, check=True, capture_output=True, text=True).stdout)
    right = sum(all(v["right"] == v["total"] for v in row["verdict"].values()) for row in report["captions"])
    return {
        "flags": flags,
        "seed": seed,
        "captions": captions,
        "cpuSeconds": round(report["paintingCpuMs"] / captions / 1000, 4),
        "right": right,
        "distance": round(report["frechetDistance"]["generated"], 2),
        "distanceOfReal": round(report["frechetDistance"]["real"], 2),
    }


def wilson(right: int, total: int) -> tuple[float, float]:
    """The 95 % interval of a share."""
    z, share = 1.96, right / total
    middle = (share + z * z / (2 * total)) / (1 + z * z / total)
    half = z / (1 + z * z / total) * (share * (1 - share) / total + z * z / (4 * total * total)) ** 0.5
    return middle - half, middle + half


def summary(rows: list[dict]) -> dict:
    """The seeds of one point together."""
    right, total = sum(row["right"] for row in rows), sum(row["captions"] for row in rows)
    return {
        "share": right / total,
        "interval": wilson(right, total),
        "distance": mean(row["distance"] for row in rows),
        "cpuSeconds": mean(row["cpuSeconds"] for row in rows),
    }


def distance_interval(distances: list[float]) -> tuple[float, float]:
    """Where the distance of one more seed lies, at 95 %."""
    half = STUDENT[len(distances)] * stdev(distances) * (1 + 1 / len(distances)) ** 0.5
    return mean(distances) - half, mean(distances) + half


def table(results: dict[str, dict]) -> str:
    """A table in Markdown. Its last column says what is worse than the 95 % intervals of the first point: its share for the same seeds, and
    the distance of one more seed."""
    lines = [
        "| settings | all right, % (95 %) | Fréchet distance | s of a core, a picture | outside exact's interval |",
        "| --- | ---: | ---: | ---: | --- |",
    ]
    exact = POINTS[0][1]
    for name, flags, seeds in POINTS:
        keys = [(key_of(flags, seed), key_of(exact, seed)) for seed in seeds]
        rows, of_exact = ([results[pair[i]] for pair in keys if pair[i] in results] for i in (0, 1))
        if not rows or not of_exact:
            continue
        one, same_seeds = summary(rows), summary(of_exact)
        every = [results[key]["distance"] for key in (key_of(exact, seed) for seed in SEEDS) if key in results]
        low, high = one["interval"]
        outside = [
            *(["share"] if one["share"] < same_seeds["interval"][0] else []),
            *(["distance"] if len(every) > 1 and one["distance"] > distance_interval(every)[1] else []),
        ]
        lines.append(
            f"| {name} | {100 * one['share']:.1f} ({100 * low:.1f}-{100 * high:.1f}) | {one['distance']:.1f} | "
            f"{one['cpuSeconds']:.3f} | {' and '.join(outside) or 'nothing'} |"
        )
    return "\n".join(lines)


def key_of(flags: str, seed: int) -> str:
    return f"{flags} {seed}"


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--out", type=Path, required=True, help="a .json file")
    parser.add_argument("--captions", type=int, default=500)
    parser.add_argument("--jobs", type=int, default=1, help="runs at a time")
    args = parser.parse_args()
    known = json.loads(args.out.read_text()) if args.out.exists() else []
    results = {key_of(row["flags"], row["seed"]): row for row in known if row["captions"] == args.captions}
    missing = [
        (flags, seed) for _, flags, seeds in POINTS for seed in seeds if key_of(flags, seed) not in results
    ]
    with ThreadPoolExecutor(args.jobs) as pool:
        for done in as_completed(pool.submit(judge, *point, args.captions) for point in missing):
            row = done.result()
            results[key_of(row["flags"], row["seed"])] = row
            args.out.write_text("[\n" + ",\n".join(map(json.dumps, results.values())) + "\n]\n")
    print(table(results))


if __name__ == "__main__":
    main()
