"""The arithmetic that the three diffusion stages share: noising, loss weights and the learned-variance bound.

All stages predict the clean sample x0 and use diffusers' UnCLIPScheduler (squared-cosine betas, T = 1000).
"""

from __future__ import annotations

import torch
import torch.nn.functional as F
from diffusers import UnCLIPScheduler

TIMESTEPS = 1000
# Steps of a 15- to 50-step sampler, in timesteps; the upper end is exclusive.
STRIDES = (20, 70)
SMALL_ERROR = 0.03  # of pixels in [-1, 1]: four levels of 255


class Diffusion:
    """Tables over t in [0, T) and the losses built on them."""

    def __init__(self, device: torch.device):
        scheduler = UnCLIPScheduler(num_train_timesteps=TIMESTEPS)
        alphas_cumprod = scheduler.alphas_cumprod.double()

        def table(values: torch.Tensor) -> torch.Tensor:
            return values.float().to(device)

        self.alphas_cumprod = table(alphas_cumprod)
        self.signal = table(alphas_cumprod.sqrt())
        self.noise = table((1 - alphas_cumprod).sqrt())
        self.snr = table(alphas_cumprod / (1 - alphas_cumprod))

    def add_noise(self, x0: torch.Tensor, t: torch.Tensor) -> torch.Tensor:
        """Draws x_t from q(x_t | x_0) (Ho et al. 2020, eq. 4)."""
        shape = (-1, *(1 for _ in x0.shape[1:]))
        return self.signal[t].view(shape) * x0 + self.noise[t].view(shape) * torch.randn_like(x0)

    def x0_loss(self, predicted: torch.Tensor, x0: torch.Tensor, t: torch.Tensor) -> torch.Tensor:
        """Squared error of x0, weighted by min(SNR + 1, 5): min-SNR-5 (Hang et al. 2023) for v-prediction, as an x0 loss."""
        error = (predicted - x0).square().flatten(1).mean(1)
        return (error * (self.snr[t] + 1).clamp(max=5)).mean()

    def x0_absolute_loss(
        self, predicted: torch.Tensor, x0: torch.Tensor, t: torch.Tensor, weight: torch.Tensor | None = None
    ) -> torch.Tensor:
        """Absolute error of x0, squared below SMALL_ERROR, weighted by the root of what `x0_loss` weighs with; and
        by `weight` [N, 1, H, W], each pixel's.
        """
        error = F.smooth_l1_loss(predicted, x0, reduction="none", beta=SMALL_ERROR)
        error = (error if weight is None else error * weight).flatten(1).mean(1)
        return (error * (self.snr[t] + 1).clamp(max=5).sqrt()).mean()

    def variance_loss(
        self, predicted: torch.Tensor, fraction: torch.Tensor, x0: torch.Tensor, t: torch.Tensor
    ) -> torch.Tensor:
        """KL(q(x_s | x_t, x_0) || p(x_s | x_t)) with the mean held fixed (Nichol & Dhariwal 2021, eq. 15-16).

        `fraction` [N, C, H, W] in [-1, 1] places log p's variance between the posterior's and beta's. Between neighbours
        (s = t - 1) the two nearly agree, so nothing would hold `fraction` and a sampler of few steps would amplify it
        without limit. Hence s lies a sampler's stride before t, and values outside [-1, 1] are pulled back.
        """
        shape = (-1, 1, 1, 1)
        stride = torch.randint(*STRIDES, t.shape, device=t.device)
        noise_t = 1 - self.alphas_cumprod[t].view(shape)
        signal_s = self.alphas_cumprod[(t - stride).clamp(min=0)].view(shape)
        beta = (1 - (1 - noise_t) / signal_s).clamp(min=1e-8)  # zero only at t = 0, which is left out below
        high, low = beta.log(), (beta * (1 - signal_s) / noise_t).log()
        share = (fraction + 1) / 2
        log_variance = share * high + (1 - share) * low
        gap = signal_s.sqrt() * beta / noise_t * (predicted.detach() - x0)
        kl = 0.5 * (log_variance - low - 1 + (low - log_variance).exp() + gap.square() * (-log_variance).exp())
        outside = (fraction.abs() - 1).clamp(min=0).square()
        return ((kl + outside).flatten(1).mean(1) * (t > 0)).mean()


def sample_timesteps(count: int, device: torch.device, stop: int = TIMESTEPS) -> torch.Tensor:
    """Uniform timesteps in [0, stop), stratified over the batch to lower the variance of the loss."""
    strata = (torch.arange(count, device=device) + torch.rand(count, device=device)) / count
    return (strata * stop).long()


def sample_noisy_timesteps(count: int, device: torch.device) -> torch.Tensor:
    """Half of them uniform, half in the noisiest twentieth: a sampler of few steps takes its first there, and the most from it."""
    noisy = sample_timesteps(count // 2, device, TIMESTEPS // 20)
    return torch.cat([TIMESTEPS - 1 - noisy, sample_timesteps(count - count // 2, device)])
