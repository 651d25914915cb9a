"""`MLPClassifier`: classes, by the mean probability of a population of networks."""

from __future__ import annotations

import math
from collections.abc import Mapping
from typing import Any, Literal

import numpy as np
from numpy.typing import NDArray
from sklearn.base import ClassifierMixin
from sklearn.utils.class_weight import compute_class_weight
from sklearn.utils.multiclass import check_classification_targets
from sklearn.utils.validation import column_or_1d, validate_data

from mlplab.data import Task, task_from_arrays
from mlplab.errors import ConfigError, DataError
from mlplab.estimators.base import Array, MLPEstimator
from mlplab.estimators.conformal import conformal_quantile, require_calibration
from mlplab.estimators.parameters import described
from mlplab.estimators.population import each_output, mean_and_spread
from mlplab.experiment.progress import ProgressOption
from mlplab.reading import read_number
from mlplab.specs import Custom


@described
class MLPClassifier(ClassifierMixin, MLPEstimator):  # type: ignore[misc]
    """Classify by `n_seeds` networks, trained as one population and averaged.

    Features are scaled inside (median and quartiles, outliers bent back smoothly). A person who
    sets nothing gets a strong MLP for tables.

    Args:
    {parameters}

    Attributes:
        classes_: the labels, sorted, (C,).
        members_: the networks.
        seeds_: their seeds; a network is `members_[i].run` with that seed.
        n_epochs_: how many epochs each was trained for.
        history_: for each network, metric -> value after each epoch.
        n_features_in_: number of features; `feature_names_in_` where the columns had names.

    Source: robust scaling with smooth clipping, schedules and averages over seeds as in
    Holzmüller, Grinsztajn and Steinwart, Better by default, arXiv 2407.04491, 2024.

    >>> from sklearn.datasets import load_iris
    >>> X, y = load_iris(return_X_y=True)
    >>> model = MLPClassifier(hidden=(32,), epochs=40, n_seeds=2, random_state=0).fit(X, y)
    >>> model.score(X, y) > 0.9
    True
    """

    def __init__(
        self,
        hidden: Any = (128, 128),
        *,
        activation: str = "relu",
        norm: str = "none",
        init: str = "he",
        dropout: Any = 0.3,
        optimizer: str | Custom = "adamw",
        lr: float = 0.002,
        momentum: float = 0.9,
        weight_decay: Any = "auto",
        schedule: str = "cosine",
        clip_norm: float = 0.0,
        epochs: int = 60,
        batch_size: Any = "auto",
        label_smoothing: float = 0.0,
        ema: float = 0.0,
        n_seeds: int = 4,
        early_stopping: bool = False,
        valid: float = 0.1,
        patience: int = 20,
        class_weight: Any = None,
        calibration: float = 0.0,
        dtype: Literal["float32", "float64"] = "float32",
        n_jobs: int | None = None,
        random_state: Any = None,
        progress: ProgressOption = True,
    ) -> None:
        self.hidden = hidden
        self.activation = activation
        self.norm = norm
        self.init = init
        self.dropout = dropout
        self.optimizer = optimizer
        self.lr = lr
        self.momentum = momentum
        self.weight_decay = weight_decay
        self.schedule = schedule
        self.clip_norm = clip_norm
        self.epochs = epochs
        self.batch_size = batch_size
        self.label_smoothing = label_smoothing
        self.ema = ema
        self.n_seeds = n_seeds
        self.early_stopping = early_stopping
        self.valid = valid
        self.patience = patience
        self.class_weight = class_weight
        self.calibration = calibration
        self.dtype = dtype
        self.n_jobs = n_jobs
        self.random_state = random_state
        self.progress = progress

    def fit(self, X: Any, y: Any, sample_weight: Any = None) -> MLPClassifier:
        """Train the networks anew.

        Args:
            X: (N, I), finite numbers.
            y: labels, (N,), of at least two classes.
            sample_weight: (N,), none negative; a row of weight 0 is as if it were not there.

        Raises:
            ConfigError: a parameter that does not fit.
            ValueError: data that do not fit.

        Cost: n_seeds trainings of `epochs` passes.
        """
        X, y = validate_data(self, X, y, dtype="numeric")
        X, ids, weights = self._labelled(X, y, sample_weight, None)
        weights = self._class_weighted(ids, weights)
        held = self._fit_population(X, ids, weights)
        self.calibration_scores_ = None
        if held is not None:
            found = self._probabilities(self._scaled(X[held]))[0]
            self.calibration_scores_ = 1 - found[np.arange(len(found)), ids[held]]
        return self

    def partial_fit(
        self, X: Any, y: Any, classes: Any = None, sample_weight: Any = None
    ) -> MLPClassifier:
        """Train every network for one pass over these rows, from where it is.

        The rate stays constant, and scaling is that of the first rows in which there is a
        spread, until later rows lie far outside it (docs/estimators.md says when);
        `early_stopping`, `epochs` and `class_weight="balanced"` have no meaning here.

        Args:
            X: (N, I).
            y: labels, (N,).
            classes: all labels that will ever come; required at the first call.
            sample_weight: (N,).

        Raises:
            ConfigError: a parameter that does not fit.
            ValueError: data that do not fit.
        """
        first = not hasattr(self, "members_")
        X, y = validate_data(self, X, y, dtype="numeric", reset=first)
        if first and classes is None:
            raise ConfigError("classes: expected all labels at the first call of partial_fit")
        if (
            not first
            and classes is not None
            and not np.array_equal(self.classes_, np.unique(column_or_1d(classes)))
        ):
            raise ConfigError("classes: expected the same labels as at the first call")
        if isinstance(self.class_weight, str):
            raise ConfigError(
                f"class_weight={self.class_weight!r}: not known in partial_fit; give a dict"
            )
        X, ids, weights = self._labelled(
            X, y, sample_weight, np.unique(column_or_1d(classes)) if first else self.classes_
        )
        self._fit_part(X, ids, self._class_weighted(ids, weights), first=first)
        return self

    def predict_proba(self, X: Any, return_std: bool = False) -> Any:
        """Return the mean over networks of the probabilities of the classes, (N, C).

        Args:
            X: (N, I).
            return_std: return their standard deviation over networks, (N, C), as well.

        Raises:
            ConfigError: a deviation is asked of one network.
            ValueError: X does not fit.
        """
        mean, spread = self._probabilities(self._checked(X), spread=return_std)
        return (mean, spread) if return_std else mean

    def predict(self, X: Any) -> Array:
        """Return the label with the highest mean probability, (N,)."""
        places = self.predict_proba(X).argmax(axis=1)
        return np.asarray(self.classes_[places])

    def predict_log_proba(self, X: Any) -> NDArray[np.float64]:
        """Return the logarithms of `predict_proba`, (N, C)."""
        # A probability that underflowed: its logarithm stays finite, as log losses need.
        smallest = np.finfo(np.float64).tiny
        return np.asarray(np.log(np.maximum(self.predict_proba(X), smallest)))

    def predict_set(self, X: Any, coverage: float = 0.9) -> NDArray[np.bool_]:
        """Return the labels that a row may have, (N, C): the true one is among them at a rate.

        At least `coverage` of new rows, exchangeable with the training rows, have their label in
        the set: a statement about all rows together, not about each x or class. Sets can be
        empty. Needs `calibration` above 0.

        Args:
            X: (N, I).
            coverage: between 0 and 1.

        Raises:
            ConfigError: no rows, or too few, were held out.

        Source: Sadinle, Lei and Wasserman (2019), arXiv 1609.00451.
        """
        inputs = self._checked(X)
        edge = conformal_quantile(require_calibration(self.calibration_scores_), coverage)
        return np.asarray(1 - self._probabilities(inputs)[0] <= edge)

    def _probabilities(
        self, inputs: Array, *, spread: bool = False
    ) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
        from scipy.special import softmax

        n = len(self.members_)
        if spread and n < 2:
            raise ConfigError("return_std: needs at least 2 networks; raise n_seeds")
        outputs = each_output(self.members_, inputs)
        return mean_and_spread((softmax(out, axis=1) for out in outputs), n)

    def _labelled(
        self, X: Array, y: Any, sample_weight: Any, classes: Array | None
    ) -> tuple[Array, Array, Array | None]:
        """Return rows that count, their class ids and weights; set `classes_`."""
        check_classification_targets(y)
        y = column_or_1d(y, warn=True)
        X, y, weights = self._weighted(sample_weight, X, y)
        known = np.unique(y) if classes is None else classes
        if len(known) < 2:
            raise DataError(f"y: expected at least two classes; got one class, {known.tolist()}")
        strange = ~np.isin(y, known)
        if strange.any():
            raise DataError(f"y: {y[strange][0]!r} is not among the classes {known.tolist()}")
        self.classes_ = known
        return X, np.searchsorted(known, y), weights

    def _class_weighted(self, ids: Array, weights: Array | None) -> Array | None:
        if self.class_weight is None:
            return weights
        given = np.ones(len(ids)) if weights is None else weights
        is_word = isinstance(self.class_weight, str) and self.class_weight == "balanced"
        if not is_word and not isinstance(self.class_weight, Mapping):
            raise ConfigError(
                f"class_weight: expected None, 'balanced' or a dict; got {self.class_weight!r}"
            )
        if is_word:
            sums = np.bincount(ids, weights=given, minlength=len(self.classes_))
            each = given.sum() / (len(self.classes_) * np.maximum(sums, 1e-300))
        else:
            present = np.unique(ids)
            each = np.ones(len(self.classes_))
            named = {
                k: read_number(f"class_weight[{k!r}]", v, "a number", math.isfinite)
                for k, v in self.class_weight.items()
                if k in self.classes_
            }
            strange = [k for k in self.class_weight if k not in self.classes_]
            if strange:
                raise ConfigError(
                    f"class_weight: {strange[0]!r} is not among {self.classes_.tolist()}"
                )
            labels = self.classes_[present]
            known = {k: v for k, v in named.items() if k in labels}
            each[present] = compute_class_weight(known, classes=labels, y=labels)
        if (each <= 0).any():
            raise ConfigError(f"class_weight: expected weights above 0; got {each.min():g}")
        return np.asarray(given * each[ids])

    def _task(self, inputs: Array, y: Array, weights: Array | None, valid: float | int) -> Task:
        return task_from_arrays(
            inputs,
            y,
            weights=weights,
            kind="classification",
            class_names=tuple(map(str, range(len(self.classes_)))),
            valid=valid,
            dtype=self.dtype,
        )
