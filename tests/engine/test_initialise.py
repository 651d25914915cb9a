"""First weights: the laws and matrices that their names promise."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from mlplab.engine.initialise import initial_weight
from mlplab.specs import Init

few = settings(max_examples=30, deadline=None)
sizes = st.integers(1, 40)


def drawn(text: str, n_out: int, n_in: int, seed: int = 0) -> np.ndarray:
    return initial_weight(Init.model_validate(text), seed, 0, n_out, n_in)


@few
@given(sizes, sizes, st.integers(0, 99), st.sampled_from([1.0, 0.5, 3.0]))
def test_orthogonal_rows_or_columns_are_orthonormal(n_out, n_in, seed, scale):
    q = drawn(f"orthogonal:{scale}", n_out, n_in, seed)
    square = q @ q.T if n_out <= n_in else q.T @ q
    assert square == pytest.approx(scale**2 * np.eye(min(n_out, n_in)), abs=1e-9)
    assert np.square(q).mean() == pytest.approx(scale**2 / max(n_out, n_in))


def test_orthogonal_matrices_are_uniform():
    """The law does not change when it is turned: each entry's sign and place are alike."""
    many = np.stack([drawn("orthogonal", 3, 3, seed) for seed in range(500)])
    assert many.mean(0) == pytest.approx(np.zeros((3, 3)), abs=0.1)
    assert np.square(many).mean(0) == pytest.approx(np.full((3, 3), 1 / 3), abs=0.05)
    # The trace of a uniform orthogonal matrix has mean 0 and variance 1.
    traces = np.trace(many, axis1=1, axis2=2)
    assert traces.mean() == pytest.approx(0, abs=0.18)
    assert traces.var() == pytest.approx(1, abs=0.3)


@pytest.mark.parametrize(("text", "variance"), [
    ("he-uniform", 2 / 400), ("xavier-uniform", 2 / 700), ("he-uniform:0.5", 0.5 / 400),
])  # fmt: skip
def test_uniform_forms_have_the_variance_of_the_normal_ones(text, variance):
    w = drawn(text, 300, 400)
    assert w.var() == pytest.approx(variance, rel=0.02)
    assert np.abs(w).max() == pytest.approx((3 * variance) ** 0.5, rel=1e-3)
    plain = drawn(text.replace("-uniform", ""), 300, 400)
    assert plain.var() == pytest.approx(w.var(), rel=0.03)


def test_bounds_of_uniform():
    w = drawn("uniform:-1,3", 300, 400)
    assert (w.min(), w.max()) == pytest.approx((-1, 3), abs=1e-3)
    assert w.var() == pytest.approx(16 / 12, rel=0.02)
    assert np.array_equal(drawn("uniform:0.2", 4, 5), 0.2 * drawn("uniform:1", 4, 5))


@few
@given(sizes, sizes)
def test_identity_and_constants(n_out, n_in):
    assert np.array_equal(drawn("identity:2", n_out, n_in), 2 * np.eye(n_out, n_in))
    assert np.array_equal(drawn("constant:0.3", n_out, n_in), np.full((n_out, n_in), 0.3))
    assert not drawn("zeros", n_out, n_in).any()
