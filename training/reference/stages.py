"""Records the tensors between the stages of a running unCLIP pipeline, to tell which stage of a port is wrong."""

from collections.abc import Callable
from typing import Any

import torch
from diffusers import DiffusionPipeline, UnCLIPScheduler
from torch import nn

Tensors = dict[str, torch.Tensor]

WATCHED: dict[str, Callable[[tuple, dict[str, Any], Any], Tensors]] = {
    "image_encoder": lambda args, _, out: {"pixel_values": args[0], "image_embeds": out.image_embeds},
    "prior": lambda args, _, out: {"prior.input": args[0], "prior.output": out.predicted_image_embedding},
    "text_proj": lambda _, kwargs, out: {
        "text_embeds": kwargs["prompt_embeds"],
        "text_states": kwargs["text_encoder_hidden_states"],
        "image_embedding": kwargs["image_embeddings"],
        "decoder.states": out[0],
        "decoder.additive": out[1],
    },
    "decoder": lambda _, kwargs, out: {
        "decoder.mask": kwargs["attention_mask"],
        "decoder.input": kwargs["sample"],
        "decoder.output": out.sample,
    },
    "super_res_first": lambda _, kwargs, out: {"super_res.input": kwargs["sample"], "super_res.output": out.sample},
}
"""What is kept of the first call of each network: (args, kwargs, output) -> tensors by name."""

WATCHED_SCHEDULERS = ("prior_scheduler", "decoder_scheduler")
"""Super-resolution samples are large; their first network call and the final picture tell enough."""


def record_stages(pipeline: DiffusionPipeline) -> Tensors:
    """Hooks a pipeline that is called once afterwards; the returned tensors fill meanwhile.

    `prior.x.<i>` and `decoder.x.<i>` are the samples after step i; all other names are those of WATCHED.
    """
    tensors: Tensors = {}
    for name, component in pipeline.components.items():
        if name in WATCHED:
            _watch_network(component, WATCHED[name], tensors)
        elif name in WATCHED_SCHEDULERS:
            _watch_scheduler(component, name.removesuffix("_scheduler"), tensors)
    return tensors


def _watch_network(network: nn.Module, select: Callable[[tuple, dict[str, Any], Any], Tensors], into: Tensors) -> None:
    def keep_first(_: nn.Module, args: tuple, kwargs: dict[str, Any], output: Any) -> None:
        handle.remove()
        for name, x in select(args, kwargs, output).items():
            into[name] = x.to(torch.uint8) if x.dtype == torch.bool else x.clone()

    handle = network.register_forward_hook(keep_first, with_kwargs=True)


def _watch_scheduler(scheduler: UnCLIPScheduler, stage: str, into: Tensors) -> None:
    step = scheduler.step
    results: list[torch.Tensor] = []

    def recording_step(*args: Any, **kwargs: Any) -> Any:
        result = step(*args, **kwargs)
        results.append(result.prev_sample)
        into[f"{stage}.x.{len(results) - 1}"] = result.prev_sample.clone()
        return result

    scheduler.step = recording_step
