"""How near do the priors of a model folder come to the embeddings of real pictures? Cosines on scenes that training did not see.

    python -m toybox.measure_priors --model ../packages/toybox/model --captions 500 --temperatures 1 0.5 0 --guidance 1 2
"""

from __future__ import annotations

import argparse
import json
from pathlib import Path

import numpy as np
import torch
import torch.nn.functional as F
from diffusers import PriorTransformer, UnCLIPScheduler
from safetensors.torch import load_file
from transformers import CLIPTextModelWithProjection, CLIPVisionModelWithProjection

from toybox.autoregressive import COMPONENT, dot_products
from toybox.autoregressive_network import AutoregressivePrior
from toybox.clip import embed_pictures
from toybox.data import SAMPLES, sample_scenes
from toybox.captions import describe
from toybox.render import render
from toybox.text import Text, TextReader
from toybox.tokenizer import CONTEXT_LENGTH, load_tokenizer
from toybox.world import MATERIALS, STYLES

SEED = 301  # nothing else of the project draws from it; settings were chosen on the captions of 302
CPU = torch.device("cpu")


def load_autoregressive(folder: Path) -> AutoregressivePrior:
    prior = AutoregressivePrior(json.loads((folder / "config.json").read_text()))
    prior.load_state_dict({name: value.float() for name, value in load_file(folder / "model.safetensors").items()})
    return prior.eval()


def both(negative: Text, text: Text) -> Text:
    """The rows of `negative`, padded, and then those of `text`: what guidance takes."""
    room = text.mask.shape[1] - negative.mask.shape[1]
    states, mask = F.pad(negative.states, (0, 0, 0, room)), F.pad(negative.mask, (0, room))
    return Text(*(torch.cat(pair) for pair in ((negative.embeds, text.embeds), (states, text.states), (mask, text.mask))))


@torch.no_grad()
def sample_autoregressive(
    prior: AutoregressivePrior, text: Text, negative: Text, guidance: float, temperature: float, rng: torch.Generator
) -> torch.Tensor:
    """Embeddings [N, D] of captions, as packages/prior draws them."""
    n, count = len(text.embeds), prior.config["num_components"]
    dots = len(prior.config["dot_product_bounds"]) + 1
    dot_product = torch.randint(dots // 2, dots, (n,), generator=rng)
    tokens = torch.empty(n, 0, dtype=torch.long)
    rows = text if guidance == 1 else both(negative, text)
    times = len(rows.embeds) // n
    for k in range(count):
        inputs = dot_product.repeat(times), tokens.repeat(times, 1)
        logits = prior(rows.embeds, rows.states, rows.mask, *inputs)[:, -1]
        if times == 2:
            logits = logits[:n] + guidance * (logits[n:] - logits[:n])
        drawn = logits.argmax(1, keepdim=True)
        if temperature > 0:
            drawn = torch.multinomial((logits / temperature).softmax(1), 1, generator=rng)
        tokens = torch.cat([tokens, drawn], 1)
    coordinates = torch.gather(prior.bucket_values, 1, tokens.T).T
    return coordinates @ prior.components + prior.mean


@torch.no_grad()
def sample_diffusion(
    folder: Path, text: Text, negative: Text, guidance: float, steps: int, rng: torch.Generator
) -> torch.Tensor:
    """Embeddings [N, D] of captions, as diffusers' UnCLIPPipeline draws them."""
    prior = PriorTransformer.from_pretrained(folder / "prior").float().eval()
    scheduler = UnCLIPScheduler.from_pretrained(folder / "prior_scheduler")
    scheduler.set_timesteps(steps)
    n, rows = len(text.embeds), both(negative, text)
    room = CONTEXT_LENGTH - rows.mask.shape[1]
    states, mask = F.pad(rows.states, (0, 0, 0, room)), F.pad(rows.mask, (0, room))
    x = torch.randn(n, text.embeds.shape[1], generator=rng)
    for t, after in zip(scheduler.timesteps, [*scheduler.timesteps[1:], None]):
        predicted = prior(
            x.repeat(2, 1), t, proj_embedding=rows.embeds, encoder_hidden_states=states, attention_mask=mask
        ).predicted_image_embedding
        predicted = predicted[:n] + guidance * (predicted[n:] - predicted[:n])
        x = scheduler.step(predicted, t, x, prev_timestep=after, generator=rng).prev_sample
    return prior.post_process_latents(x)


def nearest(candidates: list[torch.Tensor], text: Text) -> torch.Tensor:
    """Of several embeddings for each caption the one nearest to it."""
    likeness = torch.stack([dot_products(text.embeds, drawn) for drawn in candidates])  # [C, N]
    return torch.stack(candidates)[likeness.argmax(0), torch.arange(len(text.embeds))]


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--model", type=Path, required=True)
    parser.add_argument("--captions", type=int, default=500)
    parser.add_argument("--temperatures", type=float, nargs="+", default=[1.0, 0.5, 0.0])
    parser.add_argument("--guidance", type=float, nargs="+", default=[1.0, 2.0])
    parser.add_argument("--candidates", type=int, nargs="+", default=[1, 2])
    parser.add_argument("--seed", type=int, default=SEED, help="of the captions: choose settings on others than you measure on")
    parser.add_argument("--threads", type=int, default=2)
    args = parser.parse_args()
    torch.set_num_threads(args.threads)
    folder: Path = args.model
    towers = (CLIPTextModelWithProjection, "text_encoder"), (CLIPVisionModelWithProjection, "image_encoder")
    text_encoder, image_encoder = (kind.from_pretrained(folder / name).float().eval() for kind, name in towers)
    reader = TextReader(load_tokenizer(folder / "tokenizer"), text_encoder, CPU)

    rng = np.random.default_rng(args.seed)
    scenes, _ = sample_scenes(args.captions, rng, STYLES, MATERIALS)
    text = reader.read([describe(scene, rng)[0] for scene in scenes], 0, rng)
    negative = reader.read([""] * len(scenes), 0, rng)
    size = image_encoder.config.image_size
    truth = embed_pictures(image_encoder, render(scenes, size, SAMPLES[size]), CPU)

    def report(name: str, embeddings: torch.Tensor) -> None:
        cosines = F.cosine_similarity(embeddings, truth, dim=1)
        error = float(cosines.std()) / len(cosines) ** 0.5
        print(f"{name}: {float(cosines.mean()):.4f} ± {error:.4f}", flush=True)

    print(f"cosine to the true image embedding, mean over {len(scenes)} captions ± its standard error")
    report("text embedding as is", text.embeds)
    for guidance in (1.0, 4.0):
        drawn = sample_diffusion(folder, text, negative, guidance, 10, torch.Generator().manual_seed(0))
        report(f"diffusion prior, guidance {guidance:g}, 10 steps", drawn)
    prior = load_autoregressive(folder / COMPONENT)
    for guidance in args.guidance:
        for temperature in args.temperatures:
            rng = torch.Generator().manual_seed(0)
            drawn = [
                sample_autoregressive(prior, text, negative, guidance, temperature, rng) for _ in range(max(args.candidates))
            ]
            for candidates in args.candidates:
                name = f"autoregressive prior, guidance {guidance:g}, temperature {temperature:g}, candidates {candidates}"
                report(name, nearest(drawn[:candidates], text))


if __name__ == "__main__":
    main()
