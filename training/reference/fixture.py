"""How every fixture is written: JSON and safetensors that name the maker, the versions and the command."""

import base64
import json
from importlib.metadata import version
from pathlib import Path
from typing import Any

import torch
from safetensors.torch import save_file

ROOT = Path(__file__).resolve().parents[2] / "fixtures"
PACKAGES = ("torch", "diffusers", "transformers", "tokenizers", "safetensors", "numpy", "pillow")

Json = Any


def provenance(name: str) -> dict[str, Json]:
    """The fields that open every fixture: maker, command and the versions of the packages that were run."""
    return {
        "maker": "training/reference/make.py",
        "command": f"python training/reference/make.py --only {name}",
        # "+cpu" and the like say how torch was packaged, not which arithmetic it does
        "versions": {package: version(package).split("+")[0] for package in PACKAGES},
    }


def f32_base64(x: torch.Tensor) -> str:
    """The bytes of a float32 tensor, little-endian, row-major, as base64."""
    return base64.b64encode(x.detach().to(torch.float32).contiguous().numpy().astype("<f4").tobytes()).decode()


def f32_numbers(x: torch.Tensor) -> list[float]:
    """A float32 tensor, flattened, as JSON numbers that read back to exactly the same float32 values."""
    return [float(v) for v in x.detach().to(torch.float32).flatten()]


def write_json(path: Path, value: Json) -> None:
    """Writes JSON with two-space indents; lists of scalars stay on one line."""
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(_format(value, "") + "\n", encoding="utf-8")


def write_tensors(path: Path, tensors: dict[str, torch.Tensor], name: str) -> None:
    """Writes safetensors; the header's metadata holds the provenance as JSON (one key: several come in any order)."""
    path.parent.mkdir(parents=True, exist_ok=True)
    metadata = {"provenance": json.dumps(provenance(name))}
    save_file({key: x.detach().contiguous() for key, x in tensors.items()}, path, metadata=metadata)


def _format(value: Json, indent: str) -> str:
    inner = indent + "  "
    if isinstance(value, dict) and value:
        rows = [f"{inner}{json.dumps(key, ensure_ascii=False)}: {_format(item, inner)}" for key, item in value.items()]
        return "{\n" + ",\n".join(rows) + f"\n{indent}}}"
    if isinstance(value, list) and any(isinstance(item, (dict, list)) for item in value):
        return "[\n" + ",\n".join(inner + _format(item, inner) for item in value) + f"\n{indent}]"
    return json.dumps(value, ensure_ascii=True, allow_nan=False)
