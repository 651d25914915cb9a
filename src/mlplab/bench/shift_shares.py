"""Shares of classes by `label_shift` and by a public library of quantifiers, on the same draws."""

from __future__ import annotations

import warnings
from collections.abc import Callable, Sequence
from importlib.util import find_spec
from typing import Any

import numpy as np
from numpy.typing import NDArray

from mlplab.shift import label_shift

Floats = NDArray[np.float64]
Labels = NDArray[np.int64]
Quantifier = Callable[[Floats, Labels, Floats], Floats]
"""Shares (C,) from probabilities (N, C) and labels (N,) of valid rows, and those of target rows."""

Draw = Callable[[np.random.Generator], tuple[Floats, Labels, Floats]]

DEFAULT = "mlls"
PUBLIC = "QuaPy"


def quantifiers() -> dict[str, Quantifier]:
    """Return our methods, and QuaPy's where it is installed."""
    ours = {name: _ours(name) for name in (DEFAULT, "bbse", "em")}
    return ours | (_of_quapy() if find_spec("quapy") else {})


def _ours(method: Any) -> Quantifier:
    def shares(valid: Floats, labels: Labels, target: Floats) -> Floats:
        return label_shift(valid, labels, target, method).priors

    return shares


def _of_quapy() -> dict[str, Quantifier]:
    from quapy.method import aggregative
    from sklearn.base import BaseEstimator, ClassifierMixin

    class Given(ClassifierMixin, BaseEstimator):  # type: ignore[misc]
        """A classifier whose inputs are its probabilities."""

        def __init__(self, n_classes: int) -> None:
            self.n_classes = n_classes
            self.classes_ = np.arange(n_classes)

        def fit(self, inputs: Floats, labels: Labels) -> Given:
            return self

        def predict_proba(self, inputs: Floats) -> Floats:
            return inputs

        def predict(self, inputs: Floats) -> Labels:
            return np.asarray(inputs.argmax(axis=1))

    def fitted(name: str) -> Quantifier:
        def shares(valid: Floats, labels: Labels, target: Floats) -> Floats:
            given = Given(valid.shape[1])
            method: Any = getattr(aggregative, name)(given, fit_classifier=False, val_split=None)
            method.fit(valid, labels)
            return np.asarray(method.predict(target))

        return shares

    def calibrated(valid: Floats, labels: Labels, target: Floats) -> Floats:
        # QuaPy calibrates only with a classifier that it fits itself: the two steps after that.
        given = Given(valid.shape[1])
        method: Any = aggregative.EMQ(given, fit_classifier=False, val_split=None, calib="bcts")
        method.train_prevalence = np.bincount(labels, minlength=valid.shape[1]) / len(labels)
        method.aggregation_fit(valid, labels)
        return np.asarray(method.aggregate(target))

    names = ("EMQ", "ACC", "PACC", "KDEyML", "DMy")
    methods = {name: fitted(name) for name in names} | {"EMQ, BCTS": calibrated}
    return {f"{PUBLIC} {name}": method for name, method in methods.items()}


def share_errors(draw: Draw, shares: Sequence[float], times: int, seed: int) -> dict[str, float]:
    """Return each method's mean L1 error of the shares.

    Args:
        draw: returns probabilities and labels of valid rows, and probabilities of target rows.
        shares: the true ones.
        times: draws, the same for every method.
        seed: of the draws.
    """
    rng = np.random.default_rng(seed)
    methods = quantifiers()
    errors: dict[str, list[float]] = {name: [] for name in methods}
    for _ in range(times):
        valid, labels, target = draw(rng)
        for name, method in methods.items():
            with warnings.catch_warnings():
                warnings.simplefilter("ignore")  # of a library's own dependencies
                estimated = method(valid, labels, target)
            errors[name].append(float(np.abs(estimated - np.asarray(shares)).sum()))
    return {name: float(np.mean(found)) for name, found in errors.items()}
