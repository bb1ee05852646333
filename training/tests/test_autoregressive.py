import json
import subprocess
import sys
from pathlib import Path

import torch

from toybox.autoregressive_network import AutoregressivePrior, smooth_table
from toybox.measure_priors import load_autoregressive
from toybox.quantise import fit_quantiser

MODEL = Path(__file__).parents[2] / "packages/toybox/model"


def drawn_embeddings(count=4000, width=16):
    """Correlated embeddings whose last directions hardly vary."""
    torch.manual_seed(0)
    basis = torch.linalg.qr(torch.randn(width, width))[0]
    return torch.randn(count, width) * 2 ** -torch.arange(width) @ basis + torch.randn(width)


def test_few_components_lose_less_than_a_hundredth_of_the_variance():
    embeddings = drawn_embeddings()
    quantiser = fit_quantiser(embeddings[:3000])
    assert len(quantiser.components) < 8
    assert quantiser.error(embeddings[:3000]) < 0.01 and quantiser.error(embeddings[3000:]) < 0.011
    fewer = fit_quantiser(embeddings[:3000])
    fewer.components, fewer.values = fewer.components[:-1], fewer.values[:-1]
    fewer.bounds = fewer.bounds[:-1]
    assert fewer.error(embeddings[:3000]) >= 0.01


def test_components_are_orthonormal_and_vary_less_and_less():
    embeddings = drawn_embeddings()
    quantiser = fit_quantiser(embeddings)
    torch.testing.assert_close(quantiser.components @ quantiser.components.T, torch.eye(len(quantiser.components)))
    variances = ((embeddings - quantiser.mean) @ quantiser.components.T).var(0)
    assert (variances[:-1] > variances[1:]).all()


def test_tokens_of_a_buckets_value_are_that_bucket():
    quantiser = fit_quantiser(drawn_embeddings())
    tokens = torch.randint(quantiser.values.shape[1], (50, len(quantiser.components)))
    assert torch.equal(quantiser.tokens(quantiser.embeddings(tokens)), tokens)


def test_a_logit_depends_on_nothing_that_comes_after_it_and_not_on_padding():
    torch.manual_seed(0)
    config = json.loads((MODEL.parents[2] / "fixtures/autoregressive-tiny/prior_autoregressive/config.json").read_text())
    prior = AutoregressivePrior(config).eval()
    text, states = torch.randn(1, 12), torch.randn(1, 5, 10)
    mask, tokens = torch.tensor([[True, True, True, False, False]]), torch.randint(5, (1, 6))
    dot = torch.tensor([2])
    logits = prior(text, states, mask, dot, tokens)
    assert logits.shape == (1, 7, 5)
    torch.testing.assert_close(prior(text, states, mask, dot, tokens[:, :3]), logits[:, :4])
    torch.testing.assert_close(prior(text, states[:, :3], mask[:, :3], dot, tokens), logits)
    changed = prior(text, states, mask, dot, tokens.roll(1))
    assert (changed[:, 0] == logits[:, 0]).all() and (changed[:, 1:] - logits[:, 1:]).abs().max() > 1e-3


def test_neighbours_of_a_smooth_table_are_alike():
    table = smooth_table(48, 64)
    near, far = (table[1:] - table[:-1]).norm(dim=1).mean(), (table[24:] - table[:24]).norm(dim=1).mean()
    assert near < 0.5 * far and 0.5 < table.norm(dim=1).mean() < 2


def test_training_adds_a_component_to_a_model_folder(tmp_path):
    model = tmp_path / "model"
    for name in ("text_encoder", "image_encoder", "tokenizer"):
        (model / name).mkdir(parents=True)
        for path in (MODEL / name).iterdir():
            (model / name / path.name).write_bytes(path.read_bytes())
    (model / "model_index.json").write_bytes((MODEL / "model_index.json").read_bytes())
    run = ("--out", str(tmp_path / "run"), "--pictures", "300", "--minutes", "0.05", "--threads", "1")
    subprocess.run([sys.executable, "-m", "toybox.autoregressive", "--model", str(model), *run], check=True)
    prior = load_autoregressive(model / "prior_autoregressive")
    assert prior.components.shape[1] == 128 and prior.bucket_values.isfinite().all()
    index = json.loads((model / "model_index.json").read_text())
    assert index["prior_autoregressive"] == ["unclip", "AutoregressivePrior"]
