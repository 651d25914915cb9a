"""Problems made from a seed: they hold what they say, and small ones are part of large ones."""

from __future__ import annotations

import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from mlplab.data import load_task
from mlplab.errors import ConfigError

seeds = st.integers(0, 2**40)
W = (5, 1.2, -3.4, 5.6)


@given(seeds, st.integers(2, 25))
def test_polynomial_features_are_scaled_powers_of_one_number(seed, n_terms):
    x = load_task("polynomial", seed=seed, n_terms=n_terms, dtype="float64").inputs
    base = x[:, 1]
    for i in range(n_terms):
        np.testing.assert_allclose(x[:, i], base**i / math.factorial(i), rtol=1e-12)


@given(seeds)
def test_without_noise_the_polynomials_targets_are_exact(seed):
    task = load_task("polynomial", seed=seed, noise=0, dtype="float64", n_terms=4)
    np.testing.assert_allclose(task.targets[:, 0], task.inputs @ W, rtol=1e-12, atol=1e-12)


def test_raw_powers_leave_the_targets_as_they_are():
    scaled = load_task("polynomial", dtype="float64", n_terms=8)
    raw = load_task("polynomial", dtype="float64", n_terms=8, scaled=False)
    factors = [math.factorial(i) for i in range(8)]
    np.testing.assert_allclose(raw.inputs, scaled.inputs * factors, rtol=1e-12)
    assert np.array_equal(raw.targets, scaled.targets)


@given(seeds)
def test_without_noise_the_linear_targets_are_exact(seed):
    task = load_task("sparse-linear", seed=seed, noise=0, dtype="float64", n_inputs=30)
    expected = 0.05 + 0.01 * task.inputs.sum(axis=1)
    np.testing.assert_allclose(task.targets[:, 0], expected, rtol=1e-12, atol=1e-14)


@pytest.mark.parametrize(("name", "sd"), [("polynomial", 0.1), ("sparse-linear", 0.01)])
def test_the_noise_has_the_stated_size_and_the_inputs_unit_variance(name, sd):
    n = 4000
    options = {"n_train": n, "dtype": "float64"}
    if name == "sparse-linear":
        options["n_inputs"] = 5
    noisy = load_task(name, **options)
    quiet = load_task(name, noise=0, **options)
    noise = (noisy.targets - quiet.targets)[:n, 0]
    assert abs(noise.mean()) < 4 * sd / np.sqrt(n)
    assert abs(noise.std() / sd - 1) < 0.05
    x = noisy.inputs[:n, 1]
    assert abs(x.std() - 1) < 0.05
    assert abs(np.corrcoef(x, noise)[0, 1]) < 4 / np.sqrt(n)


@given(seeds, st.integers(1, 20), st.integers(0, 20), st.integers(1, 5), st.integers(0, 5))
def test_fewer_examples_or_features_are_a_prefix_of_more(seed, n, more, k, wider):
    for name, width in (("polynomial", "n_terms"), ("sparse-linear", "n_inputs")):
        small = load_task(name, seed=seed, n_train=n, n_test=3, **{width: k})
        large = load_task(name, seed=seed, n_train=n + more, n_test=3, **{width: k + wider})
        assert np.array_equal(large.inputs[:n, :k], small.inputs[:n])
        assert np.array_equal(large.inputs[-3:, :k], small.inputs[-3:])
        if name == "polynomial":
            assert np.array_equal(large.targets[:n], small.targets[:n])
            assert np.array_equal(large.targets[-3:], small.targets[-3:])


@pytest.mark.parametrize("name", ["polynomial", "sparse-linear", "blobs", "xor", "spirals"])
def test_the_seed_decides_the_draw_and_train_and_test_differ(name):
    one, again, other = (load_task(name, seed=s, n_train=50, n_test=50) for s in (1, 1, 2))
    assert one.content == again.content != other.content
    assert not np.array_equal(one.inputs[:50], one.inputs[50:])


@pytest.mark.parametrize(
    ("name", "params", "match"),
    [
        ("polynomial", {"n_train": 0}, "n_train: expected a whole number from 1; got 0"),
        ("polynomial", {"n_terms": 2.5}, r"n_terms: expected a whole number from 1; got 2\.5"),
        ("polynomial", {"noise": -1}, "noise: expected a finite number from 0; got -1"),
        ("sparse-linear", {"n_inputs": True}, "n_inputs: expected a whole number"),
        ("sparse-linear", {"noise": float("inf")}, "noise: expected a finite number"),
        ("blobs", {"n_classes": 1}, "n_classes: expected a whole number from 2 to 1000000; got 1"),
        (
            "xor",
            {"noise": 1e39},
            r"noise: .* from 0 that float32 holds; got 1e\+39",
        ),
        (
            "sparse-linear",
            {"bias": -1e39},
            r"bias: .* number that float32 holds; got -1e\+39",
        ),
        ("polynomial", {"coefficients": [1, "x"]}, "coefficients: expected a list of finite"),
        (
            "modular-addition",
            {"modulus": 10**4},
            "modulus: expected at most 1,000,000,000 inputs in all; got 10000",
        ),
        ("xor", {"noise": "x"}, "noise: expected a finite number from 0; got 'x'"),
        ("spirals", {"n_test": 0}, "n_test: expected a whole number from 1"),
        ("polynomial", {"dtype": "int8"}, "dtype: expected"),
    ],
)
def test_parameters_out_of_range_are_named(name, params, match):
    with pytest.raises(ConfigError, match=match):
        load_task(name, **params)


NAMES = ("polynomial", "sparse-linear", "blobs", "xor", "spirals", "modular-addition")
PARAMETERS = [(name, parameter) for name in NAMES for parameter in load_task(name).params]


@pytest.mark.parametrize("value", ["x", "", "none", None, [], {}, [[]], math.nan, "1", True, 1.5])
@pytest.mark.parametrize(("name", "parameter"), PARAMETERS)
def test_a_value_of_another_type_is_named_or_makes_a_task(name, parameter, value):
    try:
        load_task(name, **{parameter: value})
    except ConfigError as problem:
        line = str(problem)
        assert line.startswith(f"{parameter}: expected "), line
        assert line.endswith(f"; got {value!r}"), line
    else:
        fits = {True: ["scaled"], 1.5: ["noise", "spread", "turns", "weight", "bias"]}
        assert value == [] if parameter == "coefficients" else parameter in fits[value]


SIZES = [(name, size) for name, size in PARAMETERS if size.startswith("n_") or size == "modulus"]


@pytest.mark.parametrize("size", [10**10, 10**23, 10**400])
@pytest.mark.parametrize(("name", "parameter"), SIZES)
def test_a_size_that_fits_no_machine_is_named(name, parameter, size):
    with pytest.raises(ConfigError, match=rf"\b{parameter}\b.*: expected .*{size}"):
        load_task(name, **{parameter: size})
