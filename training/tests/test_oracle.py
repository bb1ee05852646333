from dataclasses import replace

import numpy as np
import torch

from toybox.benchmark import COMBINATIONS, case_of, combination_of
from toybox.captions import RELATION_FACT, describe, facts
from toybox.oracle import (
    HEADS,
    Oracle,
    accuracies,
    apply,
    attributes,
    hides_second,
    mirror,
    soften,
    split_heads,
    to_pixels,
)
from toybox.render import render
from toybox.world import RELATIONS, compose, is_held_out, make_thing, sample_any_scene


def pair(relation):
    rng = np.random.default_rng(0)
    things = make_thing("cube", "red", "small", "matte", rng), make_thing("ring", "blue", "large", "metal", rng)
    return compose(things, relation, "sand", "flat", rng)


def test_heads_tell_every_fact():
    rng = np.random.default_rng(1)
    rows = np.stack([facts(sample_any_scene(rng)) for _ in range(2000)])
    assert list(rows.max(0) + 1) == [len(values) for values in HEADS.values()]
    logits = split_heads(Oracle().eval()(torch.zeros(2, 3, 64, 64))[1])
    assert [part.shape for part in logits.values()] == [(2, len(values)) for values in HEADS.values()]


def test_a_mirrored_pair_side_by_side_is_told_from_the_other_end():
    rows = np.stack([facts(pair(relation)) for relation in RELATIONS])
    x = torch.arange(3 * 3 * 4, dtype=torch.float32).reshape(3, 3, 1, 4)
    mirrored, told = mirror(x, rows, np.array([True, True, False]))
    assert torch.equal(mirrored[:2], x[:2].flip(3)) and torch.equal(mirrored[2], x[2])
    assert [HEADS["first_shape"][i] for i in told[:, 0]] == ["ring", "cube", "cube"]
    assert [HEADS["second_colour"][i] for i in told[:, 5]] == ["red", "blue", "blue"]
    assert (told[:, RELATION_FACT] == rows[:, RELATION_FACT]).all()


def test_softening_keeps_a_flat_picture_but_for_noise():
    softened = soften(torch.full((6, 3, 64, 64), 0.25), np.random.default_rng(0))
    assert softened.shape == (6, 3, 64, 64)
    assert (softened.mean((1, 2, 3)) - 0.25).abs().max() < 0.01


def test_folded_weights_compute_what_the_network_does():
    torch.manual_seed(0)
    oracle = Oracle().train()
    x = to_pixels(render([pair(relation) for relation in RELATIONS], 64))
    oracle(x)  # moves the norms' means and variances
    features, logits = oracle.eval()(x)
    folded_features, folded_logits = apply(oracle.folded(), x)
    assert (features - folded_features).abs().max() < 2e-3  # weights in half precision
    assert (logits - folded_logits).abs().max() < 2e-3


def test_accuracy_of_second_things_is_over_pairs():
    rows = np.stack([facts(pair("on top of")), facts(pair("left of"))])
    told = rows.copy()
    told[0, 5] += 1
    shares = accuracies(told, rows)
    assert shares["second_colour"] == 0.5 and shares["relation"] == 1
    assert attributes(told, rows) == {"shape": 1, "colour": 0.75, "size": 1, "material": 1}


def test_a_second_thing_behind_a_larger_one_is_hidden(tmp_path):
    rng = np.random.default_rng(0)
    small, large = (make_thing("sphere", "red", size, "matte", rng) for size in ("small", "large"))
    scene = compose((large, small), "in front of", "sand", "shaded", rng)
    behind = replace(scene, things=tuple(replace(thing, x=0.0) for thing in scene.things))
    single = compose((large,), None, "sand", "shaded", rng)
    scenes = [scene, behind, single]
    assert list(hides_second(scenes, render(scenes, 64), tmp_path)) == [False, True, False]


def test_every_held_out_scene_has_its_combination():
    rng = np.random.default_rng(2)
    for _ in range(3000):
        scene = sample_any_scene(rng)
        combination = combination_of(scene)
        assert (combination in COMBINATIONS) == is_held_out(scene)
    assert len(COMBINATIONS) == 9


def test_a_case_claims_what_its_caption_says():
    rng = np.random.default_rng(3)
    for _ in range(200):
        scene = sample_any_scene(rng)
        state = rng.bit_generator.state
        caption, claim = describe(scene, rng)
        rng.bit_generator.state = state
        case = case_of(scene, rng)
        assert case["caption"] == caption and len(case["things"]) == len(scene.things)
        said = sum(len(thing) for thing in case["things"]) + ("relation" in case) + ("ground" in case) + 1
        unsaid_of_single = 0 if scene.relation else 5  # a missing second thing and relation
        assert said == (claim >= 0).sum() - unsaid_of_single
