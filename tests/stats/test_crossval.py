"""Folds are not independent."""

import numpy as np
import pytest

from mlplab.errors import ConfigError
from mlplab.stats import cross_validated_interval, decide_interval, grid_floor, mean_interval

Y = np.array([0.02, 0.05, 0.01, 0.04, 0.03])


def test_the_variance_is_the_corrected_one():
    interval = cross_validated_interval(Y, n_train=800, n_test=200)
    assert float(interval.se) ** 2 == pytest.approx(Y.var(ddof=1) * (1 / 5 + 200 / 800))
    rows = cross_validated_interval(np.stack([Y, 2 * Y]), 800, 200, claims=2)
    assert rows.se[1] == pytest.approx(2 * rows.se[0])


def test_tiny_test_folds_give_the_plain_interval():
    corrected, plain = cross_validated_interval(Y, 10**9, 1), mean_interval(Y)
    assert corrected.low == pytest.approx(float(plain.low))


def test_verdicts_get_more_careful_and_no_seeds_are_promised():
    assert decide_interval(mean_interval(Y), 0.1).verdict == "equivalent"
    assert decide_interval(mean_interval(Y), 0.001).verdict == "supported"
    wide = decide_interval(cross_validated_interval(Y, 100, 100), 0.001)
    assert (wide.verdict, wide.seeds_needed) == ("undecided", None)


def test_accuracies_keep_their_floor():
    assert cross_validated_interval([0.5] * 5, 80, 20, accuracy=True).std == grid_floor(20)


def test_fold_sizes_are_positive():
    with pytest.raises(ConfigError, match="got 0 and 5"):
        cross_validated_interval(Y, 0, 5)
