import json
import subprocess
import sys

import numpy as np
import torch

from toybox.degrade import degrade
from toybox.pipeline import enlarge_again, load_pipeline, paint


def test_a_run_trains_every_stage_and_exports_a_pipeline_that_paints(tmp_path):
    def run(module, *args):
        subprocess.run([sys.executable, "-m", f"toybox.{module}", *args], check=True)

    minutes = ("--minutes", "0.1", "--pictures", "200", "16", "8")
    run("train", "--out", str(tmp_path / "run"), *minutes)
    run("export", "--run", str(tmp_path / "run"), "--out", str(tmp_path / "model"))
    defaults = json.loads((tmp_path / "model/unclip.json").read_text())["defaults"]
    generator = torch.Generator().manual_seed(0)
    pictures = paint(load_pipeline(tmp_path / "model"), ["a red cube"], {**defaults, "decoderSteps": 2}, generator)
    assert pictures.shape == (1, 128, 128, 3)
    assert enlarge_again(tmp_path / "model", pictures, 1, generator).shape == (1, 512, 512, 3)

    run("train", "--out", str(tmp_path / "further"), "--start-from", str(tmp_path / "model"), *minutes)


def test_a_degraded_picture_keeps_its_size_and_its_look():
    rng = np.random.default_rng(0)
    picture = np.tile(np.arange(0, 256, 2, dtype=np.uint8)[:, None, None], (1, 128, 3))
    spoiled = [degrade(picture, rng) for _ in range(40)]
    assert all(s.shape == picture.shape and s.dtype == np.uint8 for s in spoiled)
    differences = [np.abs(s.astype(float) - picture).mean() for s in spoiled]
    assert min(differences) == 0 and 1 < max(differences) < 16
