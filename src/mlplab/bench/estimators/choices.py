"""The choices behind the defaults, each taken back or added alone."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

import numpy as np
from numpy.typing import NDArray
from sklearn.pipeline import make_pipeline

from mlplab.bench.estimators.tables import Kind
from mlplab.estimators import MLPClassifier, MLPRegressor
from mlplab.estimators.scale import SmoothClip
from mlplab.estimators.targets import Targets
from mlplab.tabular import PiecewiseLinear

DEFAULT = "defaults"


class Unbent(SmoothClip):
    """Features as `(x - center) / scale`, with nothing bent back."""

    def transform(self, X: NDArray[Any], dtype: str = "float32") -> NDArray[Any]:
        """Return scaled features, (N, J)."""
        return np.asarray((X[:, self.columns] - self.center) / self.scale, dtype=dtype)


class _PlainScaling:
    """Standardises features by mean and standard deviation, as most pipelines do."""

    scaler_: SmoothClip

    def _begin(self, X: Any, y: Any, weights: Any, **options: Any) -> None:
        super()._begin(X, y, weights, **options)  # type: ignore[misc]
        columns = self.scaler_.columns
        deviation = X[:, columns].std(axis=0)
        mean = X[:, columns].mean(axis=0)
        self.scaler_ = Unbent(columns, mean, np.where(deviation > 0, deviation, 1.0))


class _NoScaling:
    """Leaves features as they are."""

    scaler_: SmoothClip

    def _begin(self, X: Any, y: Any, weights: Any, **options: Any) -> None:
        super()._begin(X, y, weights, **options)  # type: ignore[misc]
        columns = self.scaler_.columns
        n = int(columns.sum())
        self.scaler_ = Unbent(columns, np.zeros(n), np.ones(n))


class PlainScalingClassifier(_PlainScaling, MLPClassifier):
    """The classifier with standardised features."""


class PlainScalingRegressor(_PlainScaling, MLPRegressor):
    """The regressor with standardised features."""


class NoScalingClassifier(_NoScaling, MLPClassifier):
    """The classifier with features as they are."""


class NoScalingRegressor(_NoScaling, MLPRegressor):
    """The regressor with features as they are."""


class RawTargetsRegressor(MLPRegressor):
    """The regressor with targets in their own units."""

    def _begin(self, X: Any, y: Any, weights: Any, **options: Any) -> None:
        super()._begin(X, y, weights, **options)
        n = len(self.targets_.mean)
        self.targets_ = Targets("identity", np.zeros(n), np.ones(n), self.targets_.one)


@dataclass(frozen=True, slots=True)
class Choice:
    """One departure from the defaults.

    Attributes:
        name: as it stands in the tables.
        says: what is done in its place, for readers.
        settings: parameters other than the defaults.
        classifier, regressor: what is fitted; None where the choice has no meaning.
    """

    name: str
    says: str
    settings: Mapping[str, Any] = field(default_factory=dict)
    classifier: Callable[..., Any] | None = MLPClassifier
    regressor: Callable[..., Any] | None = MLPRegressor

    def make(self, kind: Kind) -> Callable[[int], Any] | None:
        """Return what makes the unfitted model of a seed; None where the choice has no meaning."""
        model = self.classifier if kind == "classification" else self.regressor
        if model is None:
            return None
        settings = dict(self.settings)
        return lambda seed: model(random_state=seed, n_jobs=1, **settings)


CHOICES = (
    Choice(DEFAULT, "what `MLPClassifier()` and `MLPRegressor()` do"),
    Choice(
        "plain scaling",
        "features standardised by mean and standard deviation; nothing is bent back",
        classifier=PlainScalingClassifier,
        regressor=PlainScalingRegressor,
    ),
    Choice(
        "no scaling",
        "features in their own units; those of the house prices come standardised from the "
        "preparation that all models share",
        classifier=NoScalingClassifier,
        regressor=NoScalingRegressor,
    ),
    Choice(
        "raw targets",
        "targets in their own units",
        classifier=None,
        regressor=RawTargetsRegressor,
    ),
    Choice(
        "embedded numbers",
        "each feature as how far it fills 8 bins between its quantiles "
        "(`mlplab.tabular.PiecewiseLinear`)",
        classifier=lambda **given: make_pipeline(PiecewiseLinear(8), MLPClassifier(**given)),
        regressor=lambda **given: make_pipeline(PiecewiseLinear(8), MLPRegressor(**given)),
    ),
    Choice("no dropout", "`dropout=0`", {"dropout": 0.0}),
    Choice("no weight decay", "`weight_decay=0`", {"weight_decay": 0.0}),
    Choice("constant rate", '`schedule="constant"`', {"schedule": "constant"}),
    Choice("one network", "`n_seeds=1`", {"n_seeds": 1}),
    Choice("8 networks", "`n_seeds=8`", {"n_seeds": 8}),
    Choice("label smoothing", "`label_smoothing=0.1`", {"label_smoothing": 0.1}, regressor=None),
)
