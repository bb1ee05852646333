"""Random networks brought into range, and a short training that turns a random U-Net into a denoiser of latents.

As with `denoiser.py`, mid-range pictures come of it: a wrong stage shows, the last bit of a float32 does not.
"""

from collections.abc import Callable
from typing import Any

import torch
import torch.nn.functional as F
from diffusers import AutoencoderKL, SchedulerMixin, UNet2DConditionModel, VQModel

from denoiser import learn

BATCH_SIZE = 6
LEARNING_RATE = 4e-3
STEP_COUNT = 60
PICTURE_SIZE = 32
PIXEL_SPREAD = 0.4
VELOCITY_SPREAD = 0.5

Condition = Callable[[torch.Generator], tuple[dict[str, Any], torch.Tensor]]
"""Draws the conditions of a batch: the U-Net's arguments, and the latents' colour, [N, 4], that follows from them."""


def smooth(channels: int, size: int, colour: torch.Tensor, generator: torch.Generator) -> torch.Tensor:
    """Gradients between random values, half of them the given colour, [N, channels, size, size], in (-1, 1)."""
    coarse = torch.randn(len(colour), channels, 3, 3, generator=generator)
    gradient = F.interpolate(coarse, size=[size] * 2, mode="bicubic", align_corners=True)
    return (0.5 * gradient + 0.5 * colour[..., None, None]).tanh()


def calibrate_autoencoder(autoencoder: AutoencoderKL | VQModel, seed: int) -> None:
    """Scales the last convolutions of a random autoencoder, so that latents are about one wide and pixels fit."""
    generator = torch.Generator().manual_seed(seed)
    pixels = smooth(3, PICTURE_SIZE, torch.randn(BATCH_SIZE, 3, generator=generator), generator)
    if isinstance(autoencoder, VQModel):
        latents = autoencoder.encode(pixels).latents
    else:
        latents = autoencoder.encode(pixels).latent_dist.mean * autoencoder.config.scaling_factor
    _scale(autoencoder.encoder.conv_out, 1 / latents.std())
    given = smooth(4, 8, torch.randn(BATCH_SIZE, 4, generator=generator), generator)
    if isinstance(autoencoder, VQModel):
        copied = autoencoder.decode(given, force_not_quantize=True).sample
    else:
        copied = autoencoder.decode(given / autoencoder.config.scaling_factor).sample
    _scale(autoencoder.decoder.conv_out, PIXEL_SPREAD / copied.std())


def calibrate_velocity(unet: UNet2DConditionModel, condition: Condition, seed: int) -> None:
    """Scales the last convolution of a random network: velocities stay in range without any training."""
    generator = torch.Generator().manual_seed(seed)
    arguments, _ = condition(generator)
    size = unet.config.sample_size
    output = unet(torch.randn(BATCH_SIZE, 4, size, size, generator=generator), 500, **arguments).sample
    _scale(unet.conv_out, VELOCITY_SPREAD / output.std())


def _scale(layer: torch.nn.Conv2d, factor: torch.Tensor) -> None:
    layer.weight.mul_(factor)
    layer.bias.mul_(factor)


@torch.enable_grad()
def train_latent_denoiser(
    unet: UNet2DConditionModel, scheduler: SchedulerMixin, condition: Condition, seed: int
) -> None:
    """The network predicts the noise; nine channels of the input are the noisy latents, those of the picture around a
    mask, and the mask."""
    generator = torch.Generator().manual_seed(seed)
    optimiser = torch.optim.Adam(unet.parameters(), LEARNING_RATE)
    size = unet.config.sample_size
    for _ in range(STEP_COUNT):
        arguments, colour = condition(generator)
        x0 = smooth(4, size, colour, generator)
        t = torch.randint(0, scheduler.config.num_train_timesteps, (BATCH_SIZE,), generator=generator)
        eps = torch.randn(x0.shape, generator=generator)
        xt = scheduler.add_noise(x0, eps, t)
        if unet.config.in_channels == 9:
            mask = (torch.rand(BATCH_SIZE, 1, size, size, generator=generator) < 0.5).float()
            xt = torch.cat([xt, x0 * mask, mask], dim=1)
        output = unet(xt, t, **arguments).sample
        loss = learn(optimiser, F.mse_loss(output[:, :4], eps))
    print(f"  latent denoiser: loss {loss:.3f}")
