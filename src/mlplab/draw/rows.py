"""Frames on their way into a chart: checked, reduced to what is drawn, and made plain."""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from mlplab.draw.words import Text
from mlplab.errors import ConfigError
from mlplab.hints import hint
from mlplab.specs.metric_range import shown_interval

if TYPE_CHECKING:
    import altair as alt
    import pandas as pd

_DIGITS = 7


@dataclass(frozen=True, slots=True)
class Band:
    """What is drawn around a mean, and the function that computes it.

    Attributes:
        says: in words, such as "mean and 95 % t-interval over seeds".
        of: numbers (one per seed) -> centre, low, high.
    """

    says: Text
    of: Callable[[Sequence[float]], tuple[float, float, float]]


def _mean_and_range(values: Sequence[float]) -> tuple[float, float, float]:
    return math.fsum(values) / len(values), min(values), max(values)


SEED_RANGE = Band(
    {"en": "Mean and range of the seeds.", "zh": "均值与各种子的取值范围。"}, _mean_and_range
)


def check_columns(frame: pd.DataFrame, *names: str) -> tuple[str, ...]:
    """Return the columns of these names; a factor's short name, such as `lr`, means `optim.lr`.

    Raises:
        ConfigError: the frame lacks a column or has no rows; names the column, and what there is.
    """
    found = tuple(_column(frame, name) for name in names)
    if not len(frame):
        raise ConfigError("expected a frame with at least one row; got an empty one")
    return found


def _column(frame: pd.DataFrame, name: str) -> str:
    if name in frame.columns:
        return name
    known = [str(column) for column in frame.columns]
    meant = [column for column in known if column.endswith(f".{name}")]
    if len(meant) == 1:
        return meant[0]
    if meant:
        raise ConfigError(f"column {name!r} is ambiguous: expected one of {', '.join(meant)}")
    short = {column.rsplit(".", 1)[-1]: column for column in known}
    says = hint(name, [*known, *short], f"columns: {', '.join(known)}")
    raise ConfigError(f"the frame has no column {name!r}; {says}")


def summarise(
    frame: pd.DataFrame,
    by: Sequence[str],
    value: str,
    band: Band = SEED_RANGE,
    *,
    differences: bool = False,
) -> pd.DataFrame:
    """Reduce runs to one row per group: its band over the finite values, and their number.

    Args:
        frame: the runs.
        by: columns that make the groups; factors by path or short name.
        value: the metric's column.
        band: what is computed of each group.
        differences: the column holds differences of the metric, which its range does not bound.

    Returns:
        The columns `by`, then mean, low, high, n_seeds. A group of one has no low and high; bands
        end where the metric's values end; groups stay in the order of their first row.
    """
    import pandas as pd

    *by, value = check_columns(frame, *by, value)
    rows: list[list[Any]] = []
    for group, part in frame.groupby(list(by), sort=False, dropna=False):
        numbers = [float(number) for number in part[value] if math.isfinite(number)]
        if len(numbers) > 1:
            centre, low, high = band.of(numbers)
            if not differences:
                low, high = shown_interval(value, centre, low, high)
        else:
            centre, low, high = (numbers or [math.nan])[0], math.nan, math.nan
        rows.append([*group, centre, low, high, len(numbers)])
    return pd.DataFrame(rows, columns=[*by, "mean", "low", "high", "n_seeds"])


def without_diverged(frame: pd.DataFrame, metric: str) -> pd.DataFrame:
    """Return the frame without the metric of diverged runs: their last number is no result."""
    if "status" not in frame:
        return frame
    return frame.assign(**{metric: frame[metric].mask(frame["status"].eq("diverged"))})


def diverged_note(frame: pd.DataFrame, by: str, *, course: bool = False) -> Text:
    """Say how many runs diverged, if any did.

    Args:
        frame: with a column `status`, or without any to tell of.
        by: tells the arms apart.
        course: the chart shows the runs until they diverged.
    """
    if "status" not in frame:
        return ""
    last = frame.groupby([by, "seed"], sort=False, dropna=False)["status"].last()
    lost = int((last == "diverged").sum())
    if not lost:
        return ""
    en = "are left out from that epoch on" if course else "have no number here"
    zh = "自发散起不再计入" if course else "未计入"
    return {
        "en": f"{lost} of {len(last)} runs diverged and {en}.",
        "zh": f"{len(last)} 次运行中有 {lost} 次发散，{zh}。",
    }


def plain(value: Any) -> Any:
    """Return a value as JSON can hold it: NaN becomes None, numbers keep 7 digits."""
    if hasattr(value, "item"):
        value = value.item()
    if isinstance(value, float):
        return float(f"{value:.{_DIGITS}g}") if math.isfinite(value) else None
    if value is None or isinstance(value, str | int | bool):
        return value
    return None if value != value else str(value)


def inline(frame: pd.DataFrame) -> alt.InlineData:
    """Put a frame's rows into a chart, however many there are."""
    import altair as alt

    names = [str(name) for name in frame.columns]
    values = [
        {name: plain(value) for name, value in zip(names, row, strict=True)}
        for row in frame.itertuples(index=False, name=None)
    ]
    return alt.InlineData(values=values)


def first_seen(values: Any) -> list[Any]:
    """Return the distinct values, numbers sorted and anything else as it first appears.

    >>> first_seen([3, 1, 3]), first_seen(["b", "a", "b"])
    ([1, 3], ['b', 'a'])
    """
    distinct = list(dict.fromkeys(values))
    if all(isinstance(value, int | float) or hasattr(value, "item") for value in distinct):
        return sorted(distinct)
    return distinct
