"""Functional analysis of variance of a grid."""

from __future__ import annotations

import itertools

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from mlplab.errors import ConfigError, DataError
from mlplab.stats import functional_anova, without_noise

shapes = st.lists(st.integers(1, 4), min_size=1, max_size=4)


def brute_force(grid):
    """Solve for all effects at once: least squares on dummies that sum to 0 along each axis."""
    k = grid.ndim
    contrasts = [np.vstack([np.eye(n - 1), -np.ones((1, n - 1))]) for n in grid.shape]
    cells = list(itertools.product(*(range(n) for n in grid.shape)))
    variances = {}
    blocks, owners = [np.ones((grid.size, 1))], [()]
    for size in range(1, k + 1):
        for axes in itertools.combinations(range(k), size):
            rows = []
            for cell in cells:
                row = np.ones(1)
                for axis in axes:
                    row = np.kron(row, contrasts[axis][cell[axis]])
                rows.append(row)
            blocks.append(np.array(rows).reshape(grid.size, -1))
            owners.append(axes)
    design = np.hstack(blocks)
    weights = np.linalg.lstsq(design, grid.ravel(), rcond=None)[0]
    start = 0
    for block, axes in zip(blocks, owners, strict=True):
        effect = block @ weights[start : start + block.shape[1]]
        start += block.shape[1]
        if axes:
            variances[axes] = float(np.mean(effect**2)) if block.shape[1] else 0.0
    return variances


@settings(deadline=None, max_examples=50)
@given(shape=shapes, seed=st.integers(0, 99))
def test_the_same_as_solving_for_all_effects_at_once(shape, seed):
    grid = np.random.default_rng(seed).normal(size=shape)
    names = "abcd"[: len(shape)]
    found = functional_anova(grid, list(names))
    for axes, variance in brute_force(grid).items():
        factors = tuple(names[axis] for axis in axes)
        assert found.variances[factors] == pytest.approx(variance, abs=1e-10)


@settings(deadline=None)
@given(shape=shapes, seed=st.integers(0, 99), shift=st.floats(-100, 100))
def test_variances_add_up_and_a_shift_changes_none(shape, seed, shift):
    grid = np.random.default_rng(seed).normal(size=shape)
    names = list("abcd"[: len(shape)])
    found = functional_anova(grid, names)
    assert sum(found.variances.values()) == pytest.approx(float(grid.var()), abs=1e-12)
    assert sum(found.order(n) for n in range(1, len(shape) + 1)) == pytest.approx(
        1.0 if grid.size > 1 else 0.0
    )
    moved = functional_anova(grid + shift, names)
    for factors, variance in found.variances.items():
        assert moved.variances[factors] == pytest.approx(variance, abs=1e-9)


@settings(deadline=None)
@given(seed=st.integers(0, 99))
def test_axes_in_another_order_tell_the_same(seed):
    grid = np.random.default_rng(seed).normal(size=(2, 3, 4))
    one = functional_anova(grid, ["a", "b", "c"]).variances
    other = functional_anova(np.moveaxis(grid, 0, 2), ["b", "c", "a"]).variances
    for factors, variance in one.items():
        match = next(key for key in other if set(key) == set(factors))
        assert other[match] == pytest.approx(variance)


def test_closed_form_of_a_sum_and_a_product():
    # f = x + 2 y + c x y on x, y in {-1, 1}: variances 1, 4 and c^2.
    x, y = np.meshgrid([-1.0, 1.0], [-1.0, 1.0], indexing="ij")
    found = functional_anova(x + 2 * y + 3 * x * y + 7, ["x", "y"])
    assert found.variances == pytest.approx({("x",): 1.0, ("y",): 4.0, ("x", "y"): 9.0})
    assert found.mean == pytest.approx(7.0)
    assert found.order(2) == pytest.approx(9 / 14)


def test_the_ishigami_function_on_a_fine_grid():
    # Sobol' indices in closed form: a = 7, b = 0.1, x uniform on (-pi, pi).
    n = 200
    axis = (np.arange(n) + 0.5) / n * 2 * np.pi - np.pi
    x, y, z = np.meshgrid(axis, axis, axis[::4], indexing="ij", sparse=True)
    found = functional_anova(np.sin(x) + 7 * np.sin(y) ** 2 + 0.1 * z**4 * np.sin(x), list("xyz"))
    v1, v2, v13 = 0.5 * (1 + 0.1 * np.pi**4 / 5) ** 2, 49 / 8, 0.01 * np.pi**8 * 8 / 225
    assert found.variances["x",] == pytest.approx(v1, rel=5e-3)
    assert found.variances["y",] == pytest.approx(v2, rel=5e-3)
    assert found.variances["x", "z"] == pytest.approx(v13, rel=2e-2)
    assert found.variances["x", "y"] == pytest.approx(0.0, abs=1e-12)


def test_nothing_varies():
    found = functional_anova(np.full((2, 3), 0.1), ["a", "b"])
    assert found.total == pytest.approx(0.0, abs=1e-30)
    assert set(functional_anova(np.zeros((2, 2)), ["a", "b"]).shares.values()) == {0.0}


@pytest.mark.parametrize("shared", [0.0, 0.8])
def test_noise_is_taken_out_on_average(shared):
    rng = np.random.default_rng(1)
    truth = np.add.outer([0.0, 1.0, 2.0], [0.0, 0.5]) + np.array([[0, 0], [0, 0.6], [0, 0]])
    wanted = functional_anova(truth, ["a", "b"]).variances
    sums = dict.fromkeys(wanted, 0.0)
    raw = dict.fromkeys(wanted, 0.0)
    n = 4000
    for _ in range(n):
        noise = np.sqrt(shared) * rng.normal(size=(1, 1, 3))
        noise = noise + np.sqrt(1 - shared) * rng.normal(size=(3, 2, 3))
        found = functional_anova(truth[..., None] + noise, ["a", "b", "seed"])
        for factors in wanted:
            both = (*factors, "seed")
            sums[factors] += (found.variances[factors] - found.variances[both] / 2) / n
            raw[factors] += found.variances[factors] / n
    assert sums == pytest.approx(wanted, abs=0.02)
    if not shared:
        assert raw["a", "b"] > wanted["a", "b"] + 0.05


def test_without_noise_never_goes_below_nothing():
    rng = np.random.default_rng(0)
    found = functional_anova(rng.normal(size=(4, 3, 5)), ["a", "b", "seed"])
    clean = without_noise(found, "seed")
    assert clean.names == ("a", "b")
    assert clean.sizes == (4, 3)
    assert min(clean.variances.values()) >= 0
    assert clean.total < found.total / 4


@pytest.mark.parametrize(
    ("call", "kind", "words"),
    [
        (lambda: functional_anova(np.ones((2, 2)), ["a"]), ConfigError, "each of 2 axes"),
        (lambda: functional_anova(np.ones((2, 2)), ["a", "a"]), ConfigError, "each once"),
        (lambda: functional_anova([1.0, np.nan], ["a"]), DataError, "1 of 2 are not"),
        (lambda: functional_anova(np.ones((0, 2)), ["a", "b"]), DataError, "0 of 0"),
        (lambda: without_noise(functional_anova([1.0], ["a"]), "s"), ConfigError, "got 's'"),
        (lambda: without_noise(functional_anova([1.0], ["a"]), "a"), ConfigError, "at least 2"),
    ],
)
def test_what_does_not_fit_is_named(call, kind, words):
    with pytest.raises(kind, match=words):
        call()
