"""What values a metric can take: where intervals that are shown end."""

from __future__ import annotations

import math

from mlplab.errors import ConfigError

SPLITS = ("train", "valid", "test")
_RANGES: dict[str, tuple[float, float]] = {
    "accuracy": (0.0, 1.0),
    "error_rate": (0.0, 1.0),
    "loss": (0.0, math.inf),
    "rmse": (0.0, math.inf),
    "grad_norm": (0.0, math.inf),
    "activation_variance": (0.0, math.inf),
    "dead_share": (0.0, 1.0),
    "rewinds": (0.0, math.inf),
}


def declare_range(name: str, low: float | None, high: float | None) -> None:
    """Keep the least and the largest value that a user's metric can have; None is no end.

    Raises:
        ConfigError: the ends are not in order.
    """
    ends = -math.inf if low is None else float(low), math.inf if high is None else float(high)
    if not ends[0] < ends[1]:
        raise ConfigError(f"metric {name!r}: expected low < high; got {low!r} and {high!r}")
    _RANGES[name] = ends


def metric_range(metric: str) -> tuple[float, float]:
    """Return the least and the largest value of a metric; infinite where nothing is known.

    >>> metric_range("test_accuracy"), metric_range("valid_loss"), metric_range("valid_mine")
    ((0.0, 1.0), (0.0, inf), (-inf, inf))
    >>> metric_range("dead_share_2")
    (0.0, 1.0)
    """
    split, _, rest = metric.partition("_")
    name = rest if split in SPLITS else metric
    if name not in _RANGES and name.rpartition("_")[2].isdigit():  # of a layer
        name = name.rpartition("_")[0]
    return _RANGES.get(name, (-math.inf, math.inf))


def shown_interval(metric: str, mean: float, low: float, high: float) -> tuple[float, float]:
    """Return an interval of a mean, ended where the metric's values do.

    For what is shown; what decides is never cut. A mean outside the range is in another unit, such
    as per cent, and leaves the interval as it is.

    >>> shown_interval("test_accuracy", 0.105, -0.02, 0.23)
    (0.0, 0.23)
    """
    least, most = metric_range(metric)
    if not least <= mean <= most:
        return low, high
    return max(low, least), min(high, most)
