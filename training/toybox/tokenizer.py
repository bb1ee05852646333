"""The toybox tokenizer: byte-level BPE in CLIP's layout, its merges learned from our own captions.

Vocabulary order is CLIP's: 256 byte symbols, the same 256 with "</w>", one entry per merge, then the start and end tokens.
Padding is the end token, as in CLIP's own tokenizer.
"""

from __future__ import annotations

import json
import re
from collections import Counter
from pathlib import Path

import numpy as np
import torch
from transformers import CLIPTokenizer

from toybox.captions import describe
from toybox.world import sample_scene

CONTEXT_LENGTH = 32
START, END = "<|startoftext|>", "<|endoftext|>"


def byte_symbols() -> list[str]:
    """The printable character that stands for each byte, in CLIP's vocabulary order."""
    printable = [*range(ord("!"), ord("~") + 1), *range(ord("¡"), ord("¬") + 1), *range(ord("®"), ord("ÿ") + 1)]
    rest = [byte for byte in range(256) if byte not in printable]
    return [chr(byte) for byte in printable] + [chr(256 + i) for i in range(len(rest))]


def split_words(caption: str) -> list[str]:
    """The pieces that CLIP's tokenizer never merges across: runs of letters, single digits, runs of anything else."""
    return re.findall(r"[a-z]+|[0-9]|[^\sa-z0-9]+", caption)


def learn_merges(words: Counter[str]) -> list[tuple[str, str]]:
    """Merges the commonest neighbours until every word is one symbol (words are plain ASCII)."""
    pieces = {word: (*word[:-1], word[-1] + "</w>") for word in words}
    merges: list[tuple[str, str]] = []
    while True:
        pairs: Counter[tuple[str, str]] = Counter()
        for word, symbols in pieces.items():
            for pair in zip(symbols, symbols[1:]):
                pairs[pair] += words[word]
        if not pairs:
            return merges
        best = min(pairs, key=lambda pair: (-pairs[pair], pair))
        merges.append(best)
        pieces = {word: _merge(symbols, best) for word, symbols in pieces.items()}


def _merge(symbols: tuple[str, ...], pair: tuple[str, str]) -> tuple[str, ...]:
    merged: list[str] = []
    for symbol in symbols:
        if merged and (merged[-1], symbol) == pair:
            merged[-1] += symbol
        else:
            merged.append(symbol)
    return tuple(merged)


def train_tokenizer(folder: Path, captions: int = 20_000, seed: int = 0) -> None:
    """Learns merges from sampled captions and writes the four files transformers' CLIPTokenizer reads."""
    rng = np.random.default_rng(seed)
    words: Counter[str] = Counter()
    for _ in range(captions):
        words.update(split_words(describe(sample_scene(rng), rng)[0]))
    merges = learn_merges(words)

    symbols = byte_symbols()
    entries = [*symbols, *(symbol + "</w>" for symbol in symbols), *("".join(pair) for pair in merges), START, END]
    special = {"bos_token": START, "eos_token": END, "pad_token": END, "unk_token": END}
    config = {
        "add_prefix_space": False,
        "do_lower_case": True,
        "errors": "replace",
        "model_max_length": CONTEXT_LENGTH,
        "tokenizer_class": "CLIPTokenizer",
        **special,
    }
    folder.mkdir(parents=True, exist_ok=True)
    vocabulary = {entry: i for i, entry in enumerate(entries)}
    (folder / "vocab.json").write_text(json.dumps(vocabulary, ensure_ascii=False))
    (folder / "merges.txt").write_text("#version: 0.2\n" + "".join(f"{a} {b}\n" for a, b in merges))
    (folder / "tokenizer_config.json").write_text(json.dumps(config, indent=2) + "\n")
    (folder / "special_tokens_map.json").write_text(json.dumps(special, indent=2) + "\n")


def load_tokenizer(folder: Path) -> CLIPTokenizer:
    return CLIPTokenizer.from_pretrained(folder)


def tokenize(tokenizer: CLIPTokenizer, captions: list[str]) -> tuple[torch.Tensor, torch.Tensor]:
    """Ids and mask, both [N, L], L the longest caption's length; the mask is True on the caption's own tokens."""
    batch = tokenizer(captions, padding="longest", max_length=CONTEXT_LENGTH, truncation=True, return_tensors="pt")
    return batch.input_ids, batch.attention_mask.bool()


class WordTokenizer:
    """Many captions, faster than `tokenize`: CLIP's tokenizer never merges across spaces, so each word is split once."""

    def __init__(self, tokenizer: CLIPTokenizer):
        self.tokenizer = tokenizer
        self.words: dict[str, list[int]] = {}

    def split(self, word: str) -> list[int]:
        if word not in self.words:
            self.words[word] = self.tokenizer(word, add_special_tokens=False).input_ids
        return self.words[word]

    def tokenize(self, captions: list[str]) -> tuple[np.ndarray, np.ndarray]:
        """Ids int32 [N, CONTEXT_LENGTH], padded with the end token, and lengths [N], start and end counted in."""
        end = self.tokenizer.eos_token_id
        ids = np.full((len(captions), CONTEXT_LENGTH), end, np.int32)
        lengths = np.empty(len(captions), np.int32)
        for i, caption in enumerate(captions):
            tokens = [token for word in caption.split() for token in self.split(word)][: CONTEXT_LENGTH - 2]
            lengths[i] = len(tokens) + 2
            ids[i, : len(tokens) + 1] = (self.tokenizer.bos_token_id, *tokens)
        return ids, lengths
