"""Graphs of modules: traced, and computed as the module computes."""

from __future__ import annotations

import threading

import numpy as np
import pytest
import torch
from torch import nn

from mlplab.errors import ConfigError
from mlplab.theory import trace_module


class Residual(nn.Module):
    """Branches, a free parameter, tied weights and a method call."""

    def __init__(self):
        super().__init__()
        self.inner = nn.Linear(6, 6)
        self.norm = nn.BatchNorm1d(6)
        self.scale = nn.Parameter(torch.full((6,), 0.5))
        self.last = nn.Linear(6, 3)

    def forward(self, x):
        h = torch.relu(self.norm(self.inner(x)))
        h = self.inner(h) * self.scale + x
        return self.last(h.view(-1, 6))


class Shapely(nn.Module):
    """Depends on shapes, which torch.fx cannot follow."""

    def __init__(self):
        super().__init__()
        self.first = nn.Linear(6, 4)
        self.norm = nn.BatchNorm1d(4)
        self.last = nn.Linear(4, 3)

    def forward(self, x):
        if x.shape[1] != 6:
            raise ValueError(f"expected 6 features; got {x.shape[1]}")
        h = torch.tanh(self.norm(self.first(x)))
        for _ in range(h.ndim):
            h = h * 0.5
        return self.last(h)


class Branching(nn.Module):
    """Cannot be traced: what it does depends on values."""

    def __init__(self):
        super().__init__()
        self.last = nn.Linear(6, 3)

    def forward(self, x):
        return self.last(x if x.sum() > 0 else -x)


def convolution():
    return nn.Sequential(
        nn.Unflatten(1, (1, 4, 4)), nn.Conv2d(1, 2, 3), nn.ReLU(), nn.Flatten(), nn.Linear(8, 3)
    )


def attention():
    layer = nn.TransformerEncoderLayer(4, 2, 8, dropout=0.0, batch_first=True)
    return nn.Sequential(nn.Unflatten(1, (2, 3)), nn.Linear(3, 4), layer.self_attn.out_proj,
                         nn.Flatten(), nn.Linear(8, 3))  # fmt: skip


@pytest.mark.parametrize(
    ("make", "n_features"), [(Residual, 6), (convolution, 16), (attention, 6), (Shapely, 6)]
)
def test_values_and_gradients_are_those_of_the_module(make, n_features):
    model = make()
    traced = trace_module(model, n_features, l2=0.3)
    x, y = traced.draw_example(seed=4)
    found = traced.values(x, y)
    model = model.double().eval()
    inputs = torch.tensor(x[None], requires_grad=True)
    loss = nn.functional.cross_entropy(model(inputs), torch.tensor(y[None]))
    squares = sum(one.square().sum() for one in model.parameters() if one.ndim > 1)
    (loss + 0.15 * squares).backward()
    assert found.values["L"] == pytest.approx(loss.item(), rel=1e-10)
    np.testing.assert_allclose(found.gradients["x"], inputs.grad[0], rtol=1e-9, atol=1e-12)
    known = dict(model.named_parameters())
    for name, parameter in known.items():
        ours = found.gradients[name if name in found.gradients else f"{name}.value"]
        np.testing.assert_allclose(ours, parameter.grad, rtol=1e-9, atol=1e-12)
    # A parameter that two places use is one variable.
    parameters = [one for one in traced.graph.variables.values() if one.role == "parameter"]
    assert len(parameters) == len(known)


def test_what_torch_export_says_of_its_failures_stays_unsaid(capfd):
    with pytest.raises(ConfigError):
        trace_module(Branching(), 6)
    assert capfd.readouterr() == ("", "")


def test_a_regulariser_needs_weights():
    with pytest.raises(ConfigError, match="l2: module 'mine' has no weights"):
        trace_module(nn.Flatten(), 3, l2=0.1, name="mine")


def test_the_module_itself_stays_as_it_was():
    model = Residual().train()
    before = {name: one.clone() for name, one in model.state_dict().items()}
    traced = trace_module(model, 6)
    traced.values(*traced.draw_example())
    assert model.training
    assert all(torch.equal(one, before[name]) for name, one in model.state_dict().items())
    assert all(one.grad is None for one in model.parameters())


@pytest.mark.parametrize(
    ("model", "n_features", "message"),
    [
        (
            Branching(),
            6,
            "'mine': neither torch.fx nor torch.export can trace it .* on values",
        ),
        (Residual(), 5, "'mine': fails on inputs of 5 features .* try another --features"),
        (nn.Linear(4, 3).requires_grad_(False), 5, "fails on inputs of 5 features"),
        (nn.Unflatten(1, (2, 2)), 4, r"expected one tensor \(B, n_outputs\); got \(2, 2, 2\)"),
    ],
)
def test_what_cannot_be_drawn_is_one_line(model, n_features, message):
    with pytest.raises(ConfigError, match=message) as problem:
        trace_module(model, n_features, name="mine")
    assert "\n" not in str(problem.value)


def test_a_trace_leaves_no_thread_behind() -> None:
    before = set(threading.enumerate())
    trace_module(nn.Sequential(nn.Linear(3, 2)), 3)
    assert set(threading.enumerate()) <= before
