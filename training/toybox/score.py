"""Holds pictures to their captions, as packages/evaluation does: what a judge reads off a picture against what the caption claims."""

from __future__ import annotations

import numpy as np

from toybox.captions import THING_FACTS
from toybox.oracle import ABSENT, HEADS, NONE

ATTRIBUTES = ("shape", "colour", "size", "material")
MEASURES = (*ATTRIBUTES, "style", "ground", "count", "binding", "relation", "all")
Scene = dict  # things, relation, ground and style, in words
Verdict = dict[str, tuple[int, int]]  # by measure: claims that are right, and all


def scene_of(logits: np.ndarray) -> Scene:
    """The likeliest scene for one picture's logits [50]. Whether there is a second thing is for its shape to say."""
    ends = np.cumsum([len(values) for values in HEADS.values()])
    scores = dict(zip(HEADS, np.split(logits, ends[:-1])))

    def likeliest(name: str) -> str:
        order = [HEADS[name][i] for i in np.argsort(-scores[name], kind="stable")]
        return next(value for value in order if value not in (ABSENT, NONE))

    things = [{name: likeliest(f"{which}_{name}") for name in ATTRIBUTES} for which in ("first", "second")]
    scene = {name: likeliest(name) for name in ("relation", "ground", "style")} | {"things": things}
    if HEADS["second_shape"][scores["second_shape"].argmax()] == ABSENT:
        scene |= {"things": things[:1], "relation": None}
    return scene


def judge_scene(claim: Scene, seen: Scene) -> Verdict:
    """What a scene shows of a claim. Claims about things count whichever thing they are true of; the relation alone is for
    where they stand."""

    def agreeing(things: list) -> int:
        return sum(
            name in claimed and thing is not None and claimed[name] == thing[name]
            for claimed, thing in zip(claim["things"], things)
            for name in ATTRIBUTES
        )

    def bound(things: list) -> bool:
        return all(
            thing is not None and (claimed["shape"], claimed["colour"]) == (thing["shape"], thing["colour"])
            for claimed, thing in zip(claim["things"], things)
        )

    places = [*seen["things"], None][:2]
    best = max((places, places[::-1]), key=agreeing)
    verdict = {}
    for name in ATTRIBUTES:
        rights = [
            thing is not None and claimed[name] == thing[name]
            for claimed, thing in zip(claim["things"], best)
            if name in claimed
        ]
        verdict[name] = (sum(rights), len(rights))
    verdict["style"] = (int(seen["style"] == claim["style"]), 1)
    if "ground" in claim:
        verdict["ground"] = (int(seen["ground"] == claim["ground"]), 1)
    verdict["count"] = (int(len(seen["things"]) == len(claim["things"])), 1)
    if "relation" in claim:
        verdict["binding"] = (int(bound(best)), 1)
        verdict["relation"] = (int(bound(places) and seen["relation"] == claim["relation"]), 1)
    verdict["all"] = (int(all(right == total for right, total in verdict.values())), 1)
    return verdict


def wilson(right: int, total: int) -> tuple[float, float]:
    """The 95 % interval of a share (Wilson 1927)."""
    z = 1.959964
    share, spread = right / total, z * z / total
    middle = (share + spread / 2) / (1 + spread)
    half = z / (1 + spread) * np.sqrt(share * (1 - share) / total + spread / (4 * total))
    return middle - half, middle + half


def totals(verdicts: list[Verdict]) -> Verdict:
    """Right and all claims of many verdicts, by measure."""
    sums = {}
    for name in MEASURES:
        rights = [verdict[name] for verdict in verdicts if name in verdict]
        sums[name] = (sum(right for right, _ in rights), sum(total for _, total in rights))
    return sums


def frechet_distance(features: np.ndarray, mean: np.ndarray, covariance: np.ndarray) -> float:
    """Distance between the Gaussian of features [N, D] and one of mean [D] and covariance [D, D] (Heusel et al. 2017)."""
    own = np.cov(features, rowvar=False)
    values, vectors = np.linalg.eigh(covariance)
    root = vectors * np.sqrt(values.clip(min=0)) @ vectors.T
    product = np.linalg.eigvalsh(root @ own @ root).clip(min=0)
    gap = features.mean(0) - mean
    return float(gap @ gap + np.trace(own) + np.trace(covariance) - 2 * np.sqrt(product).sum())
