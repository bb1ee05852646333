"""What diffusers paints with the latent checkpoints: PNG files, the recipes, and the tensors between the stages."""

import shutil
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import torch
from diffusers import (
    DDPMScheduler,
    DiffusionPipeline,
    KandinskyImg2ImgPipeline,
    KandinskyInpaintPipeline,
    KandinskyPipeline,
    KandinskyPriorPipeline,
    KandinskyV22ControlnetImg2ImgPipeline,
    KandinskyV22ControlnetPipeline,
    KandinskyV22Img2ImgPipeline,
    KandinskyV22InpaintPipeline,
    KandinskyV22Pipeline,
    KandinskyV22PriorPipeline,
    PriorTransformer,
    StableUnCLIPImg2ImgPipeline,
    StableUnCLIPPipeline,
    UnCLIPScheduler,
)
from PIL import Image, ImageDraw
from transformers import CLIPTextModelWithProjection, CLIPTokenizer, CLIPTokenizerFast

from fixture import Json, provenance, write_json, write_tensors
from kandinsky import KandinskyShape, decoder_folders
from picture import draw_picture
from stable_unclip import StableUnclipShape

Tensors = dict[str, torch.Tensor]
Picture = tuple[int, int, int]
"""Width, height and seed of `draw_picture`."""


@dataclass(frozen=True)
class LatentRun:
    """One picture or several, from the first caption to the last pixel, with one generator for all of it."""

    name: str
    kind: str
    """text-to-image, image-variation, mix, image-to-image, inpaint, depth or depth-image-to-image."""
    seed: int
    size: tuple[int, int]
    """Width and height."""
    captions: list[str] = field(default_factory=list)
    negative: list[str] | None = None
    """One for each caption."""
    images_per_input: int = 1
    prior_steps: int = 4
    prior_guidance: float = 4.0
    steps: int = 5
    guidance: float = 4.0
    picture: Picture | None = None
    strength: float | None = None
    mask: tuple[int, int] | None = None
    """Width and height of the mask; white is repainted."""
    parts: list[str | Picture] = field(default_factory=list)
    """Of mix: captions and pictures."""
    weights: list[float] = field(default_factory=list)
    noise_level: int | None = None
    """Of Stable unCLIP."""


Paint = Callable[[LatentRun, torch.Generator], tuple[Any, Tensors]]


def write_kandinsky(shape: KandinskyShape, root: Path, runs: list[LatentRun]) -> None:
    """Writes `<name>.expected/` for the folders of one Kandinsky shape."""
    _write(shape.name, root, runs, _Kandinsky(shape, root).paint)


def write_stable_unclip(shape: StableUnclipShape, root: Path, runs: list[LatentRun], prior: Path) -> None:
    """Writes `<name>.expected/`; text to image takes Karlo's prior and its text encoder from `prior`."""

    def paint(run: LatentRun, generator: torch.Generator) -> tuple[Any, Tensors]:
        if run.kind == "text-to-image":
            pipeline = _with_karlo_prior(root / shape.name, prior)
            inputs = {"prior_num_inference_steps": run.prior_steps, "prior_guidance_scale": run.prior_guidance}
        else:
            pipeline = StableUnCLIPImg2ImgPipeline.from_pretrained(root / shape.name)
            inputs = {"image": draw_picture(*run.picture)}
        tensors = _record(pipeline, pipeline.vae)
        images = pipeline(
            prompt=run.captions or None,
            negative_prompt=run.negative,
            noise_level=run.noise_level,
            num_images_per_prompt=run.images_per_input,
            num_inference_steps=run.steps,
            guidance_scale=run.guidance,
            width=run.size[0],
            height=run.size[1],
            generator=generator,
            output_type="np",
            **inputs,
        ).images
        return images, tensors

    _write(shape.name, root, runs, paint)


def write_combined(shape: StableUnclipShape, root: Path, prior: Path) -> None:
    """Writes what a folder of StableUnCLIPPipeline has besides the components of both models: `<name>.expected/combined/`."""
    combined = root / f"{shape.name}.expected" / "combined"
    with TemporaryDirectory() as folder:
        _with_karlo_prior(root / shape.name, prior).save_pretrained(folder)
        for file in ("model_index.json", "prior_scheduler/scheduler_config.json"):
            (combined / file).parent.mkdir(parents=True, exist_ok=True)
            shutil.copyfile(Path(folder) / file, combined / file)


