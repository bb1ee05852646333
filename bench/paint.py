"""Diffusers' side of a whole picture in a process of its own: python paint.py <folder> <file for the pixels> <settings as JSON>.

Loads the pipeline, then paints the next caption for each line "step" of its input and stops at its end. It answers each with one line of JSON. Pixels
are written as float32: the decoder's into <file>-decoder, those of the upsampler into <file>-final. In bfloat16 the channels of pictures
lie last, as PyTorch's convolutions want them there.
"""

import json
import sys
from functools import wraps
from pathlib import Path
from types import ModuleType, SimpleNamespace

import torch
from diffusers import PriorTransformer, UNet2DConditionModel, UNet2DModel, UnCLIPPipeline, UnCLIPScheduler
from torch.nn import functional as F
from transformers import CLIPTextModelWithProjection, CLIPTokenizer

from answers import VERSION, say, seconds_of

PIPELINE, SCHEDULER = (sys.modules[kind.__module__] for kind in (UnCLIPPipeline, UnCLIPScheduler))
NETWORKS = {
    "prior": PriorTransformer,
    "decoder": UNet2DConditionModel,
    "text_proj": PIPELINE.UnCLIPTextProjModel,
    "text_encoder": CLIPTextModelWithProjection,
    "super_res_first": UNet2DModel,
    "super_res_last": UNet2DModel,
}
SCHEDULERS = ("prior_scheduler", "decoder_scheduler", "super_res_scheduler")


def load_pipeline(folder: Path, dtype: torch.dtype) -> UnCLIPPipeline:
    """Built from its parts: diffusers does not find UnCLIPTextProjModel by the published name."""
    networks = {name: kind.from_pretrained(folder / name, torch_dtype=dtype).eval() for name, kind in NETWORKS.items()}
    if dtype != torch.float32:
        for network in networks.values():
            network.to(memory_format=torch.channels_last)
    pipeline = UnCLIPPipeline(
        tokenizer=CLIPTokenizer.from_pretrained(folder / "tokenizer"),
        **networks,
        **{name: UnCLIPScheduler.from_pretrained(folder / name) for name in SCHEDULERS},
    )
    pipeline.set_progress_bar_config(disable=True)
    return pipeline


def draw_in_float32(module: ModuleType) -> None:
    """PyTorch draws other noise in bfloat16 than in float32: with this a seed has one noise in all types, and pictures can be compared."""
    draw = module.randn_tensor
    module.randn_tensor = lambda *args, dtype=None, **others: draw(*args, **others).to(dtype)


def enlarge_in_float32() -> None:
    """PyTorch has no antialiased interpolation in bfloat16 on CPUs, without which the pipeline ends there with an error."""

    @wraps(F.interpolate)
    def interpolate(pixels: torch.Tensor, **options: object) -> torch.Tensor:
        return F.interpolate(pixels.float(), **options).to(pixels.dtype)

    PIPELINE.F = SimpleNamespace(pad=F.pad, interpolate=interpolate)


def keep_last(scheduler: UnCLIPScheduler, samples: dict[str, torch.Tensor], name: str) -> None:
    """Keeps what the scheduler's steps give, each in place of the one before."""
    step = scheduler.step

    def keeping(*args: object, **others: object) -> object:
        result = step(*args, **others)
        samples[name] = result.prev_sample
        return result

    scheduler.step = keeping


def main() -> None:
    folder, output_file, settings = sys.argv[1:]
    told = json.loads(settings)
    if "threads" in told:
        torch.set_num_threads(told["threads"])
    prior, decoder, upsamplers = (told["settings"][stage] for stage in ("prior", "decoder", "upsamplers"))
    now = seconds_of("elapsed")
    start = now()
    pipeline = load_pipeline(Path(folder), getattr(torch, told["dtype"]))
    for module in (PIPELINE, SCHEDULER):
        draw_in_float32(module)
    enlarge_in_float32()
    last: dict[str, torch.Tensor] = {}
    keep_last(pipeline.decoder_scheduler, last, "decoder")
    keep_last(pipeline.super_res_scheduler, last, "final")
    say(seconds=now() - start, version=VERSION)
    pixels: dict[str, bytes] = {"decoder": b"", "final": b""}
    for seed, _ in enumerate(sys.stdin):
        start = now()
        pipeline(
            told["captions"][seed],
            prior_num_inference_steps=prior["steps"],
            prior_guidance_scale=prior["guidanceScale"],
            decoder_num_inference_steps=decoder["steps"],
            decoder_guidance_scale=decoder["guidanceScale"],
            super_res_num_inference_steps=upsamplers[0]["steps"],
            generator=torch.Generator().manual_seed(seed),
            output_type="np",
        )
        say(seconds=now() - start)
        for name, sample in last.items():
            pixels[name] += sample.float().contiguous().numpy().tobytes()
    for name, numbers in pixels.items():
        Path(f"{output_file}-{name}").write_bytes(numbers)


main()
