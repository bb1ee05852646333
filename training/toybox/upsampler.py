"""The upsampler stages: convolutional U-Nets, each from a picture to one four times as high and as wide."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import torch
import torch.nn.functional as F
from diffusers import UNet2DModel
from torch import nn

from toybox.data import ENLARGEMENT, Pictures
from toybox.decoder import to_pixels
from toybox.degrade import blur_and_noise, degrade
from toybox.diffusion import TIMESTEPS, Diffusion, sample_noisy_timesteps, sample_timesteps


@dataclass(frozen=True)
class Size:
    channels: tuple[int, ...]
    batch_size: int


# By base size and level: 1 enlarges the decoder's pictures, 2 those of level 1. The second has most pixels to compute, so it is
# trained on crops: borders, all that it has to find, are a small part of a picture. At base 32 both are of one shape, so that
# the second can begin with the first one's weights: enlarging is much the same at either size.
SIZES = {
    32: {1: Size((24, 48, 72), 4), 2: Size((24, 48, 72), 1)},
    64: {1: Size((24, 40, 64), 4), 2: Size((8, 16, 32, 64), 1)},
}
LAST_STEP_TIMESTEPS = 100
PAINTED_SHARE = 0.5  # of a batch
# How many crops of a picture the second upsampler trains on at a time, and their sides in pixels.
CROPS, CROP = 8, 96
AS_RUN_SHARE = 0.75  # of the second upsampler's batches
# How much more an error counts beside a border from black to white, and how far from it, in pixels of either picture.
BORDER_WEIGHT, BORDER_REACH = 5.0, 4
# How much the energy of gradients counts beside the error of pixels, and the side of the windows it is taken over.
ENERGY_WEIGHT, ENERGY_WINDOW = 3.0, 16


def build_upsampler(level: int, base_size: int, attention: bool = False) -> UNet2DModel:
    """Karlo's super-resolution network, block for block, at toy width: the noisy picture and the enlarged one go in together.

    `attention` adds what Karlo's does not have, at the lowest resolution.
    """
    channels = SIZES[base_size][level].channels
    return UNet2DModel(
        sample_size=base_size * ENLARGEMENT**level,
        in_channels=6,
        out_channels=3,
        layers_per_block=1,
        block_out_channels=channels,
        down_block_types=("ResnetDownsampleBlock2D",) * len(channels),
        up_block_types=("ResnetUpsampleBlock2D",) * len(channels),
        add_attention=attention,
        norm_num_groups=8,
    )


def enlarge(small: torch.Tensor) -> torch.Tensor:
    """The conditioning picture, enlarged exactly as UnCLIPPipeline does: [N, 3, S, S] to [N, 3, 4 S, 4 S]."""
    size = small.shape[-1] * ENLARGEMENT
    return F.interpolate(small, size=(size, size), mode="bicubic", align_corners=False, antialias=True)


def border_strength(x: torch.Tensor, reach: int) -> torch.Tensor:
    """How much pixels differ within `reach` of each: [N, C, H, W] in [-1, 1] to [N, 1, H, W] in [0, 1]."""
    kind = dict(kernel_size=2 * reach + 1, stride=1, padding=reach)
    return (F.max_pool2d(x, **kind) + F.max_pool2d(-x, **kind)).mean(1, keepdim=True) / 2


def gradient_energy(x: torch.Tensor) -> torch.Tensor:
    """Mean squared difference of neighbouring pixels, by windows: [N, C, H, W] to [N, C, H / ENERGY_WINDOW, W / ENERGY_WINDOW]."""
    down, across = x.diff(dim=2).square(), x.diff(dim=3).square()
    return F.avg_pool2d(F.pad(down, (0, 0, 0, 1)) + F.pad(across, (0, 1)), ENERGY_WINDOW)


class UpsamplerStage:
    """Trained on whole pictures; run on whole pictures.

    Half of the small pictures are renders, spoiled a little (Ramesh et al. 2022, section 2.1); the others, `painted`, were
    painted over again by the stage before, of the first scenes: what an upsampler is given in use. The error is taken
    absolute where it is large (Saharia et al. 2021, arXiv:2104.07636): where an edge may run here or there, the mean of
    both is a blur, the median is one of them.
    """

    learning_rate = 1e-3

    def __init__(
        self,
        pictures: Pictures,
        level: int,
        device: torch.device,
        attention: bool = False,
        painted: np.ndarray | None = None,
    ):
        self.name = ("upsampler", "upsampler-2")[level - 1]
        self.network = ("super_res_first", "super_res_2_first")[level - 1]
        self.level, self.device = level, device
        count = len(pictures.levels[level])
        self.small, self.large = (torch.from_numpy(pictures.levels[i][:count]).to(device) for i in (level - 1, level))
        self.painted = None if painted is None else torch.from_numpy(painted).to(device)
        size = SIZES[pictures.base_size][level]
        self.batch_size = size.batch_size
        self.diffusion = Diffusion(device)
        self.networks = nn.ModuleDict({self.network: build_upsampler(level, pictures.base_size, attention)}).to(device)

    def sample(self, rng: np.random.Generator) -> tuple[torch.Tensor, torch.Tensor]:
        """Picture indices [batch_size], and the small pictures [batch_size, 3, S, S] of the level below, not quite as they should be."""

        def draw(count: int) -> torch.Tensor:
            return torch.from_numpy(rng.integers(count, size=self.batch_size)).to(self.device)

        spoil = blur_and_noise if self.level == 1 else degrade
        indices = draw(len(self.large))
        spoiled = spoil(to_pixels(self.small[indices], self.device), rng)
        if self.painted is None:
            return indices, spoiled
        others = draw(len(self.painted))
        chosen = torch.from_numpy(rng.random(self.batch_size) < PAINTED_SHARE).to(self.device)
        painted = to_pixels(self.painted[others], self.device)
        return torch.where(chosen, others, indices), torch.where(chosen[:, None, None, None], painted, spoiled)

    def sample_timesteps(self) -> torch.Tensor:
        return sample_noisy_timesteps(self.batch_size, self.device)

    def loss(self, rng: np.random.Generator) -> dict[str, torch.Tensor]:
        indices, small = self.sample(rng)
        x0 = to_pixels(self.large[indices], self.device)
        return self.error(x0, enlarge(small), self.sample_timesteps())[1]

    def error(
        self,
        x0: torch.Tensor,
        low: torch.Tensor,
        t: torch.Tensor,
        noised: torch.Tensor | None = None,
        weight: torch.Tensor | None = None,
    ) -> tuple[torch.Tensor, dict[str, torch.Tensor]]:
        """The network's x0 from `noised` (default: x0) as it is at `t`, and its losses."""
        xt = self.diffusion.add_noise(x0 if noised is None else noised, t)
        predicted = self.networks[self.network](torch.cat([xt, low], dim=1), t).sample.float()
        squared = self.diffusion.x0_loss(predicted, x0, t)
        return predicted, {"loss": self.diffusion.x0_absolute_loss(predicted, x0, t, weight), "squared": squared.detach()}


