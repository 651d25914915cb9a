"""What a fitted table model does to columns, as plain data: it can be written as JSON and read."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated, Any, Literal, get_args

import numpy as np
import numpy.typing as npt
from pydantic import Field

from mlplab.errors import DataError
from mlplab.specs.base import Spec
from mlplab.tabular.columns import Kind, Schema
from mlplab.tabular.conform import conform
from mlplab.tabular.date_parts import DateParts
from mlplab.tabular.encode import MISSING_LEVEL
from mlplab.tabular.infer import column_names
from mlplab.tabular.level_orders import level_ranks
from mlplab.tabular.piecewise import _apart, _encoded
from mlplab.tabular.skewed_log import SkewedLog
from mlplab.tabular.smooth_clip import SmoothClipScaler

if TYPE_CHECKING:
    import pandas as pd

Array = npt.NDArray[np.float64]
DatePart = Literal["", "days", "month", "weekday"]
"""Empty for what is no date."""

_MOST, _FAR = 1e150, 30.0
# A curve of 33 points, interpolated, instead of all training rows in a model's file.
_KNOTS = 33


class Inputs(Spec):
    """How a table becomes a model's inputs; what it needs to know is learnt of training rows."""

    log_skew: float | None = Field(
        default=0.75, ge=0, description="log of numbers more skewed than this; None: of none"
    )
    scale: Literal["clip", "standard", "rank"] = Field(
        default="clip",
        description="robust scaling with a smooth clip; mean 0 and deviation 1; or ranks",
    )
    limit: float = Field(default=3.0, gt=0, description="what the smooth clip approaches")
    plain: bool = Field(default=False, description="numbers with a logarithm come as they are too")
    bins: int = Field(
        default=0, ge=0, description="bins of a piecewise linear encoding; 0: numbers as they are"
    )
    rare: int = Field(default=5, ge=1, description="levels with fewer rows share one feature")
    few: int = Field(
        default=0, ge=0, description="whole numbers of at most so many values get levels as well"
    )
    indicator: bool = Field(default=True, description="a feature is 1 where a number is missing")
    ranks: bool = Field(
        default=True, description="levels with a declared or recognised order get a rank"
    )
    levels: bool = Field(default=True, description="levels with a rank get a feature each as well")
    winsor: float = Field(
        default=0.0,
        ge=0,
        description="targets of training rows are drawn in to so many robust deviations around a "
        "linear fit; 0: they are as they are",
    )

    @property
    def words(self) -> str:
        """What is done, in words."""
        parts = {
            "clip": f"robust scale bent at {self.limit:g}",
            "standard": "standard scale",
            "rank": "ranks",
        }[self.scale]
        told = [parts]
        if self.log_skew is not None:
            told.append("logarithms too" if self.plain else "logarithms")
        if self.bins:
            told.append(f"{self.bins} bins")
        if self.few:
            told.append(f"levels of up to {self.few} whole numbers")
        told.append(f"levels from {self.rare} rows")
        if self.winsor:
            told.append(f"targets drawn in at {self.winsor:g} deviations")
        return ", ".join(told)


class Numbers(Spec):
    """A column as numbers: logarithm, gaps filled, scaled, bent, encoded."""

    kind: Literal["numbers"] = "numbers"
    column: str
    part: DatePart = Field(default="", description="of a date")
    ranks: dict[str, float] = Field(default={}, description="of levels")
    log: bool = False
    fill: float = 0.0
    center: float = 0.0
    scale: float = Field(default=1.0, gt=0)
    limit: float = Field(default=0.0, ge=0, description="of the smooth clip; 0: none")
    knots: tuple[float, ...] = Field(default=(), description="where the ranks `heights` lie")
    heights: tuple[float, ...] = ()
    gaps: bool = Field(default=False, description="whether a feature is 1 where it is missing")
    edges: tuple[float, ...] = ()

    @property
    def reads(self) -> tuple[Kind, ...]:
        """Kinds of columns that it can take."""
        return ("date",) if self.part else ("category",) if self.ranks else ("number",)

    @property
    def names(self) -> list[str]:
        """Names of the features."""
        name = f"{self.column}_{self.part}" if self.part else self.column
        name = f"{name}_rank" if self.ranks else name
        name = f"{name}_log" if self.log else name
        made = [f"{name}_bin{i}" for i in range(max(1, len(self.edges) - 1))]
        return (made if self.edges else [name]) + ([f"{name}_missing"] if self.gaps else [])

    def values(self, frame: pd.DataFrame) -> Array:
        """Return the features, (N, F)."""
        raw = _numbers_of(frame, self.column, self.part, self.ranks)
        gaps = np.isnan(raw)
        with np.errstate(over="ignore"):
            x = np.sign(raw) * np.log1p(np.abs(raw)) if self.log else raw
            x = (np.where(gaps, self.fill, x) - self.center) / self.scale
        if self.knots:
            x = np.interp(x, self.knots, self.heights)
        elif self.limit:
            # hypot squares: beyond 1e154 it would be infinite.
            x = np.clip(x, -_MOST, _MOST)
            # Smooth and monotone: about x near 0, and the limit far out.
            x = x / np.hypot(1.0, x / self.limit)
        else:
            x = np.clip(x, -_FAR, _FAR)
        out = _encoded(x, np.array(self.edges)) if self.edges else x[:, None]
        return np.column_stack([out, gaps]) if self.gaps else out


