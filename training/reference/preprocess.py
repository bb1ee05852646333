"""Pictures on their way into and between the networks: CLIP's preprocessing, Pillow's and torch's bicubic resizing."""

import io
import struct
import zlib

import numpy as np
import torch
import torch.nn.functional as F
from PIL import Image
from transformers import CLIPImageProcessor

from fixture import ROOT, Json, provenance, write_json, write_tensors
from picture import draw_picture
from shapes import KARLO_TINY
from stages import Tensors

PICTURE_SIZES = ((1, 1), (3, 50), (37, 23), (32, 32), (33, 31), (131, 90), (224, 200))
RESIZE_FROM = (37, 23)
RESIZE_TO = ((74, 46), (64, 64), (10, 7), (5, 40), (37, 9), (100, 23), (1, 1))
UPSCALES = (((16, 16), (64, 64)), ((5, 7), (20, 28)), ((16, 16), (48, 48)), ((8, 8), (12, 20)), ((9, 12), (6, 5)))
"""(height, width) -> (height, width)"""


def make_preprocess() -> None:
    """Writes preprocess.safetensors with its list of contents preprocess.json, and pictures/ in other file formats."""
    processor = CLIPImageProcessor.from_pretrained(ROOT / KARLO_TINY.name / "feature_extractor")
    tensors: Tensors = {}
    content: Json = {"pictures": [], "files": [], "resizes": [], "upscales": []}
    for index, (width, height) in enumerate(PICTURE_SIZES):
        name = f"picture.{width}x{height}"
        image = draw_picture(width, height, seed=index)
        tensors[name] = _pixels(image)
        tensors[f"{name}.pixel_values"] = _pixel_values(processor, image)
        content["pictures"].append(name)
    for file, encoded in _encoded_files().items():
        path = ROOT / "pictures" / file
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(encoded)
        image = Image.open(path)
        tensors[f"file.{file}"] = _pixels(image.convert("RGB"))
        tensors[f"file.{file}.pixel_values"] = _pixel_values(processor, image)
        content["files"].append({"file": f"pictures/{file}", "mode": image.mode, "name": f"file.{file}"})
    source = draw_picture(*RESIZE_FROM, seed=20)
    tensors["resize.input"] = _pixels(source)
    for width, height in RESIZE_TO:
        name = f"resize.{width}x{height}"
        tensors[name] = _pixels(source.resize((width, height), Image.Resampling.BICUBIC))
        content["resizes"].append({"input": "resize.input", "output": name, "width": width, "height": height})
    generator = torch.Generator().manual_seed(21)
    for from_size, to_size in UPSCALES:
        name = f"upscale.{_size(from_size)}-{_size(to_size)}"
        x = torch.randn(1, 3, *from_size, generator=generator)
        tensors[f"{name}.input"] = x
        tensors[f"{name}.output"] = F.interpolate(
            x, size=list(to_size), mode="bicubic", align_corners=False, antialias=True
        )
        content["upscales"].append(name)
    write_tensors(ROOT / "preprocess.safetensors", tensors, "preprocess")
    processor_folder = f"{KARLO_TINY.name}/feature_extractor"
    write_json(ROOT / "preprocess.json", {**provenance("preprocess"), "processor": processor_folder, **content})


def _encoded_files() -> dict[str, bytes]:
    """The same small picture as files of other colour types; the 16-bit grey one reaches both ends of its range."""
    picture = draw_picture(41, 36, seed=30)
    alpha = draw_picture(41, 36, seed=31).convert("L")
    rgba = picture.copy()
    rgba.putalpha(alpha)
    deep = np.linspace(0, 65535, 41 * 36).reshape(36, 41).astype(np.uint16)
    return {
        "grey.png": _encode(picture.convert("L"), "PNG"),
        "grey-alpha.png": _encode(rgba.convert("LA"), "PNG"),
        "rgba.png": _encode(rgba, "PNG"),
        "palette.png": _encode(picture.quantize(16), "PNG"),
        "grey-16.png": _encode(Image.fromarray(deep), "PNG"),
        "rgb-16.png": _encode_rgb16(np.stack([deep, deep.T.reshape(deep.shape), deep[::-1]], axis=-1)),
        "one-bit.png": _encode(picture.convert("1"), "PNG"),
        "rgb.jpg": _encode(picture, "JPEG"),
        "grey.jpg": _encode(picture.convert("L"), "JPEG"),
        "cmyk.jpg": _encode(picture.convert("CMYK"), "JPEG"),
    }


def _encode(image: Image.Image, file_format: str) -> bytes:
    buffer = io.BytesIO()
    image.save(buffer, file_format)
    return buffer.getvalue()


def _encode_rgb16(pixels: np.ndarray) -> bytes:
    """A PNG of 16 bits per channel, which Pillow reads but does not write; `pixels` is [H, W, 3] uint16."""
    height, width, _ = pixels.shape
    rows = b"".join(b"\0" + row.astype(">u2").tobytes() for row in pixels)  # filter 0 before every row
    header = struct.pack(">IIBBBBB", width, height, 16, 2, 0, 0, 0)
    chunks = ((b"IHDR", header), (b"IDAT", zlib.compress(rows, 9)), (b"IEND", b""))
    body = b"".join(
        struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data)) for kind, data in chunks
    )
    return b"\x89PNG\r\n\x1a\n" + body


def _pixel_values(processor: CLIPImageProcessor, image: Image.Image) -> torch.Tensor:
    """[1, 3, crop, crop]; the layout is named because the processor takes a height of 1 or 3 for the channels."""
    return processor(image, return_tensors="pt", input_data_format="channels_last").pixel_values


def _pixels(image: Image.Image) -> torch.Tensor:
    """[H, W, 3] bytes."""
    return torch.from_numpy(np.array(image))


def _size(size: tuple[int, int]) -> str:
    return "x".join(map(str, size))
