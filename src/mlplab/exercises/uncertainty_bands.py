"""The bands that figures draw around a mean: the interval that verdicts use, or the range."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from mlplab.draw import Band
from mlplab.draw.t_interval import T_BAND, t_interval

__all__ = [
    "DRAW_BAND",
    "RANGE_BAND",
    "REPETITION_BAND",
    "T_BAND",
    "mean_and_range",
]

REPETITION_BAND = Band(
    {
        "en": "Mean and 95 % t-interval of the mean over repetitions of the search on one table "
        "of runs.",
        "zh": "均值及其 95 % t 区间，取自在同一张训练表上重复的搜索。",
    },
    t_interval,
)

DRAW_BAND = Band(
    {
        "en": "Mean and 95 % t-interval of the mean over draws of the data.",
        "zh": "均值及其在多次抽取数据上的 95 % t 区间。",
    },
    t_interval,
)


def mean_and_range(values: Sequence[float]) -> tuple[float, float, float]:
    """Return the mean, the least and the largest of some numbers."""
    return float(np.mean(values)), float(min(values)), float(max(values))


RANGE_BAND = Band({"en": "Mean and range.", "zh": "均值与取值范围。"}, mean_and_range)
