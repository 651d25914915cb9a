"""scikit-learn's own checks, all of them."""

from __future__ import annotations

import pytest
from sklearn.utils.estimator_checks import (
    check_sample_weight_equivalence_on_dense_data,
    parametrize_with_checks,
)

from mlplab import MLPClassifier, MLPRegressor

# docs/estimators.md says why; where it is exactly true, the test below demands it.
BATCHES = "batches are drawn by row, so a weight of 2 and a row given twice meet other batches"


def failing(estimator):
    if estimator.batch_size != "auto":
        return {}
    return {"check_sample_weight_equivalence_on_dense_data": BATCHES}


@parametrize_with_checks(
    [MLPClassifier(), MLPRegressor(), MLPRegressor(early_stopping=True, n_seeds=1, epochs=40)],
    expected_failed_checks=failing,
)
def test_scikit_learn_finds_nothing(estimator, check):
    check(estimator)


@pytest.mark.parametrize("kind", [MLPClassifier, MLPRegressor])
@pytest.mark.parametrize("optimizer", ["adamw", "sgd"])
def test_a_weight_is_a_repetition_where_an_epoch_is_one_batch(kind, optimizer):
    estimator = kind(
        n_seeds=2, batch_size=10**6, dropout=0, dtype="float64", optimizer=optimizer, lr=0.01
    )
    check_sample_weight_equivalence_on_dense_data(kind.__name__, estimator)


def test_the_excuse_is_needed():
    with pytest.raises(AssertionError, match="Not equal to tolerance"):
        check_sample_weight_equivalence_on_dense_data("MLPRegressor", MLPRegressor(epochs=5))
