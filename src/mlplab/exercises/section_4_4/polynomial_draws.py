"""Draws of the polynomial problem, and means and bands over them."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from mlplab.exercises.profile import Profile
from mlplab.stats import mean_interval

if TYPE_CHECKING:
    import pandas as pd

    from mlplab.draw import Figure

Array = NDArray[np.float64]

N = 100
N_TEST = 1000
VARIANCE = 0.01
"""Of the noise: the least loss that can be expected on new examples."""
SMALLEST = 1e-32
"""What counts as a loss of exactly 0, so that it has a logarithm."""
DRAWS = (20, 50, 100)
"""Draws of the data by profile."""


def n_draws(profile: Profile) -> int:
    """Return how many draws of the data a claim rests on."""
    return profile.pick(*DRAWS)


def geometric_mean(values: Array) -> float:
    """Return the geometric mean over the draws whose runs ended; NaN if none did.

    >>> round(geometric_mean(np.array([1.0, 100.0, np.inf])), 9)
    10.0
    """
    ended = values[np.isfinite(values)]
    return float(10 ** np.log10(ended).mean()) if len(ended) else float("nan")


def geometric_lines(found: Mapping[tuple[str, float], Array]) -> pd.DataFrame:
    """Return rows for `band_lines` from positive numbers, one per draw, by series and x.

    Numbers that are not finite, those of runs that diverged, are left out and not counted.
    """
    import pandas as pd

    rows = []
    for (series, x), values in found.items():
        ended = values[np.isfinite(values)]
        one = mean_interval(np.log10(ended))
        rows.append((series, x, 10**one.mean, 10**one.low, 10**one.high, len(ended)))
    return pd.DataFrame(rows, columns=["series", "x", "mean", "low", "high", "n_seeds"])


def mean_lines(found: Mapping[tuple[str, float], Array]) -> pd.DataFrame:
    """Return the same of any numbers, with arithmetic means."""
    import pandas as pd

    rows: list[Any] = []
    for (series, x), values in found.items():
        one = mean_interval(values)
        rows.append((series, x, one.mean, one.low, one.high, len(values)))
    return pd.DataFrame(rows, columns=["series", "x", "mean", "low", "high", "n_seeds"])


def geometric_chart(
    found: Mapping[tuple[str, float], Array], name: str, *, x_title: str, y: str, **more: Any
) -> Figure:
    """Draw the lines of `geometric_lines` on a logarithmic axis; `more` is of `band_lines`."""
    from mlplab.exercises.charts import line_chart

    caption = {
        "en": "Geometric mean and its 95 % t-interval over draws of the data.",
        "zh": "几何均值及其在多次抽取数据上的 95 % t 区间。",
    }
    lines = geometric_lines(found)
    return line_chart(lines, name, x_title=x_title, y=y, caption=caption, log_y=True, **more)
