"""What diffusers paints with a tiny checkpoint: PNG files, the recipes, and the tensors between the stages."""

import re
from dataclasses import dataclass, field
from pathlib import Path

import torch
from diffusers import DiffusionPipeline, UnCLIPImageVariationPipeline, UnCLIPPipeline
from PIL import Image

from fixture import Json, provenance, write_json, write_tensors
from picture import draw_picture
from stages import Tensors, record_stages

SHORT_STAGES = re.compile(r"image_embedding|decoder\.x0")


@dataclass(frozen=True)
class Run:
    """One call of a pipeline; several seeds give every picture its own generator, one seed serves all of them."""

    name: str
    seeds: list[int]
    decoder_steps: int
    super_res_steps: int
    decoder_guidance: float
    images_per_input: int = 1
    all_stages: bool = False


@dataclass(frozen=True)
class TextToImage(Run):
    """UnCLIPPipeline on one or more captions."""

    captions: list[str] = field(kw_only=True)
    prior_steps: int = field(kw_only=True)
    prior_guidance: float = field(kw_only=True)


@dataclass(frozen=True)
class ImageVariation(Run):
    """UnCLIPImageVariationPipeline on pictures drawn by `draw_picture(width, height, seed)`."""

    pictures: list[tuple[int, int, int]] = field(kw_only=True)


def write_expected(checkpoint: Path, runs: list[TextToImage | ImageVariation]) -> None:
    """Writes `<checkpoint>.expected/`: the PNG files of all runs, expected.json and stages.safetensors."""
    folder = checkpoint.with_name(f"{checkpoint.name}.expected")
    folder.mkdir(parents=True, exist_ok=True)
    cases: list[Json] = []
    stages: Tensors = {}
    for run in runs:
        write = _paint_captions if isinstance(run, TextToImage) else _paint_variations
        case, tensors = write(checkpoint, folder, run)
        cases.append(case)
        kept = {name: x for name, x in tensors.items() if run.all_stages or SHORT_STAGES.fullmatch(name)}
        stages.update({f"{run.name}/{name}": x for name, x in kept.items()})
    opening = provenance(checkpoint.name)
    write_json(folder / "expected.json", {**opening, "checkpoint": checkpoint.name, "cases": cases})
    write_tensors(folder / "stages.safetensors", stages, checkpoint.name)


def _paint_captions(checkpoint: Path, folder: Path, run: TextToImage) -> tuple[Json, Tensors]:
    pipeline = UnCLIPPipeline.from_pretrained(checkpoint, torch_dtype=torch.float32)
    images, tensors = _paint(
        pipeline,
        run,
        prompt=run.captions,
        prior_num_inference_steps=run.prior_steps,
        prior_guidance_scale=run.prior_guidance,
    )
    recipe = {"captions": run.captions, "priorSteps": run.prior_steps, "priorGuidance": run.prior_guidance}
    return _case("text-to-image", run, recipe, _save_images(images, folder, run.name)), tensors


def _paint_variations(checkpoint: Path, folder: Path, run: ImageVariation) -> tuple[Json, Tensors]:
    pipeline = UnCLIPImageVariationPipeline.from_pretrained(checkpoint, torch_dtype=torch.float32)
    inputs = [draw_picture(*picture) for picture in run.pictures]
    images, tensors = _paint(pipeline, run, image=inputs)
    recipe = {"pictures": _save_images(inputs, folder, f"{run.name}.input")}
    return _case("image-variation", run, recipe, _save_images(images, folder, run.name)), tensors


def _paint(pipeline: DiffusionPipeline, run: Run, **inputs: object) -> tuple[list[Image.Image], Tensors]:
    pipeline.set_progress_bar_config(disable=True)
    tensors = record_stages(pipeline)
    generators = [torch.Generator().manual_seed(seed) for seed in run.seeds]
    pixels = pipeline(
        **inputs,
        generator=generators if len(generators) > 1 else generators[0],
        num_images_per_prompt=run.images_per_input,
        decoder_num_inference_steps=run.decoder_steps,
        super_res_num_inference_steps=run.super_res_steps,
        decoder_guidance_scale=run.decoder_guidance,
        output_type="np",
    ).images
    tensors["decoder.x0"] = tensors[f"decoder.x.{run.decoder_steps - 1}"].clamp(-1, 1)
    tensors["image"] = torch.from_numpy(pixels)
    return pipeline.numpy_to_pil(pixels), tensors


def _save_images(images: list[Image.Image], folder: Path, name: str) -> list[str]:
    files = [f"{name}.png"] if len(images) == 1 else [f"{name}.{index}.png" for index in range(len(images))]
    for image, file in zip(images, files, strict=True):
        image.save(folder / file, optimize=True)
    return files


def _case(kind: str, run: Run, recipe: dict[str, Json], images: list[str]) -> Json:
    return {
        "name": run.name,
        "kind": kind,
        **recipe,
        "seeds": run.seeds,
        "imagesPerInput": run.images_per_input,
        "decoderSteps": run.decoder_steps,
        "decoderGuidance": run.decoder_guidance,
        "superResSteps": run.super_res_steps,
        "images": images,
    }
