"""What the pictures of diffusers are worth in float32 and in bfloat16: paints the benchmark with its pipeline, and judges as `unclip evaluate` does.

    python -m toybox.diffusers_quality --out ../docs/diffusers-quality.json --dtypes bfloat16

Each row is one type and seed, of the decoder's pictures of 32 pixels, as those of docs/presets.json are. It goes into OUT as it comes: run it again to go on.
"""

from __future__ import annotations

import argparse
import json
import time
from pathlib import Path

import numpy as np
import torch

from toybox.evaluate import EVALUATION, SHIPPED, report
from toybox.pipeline import load_pipeline, paint_small, to_bytes

BATCH = 8


def judge(dtype: str, seed: int, cases: list[dict]) -> dict:
    """What the oracle finds in the pictures of one type and seed, in short."""
    defaults = json.loads((SHIPPED / "unclip.json").read_text())["defaults"]
    pipeline = load_pipeline(SHIPPED, dtype=getattr(torch, dtype))
    start, pictures = time.process_time(), []
    for first in range(0, len(cases), BATCH):
        captions = [case["caption"] for case in cases[first : first + BATCH]]
        generators = [torch.Generator().manual_seed(seed + first + i) for i in range(len(captions))]
        pictures.append(to_bytes(paint_small(pipeline, captions, defaults, generators)))
    seconds = time.process_time() - start
    found = report(np.concatenate(pictures), cases, sharpness=False)
    return {
        "flags": f"diffusers {dtype}",
        "seed": seed,
        "captions": len(cases),
        "cpuSeconds": round(seconds / len(cases), 4),
        "right": sum(found["oracle"][group]["all"][0] for group in ("known", "held out")),
        "distance": round(found["frechet"], 2),
    }


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--out", type=Path, required=True, help="a .json file")
    parser.add_argument("--dtypes", nargs="+", default=["float32", "bfloat16"], choices=("float32", "bfloat16"))
    parser.add_argument("--seeds", nargs="+", type=int, default=[0], help="the i-th caption takes the seed after it")
    parser.add_argument("--captions", type=int, default=500)
    parser.add_argument("--threads", type=int, default=1)
    args = parser.parse_args()
    torch.set_num_threads(args.threads)
    cases = json.loads((EVALUATION / "toybox/captions.json").read_text())["cases"][: args.captions]
    rows = json.loads(args.out.read_text()) if args.out.exists() else []
    for dtype in args.dtypes:
        for seed in args.seeds:
            if any((row["flags"], row["seed"], row["captions"]) == (f"diffusers {dtype}", seed, len(cases)) for row in rows):
                continue
            rows.append(judge(dtype, seed, cases))
            args.out.write_text("[\n" + ",\n".join(map(json.dumps, rows)) + "\n]\n")
            print(json.dumps(rows[-1]), flush=True)


if __name__ == "__main__":
    main()