class Levels(Spec):
    """A column as one feature per level; levels that are rare or unknown share one."""

    kind: Literal["levels"] = "levels"
    column: str
    levels: tuple[str, ...]
    rare: bool = False

    @property
    def reads(self) -> tuple[Kind, ...]:
        """Kinds of columns that it can take."""
        return ("category", "number")

    @property
    def names(self) -> list[str]:
        """Names of the features."""
        names = [f"{self.column}={level}" for level in self.levels]
        return [*names, f"{self.column}=(rare)"] if self.rare else names

    def values(self, frame: pd.DataFrame) -> Array:
        """Return the features, (N, F)."""
        other = len(self.levels)
        place = _places_of(frame[self.column], self.levels)
        out = np.zeros((len(place), other + 1))
        out[np.arange(len(place)), place] = 1.0
        return out if self.rare else out[:, :other]


Step = Annotated[Numbers | Levels, Field(discriminator="kind")]


class Encoder(Spec):
    """What was learnt of training rows: how each column becomes features."""

    steps: tuple[Step, ...]

    @property
    def names(self) -> tuple[str, ...]:
        """Names of the features, (F,)."""
        return tuple(name for step in self.steps for name in step.names)

    def is_cut(self, most_levels: int) -> bool:
        """Whether a column has so many levels with a feature each, and others that share one."""
        levels = [step for step in self.steps if isinstance(step, Levels)]
        return any(step.rare and len(step.levels) == most_levels for step in levels)

    def check(self, schema: Schema) -> None:
        """Refuse steps that read no feature of a schema, or one of another kind.

        Raises:
            DataError: names the first.
        """
        kinds = {column.name: column.kind for column in schema.features}
        for step in self.steps:
            if kinds.get(step.column) not in step.reads:
                wanted = " or ".join(step.reads)
                raise DataError(f"encodings: {step.column!r} is no {wanted} of the table")

    def transform(self, frame: pd.DataFrame) -> Array:
        """Return the features of a frame that fits the schema, (N, F)."""
        parts = [step.values(frame) for step in self.steps]
        return np.hstack(parts) if parts else np.zeros((len(frame), 0))


def features_of(frame: pd.DataFrame, schema: Schema) -> pd.DataFrame:
    """Return a frame's features as its schema says; the target may be absent, and ids and such."""
    present = schema.without_target().present(column_names(frame))
    return conform(frame, present)


def fit_encoder(
    frame: pd.DataFrame, schema: Schema, inputs: Inputs, most_levels: int | None = None
) -> Encoder:
    """Learn of training rows how columns become features.

    Args:
        frame: the rows, as the schema says; see `features_of`.
        schema: what the columns are; ids, constants, texts and ignored columns are left out.
        inputs: what is done.
        most_levels: of a column that have a feature each, the most frequent; None: any number.

    Cost: about 1 microsecond per entry.

    >>> import pandas as pd
    >>> from mlplab.tabular import infer_schema
    >>> frame = pd.DataFrame({"area": [50.0, None, 70.0], "zone": ["A", "B", "A"]})
    >>> fit_encoder(frame, infer_schema(frame), Inputs(rare=1)).names
    ('area', 'area_missing', 'zone=A', 'zone=B')
    """
    steps: list[Step] = []
    for column in schema.features:
        name = column.name
        if column.kind == "number":
            steps += _fit_numbers(frame, name, inputs)
            if inputs.few and _is_discrete(frame[name].to_numpy(np.float64), inputs.few):
                steps += _fit_levels(frame, name, inputs, most_levels)
        elif column.kind == "date":
            for part in get_args(DatePart)[1:]:
                steps += _fit_numbers(frame, name, inputs, part=part)
        elif column.kind == "category":
            levels = [str(level) for level in frame[name].dropna().unique()]
            ranks = level_ranks(levels, column.order) if inputs.ranks else {}
            if ranks:
                steps += _fit_numbers(frame, name, inputs, ranks=ranks)
            if inputs.levels or not ranks:
                steps += _fit_levels(frame, name, inputs, most_levels)
    return Encoder(steps=tuple(steps))


