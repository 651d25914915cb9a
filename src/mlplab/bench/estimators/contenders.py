"""The models that are compared, each with its own defaults."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from sklearn import ensemble, linear_model, neural_network
from sklearn.compose import TransformedTargetRegressor
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler

from mlplab.bench.estimators.tables import Kind

OURS = "mlplab"


@dataclass(frozen=True, slots=True)
class Contender:
    """A model by name.

    Attributes:
        make: seed -> the unfitted model.
        code: what it is, as a reader would write it.
    """

    name: str
    make: Callable[[int], Any]
    code: str


def contenders(kind: Kind) -> tuple[Contender, ...]:
    """Return the models for a kind of target, ours first."""
    from mlplab.estimators import MLPClassifier, MLPRegressor

    if kind == "classification":
        return (
            Contender(
                OURS, lambda seed: MLPClassifier(random_state=seed, n_jobs=1), "MLPClassifier()"
            ),
            Contender(
                "scikit-learn MLP",
                lambda seed: _scaled(neural_network.MLPClassifier(random_state=seed)),
                "make_pipeline(StandardScaler(), MLPClassifier())",
            ),
            Contender(
                "boosted trees",
                lambda seed: ensemble.HistGradientBoostingClassifier(random_state=seed),
                "HistGradientBoostingClassifier()",
            ),
            Contender(
                "linear",
                lambda seed: _scaled(linear_model.LogisticRegression()),
                "make_pipeline(StandardScaler(), LogisticRegression())",
            ),
        )
    return (
        Contender(OURS, lambda seed: MLPRegressor(random_state=seed, n_jobs=1), "MLPRegressor()"),
        Contender(
            "scikit-learn MLP",
            lambda seed: _scaled(neural_network.MLPRegressor(random_state=seed)),
            "make_pipeline(StandardScaler(), MLPRegressor())",
        ),
        Contender(
            "scikit-learn MLP (scaled y)",
            lambda seed: TransformedTargetRegressor(
                _scaled(neural_network.MLPRegressor(random_state=seed)),
                transformer=StandardScaler(),
            ),
            "the same, its targets standardised by TransformedTargetRegressor",
        ),
        Contender(
            "boosted trees",
            lambda seed: ensemble.HistGradientBoostingRegressor(random_state=seed),
            "HistGradientBoostingRegressor()",
        ),
        Contender(
            "linear",
            lambda seed: _scaled(linear_model.Ridge()),
            "make_pipeline(StandardScaler(), Ridge())",
        ),
    )


def _scaled(model: Any) -> Any:
    return make_pipeline(StandardScaler(), model)
