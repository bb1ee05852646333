"""The shipped folder in Python: diffusers' own UnCLIPPipeline, and the second upsampler, which that does not know."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import torch
from diffusers import PriorTransformer, UNet2DConditionModel, UNet2DModel, UnCLIPPipeline, UnCLIPScheduler
from diffusers.pipelines.deprecated.unclip.text_proj import UnCLIPTextProjModel
from diffusers.utils.torch_utils import randn_tensor
from transformers import CLIPTextModelWithProjection, CLIPTokenizer

from toybox.upsampler import enlarge

Generators = torch.Generator | list[torch.Generator]  # one for all pictures of a call, or one for each


def load_pipeline(folder: Path, device: str = "cpu", dtype: torch.dtype = torch.float32) -> UnCLIPPipeline:
    """Built from its parts: diffusers does not find UnCLIPTextProjModel by the published name."""
    parts = {
        "prior": PriorTransformer,
        "decoder": UNet2DConditionModel,
        "text_proj": UnCLIPTextProjModel,
        "text_encoder": CLIPTextModelWithProjection,
        "super_res_first": UNet2DModel,
        "super_res_last": UNet2DModel,
    }
    schedulers = ("prior_scheduler", "decoder_scheduler", "super_res_scheduler")
    return UnCLIPPipeline(
        tokenizer=CLIPTokenizer.from_pretrained(folder / "tokenizer"),
        **{name: kind.from_pretrained(folder / name, torch_dtype=dtype).eval() for name, kind in parts.items()},
        **{name: UnCLIPScheduler.from_pretrained(folder / name) for name in schedulers},
    ).to(device)


def paint(pipeline: UnCLIPPipeline, captions: list[str], defaults: dict, generator: Generators) -> np.ndarray:
    """Pictures [N, S, S, 3] in [0, 1], one per caption: as far as diffusers' pipeline goes, which has one upsampler."""
    pipeline.set_progress_bar_config(disable=True)
    return pipeline(
        captions,
        prior_num_inference_steps=defaults["prior"]["steps"],
        prior_guidance_scale=defaults["prior"]["guidanceScale"],
        decoder_num_inference_steps=defaults["decoder"]["steps"],
        decoder_guidance_scale=defaults["decoder"]["guidanceScale"],
        super_res_num_inference_steps=defaults["upsamplers"][0]["steps"],
        generator=generator,
        output_type="np",
    ).images


class SmallPainted(Exception):
    """Ends diffusers' pipeline once its decoder has painted."""


def paint_small(pipeline: UnCLIPPipeline, captions: list[str], defaults: dict, generator: Generators) -> np.ndarray:
    """The decoder's own pictures [N, s, s, 3] in [0, 1], one per caption: the pipeline goes no further."""
    scheduler = pipeline.decoder_scheduler
    step = scheduler.step
    last: dict[str, torch.Tensor] = {}

    def step_unless_last(*args: object, prev_timestep: torch.Tensor | None, **others: object) -> object:
        result = step(*args, prev_timestep=prev_timestep, **others)
        if prev_timestep is None:
            last["x"] = result.prev_sample
            raise SmallPainted
        return result

    scheduler.step = step_unless_last
    try:
        paint(pipeline, captions, defaults, generator)
    except SmallPainted:
        pass
    finally:
        del scheduler.step
    return (last["x"].float() / 2 + 0.5).clamp(0, 1).permute(0, 2, 3, 1).cpu().numpy()


@torch.no_grad()
def enlarge_again(
    folder: Path, pictures: np.ndarray, steps: int, generator: Generators, device: str = "cpu"
) -> np.ndarray:
    """What the second upsampler makes of [N, S, S, 3] in [0, 1]: [N, 4 S, 4 S, 3], as the pipeline runs its first one."""
    network = UNet2DModel.from_pretrained(folder / "super_res_2_first").float().eval().to(device)
    scheduler = UnCLIPScheduler.from_pretrained(folder / "super_res_2_scheduler")
    low = enlarge(torch.from_numpy(pictures).to(device).permute(0, 3, 1, 2).float() * 2 - 1)
    scheduler.set_timesteps(steps)
    x = randn_tensor(low.shape, generator=generator, device=low.device)
    for t, after in zip(scheduler.timesteps, [*scheduler.timesteps[1:], None]):
        predicted = network(torch.cat([x, low], dim=1), t).sample
        x = scheduler.step(predicted, t, x, prev_timestep=after, generator=generator).prev_sample
    return (x / 2 + 0.5).clamp(0, 1).permute(0, 2, 3, 1).cpu().numpy()


def to_bytes(pictures: np.ndarray) -> np.ndarray:
    """[0, 1] to uint8."""
    return (pictures * 255).round().astype(np.uint8)
