"""Missing numbers predicted from the other columns, round by round, by scikit-learn."""

from __future__ import annotations

import warnings
from typing import Any

import numpy as np
import sklearn.experimental.enable_iterative_imputer  # noqa: F401  # makes the next import work
from sklearn.base import BaseEstimator, OneToOneFeatureMixin, TransformerMixin
from sklearn.exceptions import ConvergenceWarning
from sklearn.impute import IterativeImputer
from sklearn.utils.validation import check_is_fitted, validate_data


class RoundsImputer(OneToOneFeatureMixin, TransformerMixin, BaseEstimator):  # type: ignore[misc]
    """scikit-learn's IterativeImputer on a copy: it writes into its input, which may be read-only.

    It is silent when its rounds are used up, as these are a setting. A column that had no gaps in
    training gets its mean; one that was missing throughout becomes 0.

    Args:
        rounds: at most.
        seed: for the order of ties.

    Attributes:
        imputer_: the fitted IterativeImputer (ridge regressions, from the emptiest column last).

    Cost: rounds x columns with gaps ridge regressions on all columns.

    >>> import numpy as np
    >>> X = np.array([[1.0, 2.0], [2.0, 4.0], [3.0, 6.0], [4.0, np.nan]])
    >>> RoundsImputer().fit_transform(X)[3].round(1).tolist()
    [4.0, 8.0]
    """

    def __init__(self, rounds: int = 10, seed: int = 0) -> None:
        self.rounds = rounds
        self.seed = seed

    def fit(self, X: Any, y: Any = None) -> RoundsImputer:
        """Fit the regressions."""
        self.imputer_ = IterativeImputer(
            max_iter=self.rounds,
            keep_empty_features=True,
            skip_complete=True,
            random_state=self.seed,
        )
        with warnings.catch_warnings():
            warnings.simplefilter("ignore", ConvergenceWarning)
            self.imputer_.set_output(transform="default").fit(self._copy(X, reset=True))
        return self

    def transform(self, X: Any) -> Any:
        """Return the numbers with every gap filled, (N, I)."""
        check_is_fitted(self)
        return self.imputer_.transform(self._copy(X, reset=False))

    def _copy(self, X: Any, *, reset: bool) -> Any:
        checked = validate_data(
            self, X, reset=reset, dtype=np.float64, ensure_all_finite="allow-nan"
        )
        return np.array(checked)

    def __sklearn_tags__(self) -> Any:
        """Missing entries are what it is for."""
        tags = super().__sklearn_tags__()
        tags.input_tags.allow_nan = True
        return tags
