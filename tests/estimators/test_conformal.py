"""Coverage: the quantile against its definition, and by simulation."""

from __future__ import annotations

import numpy as np
import pytest
from scipy.stats import binom

from mlplab import MLPClassifier, MLPRegressor
from mlplab.errors import ConfigError
from mlplab.estimators.conformal import conformal_quantile

QUICK = {"hidden": (16,), "epochs": 8, "n_seeds": 2, "calibration": 0.3}


def draw(rng, n):
    X = rng.normal(size=(n, 2))
    return X, np.sin(X[:, 0]) + (0.2 + np.abs(X[:, 1])) * rng.normal(size=n)


@pytest.mark.parametrize("coverage", [0.5, 0.8, 0.9])
@pytest.mark.parametrize("n", [9, 20, 99])
def test_the_quantile_covers_a_fresh_score(n, coverage):
    # P(fresh <= k-th of n) = k / (n + 1) for continuous scores
    rng = np.random.default_rng(n)
    scores = rng.exponential(size=(4000, n + 1))
    edges = [conformal_quantile(row[:-1], coverage) for row in scores]
    hits = int((scores[:, -1] <= edges).sum())
    exact = np.ceil((n + 1) * coverage - 1e-9) / (n + 1)
    low, high = binom.ppf([0.0005, 0.9995], 4000, exact)
    assert low <= hits <= high
    assert coverage - 1e-9 <= exact <= coverage + 1 / (n + 1)


def test_intervals_cover_at_the_stated_rate():
    hits, total = 0, 0
    for seed in range(25):
        rng = np.random.default_rng(seed)
        model = MLPRegressor(**QUICK, random_state=seed).fit(*draw(rng, 130))
        X, y = draw(rng, 400)
        low, high = model.predict_interval(X, coverage=0.8).T
        hits += int(((low <= y) & (y <= high)).sum())
        total += 400
    # 39 held-out rows: the rate of one fit varies with deviation 0.063, the mean of 25 with 0.013
    assert 0.8 - 0.04 < hits / total < 0.8 + 1 / 40 + 0.04


def test_sets_cover_at_the_stated_rate():
    hits = []
    for seed in range(20):
        rng = np.random.default_rng(seed)
        X = rng.normal(size=(600, 2))
        y = (X[:, 0] + rng.normal(size=600) > 0).astype(int) + (X[:, 1] > 1)
        model = MLPClassifier(**QUICK, random_state=seed).fit(X[:200], y[:200])
        sets = model.predict_set(X[200:], coverage=0.9)
        hits.append(sets[np.arange(400), y[200:]].mean())
    assert 0.86 < np.mean(hits) < 0.95


def test_intervals_have_the_shape_of_the_targets_and_nest():
    X, y = draw(np.random.default_rng(0), 200)
    both = np.stack([y, 10 * y], axis=1)
    model = MLPRegressor(**QUICK, random_state=0).fit(X, both)
    narrow, wide = (model.predict_interval(X, coverage=c) for c in (0.5, 0.9))
    assert narrow.shape == (200, 2, 2)
    assert (wide[..., 0] < narrow[..., 0]).all()
    assert (narrow[..., 1] < wide[..., 1]).all()
    np.testing.assert_allclose(narrow.mean(axis=-1), model.predict(X))


def test_what_cannot_be_stated_is_refused():
    X, y = draw(np.random.default_rng(0), 40)
    model = MLPRegressor(**QUICK, random_state=0).fit(X, y)
    with pytest.raises(ConfigError, match="needs at least 99 held-out rows; got 12"):
        model.predict_interval(X, coverage=0.99)
    with pytest.raises(ConfigError, match="coverage: expected a share between 0 and 1; got 90"):
        model.predict_interval(X, coverage=90)
    model.set_params(calibration=0.0).fit(X, y)
    with pytest.raises(ConfigError, match=r"set calibration=0\.2 and fit again"):
        model.predict_interval(X)
