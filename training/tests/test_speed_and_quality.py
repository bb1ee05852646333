"""The plot of speed and quality takes each way's seconds from one file and its quality from others."""

from toybox.speed_and_quality import bands, points

WAYS = [
    {"side": "unclip", "dtype": "float32", "preset": "exact", "openSeconds": 2, "paintSeconds": 10},
    {"side": "unclip", "dtype": "int8", "preset": "fast", "openSeconds": 1, "paintSeconds": 3},
    {"side": "diffusers", "dtype": "float32", "openSeconds": 4, "paintSeconds": 20},
    {"side": "diffusers", "dtype": "bfloat16", "openSeconds": 4, "paintSeconds": 9},
]


def row(flags: str, right: int, distance: float) -> dict:
    return {"flags": flags, "captions": 500, "right": right, "distance": distance, "cpuSeconds": 0.2}


ROWS = [
    *(row("--preset exact", 475, distance) for distance in (99.0, 100.0, 101.0)),
    row("--preset fast --dtype int8", 450, 120.0),
    row("--preset fast", 475, 110.0),
]


def test_points():
    exact, fast, float32, bfloat16 = points(WAYS, ROWS)
    assert exact["label"] == "exact" and (exact["painting"], exact["together"]) == (10, 12)
    assert exact["share"][0] == 95 and exact["distance"] == (100, 99, 101)
    assert fast["share"][0] == 90 and fast["distance"] == (120, 120, 120)
    assert float32["distance"] == exact["distance"]  # it paints the same pictures
    assert bfloat16["painting"] == 9 and "share" not in bfloat16  # not judged


def test_bands():
    around = bands(ROWS)
    assert around["share"][0] < 95 < around["share"][1]
    assert abs(around["distance"][1] - (100 + 4.303 * (4 / 3) ** 0.5)) < 1e-3
