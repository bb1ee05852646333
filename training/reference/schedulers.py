"""Trajectories of diffusers' schedulers on networks that are one formula, and their noise tables."""

import inspect
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

import diffusers
import torch
from diffusers import SchedulerMixin

from fixture import ROOT, Json, f32_numbers, provenance, write_json

Config = dict[str, Any]

NETWORKS: dict[str, Callable[[torch.Tensor], torch.Tensor]] = {
    "sine": lambda x: 0.3 * x + 0.1 * torch.sin(3 * x),
    "sine-and-variance": lambda x: torch.cat([0.3 * x + 0.1 * torch.sin(3 * x), torch.cos(x)], dim=1),
    "tanh": torch.tanh,
}
"""Evaluated in float32 on the scaled model input; the variance channels follow the mean channels."""

SHAPES = {4: (1, 1, 2, 2), 12: (1, 3, 2, 2), 16: (1, 4, 2, 2), 48: (1, 3, 4, 4)}
"""Below 16 elements and from 16 on, torch draws normals differently."""

SCALED_LINEAR: Config = {"beta_start": 0.00085, "beta_end": 0.012, "beta_schedule": "scaled_linear"}
LATENT_LINEAR: Config = {"beta_start": 0.00085, "beta_end": 0.012, "beta_schedule": "linear"}
COSINE: Config = {"beta_schedule": "squaredcos_cap_v2"}
TABLE_INDICES = (0, 1, 2, 250, 500, 750, 990, 998, 999)


@dataclass(frozen=True)
class Trajectory:
    """One sampling run; `step` holds extra arguments of scheduler.step (eta, use_clipped_model_output)."""

    name: str
    scheduler: str
    config: Config
    network: str = "sine"
    steps: int = 10
    elements: int = 4
    seed: int = 0
    step: Config = field(default_factory=dict)


def make_schedulers() -> None:
    """Writes schedulers.json: noise tables and trajectories."""
    content = {"tables": [_table(config) for config in TABLES], "runs": [_run(run) for run in TRAJECTORIES]}
    write_json(ROOT / "schedulers.json", {**provenance("schedulers"), **content})


def _table(config: Config) -> Json:
    scheduler = diffusers.DDPMScheduler(**config)
    indices = list(TABLE_INDICES)
    return {
        "config": config,
        "indices": indices,
        "betas": f32_numbers(scheduler.betas[indices]),
        "alphasCumprod": f32_numbers(scheduler.alphas_cumprod[indices]),
    }


def _run(run: Trajectory) -> Json:
    scheduler: SchedulerMixin = getattr(diffusers, run.scheduler)(**run.config)
    scheduler.set_timesteps(run.steps)
    timesteps = scheduler.timesteps.tolist()
    start = torch.linspace(-1, 1, run.elements).reshape(SHAPES[run.elements])
    x = start * scheduler.init_noise_sigma
    accepted = inspect.signature(scheduler.step).parameters
    generator = torch.Generator().manual_seed(run.seed)
    samples: list[list[float]] = []
    for index, t in enumerate(scheduler.timesteps):
        extra = dict(run.step)
        if "generator" in accepted:
            extra["generator"] = generator
        if "prev_timestep" in accepted and index + 1 < len(timesteps):
            extra["prev_timestep"] = scheduler.timesteps[index + 1]
        output = NETWORKS[run.network](scheduler.scale_model_input(x, t))
        x = scheduler.step(output, t, x, **extra).prev_sample
        samples.append(f32_numbers(x))
    return {
        "name": run.name,
        "scheduler": run.scheduler,
        "config": run.config,
        "network": run.network,
        "steps": run.steps,
        "step": run.step,
        "seed": run.seed,
        "shape": list(start.shape),
        "initNoiseSigma": float(scheduler.init_noise_sigma),
        "timesteps": timesteps,
        "start": f32_numbers(start),
        "samples": samples,
    }


TABLES: list[Config] = [
    {"beta_schedule": "squaredcos_cap_v2"},
    {"beta_schedule": "linear", "beta_start": 0.0001, "beta_end": 0.02},
    LATENT_LINEAR,
    SCALED_LINEAR,
    {"beta_schedule": "sigmoid", "beta_start": 0.0001, "beta_end": 0.02},
    {**SCALED_LINEAR, "rescale_betas_zero_snr": True},
    {**LATENT_LINEAR, "rescale_betas_zero_snr": True},
]


