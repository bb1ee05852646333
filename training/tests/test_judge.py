import json

import numpy as np
import pytest
import torch

from toybox.benchmark import SEED, benchmark_scenes
from toybox.captions import facts
from toybox.evaluate import EVALUATION, report
from toybox.judge import Judge, load_judge, read
from toybox.oracle import HEADS, to_pixels
from toybox.render import render
from toybox.score import frechet_distance, judge_scene, scene_of, totals, wilson
from toybox.world import sample_any_scene


def logits_of(row):
    """Logits that say what a row of facts says, the second likeliest value being the one before."""
    parts = []
    for values, value in zip(HEADS.values(), row):
        part = -np.abs(np.arange(len(values)) - value).astype(float)
        parts.append(part)
    return np.concatenate(parts)


def claim_of(scene):
    names = ("shape", "colour", "size", "material")
    things = [{name: getattr(thing, name) for name in names} for thing in scene.things]
    relation = {} if scene.relation is None else {"relation": scene.relation}
    return {"things": things, "ground": scene.ground, "style": scene.style, **relation}


def test_the_facts_of_a_scene_fulfil_its_whole_claim():
    rng = np.random.default_rng(0)
    for _ in range(200):
        scene = sample_any_scene(rng)
        seen = scene_of(logits_of(facts(scene)))
        verdict = judge_scene(claim_of(scene), seen)
        assert all(right == total for right, total in verdict.values()), (scene, seen)


def test_exchanged_things_are_bound_but_stand_wrongly_and_exchanged_colours_are_not_bound():
    cube, ring = ({"shape": shape, "colour": colour} for shape, colour in (("cube", "red"), ("ring", "blue")))
    rest = {"size": "small", "material": "matte"}
    claim = {"things": [cube, ring], "relation": "left of", "style": "flat"}

    def seen(*things):
        return {"things": [thing | rest for thing in things], "relation": "left of", "ground": "sand", "style": "flat"}

    exchanged = judge_scene(claim, seen(ring, cube))
    assert exchanged["binding"] == (1, 1) and exchanged["relation"] == (0, 1) and exchanged["all"] == (0, 1)
    recoloured = judge_scene(claim, seen(cube | {"colour": "blue"}, ring | {"colour": "red"}))
    assert recoloured["binding"] == (0, 1) and recoloured["shape"] == (2, 2) and recoloured["colour"] == (0, 2)
    alone = judge_scene(claim, seen(cube))
    assert alone["count"] == (0, 1) and alone["shape"] == (1, 2)
    assert totals([exchanged, alone])["shape"] == (3, 4)


def test_wilson_interval_agrees_with_the_table_of_the_model_card():
    low, high = wilson(476, 500)  # 95.2 %
    assert (low, high) == (pytest.approx(0.9296, abs=1e-3), pytest.approx(0.9675, abs=1e-3))


def test_frechet_distance_of_known_gaussians():
    rng = np.random.default_rng(0)
    features = rng.standard_normal((200_000, 3)) * (1, 2, 3) + (0, 0, 5)
    assert frechet_distance(features, np.array([1.0, 0, 5]), np.diag([1.0, 4, 9])) == pytest.approx(1, abs=0.05)
    assert frechet_distance(features, np.array([0.0, 0, 5]), np.diag([4.0, 4, 9])) == pytest.approx(1, abs=0.05)


def test_the_second_judge_reads_fresh_renders_rightly():
    rng = np.random.default_rng(77)
    scenes = [sample_any_scene(rng) for _ in range(200)]
    told = read(load_judge(), to_pixels(render(scenes, 64)))
    assert (told == np.stack([facts(scene) for scene in scenes])).mean() > 0.95


def test_an_untrained_judge_gives_logits_for_every_head():
    features, logits = Judge().eval()(torch.zeros(2, 3, 64, 64))
    assert logits.shape == (2, sum(map(len, HEADS.values()))) and features.shape[0] == 2


def test_the_benchmarks_scenes_are_those_of_its_captions():
    cases = json.loads((EVALUATION / "toybox/captions.json").read_text())["cases"][:60]
    scenes = benchmark_scenes(60, np.random.default_rng(SEED))
    for case, scene in zip(cases, scenes, strict=True):
        assert case["style"] == scene.style and case.get("relation") == scene.relation
        assert [(thing["shape"], thing["colour"]) for thing in case["things"]] == [
            (thing.shape, thing.colour) for thing in scene.things
        ]


def test_real_renders_are_judged_nearly_all_right_and_grey_pictures_are_not():
    cases = json.loads((EVALUATION / "toybox/captions.json").read_text())["cases"][:60]
    pictures = render(benchmark_scenes(60, np.random.default_rng(SEED)), 128)
    real, grey = report(pictures, cases), report(np.full_like(pictures, 128), cases)
    for name in ("oracle", "second judge"):
        right, total = real[name]["known"]["shape"]
        assert right / total > 0.9
        assert grey[name]["known"]["all"][0] < 5
    assert real["frechet"] < grey["frechet"]
    assert "sharpness" not in real  # it is measured in full size alone
