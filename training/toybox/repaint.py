"""Small pictures as the stages before an upsampler paint them, of scenes whose large pictures are known.

An upsampler is given painted pictures, whose edges waver and whose tones differ from a render's. Noise and blur do not
look like that, and teach it grain. So it trains on renders that the decoder, or the upsampler before, paints over again.
"""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import numpy as np
import torch
import torch.nn.functional as F
from diffusers import UNet2DModel, UnCLIPScheduler
from torch import nn

from toybox.data import Pictures
from toybox.decoder import to_pixels
from toybox.diffusion import TIMESTEPS
from toybox.text import TextReader
from toybox.upsampler import enlarge

BATCH_SIZE = 50
# A decoder's steps and guidance are the model's defaults; it begins at one of these steps, so that the layout stays.
DECODER_STEPS, DECODER_GUIDANCE = 10, 2.0
FIRST_STEPS = (6, 7)
REPAINTED = 1_200  # pictures; they cost much more to paint than to render
UPSAMPLER_STEPS = 3

Denoiser = Callable[[torch.Tensor, torch.Tensor], torch.Tensor]  # x_t and t to what the scheduler's step takes


def walk(denoise: Denoiser, scheduler: UnCLIPScheduler, x: torch.Tensor, first: int) -> torch.Tensor:
    """The scheduler's steps from its step `first` on, where x [N, C, H, W] is noised to that step's timestep: x0."""
    timesteps = scheduler.timesteps[first:].to(x.device)
    for t, after in zip(timesteps, [*timesteps[1:], None]):
        x = scheduler.step(denoise(x, t), t, x, prev_timestep=after).prev_sample
    return x


def to_bytes(x: torch.Tensor) -> np.ndarray:
    """[N, 3, H, W] in [-1, 1] to uint8 [N, H, W, 3]."""
    return ((x.float().clamp(-1, 1) + 1) * 127.5).round().byte().permute(0, 2, 3, 1).cpu().numpy()


def guided_decoder(networks: nn.ModuleDict, reader: TextReader, z: torch.Tensor, captions: list[str]) -> Denoiser:
    """The decoder under guidance, as UnCLIPPipeline runs it; z [N, D]."""
    count, decoder, text_proj = len(z), networks["decoder"], networks["text_proj"]
    text = reader.read([""] * count + captions, 0.0, np.random.default_rng(0))
    states, additive = text_proj(
        image_embeddings=z,
        prompt_embeds=text.embeds,
        text_encoder_hidden_states=text.states,
        do_classifier_free_guidance=True,
    )
    mask = F.pad(text.mask, (text_proj.config.clip_extra_context_tokens, 0), value=True)

    def denoise(x: torch.Tensor, t: torch.Tensor) -> torch.Tensor:
        output = decoder(torch.cat([x, x]), t, encoder_hidden_states=states, class_labels=additive, attention_mask=mask)
        (free, _), (told, variance) = (part.chunk(2, dim=1) for part in output.sample.chunk(2))
        return torch.cat([free + DECODER_GUIDANCE * (told - free), variance], dim=1)

    return denoise


@torch.no_grad()
def repaint_base(
    networks: nn.ModuleDict, reader: TextReader, pictures: Pictures, z: torch.Tensor, count: int, seed: int = 0
) -> np.ndarray:
    """The first `count` base pictures, each noised a good part of the way and painted again by the decoder: uint8 [count, S, S, 3]."""
    torch.manual_seed(seed)
    rng = np.random.default_rng(seed)
    scheduler = UnCLIPScheduler(TIMESTEPS, variance_type="learned_range", prediction_type="sample")
    scheduler.set_timesteps(DECODER_STEPS)
    painted = []
    for i in range(0, count, BATCH_SIZE):
        chosen = np.arange(i, min(i + BATCH_SIZE, count))
        captions, _ = pictures.captions(chosen, rng)
        denoise = guided_decoder(networks, reader, z[chosen].to(reader.device), captions)
        first = int(rng.choice(FIRST_STEPS))
        x0 = to_pixels(pictures.base[chosen], reader.device)
        xt = scheduler.add_noise(x0, torch.randn_like(x0), scheduler.timesteps[first].expand(len(x0)))
        painted.append(to_bytes(walk(denoise, scheduler, xt, first)))
    return np.concatenate(painted)


@torch.no_grad()
def repaint_enlarged(network: UNet2DModel, base: np.ndarray, device: torch.device, seed: int = 0) -> np.ndarray:
    """What the first upsampler makes of base pictures uint8 [N, S, S, 3]: uint8 [N, 4 S, 4 S, 3]."""
    torch.manual_seed(seed)
    scheduler = UnCLIPScheduler(TIMESTEPS, variance_type="fixed_small_log", prediction_type="sample")
    scheduler.set_timesteps(UPSAMPLER_STEPS)
    painted = []
    for i in range(0, len(base), BATCH_SIZE):
        low = enlarge(to_pixels(base[i : i + BATCH_SIZE], device))

        def denoise(x: torch.Tensor, t: torch.Tensor, low: torch.Tensor = low) -> torch.Tensor:
            return network(torch.cat([x, low], dim=1), t).sample

        painted.append(to_bytes(walk(denoise, scheduler, torch.randn_like(low), 0)))
    return np.concatenate(painted)


def cached(path: Path, make: Callable[[], np.ndarray]) -> np.ndarray:
    """What `make` gives, or what an earlier call left in the file."""
    if not path.exists():
        np.save(path, make())
    return np.load(path)
