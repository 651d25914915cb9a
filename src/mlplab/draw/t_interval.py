"""The band that verdicts use: the t interval of the mean over seeds."""

from __future__ import annotations

from collections.abc import Sequence

from mlplab.draw.rows import Band
from mlplab.stats import mean_interval


def t_interval(values: Sequence[float]) -> tuple[float, float, float]:
    """Return the mean of some numbers and the ends of its 95 % t interval."""
    if len(values) < 2:
        return values[0], values[0], values[0]
    found = mean_interval(values)
    return float(found.mean), float(found.low), float(found.high)


T_BAND = Band(
    {
        "en": "Mean and 95 % t-interval of the mean over seeds.",
        "zh": "均值及其在种子上的 95 % t 区间。",
    },
    t_interval,
)
