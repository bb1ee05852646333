import json
import subprocess
import sys

import numpy as np
import pytest
import torch
from diffusers import UnCLIPScheduler
from safetensors.torch import load_file
from torch import nn

from toybox.data import Levels, Pictures, shrink
from toybox.decoder import build_decoder
from toybox.degrade import blur, degrade
from toybox.pipeline import enlarge_again, load_pipeline, paint
from toybox.repaint import walk
from toybox.start import start_from
from toybox.tokenizer import load_tokenizer
from toybox.upsampler import (
    BORDER_REACH,
    CROP,
    CROPS,
    ENERGY_WINDOW,
    CropNorm,
    SecondUpsamplerStage,
    border_strength,
    build_upsampler,
    gradient_energy,
)


def run(module, *args):
    subprocess.run([sys.executable, "-m", f"toybox.{module}", *map(str, args)], check=True)


def weights_of(folder):
    return {path.relative_to(folder): path.read_bytes() for path in folder.rglob("*") if path.is_file()}


FEW = ("--minutes", "0.1", "--pictures", "200", "16", "8", "--repainted", "8")


@pytest.fixture(scope="module")
def model(tmp_path_factory):
    """The folder of a model whose stages all trained for a moment."""
    folder = tmp_path_factory.mktemp("whole")
    run("train", "--out", folder / "run", *FEW)
    run("export", "--run", folder / "run", "--out", folder / "model")
    return folder / "model"


def test_a_run_trains_every_stage_and_exports_a_pipeline_that_paints(model):
    defaults = json.loads((model / "unclip.json").read_text())["defaults"]
    generator = torch.Generator().manual_seed(0)
    pictures = paint(load_pipeline(model), ["a red cube"], {**defaults, "decoder": {"steps": 2, "guidanceScale": 2}}, generator)
    assert pictures.shape == (1, 128, 128, 3)
    assert enlarge_again(model, pictures, 2, generator).shape == (1, 512, 512, 3)


def test_chosen_stages_train_further_and_the_others_stay_byte_for_byte(model, tmp_path):
    command = ("train", "--out", tmp_path / "run", *FEW, "--start-from", model, "--stages", "upsampler-2")
    run(*command)
    run("export", "--run", tmp_path / "run", "--start-from", model, "--out", tmp_path / "model")
    before, after = weights_of(model), weights_of(tmp_path / "model")
    assert before.keys() == after.keys()
    changed = {str(path) for path in before if before[path] != after[path]}
    assert changed == {"super_res_2_first/diffusion_pytorch_model.safetensors"}

    stopped = torch.load(tmp_path / "run/upsampler-2.pt", weights_only=True)["progress"]
    run(*command, "--minutes", stopped["seconds"] / 60 + 0.1)  # the later of two flags counts
    further = torch.load(tmp_path / "run/upsampler-2.pt", weights_only=True)["progress"]
    assert further["step"] > stopped["step"] > 0


def test_networks_of_another_shape_begin_anew(model, tmp_path):
    few = ("--minutes", "0.05", "--pictures", "40", "8", "8")
    run("train", "--out", tmp_path, "--base-size", "64", *few, "--start-from", model, "--stages", "decoder")
    assert (tmp_path / "decoder.pt").exists()
    tokenizer = load_tokenizer(model / "tokenizer")
    networks = nn.ModuleDict({"decoder": build_decoder(64), "super_res_first": build_upsampler(1, 32)})
    assert start_from(model, networks, tokenizer) == ["decoder"]
    small = load_file(model / "super_res_first/diffusion_pytorch_model.safetensors")
    assert torch.equal(networks["super_res_first"].conv_in.weight, small["conv_in.weight"].float())


def test_levels_are_made_when_asked_for_and_once():
    made = []
    levels = Levels([lambda: made.append(0) or np.zeros(1), lambda: made.append(1) or np.ones(2)])
    assert len(levels) == 2 and made == []
    assert levels[1] is levels[1] and made == [1]


def test_repainted_pictures_keep_their_layout():
    """From a decoder that answers with the clean picture, walking the last steps gives that picture."""
    rng = np.random.default_rng(0)
    truth = torch.from_numpy(rng.uniform(-1, 1, (2, 3, 8, 8))).float()
    scheduler = UnCLIPScheduler(1000, variance_type="learned_range", prediction_type="sample")
    scheduler.set_timesteps(10)
    answer = torch.cat([truth, -torch.ones_like(truth)], dim=1)
    noised = scheduler.add_noise(truth, torch.randn_like(truth), scheduler.timesteps[6].expand(2))
    assert (walk(lambda x, t: answer, scheduler, noised, 6) - truth).abs().max() < 0.05