def _unclip() -> list[Trajectory]:
    """The settings of Karlo's three stages and the other fields that the class knows."""

    def unclip(name: str, config: Config, **more: Any) -> Trajectory:
        return Trajectory(f"unclip {name}", "UnCLIPScheduler", config, **{"steps": 7, "elements": 12, **more})

    prior = {"prediction_type": "sample", "clip_sample_range": 5.0}
    learned = {"variance_type": "learned_range"}
    return [
        unclip("sample, clip 5", prior, network="tanh"),
        unclip("sample, clip 0.5", {**prior, "clip_sample_range": 0.5}, network="tanh", elements=48, seed=7),
        unclip("epsilon, fixed_small_log", {}),
        unclip("epsilon, fixed_small_log, 25 steps", {}, steps=25, elements=48, seed=2**33 + 5),
        unclip("sample, no clip", {"prediction_type": "sample", "clip_sample": False}),
        unclip("epsilon, learned_range", learned, network="sine-and-variance"),
        unclip("epsilon, learned_range, 25 steps", learned, network="sine-and-variance", steps=25, elements=48),
        unclip("sample, learned_range", {**prior, **learned}, network="sine-and-variance", elements=16),
        unclip("two steps", learned, network="sine-and-variance", steps=2),
        unclip("every step of 20", {"num_train_timesteps": 20}, steps=20),
    ]


def _ddpm() -> list[Trajectory]:
    def ddpm(name: str, config: Config, **more: Any) -> Trajectory:
        return Trajectory(f"ddpm {name}", "DDPMScheduler", {**SCALED_LINEAR, "clip_sample": False, **config}, **more)

    learned = {"variance_type": "learned_range"}
    clip = {"clip_sample": True, "clip_sample_range": 0.8}
    threshold = {"thresholding": True, "dynamic_thresholding_ratio": 0.9}
    kandinsky = {**LATENT_LINEAR, **learned, "clip_sample": True, "clip_sample_range": 2.0}
    kandinsky |= {"thresholding": True, "sample_max_value": None}
    return [
        *(
            ddpm(f"fixed_small, {spacing}", {"timestep_spacing": spacing})
            for spacing in ("leading", "linspace", "trailing")
        ),
        ddpm("leading, offset 1", {"steps_offset": 1}),
        *(
            ddpm(f"{variance_type}", {"variance_type": variance_type}, elements=12)
            for variance_type in ("fixed_small_log", "fixed_large")
        ),
        *(
            ddpm(f"learned_range, {spacing}", {**learned, "timestep_spacing": spacing}, network="sine-and-variance")
            for spacing in ("leading", "linspace", "trailing")
        ),
        ddpm("clip 0.8", clip, elements=12),
        ddpm("thresholding, at most 1", threshold, elements=16),
        ddpm("thresholding, at most 1.5", {**threshold, "sample_max_value": 1.5}, elements=16),
        ddpm("thresholding wins over clip", {**threshold, **clip, "sample_max_value": 3.0}, elements=48),
        ddpm("kandinsky", kandinsky, network="sine-and-variance", elements=16),
        ddpm("v_prediction", {"prediction_type": "v_prediction"}, elements=12),
        ddpm("sample", {"prediction_type": "sample", **clip}, network="tanh", elements=12),
        ddpm("squaredcos_cap_v2, learned_range", {**COSINE, **learned, **clip}, network="sine-and-variance"),
        ddpm("linear, 25 steps", {**LATENT_LINEAR, **clip}, steps=25, elements=48, seed=7),
        ddpm("sigmoid", {"beta_start": 0.0001, "beta_end": 0.02, "beta_schedule": "sigmoid", **clip}),
        ddpm(
            "zero terminal snr",
            {"rescale_betas_zero_snr": True, "prediction_type": "v_prediction", "timestep_spacing": "trailing"},
        ),
    ]


def _ddim() -> list[Trajectory]:
    def ddim(name: str, config: Config, eta: float = 0.0, **more: Any) -> Trajectory:
        step = {"eta": eta, **more.pop("step", {})}
        base = {**SCALED_LINEAR, "clip_sample": False}
        return Trajectory(f"ddim {name}", "DDIMScheduler", {**base, **config}, step=step, **more)

    offset = {"set_alpha_to_one": False, "steps_offset": 1}
    clip = {"clip_sample": True, "clip_sample_range": 0.8}
    recompute = {"use_clipped_model_output": True}
    return [
        ddim("eta 0, leading, offset 1, alpha not one", offset),
        ddim("eta 1, leading, offset 1, alpha not one", offset, eta=1.0),
        *(
            ddim(
                f"eta {eta:g}, {spacing}, alpha one {one}", {"timestep_spacing": spacing, "set_alpha_to_one": one}, eta
            )
            for eta in (0.0, 1.0)
            for spacing in ("leading", "trailing", "linspace")
            for one in (True, False)
        ),
        ddim("eta 0.5, clip 0.8", clip, eta=0.5, elements=48, seed=7),
        ddim("eta 0, clip 0.8", clip, elements=12),
        ddim("eta 0, clip 0.8, epsilon from clipped x0", clip, elements=12, step=recompute),
        ddim("eta 1, clip 0.8, epsilon from clipped x0", clip, eta=1.0, elements=12, step=recompute),
        ddim(
            "thresholding",
            {"thresholding": True, "dynamic_thresholding_ratio": 0.9, "sample_max_value": 1.5},
            elements=16,
        ),
        ddim("v_prediction, eta 1", {"prediction_type": "v_prediction"}, eta=1.0),
        ddim("sample", {"prediction_type": "sample"}, network="tanh"),
        ddim("squaredcos_cap_v2, 27 steps", {**COSINE, **clip}, steps=27),
        ddim(
            "zero terminal snr",
            {"rescale_betas_zero_snr": True, "prediction_type": "v_prediction", "timestep_spacing": "trailing"},
        ),
        Trajectory("ddim inverse", "DDIMInverseScheduler", {**SCALED_LINEAR, "clip_sample": False}),
        Trajectory("ddim inverse, offset 1", "DDIMInverseScheduler", {**SCALED_LINEAR, "clip_sample": False, **offset}),
        Trajectory(
            "ddim inverse, v_prediction",
            "DDIMInverseScheduler",
            {**SCALED_LINEAR, "clip_sample": False, "prediction_type": "v_prediction"},
        ),
    ]


