"""Captions as the diffusion stages see them: the frozen text tower's states and embedding, dropped at random."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import torch
from transformers import CLIPTextModelWithProjection, CLIPTokenizer

from toybox.tokenizer import tokenize


@dataclass
class Text:
    embeds: torch.Tensor  # [N, D]
    states: torch.Tensor  # [N, L, D]
    mask: torch.Tensor  # bool [N, L]


class TextReader:
    """Reads captions with a frozen text tower; a dropped caption is read as "" (as at sampling time)."""

    def __init__(self, tokenizer: CLIPTokenizer, encoder: CLIPTextModelWithProjection, device: torch.device):
        self.tokenizer, self.encoder, self.device = tokenizer, encoder, device

    @torch.no_grad()
    def read(self, captions: list[str], drop: float, rng: np.random.Generator) -> Text:
        kept = [caption if rng.random() >= drop else "" for caption in captions]
        ids, mask = tokenize(self.tokenizer, kept)
        output = self.encoder(ids.to(self.device))
        return Text(output.text_embeds.float(), output.last_hidden_state.float(), mask.to(self.device))
