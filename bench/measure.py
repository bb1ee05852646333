"""One stage of diffusers in a process of its own: python measure.py <folder> <stage> <inputs> <file for the output>
<threads> <clock>.

Opens the network, then runs one step for each line "step" of its input and stops at its end. It answers each with one line
of JSON.
"""

import json
import resource
import sys
import time
from collections.abc import Callable
from pathlib import Path

import diffusers
import torch
from diffusers import AutoencoderKL, PriorTransformer, UNet2DConditionModel, UNet2DModel, VQModel
from safetensors.torch import load_file
from transformers import CLIPTextModelWithProjection

Inputs = dict[str, torch.Tensor]
Step = Callable[[], torch.Tensor]


def text(folder: Path, inputs: Inputs) -> Step:
    network = CLIPTextModelWithProjection.from_pretrained(folder / "text_encoder").eval()
    ids = inputs["ids"].long()
    return lambda: network(ids).text_embeds


def prior(folder: Path, inputs: Inputs) -> Step:
    network = PriorTransformer.from_pretrained(folder / "prior").eval()
    return lambda: network(
        inputs["xt"],
        timestep=inputs["t"],
        proj_embedding=inputs["textEmbedding"],
        encoder_hidden_states=inputs["textStates"],
        attention_mask=inputs["textMask"].bool(),
    ).predicted_image_embedding


def decoder(folder: Path, inputs: Inputs) -> Step:
    network = UNet2DConditionModel.from_pretrained(folder / "decoder").eval()
    return lambda: network(
        inputs["xt"],
        timestep=inputs["t"],
        encoder_hidden_states=inputs["context"],
        class_labels=inputs["timeCondition"],
        attention_mask=inputs["contextMask"].bool(),
    ).sample[:, :3]


def upsampler(folder: Path, inputs: Inputs) -> Step:
    network = UNet2DModel.from_pretrained(folder / "super_res_first").eval()
    return lambda: network(inputs["xt"], timestep=inputs["t"]).sample


def unet(folder: Path, inputs: Inputs) -> Step:
    network = UNet2DConditionModel.from_pretrained(folder / "unet").eval()
    return lambda: network(
        inputs["xt"],
        timestep=inputs["t"],
        encoder_hidden_states=inputs["textStates"],
        class_labels=inputs["imageCondition"],
    ).sample


def vae(folder: Path, inputs: Inputs) -> Step:
    network = AutoencoderKL.from_pretrained(folder / "vae").eval()
    return lambda: network.decode(inputs["latents"] / network.config.scaling_factor).sample


def kandinsky_unet(folder: Path, inputs: Inputs) -> Step:
    network = UNet2DConditionModel.from_pretrained(folder / "unet").eval()
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
    network = VQModel.from_pretrained(folder / "movq").eval()
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


def say(**line: object) -> None:
    peak_bytes = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * (1 if sys.platform == "darwin" else 1024)
    print(json.dumps({**line, "peakBytes": peak_bytes}), flush=True)


@torch.inference_mode()
def main() -> None:
    folder, stage, inputs_file, output_file, threads, clock = sys.argv[1:]
    now = time.process_time if clock == "processor" else time.perf_counter
    if threads != "all":
        torch.set_num_threads(int(threads))
    inputs = load_file(inputs_file)
    start = now()
    step = STAGES[stage](Path(folder), inputs)
    say(seconds=now() - start, version=f"diffusers {diffusers.__version__}, PyTorch {torch.__version__}")
    output = torch.zeros(0)
    for _ in sys.stdin:
        start = now()
        output = step()
        say(seconds=now() - start)
    Path(output_file).write_bytes(output.contiguous().numpy().tobytes())


main()
