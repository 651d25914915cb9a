"""The conversions of lambda undo each other and fit the densities they come from."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from mlplab.theory import linear

positive = st.floats(0.01, 10)


@given(st.integers(0, 2**32), positive, positive, st.integers(1, 30))
def test_the_objective_is_the_negative_log_posterior_in_units_of_sigma_square_over_n(
    seed, sigma, width, n
):
    rng = np.random.default_rng(seed)
    X, y, w, v = (rng.standard_normal(s) for s in [(n, 3), (n,), (3,), (3,)])

    def squares(w):
        return np.square(y - X @ w).sum()

    l2, l1 = linear.gaussian_penalty(sigma, width, n), linear.laplace_penalty(sigma, width, n)
    for ours, prior in (
        (lambda w: l2 * (w @ w) / 2, lambda w: w @ w / (2 * width**2)),
        (lambda w: l1 * np.abs(w).sum(), lambda w: np.abs(w).sum() / width),
    ):
        mean = squares(w) / (2 * n) + ours(w) - squares(v) / (2 * n) - ours(v)
        log = squares(w) / (2 * sigma**2) + prior(w) - squares(v) / (2 * sigma**2) - prior(v)
        assert mean == pytest.approx(log * sigma**2 / n, rel=1e-8, abs=1e-9)


@given(positive, positive)
def test_elastic_net_alpha_holds_both_penalties(l1, l2):
    alpha, ratio = linear.elastic_net_alpha(l1, l2)
    assert (alpha * ratio, alpha * (1 - ratio)) == pytest.approx((l1, l2))
    assert linear.elastic_net_alpha(l1, 0.0) == (l1, 1.0)
