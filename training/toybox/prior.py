"""The prior stage: a diffusion transformer from a caption to the CLIP embedding of a picture of it."""

from __future__ import annotations

from functools import cached_property

import numpy as np
import torch
import torch.nn.functional as F
from diffusers import PriorTransformer
from torch import nn

from toybox.clip import EMBEDDING_DIM
from toybox.data import PAIR_SHARE, Pictures
from toybox.diffusion import Diffusion, sample_timesteps
from toybox.text import Captions, TextReader
from toybox.tokenizer import CONTEXT_LENGTH

TEXT_DROP = 0.1
CAPTION_SEED = 3


def build_prior() -> PriorTransformer:
    return PriorTransformer(
        num_attention_heads=5,
        attention_head_dim=32,
        num_layers=4,
        embedding_dim=EMBEDDING_DIM,
        num_embeddings=CONTEXT_LENGTH,
        additional_embeddings=4,
    )


class PriorStage:
    """Predicts the clean normalised embedding (z - clip_mean) / clip_std; mean squared error, unweighted as in the paper."""

    name = "prior"
    batch_size = 128
    learning_rate = 1e-3

    def __init__(self, reader: TextReader, pictures: Pictures, embeddings: torch.Tensor, device: torch.device):
        self.reader, self.pictures, self.device = reader, pictures, device
        self.diffusion = Diffusion(device)
        prior = build_prior()
        prior.clip_mean = nn.Parameter(embeddings.mean(0, keepdim=True), requires_grad=False)
        prior.clip_std = nn.Parameter(embeddings.std(0, keepdim=True), requires_grad=False)
        self.networks = nn.ModuleDict({"prior": prior}).to(device)
        self.embeddings = embeddings.to(device)

    @cached_property
    def captions(self) -> Captions:
        return self.reader.write(self.pictures, np.random.default_rng(CAPTION_SEED))

    def loss(self, rng: np.random.Generator) -> dict[str, torch.Tensor]:
        indices = torch.from_numpy(self.pictures.sample(self.batch_size, PAIR_SHARE, rng)).to(self.device)
        text = self.reader.draw(self.captions, indices, TEXT_DROP)

        prior = self.networks["prior"]
        x0 = (self.embeddings[indices] - prior.clip_mean) / prior.clip_std
        t = sample_timesteps(self.batch_size, self.device)
        xt = self.diffusion.add_noise(x0, t)
        predicted = prior(
            xt, t, proj_embedding=text.embeds, encoder_hidden_states=text.states, attention_mask=text.mask
        ).predicted_image_embedding
        return {"loss": F.mse_loss(predicted.float(), x0)}
