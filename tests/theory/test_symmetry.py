"""Units made equal, told apart and exchanged: plain layers, and the networks of 4.8.1."""

from __future__ import annotations

import numpy as np
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st
from torch import nn

from mlplab.errors import ConfigError
from mlplab.exercises.section_4_8.other_symmetries.networks import AXES, exchangeable_units
from mlplab.theory import equalise, exchange_error, unit_spread

HIDDEN = {"0.weight": 0, "0.bias": 0, "2.weight": 1}


def perceptron(width):
    torch.manual_seed(width)
    return nn.Sequential(nn.Linear(5, width), nn.Tanh(), nn.Linear(width, 3)).double()


@pytest.mark.parametrize("n_units", [1, 2, 7, 8])
@pytest.mark.parametrize("kind", AXES)
def test_exchanged_units_change_nothing_and_equal_ones_stay_equal(kind, n_units):
    torch.manual_seed(n_units)
    drawn = exchangeable_units(64, 10, kind, n_units, equal=False).double()
    images = torch.rand(12, 64, dtype=torch.float64)
    assert exchange_error(drawn, images, n_units, AXES[kind]) < 1e-13
    equal = exchangeable_units(64, 10, kind, n_units).double()
    assert unit_spread(dict(equal.state_dict()), n_units, AXES[kind]) == 0
    optimiser = torch.optim.SGD(equal.parameters(), lr=0.1)
    for _ in range(5):
        optimiser.zero_grad()
        nn.functional.cross_entropy(equal(images), torch.arange(12) % 10).backward()
        optimiser.step()
    trained = {name: p.detach() for name, p in equal.named_parameters()}
    # Keys' biases have no gradient but rounding, and start with a size.
    assert unit_spread(trained, n_units, AXES[kind]) < 1e-10


@pytest.mark.parametrize("wrong", [
    {"0.weight": 0, "0.bias": 0},
    {"0.weight": 1, "2.weight": 1},
    {"2.weight": 0, "2.bias": 0},
])  # fmt: skip
def test_a_part_of_a_unit_may_not_change_places(wrong):
    net = perceptron(15)
    n_units = 3 if "2.bias" in wrong else 5
    assert exchange_error(net, torch.rand(9, 5, dtype=torch.float64), n_units, wrong) > 1e-3


def test_exchange_leaves_the_network_as_it_was():
    net = perceptron(6)
    before = {name: p.clone() for name, p in net.state_dict().items()}
    exchange_error(net, torch.rand(4, 5, dtype=torch.float64), 6, HIDDEN)
    assert all(torch.equal(p, before[name]) for name, p in net.state_dict().items())


def test_heads_of_torchs_own_attention():
    torch.manual_seed(0)

    class Heads(nn.Module):
        def __init__(self):
            super().__init__()
            self.attend = nn.MultiheadAttention(12, 4, batch_first=True)

        def forward(self, x):
            return self.attend(x, x, x)[0]

    net = Heads().double()
    # Queries, keys and values lie in one matrix: its heads are blocks of three thirds.
    with torch.no_grad():
        split = net.attend.in_proj_weight.unflatten(0, (3, 4, 3))
        net.attend.in_proj_weight.copy_(split[:, :1].expand(3, 4, 3, 12).flatten(0, 2))
    equalise(net, 4, {"attend.out_proj.weight": 1})
    whole = {"attend.in_proj_weight": net.attend.in_proj_weight.detach().unflatten(0, (3, 12))}
    assert unit_spread(whole, 4, {"attend.in_proj_weight": 1}) == 0


@given(st.integers(1, 6), st.integers(1, 4), st.integers(0, 2), st.floats(1e-6, 1.0))
def test_spread_is_the_largest_difference_from_the_first(n_units, block, axis, apart):
    rng = np.random.default_rng(0)
    unit = rng.uniform(1, 2, (block, 2, 3))
    units = np.repeat(unit[None], n_units, 0)
    units[-1, 0, 0, 0] += apart if n_units > 1 else 0
    laid = np.moveaxis(units.reshape(n_units * block, 2, 3), 0, axis)
    expected = apart / abs(units).max() if n_units > 1 else 0
    assert unit_spread({"w": laid}, n_units, {"w": axis}) == pytest.approx(expected, rel=1e-9)
    assert unit_spread({"w": laid * 1e9}, n_units, {"w": axis - 3}) == pytest.approx(
        expected, rel=1e-9
    )


def test_zeros_are_equal():
    assert unit_spread({"w": np.zeros((4, 2))}, 4, {"w": 0}) == 0


@pytest.mark.parametrize(("n_units", "axes", "words"), [
    (4, {"0.wieght": 0}, "no parameter '0.wieght'; .*0.weight"),
    (4, {"0.weight": 2}, "0.weight has 2 axes; got 2"),
    (4, {"0.weight": 0}, "expected a multiple of 4 units along axis 0 of 0.weight; got 6"),
    (0, {"0.weight": 0}, "n_units: expected 1 at least; got 0"),
])  # fmt: skip
def test_wrong_units_are_one_line(n_units, axes, words):
    net = perceptron(6)
    for call in (
        lambda: equalise(net, n_units, axes),
        lambda: unit_spread(dict(net.state_dict()), n_units, axes),
        lambda: exchange_error(net, torch.rand(2, 5, dtype=torch.float64), n_units, axes),
    ):
        with pytest.raises(ConfigError, match=words):
            call()


def test_kinds_are_named():
    with pytest.raises(ConfigError, match="expected hidden units, channels"):
        exchangeable_units(64, 10, "chanels")