def _solvers() -> list[Trajectory]:
    """The samplers beyond the paper's."""

    def solver(name: str, scheduler: str, config: Config, **more: Any) -> Trajectory:
        return Trajectory(name, f"{scheduler}Scheduler", {**SCALED_LINEAR, **config}, **more)

    spacings = ("linspace", "leading", "trailing")
    third = {"solver_order": 3}
    sde = {"algorithm_type": "sde-dpmsolver++"}
    clipped_cosine = {**COSINE, "lambda_min_clipped": -5.1}
    v = {"prediction_type": "v_prediction"}
    karras = {"use_karras_sigmas": True}
    skip_prk = {"skip_prk_steps": True}
    dpm, unipc = "DPMSolverMultistep", "UniPCMultistep"
    return [
        *(solver(f"dpm++ 2m, {spacing}", dpm, {"timestep_spacing": spacing}) for spacing in spacings),
        solver("dpm++ 2m, heun", dpm, {"solver_type": "heun"}),
        solver("dpm++ 2m, karras", dpm, karras),
        solver("dpm++ 2m, 20 steps", dpm, {}, steps=20),
        solver("dpm++ 2m, euler at final", dpm, {"euler_at_final": True}, steps=20),
        solver("dpm++ 2m, last sigma kept", dpm, {"final_sigmas_type": "sigma_min"}),
        solver("dpm++ 2m, cosine", dpm, clipped_cosine),
        solver("dpm++ 2m, v_prediction", dpm, v),
        solver("dpm++ 2m, sample", dpm, {"prediction_type": "sample"}, network="tanh"),
        solver("dpm++ 2m, thresholding", dpm, {"thresholding": True, "sample_max_value": 1.5}, elements=16),
        solver("dpm++ 1", dpm, {"solver_order": 1}),
        solver("dpm++ 3m", dpm, third),
        solver("dpm++ 3m, 20 steps", dpm, third, steps=20),
        solver("sde-dpm++ 1", dpm, {**sde, "solver_order": 1}),
        solver("sde-dpm++ 2m", dpm, sde),
        solver("sde-dpm++ 2m, 48 elements", dpm, sde, elements=48, seed=7),
        *(solver(f"unipc, {spacing}", unipc, {"timestep_spacing": spacing}) for spacing in spacings),
        solver("unipc, bh1, last sigma kept", unipc, {"solver_type": "bh1", "final_sigmas_type": "sigma_min"}),
        solver("unipc, order 3", unipc, {"solver_order": 3}),
        solver("unipc, order 3, 20 steps", unipc, {"solver_order": 3}, steps=20),
        solver("unipc, v_prediction", unipc, v),
        solver("unipc, karras", unipc, karras),
        *(
            solver(f"{name}, {spacing}", scheduler, {"timestep_spacing": spacing})
            for name, scheduler in (("euler", "EulerDiscrete"), ("euler ancestral", "EulerAncestralDiscrete"))
            for spacing in spacings
        ),
        *(solver(f"heun, {spacing}", "HeunDiscrete", {"timestep_spacing": spacing}) for spacing in spacings),
        *(solver(f"lms, {spacing}", "LMSDiscrete", {"timestep_spacing": spacing}) for spacing in spacings),
        solver("euler, karras", "EulerDiscrete", karras),
        solver("euler, v_prediction", "EulerDiscrete", v),
        solver("euler ancestral, v_prediction", "EulerAncestralDiscrete", v),
        solver("heun, karras", "HeunDiscrete", karras),
        solver("pndm, offset 1, alpha not one", "PNDM", {**skip_prk, "steps_offset": 1}),
        solver("pndm, alpha one", "PNDM", {**skip_prk, "set_alpha_to_one": True}),
        solver("pndm, v_prediction", "PNDM", {**skip_prk, **v, "steps_offset": 1}),
    ]


TRAJECTORIES: list[Trajectory] = [*_unclip(), *_ddpm(), *_ddim(), *_solvers()]
