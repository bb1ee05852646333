"""A tiny autoregressive prior with random weights and what its network says: the project's own class, which no library has."""

import sys
from pathlib import Path

import torch

from fixture import ROOT, write_json, write_tensors
from stages import Tensors
from weights import randomise

sys.path.append(str(Path(__file__).resolve().parents[1]))
from toybox.autoregressive_network import AutoregressivePrior  # noqa: E402

NAME = "autoregressive-tiny"
CONFIG = {
    "_class_name": "AutoregressivePrior",
    "num_attention_heads": 2,
    "attention_head_dim": 8,
    "num_layers": 2,
    "embedding_dim": 12,
    "text_width": 10,
    "text_length": 9,
    "num_components": 7,
    "num_buckets": 5,
    "dot_product_bounds": [0.1, 0.2, 0.3],
}


def make_autoregressive() -> None:
    """Writes autoregressive-tiny/prior_autoregressive and networks/autoregressive-prior.safetensors."""
    network = AutoregressivePrior(CONFIG).eval()
    randomise(network, 2100)
    folder = ROOT / NAME / "prior_autoregressive"
    write_json(folder / "config.json", CONFIG)
    write_tensors(folder / "model.safetensors", network.state_dict(), NAME)
    tensors = _forward(network, torch.Generator().manual_seed(2101))
    write_tensors(ROOT / "networks" / "autoregressive-prior.safetensors", tensors, NAME)


def _forward(network: AutoregressivePrior, generator: torch.Generator) -> Tensors:
    """Two captions of 4 and 6 tokens and all their components; the embedding that these stand for."""
    config, lengths = CONFIG, torch.tensor([4, 6])
    text_mask = torch.arange(int(lengths.max())) < lengths[:, None]
    n, length = text_mask.shape
    text_embedding = torch.randn(n, config["embedding_dim"], generator=generator)
    text_states = torch.randn(n, length, config["text_width"], generator=generator)
    dot_product = torch.tensor([1, 3])
    tokens = torch.randint(config["num_buckets"], (n, config["num_components"]), generator=generator)
    logits = network(text_embedding, text_states, text_mask, dot_product, tokens[:, :-1])
    coordinates = torch.gather(network.bucket_values, 1, tokens.T).T
    return {
        "text_embedding": text_embedding,
        "text_states": text_states,
        "text_mask": text_mask.to(torch.uint8),
        "dot_product": dot_product,
        "tokens": tokens,
        "logits": logits,
        "image_embedding": coordinates @ network.components + network.mean,
    }
