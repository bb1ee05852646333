"""Run with `python -m pytest` in training/."""

from pathlib import Path

import numpy as np

from toybox.captions import describe, facts, is_true_of
from toybox.tokenizer import WordTokenizer, load_tokenizer, split_words, tokenize, train_tokenizer
from toybox.world import compose, is_held_out, make_thing, sample_scene


SHIPPED = Path(__file__).parents[2] / "packages/toybox/model/tokenizer"


def scene(*kinds, relation=None, ground="sand", style="shaded"):
    rng = np.random.default_rng(0)
    return compose(tuple(make_thing(*kind, "matte", rng) for kind in kinds), relation, ground, style, rng)


def test_every_caption_is_true_of_its_own_picture():
    rng = np.random.default_rng(3)
    for _ in range(500):
        s = sample_scene(rng)
        _, claim = describe(s, rng)
        assert is_true_of(claim[None], facts(s)[None]).all()


def test_an_unsaid_size_is_true_of_both_sizes_and_a_said_one_of_its_own():
    rng = np.random.default_rng(0)
    small, large = (scene(("cube", "red", size)) for size in ("small", "large"))
    both = np.stack([facts(small), facts(large)])
    seen = set()
    for _ in range(100):
        caption, claim = describe(small, rng)
        true_of = tuple(is_true_of(claim[None], both)[0])
        seen.add((any(word in caption for word in ("small", "little", "tiny")), true_of))
    assert seen == {(False, (True, True)), (True, (True, False))}


def test_held_out_scenes_are_never_sampled():
    assert is_held_out(scene(("cone", "purple", "large")))
    assert is_held_out(scene(("cube", "yellow", "small"), ("cylinder", "red", "large"), relation="on top of"))
    assert not is_held_out(scene(("cube", "yellow", "small"), ("cylinder", "red", "large"), relation="left of"))
    assert is_held_out(scene(("ring", "blue", "small"), style="flat"))
    assert not is_held_out(scene(("ring", "blue", "small"), style="line"))
    rng = np.random.default_rng(4)
    assert not any(is_held_out(sample_scene(rng)) for _ in range(2000))


def test_every_word_of_the_world_is_one_token(tmp_path):
    train_tokenizer(tmp_path)
    tokenizer = load_tokenizer(tmp_path)
    rng = np.random.default_rng(5)
    for _ in range(300):
        caption, _ = describe(sample_scene(rng), rng)
        assert len(tokenizer(caption).input_ids) == len(split_words(caption)) + 2
    assert tokenizer("").input_ids == [tokenizer.bos_token_id, tokenizer.eos_token_id]
    assert tokenizer.eos_token_id == len(tokenizer) - 1


def test_captions_are_split_word_by_word_as_the_tokenizer_splits_them():
    rng = np.random.default_rng(4)
    captions = [describe(sample_scene(rng), rng)[0] for _ in range(200)] + ["", "red " * 40]
    tokenizer = load_tokenizer(SHIPPED)
    ids, mask = tokenize(tokenizer, captions)
    own, lengths = WordTokenizer(tokenizer).tokenize(captions)
    assert np.array_equal(own[:, : ids.shape[1]], ids.numpy()) and np.array_equal(lengths, mask.sum(1).numpy())
