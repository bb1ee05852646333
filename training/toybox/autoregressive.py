"""The autoregressive prior: a causal transformer from a caption to the tokens of the CLIP embedding of a picture of it.

    python -m toybox.autoregressive --model ../packages/toybox/model --out runs/autoregressive --data runs/v1/data --minutes 20

Trains it for the CLIP of a model folder, which stays as it is, and writes it as a component of that folder. Run it again to resume.
"""

from __future__ import annotations

import argparse
import json
from pathlib import Path

import numpy as np
import torch
import torch.nn.functional as F
from safetensors.torch import save_file
from torch import nn
from transformers import CLIPTextModelWithProjection, CLIPVisionModelWithProjection

from toybox.autoregressive_network import AutoregressivePrior
from toybox.clip import EMBEDDING_DIM, embed_pictures
from toybox.data import PAIR_SHARE, PICTURES, Pictures, load_pictures
from toybox.quantise import BUCKETS, bucketize, fit_quantiser
from toybox.text import TextReader
from toybox.tokenizer import CONTEXT_LENGTH, load_tokenizer
from toybox.train import multiplies_bfloat16, timed, train_stage

COMPONENT = "prior_autoregressive"
TEXT_DROP = 0.1
DOT_PRODUCT_BUCKETS = 32
HEADS, HEAD_WIDTH, LAYERS = 4, 32, 3


def dot_products(text: torch.Tensor, image: torch.Tensor) -> torch.Tensor:
    """Of embeddings [N, D] each, at unit length as CLIP compares them: [N]."""
    return F.cosine_similarity(text, image, dim=1)


class AutoregressiveStage:
    """Predicts each token from those before it; mean cross-entropy.

    A dropped caption is "", as at sampling time. The dot product stays that of the caption which was dropped: guidance shall lead
    towards the caption, not towards a likeness that both halves are told.
    """

    name = "prior-autoregressive"
    batch_size = 64
    learning_rate = 2e-3

    def __init__(self, reader: TextReader, pictures: Pictures, embeddings: torch.Tensor, device: torch.device):
        self.reader, self.pictures, self.device = reader, pictures, device
        self.embeddings = embeddings.to(device)
        quantiser = fit_quantiser(embeddings)
        self.tokens = quantiser.tokens(embeddings).to(device)
        self.bounds = self.dot_product_bounds()
        prior = AutoregressivePrior(
            {
                "_class_name": "AutoregressivePrior",
                "num_attention_heads": HEADS,
                "attention_head_dim": HEAD_WIDTH,
                "num_layers": LAYERS,
                "embedding_dim": EMBEDDING_DIM,
                "text_width": EMBEDDING_DIM,
                "text_length": CONTEXT_LENGTH,
                "num_components": self.tokens.shape[1],
                "num_buckets": BUCKETS,
                "dot_product_bounds": [round(bound, 6) for bound in self.bounds.tolist()],
            }
        )
        for name, value in (
            ("mean", quantiser.mean),
            ("components", quantiser.components),
            ("bucket_values", quantiser.values),
        ):
            getattr(prior, name).data = value.clone()
        self.networks = nn.ModuleDict({COMPONENT: prior}).to(device)

    def dot_product_bounds(self, count: int = 5_000) -> torch.Tensor:
        """What divides the dot products of pictures and their captions into buckets of equal counts."""
        rng = np.random.default_rng(0)
        dots = []
        for indices in np.array_split(self.pictures.sample(count, PAIR_SHARE, rng), max(1, count // 500)):
            captions, _ = self.pictures.captions(indices, rng)
            dots.append(dot_products(self.reader.read(captions, 0, rng).embeds, self.embeddings[indices]))
        shares = torch.arange(1, DOT_PRODUCT_BUCKETS, device=self.device) / DOT_PRODUCT_BUCKETS
        return torch.quantile(torch.cat(dots), shares)

    def loss(self, rng: np.random.Generator) -> dict[str, torch.Tensor]:
        indices = self.pictures.sample(self.batch_size, PAIR_SHARE, rng)
        captions, _ = self.pictures.captions(indices, rng)
        told = self.reader.read(captions, 0, rng)
        dots = dot_products(told.embeds, self.embeddings[indices])
        dot_product = bucketize(dots[:, None], self.bounds[None])[:, 0]
        text, tokens = self.reader.read(captions, TEXT_DROP, rng), self.tokens[indices]
        logits = self.networks[COMPONENT](text.embeds, text.states, text.mask, dot_product, tokens[:, :-1])
        return {"loss": F.cross_entropy(logits.float().flatten(0, 1), tokens.flatten())}


def load_stage(model: Path, data: Path, run: Path, count: int, device: torch.device) -> AutoregressiveStage:
    """The stage for the CLIP of a model folder and the first `count` pictures of the world."""
    kinds = {"text_encoder": CLIPTextModelWithProjection, "image_encoder": CLIPVisionModelWithProjection}
    towers = {name: kind.from_pretrained(model / name).float().eval() for name, kind in kinds.items()}
    text_encoder, image_encoder = (tower.requires_grad_(False).to(device) for tower in towers.values())
    pictures = load_pictures(data, (count,), image_encoder.config.image_size)
    path = run / f"embeddings-{count}.pt"
    if not path.exists():
        with torch.autocast(device.type, torch.bfloat16, enabled=multiplies_bfloat16(device)):
            torch.save(embed_pictures(image_encoder, pictures.base, device), path)
    reader = TextReader(load_tokenizer(model / "tokenizer"), text_encoder, device)
    return AutoregressiveStage(reader, pictures, torch.load(path, weights_only=True), device)


def export(prior: AutoregressivePrior, folder: Path) -> None:
    """Writes config.json and the weights in float16."""
    folder.mkdir(parents=True, exist_ok=True)
    (folder / "config.json").write_text(json.dumps(prior.config, indent=2) + "\n")
    path = folder / "model.safetensors"
    save_file({name: value.half().contiguous() for name, value in prior.state_dict().items()}, path)
    path.chmod(0o644)
    index_path = folder.parent / "model_index.json"
    index = json.loads(index_path.read_text())
    index_path.write_text(json.dumps({**index, folder.name: ["unclip", "AutoregressivePrior"]}, indent=2) + "\n")


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--model", type=Path, required=True, help="the model folder, which gets one component more")
    parser.add_argument("--out", type=Path, required=True, help="folder for checkpoint, embeddings and losses")
    parser.add_argument("--data", type=Path, help="folder of the rendered pictures; default OUT/data")
    parser.add_argument("--pictures", type=int, default=PICTURES[0])
    parser.add_argument("--minutes", type=float, default=20, help="training time")
    parser.add_argument("--device", choices=("cpu", "cuda"), default="cpu")
    parser.add_argument("--threads", type=int, default=2)
    parser.add_argument("--seed", type=int, default=0)
    args = parser.parse_args()
    torch.set_num_threads(args.threads)
    device, run = torch.device(args.device), args.out
    run.mkdir(parents=True, exist_ok=True)
    with timed("pictures and embeddings"):
        stage = load_stage(args.model, args.data or run / "data", run, args.pictures, device)
    with timed(stage.name):
        train_stage(stage, run, args.minutes * 60, device, args.seed)
    export(stage.networks[COMPONENT].cpu(), args.model / COMPONENT)


if __name__ == "__main__":
    main()