class LastUpsamplerStage(UpsamplerStage):
    """Continues from the trained upsampler on nearly clean pictures only: it runs the last sampling step."""

    learning_rate = 3e-4

    def __init__(
        self, pictures: Pictures, upsampler: UNet2DModel, device: torch.device, painted: np.ndarray | None = None
    ):
        super().__init__(pictures, 1, device, painted=painted)
        self.name, self.network = "upsampler-last", "super_res_last"
        self.networks = nn.ModuleDict({self.network: build_upsampler(1, pictures.base_size)}).to(device)
        self.networks[self.network].load_state_dict(upsampler.state_dict())

    def sample_timesteps(self) -> torch.Tensor:
        return sample_timesteps(self.batch_size, self.device, LAST_STEP_TIMESTEPS)


class CropNorm(nn.GroupNorm):
    """Norms the crops of a picture together while it trains, as their whole picture would be in use.

    By its own, a crop without a border would be normed as no picture is.
    """

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        if not self.training:
            return super().forward(x)
        together = x.unflatten(0, (-1, CROPS)).transpose(1, 2)  # [N, C, CROPS, H, W]
        return super().forward(together).transpose(1, 2).flatten(0, 1)


class SecondUpsamplerStage(UpsamplerStage):
    """Sharpens borders, in two steps: trained on crops, in which errors count more beside borders.

    Errors of pixels alone leave a border a little soft wherever its place is not certain to a fraction of a pixel. So the energy
    of gradients in each window, which tells how sharp its borders are and not where, is held to that of the render too
    (Abrahamyan et al. 2022, arXiv:2202.00997, with energy for variance).

    Most batches run as the sampler does: from noise, then from what that gave. A network that saw only renders at the last
    timestep would hand its first answer on as it is, soft as that may be. It begins with the weights of the first upsampler
    where that is of the same shape.
    """

    def __init__(
        self,
        pictures: Pictures,
        device: torch.device,
        painted: np.ndarray | None = None,
        first: UNet2DModel | None = None,
    ):
        super().__init__(pictures, 2, device, painted=painted)
        if first is not None and first.config.block_out_channels == SIZES[pictures.base_size][2].channels:
            self.networks[self.network].load_state_dict(first.state_dict())
        for module in self.networks.modules():
            if isinstance(module, nn.GroupNorm):
                module.__class__ = CropNorm

    def loss(self, rng: np.random.Generator) -> dict[str, torch.Tensor]:
        indices, small = self.sample(rng)
        x0, low = self.crops(self.large[indices], small, rng)
        weight = 1 + BORDER_WEIGHT * border_strength(low, BORDER_REACH)
        if rng.random() > AS_RUN_SHARE:
            t = self.sample_timesteps().repeat_interleave(CROPS)
            return self.error(x0, low, t, weight=weight)[1]
        noisiest = torch.full((len(x0),), TIMESTEPS - 1, device=self.device)
        answer, first = self.error(x0, low, noisiest, weight=weight)
        _, second = self.error(x0, low, torch.zeros_like(noisiest), answer.detach(), weight)
        return {name: (first[name] + second[name]) / 2 for name in first}

    def error(self, x0: torch.Tensor, *rest: torch.Tensor, **others: torch.Tensor) -> tuple[torch.Tensor, dict[str, torch.Tensor]]:
        predicted, losses = super().error(x0, *rest, **others)
        energy = (gradient_energy(predicted) - gradient_energy(x0)).abs().mean()
        return predicted, {**losses, "loss": losses["loss"] + ENERGY_WEIGHT * energy, "energy": energy.detach()}

    def crops(self, large: torch.Tensor, small: torch.Tensor, rng: np.random.Generator) -> tuple[torch.Tensor, torch.Tensor]:
        """CROPS windows of each picture uint8 [N, 4 S, 4 S, 3], and of the small one enlarged: [N CROPS, 3, CROP, CROP] in [-1, 1].

        As many come from each quarter of a picture.
        """
        low, cuts = enlarge(small), []
        for i in range(len(large)):
            quarters = np.indices((2, 2)).reshape(2, 4).T[np.arange(CROPS) % 4]
            corners = ((quarters + rng.random(quarters.shape)) / 2 * (large.shape[1] - CROP + 1)).astype(int)
            cuts += [(i, slice(y, y + CROP), slice(x, x + CROP)) for y, x in corners]
        x0 = torch.stack([large[cut] for cut in cuts])
        return to_pixels(x0, self.device), torch.stack([low[i, :, rows, columns] for i, rows, columns in cuts])
