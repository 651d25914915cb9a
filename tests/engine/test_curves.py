"""Smooth activations in compiled loops: values and slopes, in the far tails too."""

from __future__ import annotations

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from tests.engine.kernel import bent

from mlplab.engine.activations import activation
from mlplab.engine.native.coverage import CURVES


def torch_s(name, z, alpha=1.0):
    """The same in double precision by the functions of stacks."""
    text = f"elu:{alpha}" if name == "elu" else name
    act, before = activation(text), torch.from_numpy(z.astype("f8"))
    after, slopes = before.clone(), torch.ones_like(before)
    act.forward(after)
    act.backward(slopes, after, before if act.needs_input else after)
    return after.numpy(), slopes.numpy()


@pytest.mark.parametrize("name", CURVES)
@pytest.mark.parametrize("dtype", ["f4", "f8"])
def test_values_and_slopes_are_those_of_torch(name, dtype):
    rng = np.random.default_rng(0)
    z = np.concatenate([
        rng.normal(size=2000), rng.uniform(-100, 100, 2000), np.linspace(-1e-3, 1e-3, 501),
        [0.0, 20.0, -86.9, -87.1, 88.0, -707.9, -708.1, 720.0, 1e30, -1e30],
    ]).astype(dtype)  # fmt: skip
    eps = np.finfo(dtype).eps
    # At z = 36 torch's slope of silu loses 36 times the rounding of 1 - sigmoid(z).
    near = 40 * eps if name == "silu" else 8 * eps
    for mine, exact in zip(bent(name, z), torch_s(name, z), strict=True):
        np.testing.assert_allclose(mine, exact, rtol=8 * eps, atol=near)


@pytest.mark.parametrize("name", ["tanh", "elu", "gelu", "silu"])
@pytest.mark.parametrize("dtype", ["f4", "f8"])
def test_nothing_is_lost_close_to_0(name, dtype):
    z = (np.logspace(-12, -1, 300) * np.where(np.arange(300) % 2, 1, -1)).astype(dtype)
    np.testing.assert_allclose(
        bent(name, z)[0], torch_s(name, z)[0], rtol=6 * np.finfo(dtype).eps, atol=0
    )


@pytest.mark.parametrize("name", ["sigmoid", "softplus"])
def test_nothing_is_lost_far_below_0(name):
    z = np.linspace(-80, -1, 400).astype("f4")
    for mine, exact in zip(bent(name, z), torch_s(name, z), strict=True):
        np.testing.assert_allclose(mine, exact, rtol=5e-7, atol=0)


@pytest.mark.parametrize("name", CURVES)
@pytest.mark.parametrize("dtype", ["f4", "f8"])
def test_what_is_no_number_stays_none_and_leaves_its_neighbours_alone(name, dtype):
    z = np.linspace(-3, 3, 64).astype(dtype)
    holed = z.copy()
    holed[::5] = np.nan
    values, slopes = bent(name, holed)
    assert np.isnan(values[::5]).all()
    rest = np.arange(64) % 5 > 0
    for mine, whole in zip((values, slopes), bent(name, z), strict=True):
        np.testing.assert_array_equal(mine[rest], whole[rest])


@settings(deadline=None)
@given(st.sampled_from(CURVES), st.floats(-30, 30), st.floats(-3, 3), st.floats(0, 2))
def test_bias_alpha_and_place_in_a_vector(name, z, bias, alpha):
    many = np.full(40, z)
    for mine, exact in zip(
        bent(name, many, bias, alpha), torch_s(name, many + bias, alpha), strict=True
    ):
        assert len(set(mine.tolist())) == 1
        np.testing.assert_allclose(mine, exact, rtol=1e-14, atol=1e-14)
