"""A small byte-level BPE vocabulary in CLIP's layout, learned from a word list, and its tokenizer."""

import json
from collections import Counter
from itertools import pairwise
from pathlib import Path
from tempfile import TemporaryDirectory

from transformers import CLIPTokenizer
from transformers.models.clip.tokenization_clip import bytes_to_unicode

START, END = "<|startoftext|>", "<|endoftext|>"
WORD_END = "</w>"

WORDS = """
a an the and of on in at to with near under over above below behind beside between inside next top left right front
red green blue yellow orange purple pink brown black white grey dark light bright pale shiny matte striped spotted
cube sphere cylinder cone ring torus pyramid box ball star heart square circle triangle hexagon shape object thing
big small large little tiny huge tall short wide narrow round flat long thick thin old new wooden metal glass plastic
one two three four five six seven eight nine ten many several some few each other another both all no not only
is are was were be been being has have had do does did can could will would should may might must there here where
photo picture painting drawing sketch image portrait landscape illustration render scene view style background
floor wall table chair room house street city town garden park forest mountain river lake sea ocean beach sky cloud
cat dog bird fish horse cow sheep bear fox rabbit mouse lion tiger elephant owl frog turtle snake bee butterfly
man woman boy girl child person people king queen wizard robot astronaut knight pirate chef painter player
sun moon star night day morning evening winter summer spring autumn rain snow storm wind fire water ice stone sand
eating drinking sitting standing running walking flying swimming sleeping playing holding wearing looking smiling
apple banana cherry lemon pear grape bread cake coffee tea milk cheese pizza soup flower tree leaf grass rose
car train boat ship plane bicycle bridge tower castle road window door clock book lamp candle mirror camera phone
beautiful colourful detailed realistic abstract modern ancient mysterious magical peaceful dramatic cinematic
something anything everything nothing someone through around against together without within during before after
this that these those what which who when how very more most less than then them they their there your our his her
""".split()


def learn_merges(words: list[str], count: int) -> list[tuple[str, str]]:
    """The `count` most frequent pairs, merged one after the other; the alphabetically first pair wins a tie."""
    spellings = Counter(tuple(word[:-1]) + (word[-1] + WORD_END,) for word in words)
    merges: list[tuple[str, str]] = []
    while len(merges) < count:
        pairs: Counter[tuple[str, str]] = Counter()
        for symbols, frequency in spellings.items():
            for pair in pairwise(symbols):
                pairs[pair] += frequency
        best = min(pairs, key=lambda pair: (-pairs[pair], pair))
        merges.append(best)
        spellings = Counter({_merge(symbols, best): frequency for symbols, frequency in spellings.items()})
    return merges


def create_tokenizer(merge_count: int, context_length: int, pad_token: str) -> CLIPTokenizer:
    """A CLIPTokenizer over the first `merge_count` merges; Karlo pads with "!" (id 0), OpenAI's CLIP with the end."""
    merges = learn_merges(WORDS, merge_count)
    # the byte order of CLIP: printable ASCII first, so that "!" is 0 and a caption's bytes have small ids
    byte_symbols = list(bytes_to_unicode().values())
    symbols = byte_symbols + [symbol + WORD_END for symbol in byte_symbols]
    symbols += [first + second for first, second in merges] + [START, END]
    with TemporaryDirectory() as folder:
        vocab_file, merges_file = Path(folder, "vocab.json"), Path(folder, "merges.txt")
        vocab_file.write_text(json.dumps({symbol: index for index, symbol in enumerate(symbols)}), encoding="utf-8")
        rows = ["#version: 0.2", *(f"{first} {second}" for first, second in merges)]
        merges_file.write_text("\n".join(rows) + "\n", encoding="utf-8")
        return CLIPTokenizer(str(vocab_file), str(merges_file), pad_token=pad_token, model_max_length=context_length)


def _merge(symbols: tuple[str, ...], pair: tuple[str, str]) -> tuple[str, ...]:
    merged: list[str] = []
    for symbol in symbols:
        if merged and (merged[-1], symbol) == pair:
            merged[-1] += symbol
        else:
            merged.append(symbol)
    return tuple(merged)
