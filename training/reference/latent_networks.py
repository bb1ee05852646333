"""One forward pass of every network of the latent checkpoints: named inputs and outputs, two rows that differ."""

import torch
from diffusers import AutoencoderKL, StableUnCLIPImg2ImgPipeline, UNet2DConditionModel, VQModel
from diffusers.pipelines.kandinsky.text_encoder import MultilingualCLIP
from transformers import CLIPTextModel, CLIPTokenizer, CLIPVisionModelWithProjection, XLMRobertaTokenizerFast

from fixture import ROOT, write_tensors
from kandinsky import decoder_folders
from latent_shapes import (
    KANDINSKY_21,
    KANDINSKY_21_B,
    KANDINSKY_22,
    KANDINSKY_22_B,
    STABLE_UNCLIP_H,
    STABLE_UNCLIP_H_B,
    STABLE_UNCLIP_L,
)
from networks import CAPTIONS, TIMESTEPS

Tensors = dict[str, torch.Tensor]

MULTILINGUAL_CAPTIONS = ["красный куб на синем шаре", "a watercolour painting of a lighthouse " * 12]


def make_latent_networks() -> None:
    """Writes networks/<folder>/<network>.safetensors for the latent checkpoints."""
    for shape in (KANDINSKY_22, KANDINSKY_22_B, KANDINSKY_21, KANDINSKY_21_B):
        _write(f"{shape.name}-prior", "image-encoder", _image_encoder(f"{shape.name}-prior"))
        for folder in decoder_folders(shape).values():
            _write(folder, "unet", _kandinsky_unet(folder))
        folder = decoder_folders(shape)["decoder"]
        _write(folder, "movq", _movq(folder))
        if shape.version == "2.1":
            _write(folder, "text-encoder", _multilingual(folder))
    for shape in (STABLE_UNCLIP_H, STABLE_UNCLIP_H_B, STABLE_UNCLIP_L):
        _write(shape.name, "image-encoder", _image_encoder(shape.name))
        _write(shape.name, "text-encoder", _clip_text(shape.name))
        _write(shape.name, "unet", _stable_unclip_unet(shape.name))
        _write(shape.name, "vae", _vae(shape.name))
        _write(shape.name, "image-normalizer", _noise(shape.name))


def _write(folder: str, network: str, tensors: Tensors) -> None:
    write_tensors(ROOT / "networks" / folder / f"{network}.safetensors", tensors, "latent-networks")


def _generator() -> torch.Generator:
    return torch.Generator().manual_seed(5000)


def _kandinsky_unet(folder: str) -> Tensors:
    unet = UNet2DConditionModel.from_pretrained(ROOT / folder / "unet", torch_dtype=torch.float32)
    config, generator = unet.config, _generator()
    is_22 = config.encoder_hid_dim_type == "image_proj"
    # wide, the lowest resolution has 2 pixels
    step = 2 ** (len(config.block_out_channels) - 1)
    latent_channels = 4 if config.addition_embed_type == "image_hint" else config.in_channels
    width = config.encoder_hid_dim if is_22 else config.cross_attention_dim
    sample = torch.randn(2, latent_channels, step, 2 * step, generator=generator)
    added = {"image_embeds": torch.randn(2, width, generator=generator)}
    states = None
    if config.addition_embed_type == "image_hint":
        added["hint"] = torch.rand(2, 3, 8 * step, 16 * step, generator=generator)
    if not is_22:
        added["text_embeds"] = torch.randn(2, width, generator=generator)
        states = torch.randn(2, 77, config.encoder_hid_dim, generator=generator)
    output = unet(sample, TIMESTEPS, states, added_cond_kwargs=added).sample
    given = {} if states is None else {"encoder_hidden_states": states}
    return {"sample": sample, "timestep": TIMESTEPS, **added, **given, "output": output}


