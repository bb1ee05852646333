"""The network of the autoregressive prior: a causal transformer over caption, text embedding, dot product and components."""

from __future__ import annotations

import torch
import torch.nn.functional as F
from torch import nn


class Block(nn.Module):
    """A pre-norm transformer block."""

    def __init__(self, width: int, heads: int):
        super().__init__()
        self.heads = heads
        self.attention_norm, self.mlp_norm = nn.LayerNorm(width), nn.LayerNorm(width)
        self.attention = nn.ModuleDict({name: nn.Linear(width, width) for name in ("q", "k", "v", "out")})
        self.mlp_in, self.mlp_out = nn.Linear(width, 4 * width), nn.Linear(4 * width, width)

    def forward(self, h: torch.Tensor, mask: torch.Tensor) -> torch.Tensor:
        """h [N, S, W]; mask [N, 1, S, S], true where a token sees another."""
        normed = self.attention_norm(h)
        q, k, v = (self.attention[name](normed).unflatten(-1, (self.heads, -1)).transpose(1, 2) for name in "qkv")
        attended = F.scaled_dot_product_attention(q, k, v, attn_mask=mask)
        h = h + self.attention["out"](attended.transpose(1, 2).flatten(2))
        return h + self.mlp_out(F.gelu(self.mlp_in(self.mlp_norm(h))))


class AutoregressivePrior(nn.Module):
    """Reads caption states, the text embedding and the bucket of the dot product, then the tokens of the embedding one by one.

    Beside the transformer it holds what leads from tokens to an embedding: `mean`, `components` and `bucket_values`.
    """

    def __init__(self, config: dict):
        super().__init__()
        self.config = config
        width = config["num_attention_heads"] * config["attention_head_dim"]
        self.text_length, count, buckets = config["text_length"], config["num_components"], config["num_buckets"]
        self.text_states_proj = nn.Linear(config["text_width"], width)
        self.text_embedding_proj = nn.Linear(config["embedding_dim"], width)
        self.dot_product_embedding = nn.Embedding(len(config["dot_product_bounds"]) + 1, width)
        self.token_embedding = nn.Embedding(buckets, width)
        # Of caption tokens, text embedding, dot product and all components but the last, which nothing follows.
        self.positional_embedding = nn.Parameter(0.02 * torch.randn(1, self.text_length + 1 + count, width))
        self.blocks = nn.ModuleList(Block(width, config["num_attention_heads"]) for _ in range(config["num_layers"]))
        self.norm_out = nn.LayerNorm(width)
        # Every component is read off in its own way, which a common table would have to learn from positions.
        self.logits = nn.Parameter(torch.stack([smooth_table(buckets, width) for _ in range(count)]))
        for embedding in (self.dot_product_embedding, self.token_embedding):
            embedding.weight.data = smooth_table(*embedding.weight.shape)
        for name, dims in {
            "mean": (config["embedding_dim"],),
            "components": (count, config["embedding_dim"]),
            "bucket_values": (count, buckets),
        }.items():
            self.register_parameter(name, nn.Parameter(torch.zeros(dims), requires_grad=False))

    def forward(
        self,
        text_embedding: torch.Tensor,
        text_states: torch.Tensor,
        text_mask: torch.Tensor,
        dot_product: torch.Tensor,
        tokens: torch.Tensor,
    ) -> torch.Tensor:
        """Logits [N, T + 1, B] of components 0 to T.

        text_embedding [N, D], text_states [N, L, W], text_mask [N, L] (true on the caption's own tokens), dot_product [N] and
        tokens [N, T], the buckets of the first T components.
        """
        n, length, count = *text_mask.shape, tokens.shape[1]
        embedded = [
            self.text_states_proj(text_states),
            self.text_embedding_proj(text_embedding)[:, None],
            self.dot_product_embedding(dot_product)[:, None],
            self.token_embedding(tokens),
        ]
        positions = self.positional_embedding
        later = positions[:, self.text_length : self.text_length + 2 + count]
        h = torch.cat(embedded, 1) + torch.cat([positions[:, :length], later], 1)
        causal = torch.ones(h.shape[1], h.shape[1], dtype=torch.bool, device=h.device).tril()
        mask = causal & F.pad(text_mask, (0, 2 + count), value=True)[:, None, None]
        for block in self.blocks:
            h = block(h, mask)
        return torch.einsum("ntw,tbw->ntb", self.norm_out(h[:, length + 1 :]), self.logits[: count + 1])


def smooth_table(count: int, width: int, waves: int = 8) -> torch.Tensor:
    """A table [count, width] of about unit length rows in which neighbours begin alike: buckets are values in order."""
    places = (torch.arange(count) + 0.5) / count
    features = torch.cos(torch.pi * places[:, None] * torch.arange(1, waves + 1))
    return features @ torch.randn(waves, width) / (waves * width / 2) ** 0.5
