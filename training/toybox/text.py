"""Captions as the diffusion stages see them: the frozen text tower's states and embedding, dropped at random."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import torch
from transformers import CLIPTextModelWithProjection, CLIPTokenizer

from toybox.data import Pictures
from toybox.tokenizer import CONTEXT_LENGTH, WordTokenizer, tokenize

CAPTIONS = 4  # of each picture: a step draws one of them


@dataclass
class Text:
    embeds: torch.Tensor  # [N, D]
    states: torch.Tensor  # [N, L, D]
    mask: torch.Tensor  # bool [N, L]


@dataclass
class Captions:
    """Some captions of every picture, in tokens: so that a step need not write and split them."""

    ids: torch.Tensor  # int32 [N, CAPTIONS, CONTEXT_LENGTH]
    lengths: torch.Tensor  # int32 [N, CAPTIONS], start and end counted in


class TextReader:
    """Reads captions with a frozen text tower; a dropped caption is read as "" (as at sampling time)."""

    def __init__(self, tokenizer: CLIPTokenizer, encoder: CLIPTextModelWithProjection, device: torch.device):
        self.tokenizer, self.encoder, self.device = tokenizer, encoder, device
        ids, lengths = WordTokenizer(tokenizer).tokenize([""])
        self.nothing = torch.from_numpy(ids).to(device), torch.from_numpy(lengths).to(device)

    def write(self, pictures: Pictures, rng: np.random.Generator) -> Captions:
        """CAPTIONS fresh captions of every picture."""
        words, shape = WordTokenizer(self.tokenizer), (len(pictures), CAPTIONS)
        ids, lengths = np.empty((*shape, CONTEXT_LENGTH), np.int32), np.empty(shape, np.int32)
        for i in range(CAPTIONS):
            captions, _ = pictures.captions(np.arange(len(pictures)), rng)
            ids[:, i], lengths[:, i] = words.tokenize(captions)
        return Captions(torch.from_numpy(ids).to(self.device), torch.from_numpy(lengths).to(self.device))

    def draw(self, captions: Captions, indices: torch.Tensor, drop: float) -> Text:
        """One caption of each picture [N], or "" where it is dropped."""
        which = torch.randint(CAPTIONS, indices.shape, device=self.device)
        ids, lengths = captions.ids[indices, which], captions.lengths[indices, which]
        dropped = torch.rand(indices.shape, device=self.device) < drop
        no_ids, no_lengths = self.nothing
        ids, lengths = torch.where(dropped[:, None], no_ids, ids), torch.where(dropped, no_lengths, lengths)
        return self.encode(ids, torch.arange(CONTEXT_LENGTH, device=self.device) < lengths[:, None])

    def read(self, captions: list[str], drop: float, rng: np.random.Generator) -> Text:
        kept = [caption if rng.random() >= drop else "" for caption in captions]
        ids, mask = tokenize(self.tokenizer, kept)
        return self.encode(ids.to(self.device), mask.to(self.device))

    @torch.no_grad()
    def encode(self, ids: torch.Tensor, mask: torch.Tensor) -> Text:
        output = self.encoder(ids)
        return Text(output.text_embeds.float(), output.last_hidden_state.float(), mask)
