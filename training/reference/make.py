"""Writes the reference fixtures: python training/reference/make.py [--only NAME]"""

import argparse
from collections.abc import Callable

import torch
from diffusers.utils import logging as diffusers_logging
from transformers.utils import logging as transformers_logging

from autoregressive import NAME as AUTOREGRESSIVE_TINY, make_autoregressive
from checkpoints import make_karlo_tiny, make_karlo_tiny_b, make_karlo_tiny_c, make_karlo_tiny_d
from latent_checkpoints import (
    make_kandinsky_21,
    make_kandinsky_21_b,
    make_kandinsky_22,
    make_kandinsky_22_b,
    make_stable_unclip_h,
    make_stable_unclip_h_b,
    make_stable_unclip_l,
)
from latent_networks import make_latent_networks
from multilingual_tokens import make_multilingual_tokenizer
from networks import make_networks
from preprocess import make_preprocess
from schedulers import make_schedulers
from tokens import make_tokenizer
from torch_random import make_random

MAKERS: dict[str, Callable[[], None]] = {
    "random": make_random,
    "karlo-tiny": make_karlo_tiny,
    "networks": make_networks,
    "schedulers": make_schedulers,
    "tokenizer": make_tokenizer,
    "preprocess": make_preprocess,
    "karlo-tiny-b": make_karlo_tiny_b,
    "karlo-tiny-c": make_karlo_tiny_c,
    "karlo-tiny-d": make_karlo_tiny_d,
    "kandinsky-2-2-tiny": make_kandinsky_22,
    "kandinsky-2-2-tiny-b": make_kandinsky_22_b,
    "kandinsky-2-1-tiny": make_kandinsky_21,
    "kandinsky-2-1-tiny-b": make_kandinsky_21_b,
    "stable-unclip-tiny-h": make_stable_unclip_h,
    "stable-unclip-tiny-h-b": make_stable_unclip_h_b,
    "stable-unclip-tiny-l": make_stable_unclip_l,
    "latent-networks": make_latent_networks,
    "multilingual-tokenizer": make_multilingual_tokenizer,
    AUTOREGRESSIVE_TINY: make_autoregressive,
}


def main() -> None:
    """Runs every maker, or the one named by --only, in the order of MAKERS."""
    parser = argparse.ArgumentParser(description="Write the reference fixtures.")
    parser.add_argument("--only", choices=MAKERS, metavar="NAME", help=f"one of: {', '.join(MAKERS)}")
    chosen = parser.parse_args().only
    diffusers_logging.set_verbosity_error()
    diffusers_logging.disable_progress_bar()
    transformers_logging.set_verbosity_error()
    transformers_logging.disable_progress_bar()
    torch.set_num_threads(1)
    torch.use_deterministic_algorithms(True)
    torch.set_grad_enabled(False)
    for name in [chosen] if chosen else MAKERS:
        print(f"fixtures: {name}")
        MAKERS[name]()


if __name__ == "__main__":
    main()
