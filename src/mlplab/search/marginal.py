"""What each factor's values scored in a search, averaged over whatever else was tried."""

from __future__ import annotations

import math
from collections.abc import Hashable, Sequence
from typing import TYPE_CHECKING, Any

import numpy as np

from mlplab.experiment.arms import shown_value
from mlplab.search.ranges import Range
from mlplab.search.space import Space
from mlplab.search.trial import Trial
from mlplab.specs.metric_range import shown_interval
from mlplab.stats import mean_interval

if TYPE_CHECKING:
    import pandas as pd

_MOST_BINS = 5
_PER_BIN = 4  # trials at least, where there are so many: fewer say nothing of their spread


def longest_trials(trials: Sequence[Trial], space: Space) -> list[int]:
    """Return the places of the trials that trained longest, one for each configuration.

    Of a configuration that was tried several times so long, the one with the most seeds.
    """
    longest = max(trial.length for trial in trials)
    kept: dict[str, int] = {}
    for place, trial in enumerate(trials):
        if trial.length < longest:
            continue
        name = space.name(trial.config)
        if name not in kept or len(trial.seeds) >= len(trials[kept[name]].seeds):
            kept[name] = place
    return sorted(kept.values())


def marginal_means(trials: Sequence[Trial], space: Space, metric: str, sign: float) -> pd.DataFrame:
    """Return the means of trials by factor; see `SearchResult.marginal_means`."""
    import pandas as pd

    chosen = [trials[place] for place in longest_trials(trials, space)]
    rows: list[dict[str, Any]] = []
    for path, levels in space.factors.items():
        values = [shown_value(trial.config[path]) for trial in chosen]
        groups: Sequence[Hashable] = values
        binned = isinstance(levels, Range) and len(set(values)) > _MOST_BINS
        if binned:
            groups = equal_count_bins(values, _MOST_BINS, _PER_BIN)
        for group in _in_order(groups, levels, binned):
            inside = [place for place, one in enumerate(groups) if one == group]
            scores = np.array([sign * chosen[place].score for place in inside])
            ends = [values[place] for place in inside]
            rows.append(
                {
                    "factor": path,
                    "value": None if binned else group,
                    "from": min(ends) if binned else None,
                    "to": max(ends) if binned else None,
                    **_mean(scores[np.isfinite(scores)], metric),
                    "failed": int((~np.isfinite(scores)).sum()),
                }
            )
    frame = pd.DataFrame(rows, dtype=object)
    return frame.astype(dict.fromkeys(("mean", "low", "high"), float) | {"trials": int})


def equal_count_bins(values: Sequence[float], most: int, per_bin: int) -> list[int]:
    """Return each value's bin, counted from 0; bins hold about equally many values.

    As many bins as have `per_bin` values each, `most` at most. Equal values share a bin, that of
    the middle of their ranks, so that some bins may be larger than others.

    >>> equal_count_bins([3.0, 1.0, 2.0, 9.0], 5, 2), equal_count_bins([1, 1, 1, 2], 5, 2)
    ([1, 0, 0, 1], [0, 0, 0, 1])
    """
    numbers = np.asarray(values, dtype=np.float64)
    n_bins = min(most, max(1, len(numbers) // per_bin))
    below = (numbers[None, :] < numbers[:, None]).sum(axis=1)
    equal = (numbers[None, :] == numbers[:, None]).sum(axis=1)
    return [int(n_bins * (a + b / 2) / len(numbers)) for a, b in zip(below, equal, strict=True)]


def _in_order(groups: Sequence[Any], levels: Any, binned: bool) -> list[Any]:
    """The groups that occur: bins and numbers of a range by size, listed values as listed."""
    seen = set(groups)
    if binned or isinstance(levels, Range):
        return sorted(seen)
    return [level for level in dict.fromkeys(map(shown_value, levels)) if level in seen]


def _mean(scores: np.ndarray[Any, Any], metric: str) -> dict[str, Any]:
    if not len(scores):
        return {"trials": 0, "mean": math.nan, "low": math.nan, "high": math.nan}
    found = mean_interval(scores)
    mean, low, high = float(found.mean), math.nan, math.nan
    if len(scores) > 1:
        low, high = shown_interval(metric, mean, float(found.low), float(found.high))
    return {"trials": len(scores), "mean": mean, "low": low, "high": high}
