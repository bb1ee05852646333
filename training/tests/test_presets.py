"""The table of presets says what is worse than the model's own settings."""

from toybox.presets import POINTS, SEEDS, distance_interval, key_of, table, wilson


def row(right: int, distance: float) -> dict:
    return {"captions": 500, "right": right, "distance": distance, "cpuSeconds": 0.2}


def lines_of(exact: list[dict], other: dict) -> list[str]:
    results = {key_of(POINTS[0][1], seed): one for seed, one in zip(SEEDS, exact)}
    results[key_of(POINTS[-1][1], SEEDS[0])] = other
    return table(results).splitlines()[2:]


def test_intervals():
    low, high = wilson(90, 100)
    assert abs(low - 0.8256) < 1e-4 and abs(high - 0.9448) < 1e-4  # as packages/evaluation has them
    low, high = distance_interval([99.0, 100.0, 101.0])
    assert abs(high - (100 + 4.303 * (4 / 3) ** 0.5)) < 1e-3 and abs(low + high - 200) < 1e-9


def test_table():
    exact = [row(475, distance) for distance in (99.0, 100.0, 101.0)]
    own, as_good = lines_of(exact, row(470, 104.0))
    assert own == "| `--preset exact` | 95.0 (93.8-96.0) | 100.0 | 0.200 | nothing |"
    assert as_good.endswith("| 94.0 (91.6-95.8) | 104.0 | 0.200 | nothing |")
    assert lines_of(exact, row(460, 104.0))[1].endswith("| share |")
    assert lines_of(exact, row(475, 106.0))[1].endswith("| distance |")
    assert lines_of(exact, row(460, 106.0))[1].endswith("| share and distance |")