def test_shrunk_pictures_are_means_and_sizes_that_do_not_divide_are_refused():
    pictures = np.arange(2 * 4 * 4 * 3, dtype=np.uint8).reshape(2, 4, 4, 3)
    assert np.array_equal(shrink(pictures, 2)[0, 0, 0], pictures[0, :2, :2].mean((0, 1)).round())
    assert shrink(pictures, 4) is pictures
    with pytest.raises(ValueError, match="does not divide"):
        shrink(pictures, 3)


def test_degraded_pictures_keep_their_size_and_their_look():
    rng = np.random.default_rng(0)
    pictures = torch.linspace(-1, 1, 128)[None, None, :, None].expand(2, 3, 128, 128)
    spoiled = [degrade(pictures, rng) for _ in range(40)]
    assert all(s.shape == pictures.shape for s in spoiled)
    differences = [(s - pictures).abs().mean().item() for s in spoiled]
    assert min(differences) == 0 and 0.005 < max(differences) < 0.1


def test_a_blur_keeps_flat_pictures_and_spreads_a_border_along_its_axis_alone():
    flat = torch.full((1, 3, 16, 16), 0.25)
    assert torch.allclose(blur(flat, 1.0, 1.0), flat, atol=1e-6)
    border = torch.ones(1, 3, 16, 16)
    border[..., :8] = -1
    assert torch.allclose(blur(border, 1.0, 0.1), border, atol=1e-6)
    assert 0.1 < blur(border, 0.1, 1.0)[0, 0, 8, 8] < 0.9


def test_the_strength_of_a_border_is_its_contrast_within_reach():
    x = torch.full((1, 3, 16, 32), -1.0)
    x[..., 16:] = 0.0
    strength = border_strength(x, BORDER_REACH)
    assert strength.shape == (1, 1, 16, 32)
    assert strength[0, 0, 8, 16 - BORDER_REACH : 16 + BORDER_REACH].tolist() == [0.5] * 2 * BORDER_REACH
    assert strength[0, 0, 8, : 16 - BORDER_REACH].sum() == strength[0, 0, 8, 16 + BORDER_REACH :].sum() == 0


def test_the_energy_of_gradients_tells_how_wide_a_border_is_and_not_where():
    def energy(first: int, width: int) -> torch.Tensor:
        """Of a window that a border from black to white crosses: it ends `width` pixels after `first`."""
        row = ((torch.arange(ENERGY_WINDOW) - first) / width).clamp(0, 1) * 2 - 1
        return gradient_energy(row.expand(1, 3, ENERGY_WINDOW, ENERGY_WINDOW))

    assert torch.allclose(energy(3, 1), torch.full((1, 3, 1, 1), 4 / ENERGY_WINDOW))
    assert torch.allclose(energy(9, 2), energy(3, 1) / 2)
    assert torch.allclose(energy(4, 4), energy(9, 4))


def test_crops_show_one_place_in_both_sizes_and_come_from_every_quarter():
    rng = np.random.default_rng(0)
    large = rng.integers(0, 256, (2, 4, 4, 3), np.uint8).repeat(128, 1).repeat(128, 2)  # borders between quarters too
    small = shrink(large, 128)
    stage = SecondUpsamplerStage(Pictures([], [], [], [small[:, :32, :32], small, large]), torch.device("cpu"))
    x0, low = stage.crops(stage.large, torch.from_numpy(small).permute(0, 3, 1, 2) / 127.5 - 1, rng)
    assert x0.shape == low.shape == (2 * CROPS, 3, CROP, CROP)
    assert (x0 - low).abs().mean() < 0.04  # the blur of borders alone; another place would differ by half a picture's range
    tones = [{tuple(tone) for tone in crop.permute(1, 2, 0).reshape(-1, 3).tolist()} for crop in x0]
    assert all(not tones[i] & tones[CROPS + i] for i in range(CROPS))  # each picture's own
    assert not tones[0] & tones[3]  # opposite quarters share no tone
    assert stage.loss(rng)["loss"].isfinite()


def test_a_pictures_crops_are_normed_together_in_training_and_a_picture_alone_in_use():
    norm, x = CropNorm(2, 4), torch.randn(2 * CROPS, 4, 3, 5, generator=torch.Generator().manual_seed(0))
    normed = norm(x).unflatten(0, (2, CROPS))
    for picture in normed:
        groups = picture.unflatten(1, (2, 2))
        assert torch.allclose(groups.mean((0, 2, 3, 4)), torch.zeros(2), atol=1e-5)
        assert torch.allclose(groups.var((0, 2, 3, 4), correction=0), torch.ones(2), atol=1e-3)
    norm.eval()
    assert torch.allclose(norm(x), nn.functional.group_norm(x, 2), atol=1e-6)