def _stable_unclip_unet(folder: str) -> Tensors:
    """A size that halves evenly, and one that does not."""
    unet = UNet2DConditionModel.from_pretrained(ROOT / folder / "unet")
    config, generator = unet.config, _generator()
    length = CLIPTextModel.from_pretrained(ROOT / folder / "text_encoder").config.max_position_embeddings
    states = torch.randn(2, length, config.cross_attention_dim, generator=generator)
    labels = torch.randn(2, config.projection_class_embeddings_input_dim, generator=generator)
    tensors = {"timestep": TIMESTEPS, "encoder_hidden_states": states, "class_labels": labels}
    for name, (height, width) in {"even": (8, 16), "odd": (13, 11)}.items():
        sample = torch.randn(2, 4, height, width, generator=generator)
        output = unet(sample, TIMESTEPS, states, class_labels=labels).sample
        tensors |= {f"{name}.sample": sample, f"{name}.output": output}
    return tensors


def _movq(folder: str) -> Tensors:
    movq = VQModel.from_pretrained(ROOT / folder / "movq", torch_dtype=torch.float32)
    factor, generator = 2 ** (len(movq.config.block_out_channels) - 1), _generator()
    pixels = torch.rand(2, 3, 4 * factor, 6 * factor, generator=generator) * 2 - 1
    latents = torch.randn(2, 4, 3, 5, generator=generator)
    return {
        "pixels": pixels,
        "encoded": movq.encode(pixels).latents,
        "latents": latents,
        "decoded": movq.decode(latents, force_not_quantize=True).sample,
    }


def _vae(folder: str) -> Tensors:
    """`encoded` is the mean times the scaling factor; `sampled` has noise of a generator with seed 7."""
    vae = AutoencoderKL.from_pretrained(ROOT / folder / "vae")
    factor, generator = 2 ** (len(vae.config.block_out_channels) - 1), _generator()
    pixels = torch.rand(2, 3, 4 * factor, 6 * factor, generator=generator) * 2 - 1
    latents = torch.randn(2, 4, 3, 5, generator=generator)
    scale, distribution = vae.config.scaling_factor, vae.encode(pixels).latent_dist
    return {
        "pixels": pixels,
        "encoded": distribution.mean * scale,
        "sampled": distribution.sample(torch.Generator().manual_seed(7)) * scale,
        "latents": latents,
        "decoded": vae.decode(latents / scale).sample,
    }


def _clip_text(folder: str) -> Tensors:
    tokenizer = CLIPTokenizer.from_pretrained(ROOT / folder / "tokenizer")
    batch = tokenizer(CAPTIONS, padding="max_length", truncation=True, return_tensors="pt")
    output = CLIPTextModel.from_pretrained(ROOT / folder / "text_encoder")(batch.input_ids)
    return {
        "input_ids": batch.input_ids,
        "last_hidden_state": output.last_hidden_state,
        "pooler_output": output.pooler_output,
    }


def _image_encoder(folder: str) -> Tensors:
    network = CLIPVisionModelWithProjection.from_pretrained(ROOT / folder / "image_encoder", torch_dtype=torch.float32)
    size = network.config.image_size
    pixel_values = torch.randn(2, 3, size, size, generator=_generator())
    zeros = torch.zeros(1, 3, size, size)
    return {
        "pixel_values": pixel_values,
        "image_embeds": network(pixel_values).image_embeds,
        "zero_image_embeds": network(zeros).image_embeds,
    }


def _multilingual(folder: str) -> Tensors:
    tokenizer = XLMRobertaTokenizerFast.from_pretrained(ROOT / folder / "tokenizer")
    batch = tokenizer(MULTILINGUAL_CAPTIONS, padding="max_length", max_length=77, truncation=True, return_tensors="pt")
    network = MultilingualCLIP.from_pretrained(ROOT / folder / "text_encoder", torch_dtype=torch.float32)
    text_embeds, states = network(batch.input_ids, batch.attention_mask)
    return {
        "input_ids": batch.input_ids,
        "attention_mask": batch.attention_mask,
        "text_embeds": text_embeds,
        "last_hidden_state": states,
    }


def _noise(folder: str) -> Tensors:
    pipeline = StableUnCLIPImg2ImgPipeline.from_pretrained(ROOT / folder)
    generator = _generator()
    shape = (2, pipeline.image_normalizer.config.embedding_dim)
    embeds, noise = torch.randn(shape, generator=generator), torch.randn(shape, generator=generator)
    tensors = {"image_embeds": embeds, "noise": noise}
    for level in (0, 37, 999):
        tensors[f"level-{level}"] = pipeline.noise_image_embeddings(embeds, noise_level=level, noise=noise)
    return tensors
