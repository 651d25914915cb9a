"""Scaling with weights against numpy, repetition and the tables' own scaler."""

from __future__ import annotations

import numpy as np
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays
from numpy.testing import assert_allclose

from mlplab.estimators.scale import LIMIT, SmoothClip, quantiles
from mlplab.tabular import SmoothClipScaler

SHARES = (0.25, 0.5, 0.75)


@given(st.data())
def test_a_whole_weight_is_a_repetition(data):
    n = data.draw(st.integers(1, 12))
    values = data.draw(arrays(float, (n, 2), elements=st.integers(-5, 5).map(float)))
    weights = data.draw(arrays(float, n, elements=st.integers(1, 4).map(float)))
    repeated = np.repeat(values, weights.astype(int), axis=0)
    expected = np.quantile(repeated, SHARES, axis=0, method="averaged_inverted_cdf")
    assert_allclose(quantiles(values, weights, SHARES), expected)
    assert_allclose(quantiles(repeated, None, SHARES), expected)


def test_it_is_the_scaler_of_tables():
    # with 4k + 1 rows both definitions of a quartile are the same order statistic
    X = np.random.default_rng(0).standard_t(2, size=(401, 3))
    X[:, 2] = np.arange(401) == 7
    assert_allclose(
        SmoothClip.fit(X).transform(X, "float64"), SmoothClipScaler().fit_transform(X), atol=1e-12
    )


@given(arrays(float, (6, 2), elements=st.floats(allow_nan=False, allow_infinity=False)))
def test_nothing_exceeds_the_limit(X):
    out = SmoothClip.fit(X).transform(X)
    assert np.isfinite(out).all()
    assert np.abs(out).max() <= LIMIT * (1 + 1e-6)
