"""What 4.6.7 computes: dropout around a ReLU, and sums under masks."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from mlplab.engine.noise import realised_rate
from mlplab.exercises.section_4_6.drop_connect.pre_activation import (
    SIMULATED,
    sums_without_weights,
    variance,
)
from mlplab.exercises.section_4_6.drop_connect.prove import (
    rests_of_leaky_relu,
    rests_of_moments,
    rests_of_slopes,
)


@given(st.floats(-(2.0**100), 2.0**100, width=32), st.floats(0, 0.99))
def test_dropout_commutes_with_relu_to_the_bit(z, rate):
    z = np.float32(z)
    for mask in (np.float32(0), np.float32(1 / (1 - rate))):
        assert np.maximum(mask * z, 0) == mask * np.maximum(z, 0)


def test_every_rest_is_nothing():
    assert not any([*rests_of_leaky_relu(), *rests_of_slopes(), *rests_of_moments().values()])


@pytest.mark.parametrize("kind", SIMULATED)
def test_sums_have_their_mean_and_variance(kind):
    draws = np.random.default_rng(0)
    weights, x = draws.standard_normal((3, 20)), draws.standard_normal((2, 20))
    found = SIMULATED[kind](weights, x, 0.3, 8192)
    assert found.shape == (8192, 2, 3)
    known = variance(weights, x, realised_rate(0.3))
    assert (np.abs(found.mean(0) - x @ weights.T) < 5 * np.sqrt(known / 8192)).all()
    np.testing.assert_allclose(found.var(0), known, rtol=0.15)


def test_without_a_rate_nothing_is_dropped():
    weights, x = np.ones((2, 16)), np.ones((1, 16))
    assert (sums_without_weights(weights, x, 0.0, 4) == 16).all()
