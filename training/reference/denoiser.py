"""A short training that turns a random U-Net into a denoiser of smooth pictures.

A purely random epsilon prediction drives every pixel to the clipping range and multiplies rounding errors from step
to step. After a hundred optimiser steps the same network gives mid-range pictures, in which a wrong stage shows and
the last bit of a float32 does not.
"""

from dataclasses import dataclass

import torch
import torch.nn.functional as F
from diffusers import UnCLIPScheduler, UNet2DConditionModel, UNet2DModel

BATCH_SIZE = 16
LEARNING_RATE = 2e-3
STEP_COUNT = 120


@dataclass(frozen=True)
class _Batch:
    x0: torch.Tensor
    xt: torch.Tensor
    t: torch.Tensor
    target: torch.Tensor


class _Noising:
    """Batches of smooth pictures, noised and with the target that the scheduler's prediction type asks for."""

    def __init__(self, size: int, scheduler: UnCLIPScheduler, seed: int) -> None:
        self.size = size
        self.scheduler = scheduler
        self.generator = torch.Generator().manual_seed(seed)

    def randn(self, *shape: int) -> torch.Tensor:
        return torch.randn(shape, generator=self.generator)

    def batch(self, colour: torch.Tensor) -> _Batch:
        gradient = F.interpolate(
            self.randn(BATCH_SIZE, 3, 3, 3), size=[self.size] * 2, mode="bicubic", align_corners=True
        )
        x0 = (0.5 * gradient + 0.5 * colour.reshape(BATCH_SIZE, 3, 1, 1)).tanh()
        t = torch.randint(0, self.scheduler.config.num_train_timesteps, (BATCH_SIZE,), generator=self.generator)
        eps = self.randn(*x0.shape)
        target = x0 if self.scheduler.config.prediction_type == "sample" else eps
        return _Batch(x0, self.scheduler.add_noise(x0, eps, t), t, target)


@torch.enable_grad()
def train_decoder(decoder: UNet2DConditionModel, scheduler: UnCLIPScheduler, token_count: int, seed: int) -> None:
    """The colour is the first three class labels plus the first three numbers of the mean context token."""
    noising = _Noising(decoder.config.sample_size, scheduler, seed)
    optimiser = torch.optim.Adam(decoder.parameters(), LEARNING_RATE)
    for _ in range(STEP_COUNT):
        states = noising.randn(BATCH_SIZE, token_count, decoder.config.cross_attention_dim)
        labels = noising.randn(BATCH_SIZE, 4 * decoder.config.block_out_channels[0])
        batch = noising.batch(labels[:, :3] + states[:, :, :3].mean(1))
        output = decoder(batch.xt, batch.t, states, class_labels=labels).sample
        loss = learn(optimiser, F.mse_loss(output[:, :3], batch.target))
    print(f"  decoder: loss {loss:.3f}")


@torch.enable_grad()
def train_super_res(super_res: UNet2DModel, scheduler: UnCLIPScheduler, small_size: int, seed: int) -> None:
    """The second half of the input is the picture as the decoder's resolution shows it."""
    noising = _Noising(super_res.config.sample_size, scheduler, seed)
    optimiser = torch.optim.Adam(super_res.parameters(), LEARNING_RATE)
    for _ in range(STEP_COUNT):
        batch = noising.batch(noising.randn(BATCH_SIZE, 3))
        low = F.interpolate(batch.x0, size=[small_size] * 2, mode="bicubic", antialias=True)
        upscaled = F.interpolate(low, size=batch.x0.shape[2:], mode="bicubic", antialias=True)
        output = super_res(torch.cat([batch.xt, upscaled], dim=1), batch.t).sample
        loss = learn(optimiser, F.mse_loss(output, batch.target))
    print(f"  super-resolution: loss {loss:.3f}")


def learn(optimiser: torch.optim.Optimizer, loss: torch.Tensor) -> float:
    """One step of the optimiser."""
    optimiser.zero_grad()
    loss.backward()
    optimiser.step()
    return loss.item()
