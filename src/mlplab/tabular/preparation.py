"""How a table becomes numbers, as data: one frozen spec for all columns."""

from __future__ import annotations

from typing import Literal

from pydantic import Field

from mlplab.specs.base import Spec
from mlplab.tabular.date_parts import DatePart

Imputation = Literal["mean", "median", "constant", "knn", "iterative", "interpolation"]
Scaling = Literal["none", "standard", "robust", "quantile", "smooth-clip"]
Embedding = Literal["none", "piecewise-linear", "periodic"]
TargetKind = Literal["regression", "classification"]


class Preparation(Spec):
    """What is done to numbers, categories and dates; fitted on training rows only."""

    impute: Imputation = Field(default="median", description="how gaps among numbers are filled")
    fill_value: float = Field(default=0.0, description="what impute='constant' fills in")
    indicator: bool = Field(
        default=True, description="a feature that is 1 where a number was missing in training"
    )
    neighbours: int = Field(default=5, ge=1, description="rows that impute='knn' averages")
    rounds: int = Field(default=10, ge=1, description="rounds of impute='iterative', at most")
    along: str | None = Field(
        default=None,
        description="column whose order impute='interpolation' follows; None: the only id",
    )
    log_skew: float | None = Field(
        default=None, ge=0, description="log of numbers more skewed than this; None: of none"
    )
    scale: Scaling = Field(default="standard", description="how numbers are scaled")
    embed: Embedding = Field(default="none", description="features made of each scaled number")
    bins: int = Field(default=8, ge=1, description="bins of embed='piecewise-linear'")
    frequencies: int = Field(default=8, ge=1, description="frequencies of embed='periodic'")
    sigma: float = Field(default=0.5, gt=0, description="spread of the frequencies, cycles a unit")
    categories: Literal["one-hot", "target"] = Field(
        default="one-hot", description="one feature per level, or the target's mean out of fold"
    )
    rare: int = Field(default=1, ge=1, description="levels with fewer rows become one, one-hot")
    ordered: Literal["rank", "one-hot"] = Field(
        default="rank", description="what levels with a declared order become"
    )
    dates: tuple[DatePart, ...] = Field(
        default=("days", "year", "year-cycle"), min_length=1, description="numbers made of a date"
    )
    target_folds: int = Field(default=5, ge=2, description="folds of categories='target'")
    seed: int = Field(default=0, ge=0, description="draws folds, frequencies and quantile rows")
