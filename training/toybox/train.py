"""Trains every stage in order within a time budget, or some of them further; run it again to resume.

    python -m toybox.train --out runs/v1 --minutes 106 --device cpu
    python -m toybox.train --out runs/v2 --minutes 90 --start-from ../packages/toybox/model --stages decoder --rate 0.4
"""

from __future__ import annotations

import argparse
import contextlib
import json
import time
from collections.abc import Callable, Iterator
from functools import cache
from pathlib import Path

import numpy as np
import torch
from transformers import CLIPVisionModelWithProjection

from toybox.clip import ClipStage, embed_pictures
from toybox.data import BASE_SIZES, PICTURES, Pictures, load_pictures, shrink
from toybox.decoder import DecoderStage
from toybox.optimise import Stage, checkpoint_path, load_average, multiplies_bfloat16, train_stage
from toybox.prior import PriorStage
from toybox.repaint import REPAINTED, cached, repaint_base, repaint_enlarged
from toybox.start import load_towers, make_tokenizer, start_from
from toybox.text import TextReader
from toybox.upsampler import LastUpsamplerStage, SecondUpsamplerStage, UpsamplerStage
from toybox.world import MATERIALS, STYLES

# Each stage's part of the time budget, in training order: the upsamplers learn from what the decoder paints.
SHARES = {
    "clip": 0.15,
    "prior": 0.08,
    "decoder": 0.42,
    "upsampler": 0.14,
    "upsampler-last": 0.03,
    "upsampler-2": 0.18,
}


def cached_embeddings(encoder: CLIPVisionModelWithProjection, pictures: Pictures, run: Path) -> torch.Tensor:
    """CLIP's embeddings of all training pictures [N, D], in the size it sees; kept on disk until CLIP is trained further."""
    path, trained = run / "embeddings.pt", checkpoint_path(run, "clip")
    if not path.exists() or (trained.exists() and path.stat().st_mtime < trained.stat().st_mtime):
        with torch.autocast(encoder.device.type, torch.bfloat16, enabled=multiplies_bfloat16(encoder.device)):
            seen = shrink(pictures.base, encoder.config.image_size)
            torch.save(embed_pictures(encoder, seen, encoder.device), path)
    return torch.load(path, weights_only=True)


@contextlib.contextmanager
def timed(what: str) -> Iterator[None]:
    started = time.monotonic()
    yield
    print(f"{what}: {(time.monotonic() - started) / 60:.1f} min", flush=True)


def read_arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--out", type=Path, required=True, help="folder for checkpoints and losses")
    parser.add_argument("--data", type=Path, help="folder of the rendered pictures; default OUT/data")
    parser.add_argument("--minutes", type=float, default=106, help="training time of all stages together")
    parser.add_argument("--device", choices=("cpu", "cuda"), default="cpu")
    parser.add_argument("--base-size", type=int, choices=BASE_SIZES, default=32, help="of the decoder's pictures")
    parser.add_argument(
        "--pictures",
        type=int,
        nargs=3,
        default=PICTURES,
        help="how many to render in the size of the decoder and, of the same scenes, in those of the two upsamplers",
    )
    parser.add_argument("--scenes", type=int, default=1, help="seed of the scenes to render")
    parser.add_argument("--styles", nargs="+", choices=STYLES, default=STYLES, help="styles of the world to draw")
    parser.add_argument("--materials", nargs="+", choices=MATERIALS, default=MATERIALS, help="materials to draw")
    parser.add_argument("--start-from", type=Path, help="a model folder, whose weights the stages begin with")
    parser.add_argument(
        "--stages", nargs="+", choices=SHARES, default=SHARES, help="those to train; the others stay as in --start-from"
    )
    parser.add_argument("--repainted", type=int, default=REPAINTED, help="small pictures to paint over for each upsampler")
    parser.add_argument("--rate", type=float, default=1.0, help="peak learning rate, over the stage's own")
    parser.add_argument("--batch", type=int, default=1, help="pictures in a batch, over the stage's own; more suit a GPU")
    parser.add_argument("--threads", type=int, default=2)
    parser.add_argument("--seed", type=int, default=0)
    args = parser.parse_args()
    if args.start_from is None and set(args.stages) != set(SHARES):
        parser.error("--stages leaves some out; --start-from must name the model folder that has them")
    return args


def main() -> None:
    args = read_arguments()
    torch.set_num_threads(args.threads)
    device, run = torch.device(args.device), args.out
    run.mkdir(parents=True, exist_ok=True)
    shares = {name: share for name, share in SHARES.items() if name in args.stages}
    folder, parts = args.data or run / "data", (tuple(args.styles), tuple(args.materials))
    pictures = load_pictures(folder, args.pictures, args.base_size, *parts, args.scenes)

    def train(stage: Stage) -> Stage:
        """The stage, trained if it is one of those to train."""
        if checkpoint_path(run, stage.name).exists():
            load_average(stage, run)
        elif args.start_from and stage.name != "upsampler-last":
            anew = start_from(args.start_from, stage.networks, tokenizer)
            if anew and stage.name not in shares:
                raise SystemExit(f"{stage.name} is not to be trained, and {args.start_from} lacks {', '.join(anew)}")
        if stage.name in shares:
            budget = shares[stage.name] / sum(shares.values()) * args.minutes * 60
            stage.learning_rate *= args.rate
            stage.batch_size *= args.batch
            with timed(stage.name):
                train_stage(stage, run, budget, device, args.seed)
        return stage

    (run / "settings.json").write_text(json.dumps({"base_size": args.base_size, "stages": list(shares)}) + "\n")
    tokenizer = make_tokenizer(run / "tokenizer", None if "clip" in shares else args.start_from / "tokenizer")
    if "clip" in shares:
        towers = train(ClipStage(tokenizer, pictures, device)).networks
    else:
        towers = load_towers(args.start_from, device)
    reader = TextReader(tokenizer, towers["text_encoder"], device)
    embeddings = cache(lambda: cached_embeddings(towers["image_encoder"], pictures, run))
    if "prior" in shares:
        train(PriorStage(reader, pictures, embeddings(), device))
    if shares.keys() & {"decoder", "upsampler", "upsampler-last"}:
        decoder = train(DecoderStage(reader, pictures, embeddings(), device))
    if not shares.keys() & {"upsampler", "upsampler-last", "upsampler-2"}:
        return

    def painted_over(level: int, paint: Callable[[int], np.ndarray]) -> np.ndarray | None:
        """The first pictures of a level as its stage paints them, kept on disk."""
        count = min(args.repainted, len(pictures.levels[level + 1]))
        return cached(run / f"painted-{level}.npy", lambda: paint(count)) if count else None

    painted = None
    if shares.keys() & {"upsampler", "upsampler-last"}:
        painted = painted_over(0, lambda count: repaint_base(decoder.networks, reader, pictures, embeddings(), count))
    first = train(UpsamplerStage(pictures, 1, device, painted=painted))
    network = first.networks[first.network]
    if "upsampler-last" in shares:
        train(LastUpsamplerStage(pictures, network, device, painted))
    if "upsampler-2" in shares:
        enlarged = painted_over(1, lambda count: repaint_enlarged(network, pictures.base[:count], device))
        train(SecondUpsamplerStage(pictures, device, enlarged, network))


if __name__ == "__main__":
    main()
