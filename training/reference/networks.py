"""One forward pass of every network of karlo-tiny: named inputs and outputs, two rows that differ in everything."""

import torch
from diffusers import PriorTransformer, UNet2DConditionModel, UNet2DModel
from diffusers.pipelines.unclip import UnCLIPTextProjModel
from transformers import CLIPTextModelWithProjection, CLIPTokenizer, CLIPVisionModelWithProjection

from fixture import ROOT, write_tensors
from shapes import KARLO_TINY
from stages import Tensors

FOLDER = ROOT / KARLO_TINY.name
TIMESTEPS = torch.tensor([37, 912])
CAPTIONS = ["Two blue cubes, 3 spheres & a cat!", "the dog's red ball behind a yellow cone " * 12]


def make_networks() -> None:
    """Writes networks/<name>.safetensors for the weights in karlo-tiny."""
    for name, forward in {
        "clip-text": _clip_text,
        "clip-vision": _clip_vision,
        "prior": _prior,
        "text-projection": _text_projection,
        "decoder": _decoder,
        "super-res": _super_res,
    }.items():
        tensors = forward(torch.Generator().manual_seed(2000))
        write_tensors(ROOT / "networks" / f"{name}.safetensors", tensors, "networks")


def _clip_text(_: torch.Generator) -> Tensors:
    tokenizer = CLIPTokenizer.from_pretrained(FOLDER / "tokenizer")
    batch = tokenizer(CAPTIONS, padding="max_length", truncation=True, return_tensors="pt")
    output = CLIPTextModelWithProjection.from_pretrained(FOLDER / "text_encoder")(batch.input_ids)
    return {
        "input_ids": batch.input_ids,
        "last_hidden_state": output.last_hidden_state,
        "text_embeds": output.text_embeds,
    }


def _clip_vision(generator: torch.Generator) -> Tensors:
    network = CLIPVisionModelWithProjection.from_pretrained(FOLDER / "image_encoder")
    pixel_values = torch.randn(2, 3, network.config.image_size, network.config.image_size, generator=generator)
    output = network(pixel_values)
    return {
        "pixel_values": pixel_values,
        "last_hidden_state": output.last_hidden_state,
        "image_embeds": output.image_embeds,
    }


def _prior(generator: torch.Generator) -> Tensors:
    network = PriorTransformer.from_pretrained(FOLDER / "prior")
    width, length = network.config.embedding_dim, network.config.num_embeddings
    inputs = {
        "hidden_states": torch.randn(2, width, generator=generator),
        "timestep": TIMESTEPS,
        "proj_embedding": torch.randn(2, width, generator=generator),
        "encoder_hidden_states": torch.randn(2, length, width, generator=generator),
        "attention_mask": _mask(length, generator),
    }
    output = network(**inputs).predicted_image_embedding
    return _bytes_for_mask(inputs) | {
        "predicted_image_embedding": output,
        "post_processed": network.post_process_latents(output),
    }


def _text_projection(generator: torch.Generator) -> Tensors:
    """With guidance the text has twice the rows of the images, unconditional first; without it as many."""
    network = UnCLIPTextProjModel.from_pretrained(FOLDER / "text_proj")
    width = network.config.clip_embeddings_dim
    image_embeddings = torch.randn(2, width, generator=generator)
    prompt_embeds = torch.randn(4, width, generator=generator)
    states = torch.randn(4, KARLO_TINY.context_length, width, generator=generator)
    tensors = {
        "image_embeddings": image_embeddings,
        "prompt_embeds": prompt_embeds,
        "text_encoder_hidden_states": states,
    }
    for label, guidance, rows in (("guided", True, slice(0, 4)), ("unguided", False, slice(2, 4))):
        encoder_hidden_states, additive = network(
            image_embeddings=image_embeddings,
            prompt_embeds=prompt_embeds[rows],
            text_encoder_hidden_states=states[rows],
            do_classifier_free_guidance=guidance,
        )
        tensors[f"{label}.encoder_hidden_states"] = encoder_hidden_states
        tensors[f"{label}.additive_clip_time_embeddings"] = additive
    return tensors


def _decoder(generator: torch.Generator) -> Tensors:
    network = UNet2DConditionModel.from_pretrained(FOLDER / "decoder")
    size, length = network.config.sample_size, KARLO_TINY.extra_context_tokens + KARLO_TINY.context_length
    inputs = {
        "sample": torch.randn(2, 3, size, size, generator=generator),
        "timestep": TIMESTEPS,
        "encoder_hidden_states": torch.randn(2, length, network.config.cross_attention_dim, generator=generator),
        "class_labels": torch.randn(2, 4 * network.config.block_out_channels[0], generator=generator),
        "attention_mask": _mask(length, generator),
    }
    return _bytes_for_mask(inputs) | {"output": network(**inputs).sample}


def _super_res(generator: torch.Generator) -> Tensors:
    network = UNet2DModel.from_pretrained(FOLDER / "super_res_first")
    size = network.config.sample_size
    sample = torch.randn(2, 6, size, size, generator=generator)
    return {"sample": sample, "timestep": TIMESTEPS, "output": network(sample, TIMESTEPS).sample}


def _mask(length: int, generator: torch.Generator) -> torch.Tensor:
    """Row 0 stops after a third, as a short caption does; row 1 has holes, as no caption does."""
    short = torch.arange(length) < length // 3
    holes = torch.rand(length, generator=generator) < 0.6
    holes[0] = True
    return torch.stack([short, holes])


def _bytes_for_mask(inputs: Tensors) -> Tensors:
    return {name: x.to(torch.uint8) if x.dtype == torch.bool else x for name, x in inputs.items()}
