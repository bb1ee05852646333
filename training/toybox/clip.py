"""The CLIP stage: a small text tower and a small vision tower, trained contrastively and to tell the facts."""

from __future__ import annotations

import math

import numpy as np
import torch
import torch.nn.functional as F
from torch import nn
from transformers import CLIPTextConfig, CLIPTextModelWithProjection, CLIPVisionConfig, CLIPVisionModelWithProjection
from transformers import CLIPTokenizer

from toybox.captions import FACT_VALUES, UNSAID, is_true_of
from toybox.data import Pictures
from toybox.tokenizer import CONTEXT_LENGTH, tokenize

EMBEDDING_DIM = 128
PIXEL_MEAN, PIXEL_STD = (0.62, 0.61, 0.58), (0.26, 0.24, 0.27)
LARGEST_SCALE = 100.0
PATCHES = 8  # along each side of a picture


def build_text_encoder(tokenizer: CLIPTokenizer) -> CLIPTextModelWithProjection:
    return CLIPTextModelWithProjection(
        CLIPTextConfig(
            vocab_size=len(tokenizer),
            hidden_size=EMBEDDING_DIM,
            intermediate_size=4 * EMBEDDING_DIM,
            projection_dim=EMBEDDING_DIM,
            num_hidden_layers=4,
            num_attention_heads=4,
            max_position_embeddings=CONTEXT_LENGTH,
            bos_token_id=tokenizer.bos_token_id,
            eos_token_id=tokenizer.eos_token_id,
            pad_token_id=tokenizer.pad_token_id,
        )
    )


def build_image_encoder(base_size: int) -> CLIPVisionModelWithProjection:
    return CLIPVisionModelWithProjection(
        CLIPVisionConfig(
            hidden_size=128,
            intermediate_size=512,
            projection_dim=EMBEDDING_DIM,
            num_hidden_layers=4,
            num_attention_heads=4,
            image_size=base_size,
            patch_size=base_size // PATCHES,
        )
    )


def normalise(pictures: np.ndarray, device: torch.device) -> torch.Tensor:
    """uint8 [N, H, W, 3] to what the vision tower takes: [N, 3, H, W], shifted and scaled per channel."""
    x = torch.from_numpy(pictures).to(device).permute(0, 3, 1, 2).float() / 255
    mean, std = (torch.tensor(v, device=device).view(3, 1, 1) for v in (PIXEL_MEAN, PIXEL_STD))
    return (x - mean) / std


class FactReader(nn.Linear):
    """Reads everything a caption may claim off an embedding: a linear probe, which training has and the exported model lacks."""

    def __init__(self) -> None:
        super().__init__(EMBEDDING_DIM, sum(FACT_VALUES))

    def loss(self, embeds: torch.Tensor, facts: torch.Tensor) -> torch.Tensor:
        """Cross-entropy of facts [N, CLAIM_WIDTH], over all that are said."""
        logits = self(embeds).float().split(FACT_VALUES, dim=1)
        losses = [F.cross_entropy(told, facts[:, i], ignore_index=UNSAID) for i, told in enumerate(logits)]
        return torch.stack(losses).mean()


class ClipStage:
    """Symmetric contrastive training; captions that are also true of another picture in the batch are no negatives for it.

    Beside it, either embedding must tell its facts to a linear reader: contrast alone is slow to learn which colour goes
    with which thing, since most pictures of a batch differ in something easier.
    """

    name = "clip"
    batch_size = 192
    learning_rate = 1e-3

    def __init__(self, tokenizer: CLIPTokenizer, pictures: Pictures, device: torch.device):
        self.tokenizer, self.pictures, self.device = tokenizer, pictures, device
        self.networks = nn.ModuleDict(
            {
                "text_encoder": build_text_encoder(tokenizer),
                "image_encoder": build_image_encoder(pictures.base_size),
                "text_reader": FactReader(),
                "image_reader": FactReader(),
            }
        ).to(device)
        self.networks.register_parameter("log_scale", nn.Parameter(torch.tensor(math.log(1 / 0.07), device=device)))

    def sample(self, rng: np.random.Generator) -> np.ndarray:
        """Picture indices [batch_size]: a pair comes with its rival, if it has one: word for word, their captions are the same."""
        drawn = rng.integers(len(self.pictures), size=self.batch_size)
        rivals = self.pictures.rivals[drawn]
        together = np.stack([drawn, rivals], axis=1).ravel()
        return together[together >= 0][: self.batch_size]

    def loss(self, rng: np.random.Generator) -> dict[str, torch.Tensor]:
        indices = self.sample(rng)
        captions, claims = self.pictures.captions(indices, rng)
        truth = self.pictures.facts[indices]
        also_true = is_true_of(claims, truth)
        ids, _ = tokenize(self.tokenizer, captions)
        text = self.networks["text_encoder"](ids.to(self.device)).text_embeds
        image = self.networks["image_encoder"](normalise(self.pictures.base[indices], self.device)).image_embeds
        claims, facts = (torch.from_numpy(rows).long().to(self.device) for rows in (claims, truth))
        told = self.networks["text_reader"].loss(text, claims), self.networks["image_reader"].loss(image, facts)
        text, image = F.normalize(text.float(), dim=-1), F.normalize(image.float(), dim=-1)

        scale = self.networks.log_scale.exp().clamp(max=LARGEST_SCALE)
        logits = scale * text @ image.T  # [N captions, N pictures]
        also_true = torch.from_numpy(also_true).to(self.device)
        also_true.fill_diagonal_(False)
        logits = logits.masked_fill(also_true, -1e4)
        own = torch.arange(len(indices), device=self.device)
        right = (logits.argmax(1) == own).float().mean()
        contrast = (F.cross_entropy(logits, own) + F.cross_entropy(logits.T, own)) / 2
        return {"loss": contrast + sum(told), "contrast": contrast, "text": told[0], "image": told[1], "accuracy": right}


@torch.no_grad()
def embed_pictures(
    encoder: CLIPVisionModelWithProjection, pictures: np.ndarray, device: torch.device, batch_size: int = 256
) -> torch.Tensor:
    """CLIP image embeddings [N, EMBEDDING_DIM], not normalised, float32 on the CPU."""
    rows = [
        encoder(normalise(pictures[i : i + batch_size], device)).image_embeds.float().cpu()
        for i in range(0, len(pictures), batch_size)
    ]
    return torch.cat(rows)
