"""Signals at the first weights: closed forms for wide layers, and autograd."""

from __future__ import annotations

import numpy as np
import pytest
import torch

import mlplab as ml
from mlplab.specs import MLP, Run, TaskRef
from mlplab.specs.activation import ACTIVATION_FORMS
from mlplab.theory import signal
from mlplab.theory.differentiable import differentiable


@pytest.fixture(scope="module")
def wide():
    """Inputs of mean square 1, so that closed forms begin at 1."""
    rng = np.random.default_rng(0)
    X = rng.standard_normal((600, 500)).astype("f4")
    return ml.task_from_arrays(X, rng.integers(0, 10, 600))


def of(task, **net):
    return signal(Run(net=MLP(**net), task=TaskRef(**task.spec())), task, 500)


def test_he_keeps_the_mean_square_with_relu(wide):
    found = of(wide, hidden=(800,) * 5, activation="relu", init="he")
    # Half of z is cut off, and 2 / I makes up for it.
    assert found.mean_square[:-1] == pytest.approx(np.ones(5), rel=0.3)


def test_xavier_keeps_the_variance_where_tanh_is_nearly_straight(wide):
    found = of(wide, hidden=(500,) * 5, activation="tanh", init="xavier:0.1")
    assert found.variance[:5] == pytest.approx(0.01 ** np.arange(1, 6), rel=0.2)
    straight = of(wide, hidden=(500,) * 5, activation="identity", init="xavier")
    assert straight.variance[:5] == pytest.approx(np.ones(5), rel=0.1)


@pytest.mark.parametrize("std", [0.01, 0.05])
def test_small_normal_weights_shrink_it_by_their_variance(wide, std):
    found = of(wide, hidden=(500,) * 4, activation="relu", init=f"normal:{std}")
    ratios = found.mean_square[1:4] / found.mean_square[:3]
    assert ratios == pytest.approx(np.full(3, 500 * std**2 / 2), rel=0.25)
    # The gradient shrinks by the same factor on its way down.
    down = found.delta_square[:3] / found.delta_square[1:4]
    assert down == pytest.approx(np.full(3, 500 * std**2 / 2), rel=0.25)


@pytest.mark.parametrize("init", ["zeros", "constant:0.5"])
def test_equal_units_hand_on_equal_signals(wide, init):
    found = of(wide, hidden=(20, 20), init=init)
    if init == "zeros":
        assert not found.mean_square.any()
    assert np.isfinite(found.weight_gradient).all()


@pytest.mark.parametrize("name", ACTIVATION_FORMS)
def test_the_derivative_is_that_of_finite_differences(name):
    z = torch.linspace(-3, 3, 41, dtype=torch.float64) + 0.013
    apply = differentiable(name)
    leaf = z.clone().requires_grad_()
    apply(leaf).sum().backward()
    slope = (apply(z + 1e-6) - apply(z - 1e-6)) / 2e-6
    torch.testing.assert_close(leaf.grad, slope, rtol=1e-6, atol=1e-8)


def test_gradients_are_those_of_a_network_in_torch(wide):
    run = Run(net=MLP(hidden=(30,), activation="tanh"), task=TaskRef(**wide.spec()))
    found = signal(run, wide, 200)
    from mlplab.engine.initialise import initial_weight

    first, last = (
        torch.tensor(np.array(initial_weight(run.net.init, 0, layer, *shape))).requires_grad_()
        for layer, shape in enumerate([(30, 500), (10, 30)])
    )
    rows = wide.split(0, run.rows).train[:200]
    x = torch.tensor(np.array(wide.inputs[rows], dtype="f8"))
    z = torch.tanh(x @ first.t()) @ last.t()
    torch.nn.functional.cross_entropy(z, torch.tensor(np.array(wide.targets[rows]))).backward()
    wanted = [float(w.grad.square().mean().sqrt()) for w in (first, last)]
    assert found.weight_gradient == pytest.approx(wanted, rel=1e-10)
