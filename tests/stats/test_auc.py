"""Intervals of the area under the curve."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy.stats import norm
from sklearn.metrics import roc_auc_score

from mlplab.errors import ConfigError
from mlplab.stats import auc_interval

grades = st.lists(st.sampled_from([0.0, 0.25, 0.5, 0.75, 1.0]), min_size=2, max_size=20)


@given(st.lists(st.tuples(grades, grades), min_size=1, max_size=4))
def test_the_mean_is_that_of_scikit_learn_ties_counted_half(folds):
    wanted = [roc_auc_score([1] * len(p) + [0] * len(n), p + n) for p, n in folds]
    mean, low, high = auc_interval(folds)
    assert mean == pytest.approx(np.mean(wanted))
    assert 0 <= low <= mean + 1e-12
    assert mean - 1e-12 <= high <= 1


def test_the_variance_of_all_pairs_as_de_long_defines_it():
    rng = np.random.default_rng(0)
    above, below = rng.normal(0.5, 1, 30).round(1), rng.normal(0, 1, 20).round(1)
    beats = (above[:, None] > below) + 0.5 * (above[:, None] == below)
    variance = beats.mean(1).var(ddof=1) / 30 + beats.mean(0).var(ddof=1) / 20
    mean, low, high = auc_interval([(above, below)])
    reach = 1.959963984540054 * np.sqrt(variance) / (mean * (1 - mean))
    odds = np.log(mean / (1 - mean))
    assert np.log(low / (1 - low)) == pytest.approx(odds - reach)
    assert np.log(high / (1 - high)) == pytest.approx(odds + reach)


@pytest.mark.parametrize("shift", [0.0, 1.0, 2.0])
def test_it_covers_the_auc_of_two_normals(shift):
    rng = np.random.default_rng(1)
    truth, inside = norm.cdf(shift / np.sqrt(2)), 0
    for _ in range(600):
        folds = [(rng.normal(shift, 1, 20), rng.normal(0, 1, 30)) for _ in range(5)]
        _, low, high = auc_interval(folds)
        inside += low <= truth <= high
    assert 0.93 <= inside / 600 <= 0.975


def test_perfect_order_does_not_prove_perfection():
    mean, low, high = auc_interval([([2.0, 3.0], [0.0, 1.0])] * 5)
    assert (mean, high) == (1.0, 1.0)
    # Ten of ten: the least probability of success that luck allows at 2.5 %.
    assert low == pytest.approx(0.025 ** (1 / 10))
    assert auc_interval([([0.0, 1.0], [2.0, 3.0])] * 5)[1] == 0.0


def test_too_few_rows_are_refused():
    with pytest.raises(ConfigError, match="at least 2 rows of each kind; got 1 and 3"):
        auc_interval([([1.0], [1.0, 2.0, 3.0])])
    with pytest.raises(ConfigError, match="folds: expected at least one"):
        auc_interval([])
