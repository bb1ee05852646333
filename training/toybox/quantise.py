"""CLIP image embeddings as tokens: principal components in order of decreasing variance, each in one of B buckets."""

from __future__ import annotations

from dataclasses import dataclass

import torch

BUCKETS = 48
LARGEST_ERROR = 0.01  # of the variance of the embeddings: what components that are left out and buckets lose together
RANGE = 0.001  # the share of embeddings in the lowest bucket of a component, and in the highest


@dataclass
class Quantiser:
    """Turns embeddings [N, D] into tokens [N, K] and back."""

    mean: torch.Tensor  # [D]
    components: torch.Tensor  # [K, D], orthonormal
    bounds: torch.Tensor  # [K, B - 1], between neighbouring buckets, increasing
    values: torch.Tensor  # [K, B], what a bucket stands for

    def tokens(self, embeddings: torch.Tensor) -> torch.Tensor:
        return bucketize((embeddings - self.mean) @ self.components.T, self.bounds)

    def embeddings(self, tokens: torch.Tensor) -> torch.Tensor:
        return torch.gather(self.values, 1, tokens.T).T @ self.components + self.mean

    def error(self, embeddings: torch.Tensor) -> float:
        """Mean squared error of the embeddings after tokens, over their variance."""
        lost = (self.embeddings(self.tokens(embeddings)) - embeddings).square().sum(1).mean()
        return float(lost / (embeddings - self.mean).square().sum(1).mean())


def bucketize(values: torch.Tensor, bounds: torch.Tensor) -> torch.Tensor:
    """The buckets of values [N, K] between bounds [K, B - 1]: int64 [N, K]."""
    return torch.searchsorted(bounds, values.T.contiguous()).T


def fit_quantiser(embeddings: torch.Tensor, buckets: int = BUCKETS) -> Quantiser:
    """Buckets of equal width between two far percentiles of each component, the outer ones open; a bucket stands for the mean of
    what falls into it. As many components as lose, after quantisation, less than LARGEST_ERROR of the variance.

    Buckets of equal counts would lose more: their outer ones are wide.
    """
    embeddings = embeddings.double()
    mean = embeddings.mean(0)
    centred = embeddings - mean
    variances, vectors = torch.linalg.eigh(centred.T @ centred / len(centred))  # increasing
    variances, components = variances.flip(0), vectors.T.flip(0)
    values = centred @ components.T
    ends = torch.stack([percentile(values, RANGE), percentile(values, 1 - RANGE)], 1)  # [D, 2]
    places = torch.linspace(0, 1, buckets - 1, dtype=torch.float64)
    bounds = ends[:, :1] + (ends[:, 1:] - ends[:, :1]) * places
    means = bucket_means(values, bounds)
    kept = torch.gather(means, 1, bucketize(values, bounds).T).T
    errors = (kept - values).square().mean(0).cumsum(0) + variances.sum() - variances.cumsum(0)  # with 1, 2, ... components
    count = int((errors >= LARGEST_ERROR * variances.sum()).sum()) + 1
    parts = (mean, components[:count], bounds[:count], means[:count])
    return Quantiser(*(part.float().contiguous() for part in parts))


def percentile(values: torch.Tensor, share: float) -> torch.Tensor:
    """The value of each column of [N, K] below which `share` of the column lies."""
    return values.sort(0).values[round(share * (len(values) - 1))]


def bucket_means(values: torch.Tensor, bounds: torch.Tensor) -> torch.Tensor:
    """The mean of the values [N, K] in each bucket: [K, B]. An empty bucket has that of its bounds."""
    tokens = bucketize(values, bounds).T
    shape = (bounds.shape[0], bounds.shape[1] + 1)
    sums = torch.zeros(shape, dtype=values.dtype).scatter_add_(1, tokens, values.T.contiguous())
    counts = torch.zeros(shape, dtype=values.dtype).scatter_add_(1, tokens, torch.ones_like(sums[:, :1]).expand_as(tokens))
    centres = (torch.cat([bounds[:, :1], bounds], 1) + torch.cat([bounds, bounds[:, -1:]], 1)) / 2
    return torch.where(counts > 0, sums / counts.clamp(min=1), centres)
