"""The bands that figures draw around a mean: the interval that verdicts use, or the range."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from mlplab.draw import Band
from mlplab.stats import mean_interval


def _t_interval(values: Sequence[float]) -> tuple[float, float, float]:
    if len(values) < 2:
        return values[0], values[0], values[0]
    found = mean_interval(values)
    return float(found.mean), float(found.low), float(found.high)


T_BAND = Band(
    {
        "en": "Mean and 95 % t-interval of the mean over seeds.",
        "zh": "均值及其在种子上的 95 % t 区间。",
    },
    _t_interval,
)

REPETITION_BAND = Band(
    {
        "en": "Mean and 95 % t-interval of the mean over repetitions of the search on one table "
        "of runs.",
        "zh": "均值及其 95 % t 区间，取自在同一张训练表上重复的搜索。",
    },
    _t_interval,
)

DRAW_BAND = Band(
    {
        "en": "Mean and 95 % t-interval of the mean over draws of the data.",
        "zh": "均值及其在多次抽取数据上的 95 % t 区间。",
    },
    _t_interval,
)


def mean_and_range(values: Sequence[float]) -> tuple[float, float, float]:
    """Return the mean, the least and the largest of some numbers."""
    return float(np.mean(values)), float(min(values)), float(max(values))


RANGE_BAND = Band({"en": "Mean and range.", "zh": "均值与取值范围。"}, mean_and_range)

GEOMETRIC_SAYS = {
    "en": "Geometric mean and its 95 % t-interval over draws of the data.",
    "zh": "几何均值及其在多次抽取数据上的 95 % t 区间。",
}
"""What the bands of `polynomial_draws.geometric_lines` are."""