def _fit_numbers(
    frame: pd.DataFrame,
    name: str,
    inputs: Inputs,
    *,
    part: str = "",
    ranks: dict[str, float] | None = None,
) -> list[Step]:
    raw = _numbers_of(frame, name, part, ranks or {})
    there = raw[~np.isnan(raw)]
    gaps = len(there) < len(raw) and not part and inputs.indicator
    if not len(there) or (np.ptp(there / 2) == 0 and not gaps):
        return []
    log = False
    if inputs.log_skew is not None and not part and not ranks:
        log = bool(SkewedLog(inputs.log_skew).fit(there[:, None]).is_logged_[0])
    x = np.sign(there) * np.log1p(np.abs(there)) if log else there
    fill = float(np.median(x))
    x = np.concatenate([x, np.full(len(raw) - len(there), fill)])
    knots: tuple[float, ...] = ()
    heights: tuple[float, ...] = ()
    if inputs.scale == "clip":
        scaler = SmoothClipScaler().fit(x[:, None])
        center, scale = float(scaler.center_[0]), float(scaler.scale_[0])
    else:
        # Halved, so that sums of the largest numbers do not overflow.
        center = float(np.mean(x / 2) * 2)
        scale = float(np.std(x / 2) * 2)
    scale = scale if np.isfinite(scale) and scale > 0 else 1.0
    if inputs.scale == "rank":
        knots, heights = _ranked((x - center) / scale)
    made = Numbers(
        column=name,
        part=part,
        ranks=ranks or {},
        log=log,
        fill=fill,
        center=center,
        scale=scale,
        limit=inputs.limit if inputs.scale == "clip" else 0.0,
        knots=knots,
        heights=heights,
        gaps=gaps,
    )
    if inputs.bins and not ranks:
        plain = made.replace(gaps=False).values(frame)[:, 0]
        edges = _apart(np.quantile(plain, np.linspace(0.0, 1.0, inputs.bins + 1)))
        if len(edges) > 2:
            made = made.replace(edges=tuple(float(edge) for edge in edges))
    if log and inputs.plain:
        return [made, *_fit_numbers(frame, name, inputs.replace(log_skew=None, indicator=False))]
    return [made]


def _ranked(x: Array) -> tuple[tuple[float, ...], tuple[float, ...]]:
    """Knots at quantiles, and heights at which the ranks of training rows have deviation 1."""
    ordered = np.sort(x)
    knots = np.unique(np.quantile(ordered, np.linspace(0.0, 1.0, _KNOTS)))
    below = np.searchsorted(ordered, knots, side="left")
    above = np.searchsorted(ordered, knots, side="right")
    # Uniform ranks on (-1, 1) have a deviation of 1 / sqrt(3).
    heights = ((below + above) / len(ordered) - 1.0) * np.sqrt(3.0)
    return tuple(map(float, knots)), tuple(map(float, heights))


def _fit_levels(frame: pd.DataFrame, name: str, inputs: Inputs, most: int | None) -> list[Step]:
    counts = frame[name].value_counts()
    n_gaps = int(frame[name].isna().sum())
    found = {_text(level): int(n) for level, n in counts.items()}
    if n_gaps:
        found[MISSING_LEVEL] = found.get(MISSING_LEVEL, 0) + n_gaps
    often = [level for level, n in found.items() if n >= inputs.rare]
    if most is not None and len(often) > most:
        # Ties by name: the order in which pandas counts is not part of a model.
        often = sorted(often, key=lambda level: (-found[level], level))[:most]
    kept = tuple(sorted(often))
    rare = len(kept) < len(found)
    if len(kept) + rare < 2:
        return []
    return [Levels(column=name, levels=kept, rare=rare)]


def _is_discrete(values: Any, most: int) -> bool:
    there = values[~np.isnan(values)]
    distinct = np.unique(there)
    return 2 < len(distinct) <= most and bool((distinct == np.round(distinct)).all())


def _numbers_of(frame: pd.DataFrame, name: str, part: str, ranks: dict[str, float]) -> Array:
    if part:
        made = DateParts((part,)).fit_transform(frame[[name]])  # type: ignore[arg-type]
        return np.asarray(made[:, 0], dtype=np.float64)
    if ranks:
        known = {
            level: ranks.get(str(level).strip().lower(), np.nan) for level in frame[name].unique()
        }
        return frame[name].map(known).to_numpy(np.float64)
    return frame[name].to_numpy(np.float64)


def _places_of(series: pd.Series[Any], levels: tuple[str, ...]) -> npt.NDArray[np.int64]:
    """The place of each entry among levels; after the last where it is none of them."""
    at = {level: place for place, level in enumerate(levels)}
    # By level rather than by row: a category has few of them.
    known = {level: at.get(_text(level), len(levels)) for level in series.dropna().unique()}
    gaps = at.get(MISSING_LEVEL, len(levels))
    return series.map(known).fillna(gaps).to_numpy(np.int64)


def _text(value: Any) -> str:
    if isinstance(value, float) and value.is_integer():
        # pandas turns whole numbers into floats where some are missing: 3.0 is the level 3.
        return str(int(value))
    return str(value)
