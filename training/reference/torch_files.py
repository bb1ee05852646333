"""Files of torch.save in every shape that a checkpoint is met in, and what is in them: python training/reference/torch_files.py

Needs torch alone, and no particular version of diffusers: it is no part of make.py."""

import os
import zipfile
from collections import OrderedDict
from collections.abc import Callable
from pathlib import Path
from typing import Any

import torch

from fixture import ROOT, write_json

FOLDER = ROOT / "torch-files"


class Code:
    """Pickles as a call of os.system."""

    def __reduce__(self) -> tuple[Any, ...]:
        return os.system, ("touch a-checkpoint-ran-code",)


def network() -> torch.nn.Module:
    """A small network whose state dict carries the versions of its modules."""
    torch.manual_seed(5)
    return torch.nn.Sequential(torch.nn.Linear(3, 2), torch.nn.Conv2d(2, 3, 3), torch.nn.BatchNorm2d(3))


def every_type() -> dict[str, torch.Tensor]:
    """Each type that a graph reads, a scalar, and a tensor without elements."""
    values = torch.linspace(-2.5, 70000.0, 6).reshape(2, 3)
    types = (torch.float32, torch.float16, torch.bfloat16, torch.int64, torch.int32)
    by_type = {str(t).removeprefix("torch."): values.clamp(max=60000).to(t) for t in types}
    return {**by_type, "scalar": torch.tensor(0.5), "nothing": torch.empty(0, 4), "größe": torch.ones(1)}


def shared() -> dict[str, torch.Tensor]:
    """Four views of one storage, three of them beginning within it."""
    base = torch.arange(24, dtype=torch.float32)
    return {"whole": base, "head": base[:4], "middle": base[4:12].view(2, 4), "row": base.view(4, 1, 6)[3]}


def _save(name: str, content: Any, **options: Any) -> Path:
    path = FOLDER / name
    torch.save(content, path, **options)
    return path


def _compress(path: Path) -> None:
    with zipfile.ZipFile(path) as archive:
        files = {info.filename: archive.read(info) for info in archive.infolist()}
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, content in files.items():
            archive.writestr(zipfile.ZipInfo(name), content, zipfile.ZIP_DEFLATED)


def _described(tensors: dict[str, torch.Tensor]) -> dict[str, Any]:
    names = {"float32": "F32", "float16": "F16", "bfloat16": "BF16", "int64": "I64", "int32": "I32"}
    return {
        name: {
            "type": names[str(x.dtype).removeprefix("torch.")],
            "dims": list(x.shape),
            "hex": x.detach().contiguous().flatten().view(torch.uint8).numpy().tobytes().hex(),
        }
        for name, x in tensors.items()
    }


def make_torch_files() -> None:
    """Writes fixtures/torch-files: files of torch.save, and expected.json with the bytes of their tensors."""
    FOLDER.mkdir(parents=True, exist_ok=True)
    state = network().state_dict()
    parameters = OrderedDict((name, torch.nn.Parameter(x.clone())) for name, x in network().named_parameters())
    trained = {
        "state_dict": state,
        "epoch": 3,
        "step": 2**40,
        "hash": -(2**70),
        "rate": 1e-3,
        "done": True,
        "best": None,
        "notes": ["käse", (), (1, 2, 3, 4), {"nested": [False, 70000, -1]}],
    }
    legal: dict[str, tuple[dict[str, torch.Tensor], Callable[[str], Path]]] = {
        "network.bin": (state, lambda name: _save(name, state)),
        "types.bin": (every_type(), lambda name: _save(name, every_type())),
        "shared.bin": (shared(), lambda name: _save(name, shared())),
        "parameters.pt": (parameters, lambda name: _save(name, parameters)),
        "training.ckpt": (state, lambda name: _save(name, trained)),
        "protocol-4.bin": (state, lambda name: _save(name, state, pickle_protocol=4)),
    }
    for name, (_, write) in legal.items():
        write(name)
    _save("os-system.bin", OrderedDict(weight=torch.ones(2), code=Code()))
    _save("transposed.bin", {"weight": torch.arange(6, dtype=torch.float32).view(2, 3).t()})
    _save("double.bin", {"weight": torch.ones(2, dtype=torch.float64)})
    _save("module.pt", torch.nn.Linear(2, 1))
    _save("tensor.pt", torch.ones(2))
    _save("old-format.bin", {"weight": torch.ones(2)}, _use_new_zipfile_serialization=False)
    _compress(_save("compressed.bin", {"weight": torch.ones(200)}))
    files = {name: _described(tensors) for name, (tensors, _) in legal.items()}
    made_by = {
        "maker": "training/reference/torch_files.py",
        "command": "python training/reference/torch_files.py",
        "versions": {"torch": torch.__version__.split("+")[0]},
    }
    write_json(FOLDER / "expected.json", {**made_by, "files": files})


if __name__ == "__main__":
    make_torch_files()
