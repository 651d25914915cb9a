"""Values that differ have labels that differ, in every chart that writes them."""

import re
from collections.abc import Callable
from typing import Any

import pandas as pd
import pytest

from mlplab.draw import (
    Figure,
    best_set,
    critical_differences,
    heat_map,
    interval_rows,
    learning_curves,
    metric_by_factor,
    quantity,
    spread_strips,
)

RATES = [0.12345671, 0.12345678, 0.5]


@pytest.fixture
def close() -> pd.DataFrame:
    rows = [
        {
            "optim.lr": rate, "schedule": str(place), "seed": seed, "epoch": 1,
            "status": "finished", "valid_accuracy": 0.5 + place / 10 + seed / 100,
        }
        for place, rate in enumerate(RATES)
        for seed in range(5)
    ]  # fmt: skip
    return pd.DataFrame(rows)


def _drawn(frame: pd.DataFrame) -> dict[str, Callable[[], Figure]]:
    metric, lr = "valid_accuracy", "optim.lr"
    means = pd.DataFrame({"label": RATES, "mean": RATES, "low": RATES, "high": RATES})
    words = frame.assign(word=frame["schedule"])
    both = pd.concat([frame.assign(**{"net.hidden": n}) for n in (8, 16)])
    return {
        "best": lambda: best_set(
            frame, metric, by=lr, title="t", candidates=[0.5], near_best=[], matters=0.1
        ),
        "critical": lambda: critical_differences(frame, metric, by=lr, title="t"),
        "heat": lambda: heat_map(both, lr, "net.hidden", metric, title="t"),
        "curves": lambda: learning_curves(frame, metric, by=lr, title="t"),
        "strips": lambda: spread_strips(frame, lr, metric, title="t", measure=quantity(metric)),
        "factor": lambda: metric_by_factor(words, "word", metric, series=lr, title="t"),
        "rows": lambda: interval_rows(means, "label", title="t", x_title="x"),
    }


def _texts(node: Any) -> set[str]:
    if isinstance(node, dict):
        return set().union(*map(_texts, node.values()))
    if isinstance(node, list):
        return set().union(*map(_texts, node))
    return {node} if isinstance(node, str) else set()


@pytest.mark.parametrize(
    "chart", ["best", "critical", "heat", "curves", "strips", "factor", "rows"]
)
def test_seven_digits_stand_where_six_would_not_do(close: pd.DataFrame, chart: str) -> None:
    texts = _texts(_drawn(close)[chart]().spec())
    assert {"0.1234567", "0.1234568", "0.5"} <= texts


def test_small_numbers_on_an_axis_have_exponents() -> None:
    decays = [1e-10, 1e-5, 2e-5, 1e-4, 0.01]
    frame = pd.DataFrame({"optim.weight_decay": decays, "valid_accuracy": decays})
    frame = frame.assign(seed=0, epoch=1, status="finished")
    svg = metric_by_factor(frame, "optim.weight_decay", "valid_accuracy", title="t").svg()
    ticks = set(re.findall(r">([^<>]+)</text>", svg))
    assert {"1e-10", "1e-5"} <= ticks
    assert "0.00001" not in ticks
