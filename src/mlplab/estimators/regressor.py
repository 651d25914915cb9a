"""`MLPRegressor`: numbers, by the mean of a population of networks."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any, Literal

import numpy as np
from numpy.typing import NDArray
from sklearn.base import RegressorMixin
from sklearn.utils.validation import validate_data

from mlplab.data import Task, task_from_arrays
from mlplab.errors import ConfigError, DataError
from mlplab.estimators.base import Array, MLPEstimator
from mlplab.estimators.conformal import conformal_quantile, require_calibration
from mlplab.estimators.continued import restarted
from mlplab.estimators.parameters import described
from mlplab.estimators.population import each_output, mean_and_spread, with_output_unit
from mlplab.estimators.targets import Targets
from mlplab.experiment.progress import ProgressOption
from mlplab.specs import Custom


@described
class MLPRegressor(RegressorMixin, MLPEstimator):  # type: ignore[misc]
    """Predict numbers by `n_seeds` networks, trained as one population and averaged.

    Features are scaled inside (median and quartiles, outliers bent back smoothly), targets are
    standardised. A person who sets nothing gets a strong MLP for tables.

    Args:
    {parameters}

    Attributes:
        members_: the networks.
        seeds_: their seeds; a network is `members_[i].run` with that seed.
        n_epochs_: how many epochs each was trained for.
        history_: for each network, metric -> value after each epoch.
        n_features_in_: number of features; `feature_names_in_` where the columns had names.
        n_outputs_: number of targets of a row.

    Source: robust scaling with smooth clipping, standardised targets, schedules and averages over
    seeds as in Holzmüller, Grinsztajn and Steinwart, Better by default, arXiv 2407.04491, 2024.

    >>> X = np.linspace(-1, 1, 200).reshape(-1, 1)
    >>> model = MLPRegressor(n_seeds=2, random_state=0).fit(X, X[:, 0] ** 2)
    >>> model.score(X, X[:, 0] ** 2) > 0.9
    True
    """

    def __init__(
        self,
        hidden: Any = (128, 128),
        *,
        activation: str = "relu",
        norm: str = "none",
        init: str = "he",
        dropout: Any = 0.15,
        optimizer: str | Custom = "adamw",
        lr: float = 0.002,
        momentum: float = 0.9,
        weight_decay: Any = "auto",
        schedule: str = "cosine",
        clip_norm: float = 0.0,
        epochs: int = 60,
        batch_size: Any = "auto",
        loss: str = "squared",
        huber_delta: float = 1.0,
        target_transform: str | None = None,
        ema: float = 0.0,
        n_seeds: int = 4,
        early_stopping: bool = False,
        valid: float = 0.1,
        patience: int = 20,
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
        self.loss = loss
        self.huber_delta = huber_delta
        self.target_transform = target_transform
        self.ema = ema
        self.n_seeds = n_seeds
        self.early_stopping = early_stopping
        self.valid = valid
        self.patience = patience
        self.calibration = calibration
        self.dtype = dtype
        self.n_jobs = n_jobs
        self.random_state = random_state
        self.progress = progress

    def fit(self, X: Any, y: Any, sample_weight: Any = None) -> MLPRegressor:
        """Train the networks anew.

        Args:
            X: (N, I), finite numbers.
            y: numbers, (N,) or (N, O).
            sample_weight: (N,), none negative; a row of weight 0 is as if it were not there.

        Raises:
            ConfigError: a parameter that does not fit.
            ValueError: data that do not fit.

        Cost: n_seeds trainings of `epochs` passes.
        """
        X, y = validate_data(self, X, y, dtype="numeric", multi_output=True, y_numeric=True)
        X, y, weights = self._weighted(sample_weight, X, y)
        held = self._fit_population(X, y, weights)
        self.calibration_scores_ = None
        if held is not None:
            mean, _ = self._numbers(self._scaled(X[held]))
            self.calibration_scores_ = np.abs(y[held].reshape(mean.shape) - mean)
        return self

    def partial_fit(self, X: Any, y: Any, sample_weight: Any = None) -> MLPRegressor:
        """Train every network for one pass over these rows, from where it is.

        The rate stays constant, and scaling is that of the first rows in which there is a
        spread, until later rows lie far outside it (docs/estimators.md says when);
        `early_stopping` and `epochs` have no meaning here.

        Args:
            X: (N, I).
            y: numbers, (N,) or (N, O).
            sample_weight: (N,).

        Raises:
            ConfigError: a parameter that does not fit.
            ValueError: data that do not fit.
        """
        first = not hasattr(self, "members_")
        X, y = validate_data(
            self, X, y, dtype="numeric", multi_output=True, y_numeric=True, reset=first
        )
        n_outputs = 1 if y.ndim == 1 else y.shape[1]
        if not first and n_outputs != self.n_outputs_:
            raise DataError(f"y: expected {self.n_outputs_} targets per row; got {n_outputs}")
        X, y, weights = self._weighted(sample_weight, X, y)
        self._fit_part(X, y, weights, first=first)
        return self

    def predict(self, X: Any, return_std: bool = False) -> Any:
        """Return the mean over networks, (N,) or (N, O) as the targets were.

        Args:
            X: (N, I).
            return_std: return the standard deviation over networks as well, of the same shape:
                how far the networks differ, which does not hold the noise of the targets.

        Raises:
            ConfigError: a deviation is asked of one network.
            ValueError: X does not fit.
        """
        mean, spread = self._numbers(self._checked(X), spread=return_std)
        mean, spread = self.targets_.shaped(mean), self.targets_.shaped(spread)
        return (mean, spread) if return_std else mean

    def predict_interval(self, X: Any, coverage: float = 0.9) -> NDArray[np.float64]:
        """Return the ends of intervals, (N, 2) or (N, O, 2), that cover new targets at a rate.

        At least `coverage` of new rows, exchangeable with the training rows, have their target
        inside: a statement about all rows together, not about each x; with several targets about
        each of them alone. Needs `calibration` above 0.

        Args:
            X: (N, I).
            coverage: between 0 and 1.

        Raises:
            ConfigError: no rows, or too few, were held out.

        Source: split conformal prediction, Lei et al. (2018), arXiv 1604.04173.
        """
        mean, _ = self._numbers(self._checked(X))
        width = conformal_quantile(require_calibration(self.calibration_scores_), coverage)
        ends = np.stack([mean - width, mean + width], axis=-1)
        return np.asarray(ends[:, 0] if self.targets_.one else ends)

    def _numbers(
        self, inputs: Array, *, spread: bool = False
    ) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
        n = len(self.members_)
        if spread and n < 2:
            raise ConfigError("return_std: needs at least 2 networks; raise n_seeds")
        values: Iterator[NDArray[np.float64]] = (
            self.targets_.back(out) for out in each_output(self.members_, inputs)
        )
        return mean_and_spread(values, n)

    def _begin(
        self, X: Array, y: Array, weights: Array | None, *, keep_constant: bool = False
    ) -> None:
        super()._begin(X, y, weights, keep_constant=keep_constant)
        self.targets_ = Targets.fit(y, self.target_transform, weights)
        self.n_outputs_ = len(self.targets_.mean)

    def _widen(self, X: Array, y: Array, weights: Array | None) -> None:
        super()._widen(X, y, weights)
        before, self.targets_ = self.targets_, self.targets_.widened(y, weights)
        unit = before.unit(self.targets_)
        if (unit != 1).any():
            self.members_ = tuple(with_output_unit(member, unit) for member in self.members_)
            self._progress = restarted(self._progress, self.members_)

    def _task(self, inputs: Array, y: Array, weights: Array | None, valid: float | int) -> Task:
        return task_from_arrays(
            inputs,
            self.targets_.there(y),
            weights=weights,
            kind="regression",
            valid=valid,
            dtype=self.dtype,
        )

    def __sklearn_tags__(self) -> Any:
        tags = super().__sklearn_tags__()
        tags.target_tags.multi_output = True
        return tags
