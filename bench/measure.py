"""One stage of diffusers in a process of its own: python measure.py <folder> <stage> <inputs> <file for the output>
<threads> <clock> <dtype>.

Opens the network, then runs one step for each line "step" of its input and stops at its end. It answers each with one line
of JSON. In bfloat16 the channels of pictures lie last, as PyTorch's convolutions want them there.
"""

import sys
from collections.abc import Callable
from pathlib import Path

import torch
from diffusers import AutoencoderKL, PriorTransformer, UNet2DConditionModel, UNet2DModel, VQModel
from safetensors.torch import load_file
from transformers import CLIPTextModelWithProjection

from answers import VERSION, say, seconds_of

Inputs = dict[str, torch.Tensor]
Step = Callable[[], torch.Tensor]
DTYPE = getattr(torch, sys.argv[-1])


def opened(cls: type, folder: Path) -> torch.nn.Module:
    network = cls.from_pretrained(folder, torch_dtype=DTYPE).eval()
    return network if DTYPE == torch.float32 else network.to(memory_format=torch.channels_last)


def ready(value: torch.Tensor) -> torch.Tensor:
    if DTYPE == torch.float32:
        return value
    value = value.to(DTYPE)
    return value.to(memory_format=torch.channels_last) if value.dim() == 4 else value


def text(folder: Path, inputs: Inputs) -> Step:
    network = opened(CLIPTextModelWithProjection, folder / "text_encoder")
    ids = inputs["ids"].long()
    return lambda: network(ids).text_embeds


def prior(folder: Path, inputs: Inputs) -> Step:
    network = opened(PriorTransformer, folder / "prior")
    return lambda: network(
        inputs["xt"],
        timestep=inputs["t"],
        proj_embedding=inputs["textEmbedding"],
        encoder_hidden_states=inputs["textStates"],
        attention_mask=inputs["textMask"].bool(),
    ).predicted_image_embedding


def decoder(folder: Path, inputs: Inputs) -> Step:
    network = opened(UNet2DConditionModel, folder / "decoder")
    return lambda: network(
        inputs["xt"],
        timestep=inputs["t"],
        encoder_hidden_states=inputs["context"],
        class_labels=inputs["timeCondition"],
        attention_mask=inputs["contextMask"].bool(),
    ).sample[:, :3]


def upsampler(folder: Path, inputs: Inputs) -> Step:
    network = opened(UNet2DModel, folder / "super_res_first")
    return lambda: network(inputs["xt"], timestep=inputs["t"]).sample


def unet(folder: Path, inputs: Inputs) -> Step:
    network = opened(UNet2DConditionModel, folder / "unet")
    return lambda: network(
        inputs["xt"],
        timestep=inputs["t"],
        encoder_hidden_states=inputs["textStates"],
        class_labels=inputs["imageCondition"],
    ).sample


def vae(folder: Path, inputs: Inputs) -> Step:
    network = opened(AutoencoderKL, folder / "vae")
    return lambda: network.decode(inputs["latents"] / network.config.scaling_factor).sample


def kandinsky_unet(folder: Path, inputs: Inputs) -> Step:
    network = opened(UNet2DConditionModel, folder / "unet")
    added = {"image_embeds": inputs["imageEmbedding"]}
    if "textEmbedding" in inputs:
        added["text_embeds"] = inputs["textEmbedding"]
    return lambda: network(
        inputs["xt"],
        timestep=inputs["t"],
        encoder_hidden_states=inputs.get("textStates"),
        added_cond_kwargs=added,
    ).sample[:, :4]


def movq(folder: Path, inputs: Inputs) -> Step:
    network = opened(VQModel, folder / "movq")
    return lambda: network.decode(inputs["latents"], force_not_quantize=True).sample


STAGES = {
    "text": text,
    "prior-first": prior,
    "prior": prior,
    "decoder": decoder,
    "upsampler": upsampler,
    "unet": unet,
    "vae": vae,
    "kandinsky-unet": kandinsky_unet,
    "movq": movq,
}


# Token ids and timesteps, which bfloat16 would round.
WHOLE = {"ids", "t"}


@torch.inference_mode()
def main() -> None:
    folder, stage, inputs_file, output_file, threads, clock, _ = sys.argv[1:]
    now = seconds_of(clock)
    if threads != "all":
        torch.set_num_threads(int(threads))
    inputs = {name: value if name in WHOLE else ready(value) for name, value in load_file(inputs_file).items()}
    start = now()
    step = STAGES[stage](Path(folder), inputs)
    say(seconds=now() - start, version=VERSION)
    output = torch.zeros(0)
    for _ in sys.stdin:
        start = now()
        output = step()
        say(seconds=now() - start)
    Path(output_file).write_bytes(output.float().contiguous().numpy().tobytes())


main()
