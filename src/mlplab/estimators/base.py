"""What classifier and regressor share: checks, the population, partial fits, files."""

from __future__ import annotations

from abc import abstractmethod
from pathlib import Path
from typing import Any, Self

import numpy as np
from numpy.typing import NDArray
from sklearn.base import BaseEstimator
from sklearn.utils.validation import _check_sample_weight, check_is_fitted, validate_data

from mlplab.data import Task
from mlplab.errors import ConfigError, DataError
from mlplab.estimators.continued import Progress, one_pass
from mlplab.estimators.population import Member, train_members
from mlplab.estimators.scale import SmoothClip
from mlplab.estimators.settings import (
    entropy_of,
    held_out_rows,
    n_seeds_of,
    progress_of,
    run_of,
    seeds_of,
    share,
    workers_of,
)
from mlplab.experiment.progress_bar import reporting

Array = NDArray[Any]


class MLPEstimator(BaseEstimator):  # type: ignore[misc]
    """A population of networks behind scikit-learn's API; see the two that follow from it."""

    members_: tuple[Member, ...]
    scaler_: SmoothClip
    n_features_in_: int
    calibration_scores_: NDArray[np.float64] | None

    @abstractmethod
    def _task(self, inputs: Array, y: Array, weights: Array | None, valid: float | int) -> Task:
        """Make a task of scaled inputs and checked targets."""

    def _fit_population(self, X: Array, y: Array, weights: Array | None) -> Array | None:
        """Scale and train; return which rows were held out for calibration, (N,) bool, if any."""
        entropy = entropy_of(self.random_state)
        held = None
        size = share("calibration", self.calibration, zero=True)
        if size:
            held = held_out_rows(len(X), size, entropy)
            X, y = X[~held], y[~held]
            weights = None if weights is None else weights[~held]
        self._begin(X, y, weights)
        valid = self._n_valid(len(X)) if self.early_stopping else 0
        task = self._task(self._scaled(X), y, weights, valid)
        run = run_of(self.get_params(deep=False), len(X) - valid)
        n_seeds = n_seeds_of(self.n_seeds)
        runs = [run.replace(seed=seed) for seed in seeds_of(entropy, n_seeds)]
        with reporting(progress_of(self.progress), "fit") as report:
            self._take(train_members(runs, task, workers_of(self.n_jobs), report))
        self._progress: tuple[Progress, ...] | None = None
        return held

    def _begin(
        self, X: Array, y: Array, weights: Array | None, *, keep_constant: bool = False
    ) -> None:
        """Find what inputs, and targets where they are numbers, are scaled by."""
        self.scaler_ = SmoothClip.fit(X, weights, keep_constant=keep_constant)

    def _widen(self, X: Array, y: Array, weights: Array | None) -> None:
        """Find what is scaled by, where these rows do not fit what was found so far."""
        self.scaler_ = self.scaler_.widened(X, weights)

    def _fit_part(self, X: Array, y: Array, weights: Array | None, *, first: bool) -> None:
        """Train every network for one more pass, over these rows."""
        if share("calibration", self.calibration, zero=True):
            raise ConfigError(
                f"calibration={self.calibration}: partial_fit holds out no rows; use 0, or fit"
            )
        run = run_of(self.get_params(deep=False), len(X), continued=True)
        if first:
            self._begin(X, y, weights, keep_constant=True)
        else:
            self._widen(X, y, weights)
        task = self._task(self._scaled(X), y, weights, 0)
        before: list[Progress | None]
        if first:
            seeds = seeds_of(entropy_of(self.random_state), n_seeds_of(self.n_seeds))
            before = [None] * len(seeds)
        else:
            seeds = tuple(member.run.seed for member in self.members_)
            past = getattr(self, "_progress", None)
            before = list(past or [Progress(member) for member in self.members_])
        runs = [run.replace(seed=seed) for seed in seeds]
        with reporting(progress_of(self.progress), "fit") as report:
            progress = one_pass(runs, task, before, report)
        self._take(tuple(one.member for one in progress))
        self._progress = progress
        self.calibration_scores_ = None

    def _take(self, members: tuple[Member, ...]) -> None:
        self.members_ = members
        self.seeds_ = tuple(member.run.seed for member in members)
        self.n_epochs_ = tuple(member.epochs for member in members)
        self.history_ = [member.history for member in members]

    def _n_valid(self, n: int) -> int:
        """Return how many of n rows early stopping watches; at least one on either side."""
        size = share("valid", self.valid)
        if n < 2:
            raise DataError(f"early_stopping: needs at least 2 rows; got n_samples = {n}")
        return min(max(1, round(size * n)), n - 1)

    def _scaled(self, X: Array) -> Array:
        return self.scaler_.transform(X, "float64")

    def _checked(self, X: Any) -> Array:
        """Return scaled inputs, (N, J), of what a user wants predicted."""
        check_is_fitted(self, "members_")
        return self._scaled(validate_data(self, X, reset=False, dtype="numeric"))

    def _weighted(
        self, sample_weight: Any, X: Array, y: Array
    ) -> tuple[Array, Array, Array | None]:
        """Check weights; rows of weight 0 are as if they were not there."""
        if sample_weight is None:
            return X, y, None
        weights = _check_sample_weight(sample_weight, X, dtype=np.float64, ensure_non_negative=True)
        there = weights > 0
        if not there.any():
            raise DataError("sample_weight: expected at least one above 0; all are 0")
        return X[there], y[there], weights[there]

    def save(self, path: str | Path) -> None:
        """Write the fitted estimator to one safetensors file, its settings as JSON in the header.

        Args:
            path: of the file; it is replaced whole or not at all.

        Raises:
            ConfigError: something in it has no place in such a file.
            NotFittedError: it is not fitted.
        """
        from mlplab.estimators.files import save_estimator

        check_is_fitted(self, "members_")
        save_estimator(self, Path(path))

    @classmethod
    def load(cls, path: str | Path) -> Self:
        """Read what `save` wrote. Nothing in the file is executed, whoever made it.

        Raises:
            DataError: the file is not one of these, is damaged, or is of the other estimator.
        """
        from mlplab.estimators.files import load_estimator
        from mlplab.reading import read_path

        loaded: Self = load_estimator(cls, read_path(path))
        return loaded
