"""Random weights whose scales differ from tensor to tensor, so that a swapped or forgotten one shows."""

import torch
from torch import nn

NORM_SPREAD = 0.3
BIAS_SPREAD = 0.2
EMBEDDING_SPREAD = 0.5
RESIDUAL_GAIN = 0.5
"""Damps the second convolution of residual blocks: the input stays visible behind a random network."""


def randomise(module: nn.Module, seed: int) -> None:
    """Draws every parameter anew: norms around one, biases not zero, matrices of a gain between 0.6 and 1.4."""
    generator = torch.Generator().manual_seed(seed)
    norms = {name for name, part in module.named_modules() if isinstance(part, (nn.LayerNorm, nn.GroupNorm))}
    tables = {name for name, part in module.named_modules() if isinstance(part, nn.Embedding)}
    for name, parameter in module.named_parameters():
        owner, _, kind = name.rpartition(".")
        noise = torch.randn(parameter.shape, generator=generator)
        if kind == "bias":
            parameter.copy_(BIAS_SPREAD * noise)
        elif owner in norms:
            parameter.copy_(1 + NORM_SPREAD * noise)
        elif kind != "weight" or owner in tables:
            parameter.copy_(EMBEDDING_SPREAD * noise)
        else:
            gain = 0.6 + 0.8 * torch.rand(1, generator=generator)
            residual_gain = RESIDUAL_GAIN if owner.endswith("conv2") else 1
            parameter.copy_(gain * residual_gain * noise / parameter[0].numel() ** 0.5)


def randomise_statistics(prior: nn.Module, seed: int) -> None:
    """clip_mean around zero, clip_std between 0.4 and 1.2: what the prior's embedding is de-normalised with."""
    generator = torch.Generator().manual_seed(seed)
    prior.clip_mean.copy_(0.5 * torch.randn(prior.clip_mean.shape, generator=generator))
    prior.clip_std.copy_(0.4 + 0.8 * torch.rand(prior.clip_std.shape, generator=generator))