def _with_karlo_prior(folder: Path, prior: Path) -> StableUnCLIPPipeline:
    parts = StableUnCLIPImg2ImgPipeline.from_pretrained(folder).components
    noise = UnCLIPScheduler.from_pretrained(prior / "prior_scheduler")
    return StableUnCLIPPipeline(
        prior_tokenizer=CLIPTokenizer.from_pretrained(prior / "tokenizer"),
        prior_text_encoder=CLIPTextModelWithProjection.from_pretrained(prior / "text_encoder"),
        prior=PriorTransformer.from_pretrained(prior / "prior"),
        prior_scheduler=DDPMScheduler.from_config(noise.config),
        **{name: part for name, part in parts.items() if name not in ("feature_extractor", "image_encoder")},
    )


class _Kandinsky:
    def __init__(self, shape: KandinskyShape, root: Path) -> None:
        self.shape = shape
        self.is_22 = shape.version == "2.2"
        self.folders = {kind: root / name for kind, name in decoder_folders(shape).items()}
        prior = KandinskyV22PriorPipeline if self.is_22 else KandinskyPriorPipeline
        folder = root / f"{shape.name}-prior"
        self.prior = _quiet(prior.from_pretrained(folder, torch_dtype=torch.float32))
        # transformers 4 takes its pure-Python tokenizer for CLIPTokenizer, which spaces Chinese characters out; transformers 5 does not
        self.prior.tokenizer = CLIPTokenizerFast.from_pretrained(folder / "tokenizer")

    def paint(self, run: LatentRun, generator: torch.Generator) -> tuple[Any, Tensors]:
        image_embeds, negative_image_embeds = self._embeddings(run, generator)
        inputs: dict[str, Any] = {"image_embeds": image_embeds, "negative_image_embeds": negative_image_embeds}
        if not self.is_22:
            times = len(image_embeds) // max(len(run.captions), 1)
            inputs["prompt"] = [caption for caption in run.captions or [""] for _ in range(times)]
            if run.negative:
                inputs["negative_prompt"] = [caption for caption in run.negative for _ in range(times)]
        if run.picture and run.kind not in ("image-variation", "depth"):
            inputs["image"] = draw_picture(*run.picture)
        if run.strength is not None:
            inputs["strength"] = run.strength
        if run.mask:
            inputs["mask_image"] = draw_mask(*run.mask)
        if run.kind.startswith("depth"):
            inputs["hint"] = _hint(run).repeat(len(image_embeds), 1, 1, 1)
        pipeline = self._decoder(run.kind)
        tensors = _record(pipeline, pipeline.movq)
        images = pipeline(
            **inputs,
            width=run.size[0],
            height=run.size[1],
            num_inference_steps=run.steps,
            guidance_scale=run.guidance,
            generator=generator,
            output_type="np",
        ).images
        given = {"image_embedding": image_embeds, "negative_image_embedding": negative_image_embeds}
        return images, given | tensors

    def _embeddings(self, run: LatentRun, generator: torch.Generator) -> tuple[torch.Tensor, torch.Tensor]:
        """Through the prior, or, for variations, of the picture as it is."""
        if run.kind == "image-variation":
            pixels = self.prior.image_processor(draw_picture(*run.picture), return_tensors="pt").pixel_values
            embeds = self.prior.image_encoder(pixels).image_embeds.repeat(run.images_per_input, 1)
            return embeds, self.prior.get_zero_embed(run.images_per_input)
        settings = {
            "num_inference_steps": run.prior_steps,
            "guidance_scale": run.prior_guidance,
            "generator": generator,
        }
        if run.kind == "mix":
            parts = [part if isinstance(part, str) else draw_picture(*part) for part in run.parts]
            output = self.prior.interpolate(parts, run.weights, **settings)
        else:
            count = run.images_per_input
            output = self.prior(run.captions, negative_prompt=run.negative, num_images_per_prompt=count, **settings)
        return output.image_embeds, output.negative_image_embeds

    def _decoder(self, kind: str) -> DiffusionPipeline:
        folder, pipeline = {
            ("inpaint", True): ("inpaint", KandinskyV22InpaintPipeline),
            ("inpaint", False): ("inpaint", KandinskyInpaintPipeline),
            ("image-to-image", True): ("decoder", KandinskyV22Img2ImgPipeline),
            ("image-to-image", False): ("decoder", KandinskyImg2ImgPipeline),
            ("depth", True): ("depth", KandinskyV22ControlnetPipeline),
            ("depth-image-to-image", True): ("depth", KandinskyV22ControlnetImg2ImgPipeline),
        }.get((kind, self.is_22), ("decoder", KandinskyV22Pipeline if self.is_22 else KandinskyPipeline))
        return _quiet(pipeline.from_pretrained(self.folders[folder], torch_dtype=torch.float32))


