"""Samples of many seeds: the data sets' own numbers; more data extend less data."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from mlplab.data import load_task
from mlplab.data.draws import draw_polynomial, draw_sparse_linear
from mlplab.errors import ConfigError

seeds = st.lists(st.integers(0, 2**40), min_size=1, max_size=3)


@given(seeds)
def test_they_are_the_data_sets_bit_for_bit(seeds):
    x, y = draw_polynomial(seeds, 12)
    x_test, y_test = draw_polynomial(seeds, 9, part="test")
    X, z = draw_sparse_linear(seeds, 6, n_inputs=7)
    X_test, z_test = draw_sparse_linear(seeds, 5, part="test", n_inputs=7)
    for run, seed in enumerate(seeds):
        task = load_task("polynomial", seed=seed, n_train=12, n_test=9, dtype="float64")
        assert np.array_equal(task.inputs[:, 1], np.concatenate([x[run], x_test[run]]))
        assert np.array_equal(task.targets[:, 0], np.concatenate([y[run], y_test[run]]))
        task = load_task(
            "sparse-linear", seed=seed, n_train=6, n_test=5, n_inputs=7, dtype="float64"
        )
        assert np.array_equal(task.inputs, np.concatenate([X[run], X_test[run]]))
        assert np.array_equal(task.targets[:, 0], np.concatenate([z[run], z_test[run]]))


@given(seeds, st.integers(1, 15), st.integers(0, 15), st.integers(1, 4), st.integers(0, 4))
def test_less_data_are_a_prefix_of_more(seeds, n, more, n_inputs, wider):
    both = draw_polynomial(seeds, n), draw_polynomial(seeds, n + more)
    for small, large in zip(*both, strict=True):
        assert np.array_equal(large[:, :n], small)
    X, y = draw_sparse_linear(seeds, n, n_inputs=n_inputs)
    X_more, y_more = draw_sparse_linear(seeds, n + more, n_inputs=n_inputs)
    X_wide, _ = draw_sparse_linear(seeds, n, n_inputs=n_inputs + wider)
    assert np.array_equal(X_more[:, :n], X)
    assert np.array_equal(y_more[:, :n], y)
    assert np.array_equal(X_wide[..., :n_inputs], X)


@given(seeds)
def test_the_inputs_do_not_depend_on_noise_or_companions(seeds):
    x, y = draw_polynomial(seeds, 10)
    quiet_x, quiet = draw_polynomial(seeds, 10, noise=0.0)
    assert np.array_equal(x, quiet_x)
    w = (5.0, 1.2, -3.4, 5.6)
    wanted = w[0] + w[1] * x + w[2] * x**2 / 2 + w[3] * x**3 / 6
    np.testing.assert_allclose(quiet, wanted, rtol=1e-12, atol=1e-12)
    alone_x, alone_y = draw_polynomial(seeds[-1:], 10)
    assert np.array_equal(alone_x[0], x[-1])
    assert np.array_equal(alone_y[0], y[-1])


def test_seeds_and_parts_differ_and_the_noise_has_the_stated_size():
    x, y = draw_polynomial(range(300), 40)
    _, quiet = draw_polynomial(range(300), 40, noise=0.0)
    assert abs((y - quiet).std() / 0.1 - 1) < 5 / (2 * 12_000) ** 0.5
    assert abs(x.mean()) < 5 / 12_000**0.5
    assert len(np.unique(x[:, 0])) == 300
    assert not np.array_equal(x[:1], draw_polynomial([0], 40, part="test")[0])


@pytest.mark.parametrize(
    ("call", "match"),
    [
        (lambda: draw_polynomial([], 3), "seeds: expected at least one; got none"),
        (lambda: draw_polynomial([0], 0), "n: expected a whole number from 1; got 0"),
        (lambda: draw_polynomial([0], 3, noise=-1.0), "noise: expected a finite number from 0"),
        (lambda: draw_polynomial([0, 1.5], 3), r"seed: expected a whole number; got 1\.5"),
        (lambda: draw_polynomial([0], 10**23), "seeds, n: expected at most 1,000,000,000 inputs"),
        (lambda: draw_polynomial([0], 3, coefficients=3), "coefficients: expected a list of fin"),
        (lambda: draw_sparse_linear([0], 3, weight="x"), "weight: expected a finite number; got"),
        (lambda: draw_sparse_linear([0], 3, n_inputs=0), "n_inputs: expected a whole number"),
        (lambda: draw_sparse_linear([0], 3, part="valid"), "part: expected train or test; got 'va"),
    ],
)
def test_parameters_out_of_range_are_named(call, match):
    with pytest.raises(ConfigError, match=match):
        call()
