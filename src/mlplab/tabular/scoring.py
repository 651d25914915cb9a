"""How predictions of a table are judged: the metrics by name, and which one a target asks for."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Literal

import numpy as np
import numpy.typing as npt

from mlplab.errors import ConfigError, DataError
from mlplab.reading import read_word
from mlplab.stats import risk_interval

Array = npt.NDArray[np.float64]
TaskKind = Literal["regression", "classification"]
METRICS: dict[str, TaskKind] = {
    "rmse": "regression",
    "log-rmse": "regression",
    "log-loss": "classification",
    "accuracy": "classification",
}
# The same bound above which inputs get their logarithm.
_SKEWED = 0.75
_LEAST_PROBABILITY = 1e-15  # where Kaggle clips too


@dataclass(frozen=True, slots=True)
class Scoring:
    """A metric, and why it is the one.

    Attributes:
        metric: `rmse`, `log-rmse` (of logarithms), `log-loss` or `accuracy`.
        why: in words.
    """

    metric: str
    why: str

    @property
    def logarithmic(self) -> bool:
        """Whether logarithms of the target are compared."""
        return self.metric == "log-rmse"

    @property
    def greater_is_better(self) -> bool:
        """Whether a larger score is better."""
        return self.metric == "accuracy"

    def losses(self, target: Any, predicted: Array) -> Array:
        """Return what each row adds to the score, (N,): squared errors, log losses, hits.

        Args:
            target: numbers (N,), or class ids (N,).
            predicted: numbers (N,), or probabilities (N, C).
        """
        if self.metric == "rmse":
            return np.asarray((predicted - target) ** 2)
        if self.metric == "log-rmse":
            return np.asarray((np.log(predicted) - np.log(target)) ** 2)
        rows = np.arange(len(predicted))
        if self.metric == "accuracy":
            return np.asarray(predicted.argmax(axis=1) == target, dtype=np.float64)
        return np.asarray(-np.log(np.maximum(predicted[rows, target], _LEAST_PROBABILITY)))

    def of_mean(self, mean: float) -> float:
        """Return the score of which rows' losses have this mean."""
        return float(np.sqrt(mean)) if self.metric.endswith("rmse") else float(mean)

    def score(self, target: Any, predicted: Array) -> float:
        """Return the score of all rows together."""
        return self.of_mean(float(self.losses(target, predicted).mean()))

    def by_fold(
        self, target: Any, predicted: Array, fold_index: Any, groups: Any = None
    ) -> tuple[float, Array, tuple[float, float]]:
        """Return the score of all rows, of each fold, (K,), and a 95 % interval of the first.

        The interval is for other rows of the same kind, see `stats.risk_interval`; rows of a group
        count as dependent.
        """
        losses = self.losses(target, predicted)
        n_folds = int(fold_index.max()) + 1
        per_fold = [self.of_mean(float(losses[fold_index == k].mean())) for k in range(n_folds)]
        low, high = (self.of_mean(end) for end in risk_interval(losses, groups=groups))
        return self.of_mean(float(losses.mean())), np.array(per_fold), (low, high)


def scoring_of(metric: str | None, task: TaskKind, target: Any) -> Scoring:
    """Return the metric that a user names, or the one that suits the target.

    Of numbers: `log-rmse` where all are positive, their skewness exceeds 0.75 and logarithms are
    less skewed; else `rmse`. Of classes: `log-loss`.

    Args:
        metric: one of `METRICS`, or None.
        task: what is predicted.
        target: numbers, (N,); not looked at for classes.

    Raises:
        ConfigError: an unknown metric, or one of the other task.
        DataError: `log-rmse` of targets that are not all positive.

    >>> scoring_of(None, "regression", np.array([1.0, 2, 4, 8, 64])).metric
    'log-rmse'
    """
    if metric is not None:
        read_word("metric", metric, METRICS)
    if metric is not None and METRICS[metric] != task:
        known = ", ".join(name for name, of in METRICS.items() if of == task)
        raise ConfigError(f"metric: {metric!r} is not for {task}; expected one of {known}")
    if task == "classification":
        return Scoring(metric or "log-loss", "given" if metric else "the target is classes")
    numbers = np.asarray(target, dtype=np.float64)
    if metric == "log-rmse" and numbers.min() <= 0:
        raise DataError(f"metric 'log-rmse': needs targets above 0; got {numbers.min():g}")
    if metric is not None:
        return Scoring(metric, "given")
    if numbers.min() <= 0:
        return Scoring("rmse", f"the target is not positive throughout (least {numbers.min():g})")
    plain, logged = _skewness(numbers), _skewness(np.log(numbers))
    if plain > _SKEWED and abs(logged) < plain:
        why = f"the target is positive and skewed ({plain:.2f}; its logarithm {logged:.2f})"
        return Scoring("log-rmse", why)
    return Scoring("rmse", f"the target has little skew that a logarithm removes ({plain:.2f})")


def _skewness(numbers: Array) -> float:
    unit = np.abs(numbers).max() or 1.0
    centred = numbers / unit - (numbers / unit).mean()
    spread = centred.std()
    return float((centred**3).mean() / spread**3) if spread > 1e-9 else 0.0
