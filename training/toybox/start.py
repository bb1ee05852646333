"""What a training begins with where it does not begin from nothing: the networks and the tokenizer of a model folder."""

from __future__ import annotations

import json
import shutil
from pathlib import Path

import torch
from safetensors.torch import load_file
from torch import nn
from transformers import CLIPTextModelWithProjection, CLIPTokenizer, CLIPVisionModelWithProjection

from toybox.tokenizer import load_tokenizer, train_tokenizer


def load_towers(model: Path, device: torch.device) -> nn.ModuleDict:
    """A model folder's CLIP, in float32 and frozen."""
    kinds = {"text_encoder": CLIPTextModelWithProjection, "image_encoder": CLIPVisionModelWithProjection}
    towers = {name: kind.from_pretrained(model / name).float().eval() for name, kind in kinds.items()}
    return nn.ModuleDict(towers).to(device).requires_grad_(False)


def make_tokenizer(folder: Path, other: Path | None) -> CLIPTokenizer:
    """The tokenizer of a run's folder, which is learned there, or copied from another folder, if it is not there yet."""
    if not folder.exists() and other is None:
        train_tokenizer(folder)
    elif not folder.exists():
        shutil.copytree(other, folder)
    return load_tokenizer(folder)


def start_from(model: Path, networks: nn.ModuleDict, tokenizer: CLIPTokenizer) -> list[str]:
    """Gives networks the weights of a model folder; a token keeps its embedding by its name. Names the networks that begin anew,
    because the folder lacks them or has them in another shape.
    """
    begun_anew = []
    for name, network in networks.items():
        own = network.state_dict()
        file = next((model / name).glob("*.safetensors"), None)
        weights = {} if file is None else load_file(file)
        for key in weights:
            if key.endswith("token_embedding.weight"):
                weights[key] = rename_tokens(weights[key], own[key].clone(), model / "tokenizer", tokenizer)
        if {key: value.shape for key, value in weights.items()} == {key: value.shape for key, value in own.items()}:
            network.load_state_dict(weights)
        else:
            begun_anew.append(name)
    return begun_anew


def rename_tokens(known: torch.Tensor, rows: torch.Tensor, folder: Path, tokenizer: CLIPTokenizer) -> torch.Tensor:
    """Token embeddings [V, D] of our tokenizer: those of another one where it has the token, else the row as it is."""
    vocabulary: dict[str, int] = json.loads((folder / "vocab.json").read_text())
    for token, row in tokenizer.get_vocab().items():
        if token in vocabulary:
            rows[row] = known[vocabulary[token]]
    return rows