def draw_mask(width: int, height: int) -> Image.Image:
    """Black with a white ellipse that leaves the centre to the lower right."""
    mask = Image.new("L", (width, height))
    ImageDraw.Draw(mask).ellipse((width * 0.3, height * 0.25, width * 0.8, height * 0.7), fill=255)
    return mask


def _hint(run: LatentRun) -> torch.Tensor:
    """The depth picture in [0, 1], [1, 3, H, W]: the drawn picture of the size asked for, with another seed."""
    picture = draw_picture(*run.size, run.seed % 1000)
    pixels = torch.tensor(list(picture.getdata()), dtype=torch.float32) / 255
    return pixels.reshape(1, picture.height, picture.width, 3).permute(0, 3, 1, 2)


def _quiet(pipeline: DiffusionPipeline) -> DiffusionPipeline:
    pipeline.set_progress_bar_config(disable=True)
    return pipeline


def _record(pipeline: DiffusionPipeline, autoencoder: torch.nn.Module) -> Tensors:
    """Hooks a pipeline called once afterwards: the first call of the U-Net, and the latents that are decoded."""
    _quiet(pipeline)
    tensors: Tensors = {}

    def keep_first(_: torch.nn.Module, args: tuple, kwargs: dict[str, Any], output: Any) -> None:
        handle.remove()
        tensors["unet.input"] = (kwargs["sample"] if "sample" in kwargs else args[0]).clone()
        tensors["unet.output"] = output[0].clone()
        if kwargs.get("class_labels") is not None:
            tensors["image_condition"] = kwargs["class_labels"].clone()

    handle = pipeline.unet.register_forward_hook(keep_first, with_kwargs=True)
    decode = autoencoder.decode

    def recording_decode(latents: torch.Tensor, *args: Any, **kwargs: Any) -> Any:
        tensors["latents"] = latents.clone()
        return decode(latents, *args, **kwargs)

    autoencoder.decode = recording_decode
    return tensors


def _write(name: str, root: Path, runs: list[LatentRun], paint: Paint) -> None:
    folder = root / f"{name}.expected"
    folder.mkdir(parents=True, exist_ok=True)
    cases: list[Json] = []
    stages: Tensors = {}
    for run in runs:
        pixels, tensors = paint(run, torch.Generator().manual_seed(run.seed))
        images = _save(DiffusionPipeline.numpy_to_pil(pixels), folder, run.name)
        stages.update({f"{run.name}/{stage}": x for stage, x in tensors.items()})
        cases.append(_case(run, folder) | {"images": images})
    write_json(folder / "expected.json", {**provenance(name), "checkpoint": name, "cases": cases})
    write_tensors(folder / "stages.safetensors", stages, name)


def _case(run: LatentRun, folder: Path) -> Json:
    """The fields that the run sets, pictures as the names of their files."""
    case: dict[str, Json] = {"name": run.name, "kind": run.kind}
    if run.captions:
        case["captions"] = run.captions
    if run.negative:
        case["negativeCaptions"] = run.negative
    if run.parts:
        drawn = {index: draw_picture(*part) for index, part in enumerate(run.parts) if not isinstance(part, str)}
        files = {index: _save([part], folder, f"{run.name}.part-{index}")[0] for index, part in drawn.items()}
        case["parts"] = [{"picture": files[i]} if i in files else {"caption": p} for i, p in enumerate(run.parts)]
        case["weights"] = run.weights
    if run.picture and run.kind != "depth":
        case["picture"] = _save([draw_picture(*run.picture)], folder, f"{run.name}.input")[0]
    if run.mask:
        case["mask"] = _save([draw_mask(*run.mask)], folder, f"{run.name}.mask")[0]
    if run.kind.startswith("depth"):
        case["hint"] = _save([draw_picture(*run.size, run.seed % 1000)], folder, f"{run.name}.hint")[0]
    optional = {"strength": run.strength, "noiseLevel": run.noise_level}
    case |= {key: value for key, value in optional.items() if value is not None}
    if run.kind != "image-variation":
        case |= {"priorSteps": run.prior_steps, "priorGuidance": run.prior_guidance}
    return case | {
        "seed": run.seed,
        "imagesPerInput": run.images_per_input,
        "width": run.size[0],
        "height": run.size[1],
        "steps": run.steps,
        "guidance": run.guidance,
    }


def _save(images: list[Image.Image], folder: Path, name: str) -> list[str]:
    files = [f"{name}.png"] if len(images) == 1 else [f"{name}.{index}.png" for index in range(len(images))]
    for image, file in zip(images, files, strict=True):
        image.save(folder / file, optimize=True)
    return files
