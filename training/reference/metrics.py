"""Writes fixtures/metrics.json: metrics of small random sets, computed with numpy and scipy.

    python training/reference/metrics.py

Needs numpy and scipy alone.
"""

import json
from pathlib import Path

import numpy as np
import scipy
from scipy.linalg import sqrtm
from scipy.spatial.distance import cdist, pdist

SEED = 17
NEIGHBOURS = (1, 3)


def frechet_distance(a: np.ndarray, b: np.ndarray) -> float:
    """|m_1 - m_2|² + tr(C_1 + C_2 - 2 (C_1 C_2)^(1/2))"""
    first, second = np.cov(a, rowvar=False), np.cov(b, rowvar=False)
    crossed = np.trace(sqrtm(first @ second)).real
    return float(np.sum((a.mean(0) - b.mean(0)) ** 2) + np.trace(first) + np.trace(second) - 2 * crossed)


def share_within(points: np.ndarray, members: np.ndarray, k: int) -> float:
    """How many points lie no further from a member than its k-th nearest neighbour."""
    radii = np.sort(cdist(members, members), axis=1)[:, k]
    return float((cdist(points, members) <= radii).any(axis=1).mean())


def cosines(a: np.ndarray, b: np.ndarray) -> np.ndarray:
    return np.sum(a * b, axis=1) / np.linalg.norm(a, axis=1) / np.linalg.norm(b, axis=1)


def case(rng: np.random.Generator, n: int, m: int, width: int) -> dict:
    """Two sets of features, the second somewhat apart and somewhat wider."""
    a = rng.normal(size=(n, width)).astype(np.float32)
    b = (1.3 * rng.normal(size=(m, width)) + 0.4).astype(np.float32)
    x, y = a.astype(np.float64), b.astype(np.float64)
    few = min(n, m)
    paired = cosines(x[:few], y[:few])
    return {
        "width": width,
        "a": [float(value) for value in a.ravel()],
        "b": [float(value) for value in b.ravel()],
        "frechetDistance": frechet_distance(x, y),
        "precisionRecall": [
            {"k": k, "precision": share_within(x, y, k), "recall": share_within(y, x, k)} for k in NEIGHBOURS
        ],
        "pairedCosines": paired.tolist(),
        "clipScore": float(100 * np.maximum(paired, 0).mean()),
        "meanPairwiseDistance": float(pdist(x, "cosine").mean()),
    }


def pictures(rng: np.random.Generator) -> dict:
    a = rng.integers(0, 256, size=48, dtype=np.uint8)
    b = np.clip(a.astype(int) + rng.integers(-20, 21, size=48), 0, 255).astype(np.uint8)
    error = np.mean((a.astype(np.float64) - b) ** 2)
    return {"width": 4, "height": 4, "a": a.tolist(), "b": b.tolist(), "psnr": float(10 * np.log10(255**2 / error))}


def main() -> None:
    rng = np.random.default_rng(SEED)
    made = {
        "tool": f"numpy {np.__version__}, scipy {scipy.__version__}, seed {SEED}",
        "command": "python training/reference/metrics.py",
        "cases": [case(rng, n, m, width) for n, m, width in ((24, 24, 3), (30, 20, 5), (8, 40, 2))],
        "pictures": [pictures(rng) for _ in range(3)],
    }
    path = Path(__file__).resolve().parents[2] / "fixtures" / "metrics.json"
    path.write_text(json.dumps(made, indent=1) + "\n")


if __name__ == "__main__":
    main()
