"""What exercise 4.5.1 tells: four curves along lambda, and what hides behind the source's."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import TYPE_CHECKING, Any

import numpy as np

from mlplab.draw import Quantity, band_lines
from mlplab.exercises.decay_sweep import (
    BATCH_SIZE,
    EPOCHS,
    LAMBDAS,
    N_TRAIN,
    RATE,
    VARIANCE,
    Curve,
    curves,
    n_draws,
)
from mlplab.exercises.measured import Measured
from mlplab.exercises.profile import Profile
from mlplab.exercises.registry import Findings
from mlplab.exercises.uncertainty_bands import DRAW_BAND
from mlplab.exercises.wording import measured_values

if TYPE_CHECKING:
    import pandas as pd

    from mlplab.draw import Figure

_LABELS = {
    "kept": "weights kept (the source)",
    "fresh": "fresh N(0, 1) weights",
    "zero": "from 0",
    "ridge": "exact ridge",
}
_WORDS = {
    _LABELS["kept"]: "沿用权重（原答案）",
    _LABELS["fresh"]: "重新取 N(0, 1) 权重",
    _LABELS["zero"]: "从 0 出发",
    _LABELS["ridge"]: "精确的岭回归",
    "training": "训练",
    "weight decay lambda": "权重衰减 lambda",
    "mean squared error": "均方误差",
    "curve": "曲线",
}
CLAIMS = ("closes", "further", "never", "kept_lower", "fresh_is_ridge", "zero_is_ridge", "at_20")


def tell(profile: Profile, claims: Sequence[Measured]) -> Findings:
    """Collect what the page of 4.5.1 says and shows."""
    found = curves(n_draws(profile))
    n_steps = EPOCHS * N_TRAIN // BATCH_SIZE
    ridge_mean = found["ridge"].test.mean(axis=0)
    best = int(ridge_mean.argmin())
    values: dict[str, Any] = {
        "n_draws": n_draws(profile),
        "rate": RATE,
        "n_steps": n_steps,
        "variance": VARIANCE,
        "left_1": (1 - RATE) ** n_steps,
        "factor_100": 1 - 100 * RATE,
        "best": float(found["ridge"].lambdas[best]),
        "best_share": float(ridge_mean[best] / VARIANCE),
        "limit": 2 / N_TRAIN,
    }
    for name, curve in found.items():
        for decay in (0, 2, 20, 100):
            train, test = curve.at(decay)
            values[f"{name}_train_{decay}"] = float(train.mean())
            values[f"{name}_test_{decay}"] = float(test.mean())
            values[f"{name}_gap_{decay}"] = float(curve.gap(decay).mean())
    values |= measured_values(CLAIMS, claims)
    figures = (_test_figure(found, values), _gap_figure(found, values))
    return Findings(values, figures, {"Losses along lambda, means over draws": _table(found)})


def _rows(found: Mapping[str, Curve], names: Sequence[str], part: str) -> pd.DataFrame:
    import pandas as pd

    rows = []
    for name in names:
        curve = found[name]
        for place, decay in enumerate(curve.lambdas):
            # The band of draws is of the loss itself: its logarithm would have another mean.
            numbers = getattr(curve, part)[:, place].tolist()
            label = _LABELS[name] if part == "test" else "training"
            rows.append((label, float(decay), *DRAW_BAND.of(numbers), len(numbers)))
    return pd.DataFrame(rows, columns=["series", "x", "mean", "low", "high", "n_seeds"])


def _test_figure(found: Mapping[str, Curve], values: Mapping[str, Any]) -> Figure:
    figure = band_lines(
        _rows(found, tuple(_LABELS), "test"),
        name="test-loss",
        title={
            "en": f"At lambda 2 the test loss is {values['fresh_test_2']:.2g} from fresh weights, "
            f"{values['kept_test_2']:.2g} with the source's kept ones, and "
            f"{values['ridge_test_2']:.2g} at the optimum",
            "zh": f"lambda 为 2 时，测试损失在重新取权重时为 {values['fresh_test_2']:.2g}，"
            f"沿用权重时为 {values['kept_test_2']:.2g}，最优解为 {values['ridge_test_2']:.2g}",
        },
        x_title="weight decay lambda",
        y=Quantity("mean squared error", False),
        caption=DRAW_BAND.says,
        series_title="training",
        ordered=False,
        log_y=True,
    )
    return replace(figure, words=_WORDS)


def _gap_figure(found: Mapping[str, Curve], values: Mapping[str, Any]) -> Figure:
    import pandas as pd

    ridge = {"ridge": found["ridge"]}
    test = _rows(ridge, ("ridge",), "test").assign(series="test")
    train = _rows(ridge, ("ridge",), "train").assign(series="training")
    figure = band_lines(
        pd.concat([test, train], ignore_index=True),
        name="ridge-gap",
        title={
            "en": "At the exact optimum the gap closes because the training loss rises: "
            f"{values['ridge_gap_0']:.2f} variances of y at lambda 0, "
            f"{values['ridge_gap_100']:.2f} at 100",
            "zh": "在精确的最优解处，差距缩小是因为训练损失上升："
            f"lambda 为 0 时是 y 方差的 {values['ridge_gap_0']:.2f} 倍，为 100 时是 "
            f"{values['ridge_gap_100']:.2f} 倍",
        },
        x_title="weight decay lambda",
        y=Quantity("mean squared error", False),
        caption=DRAW_BAND.says,
        series_title="curve",
        ordered=False,
    )
    return replace(figure, words=_WORDS | {"training": "训练损失", "test": "测试损失"})


def _table(found: Mapping[str, Curve]) -> pd.DataFrame:
    import pandas as pd

    rows = []
    for decay in LAMBDAS:
        row: dict[str, Any] = {"lambda": decay}
        for name, curve in found.items():
            train, test = curve.at(decay)
            row[f"{_LABELS[name]}: training"] = float(np.mean(train))
            row[f"{_LABELS[name]}: test"] = float(np.mean(test))
        rows.append(row)
    return pd.DataFrame(rows)
