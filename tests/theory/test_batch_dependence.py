"""Batch norm's dependence on the batch: against plain normalising, simulation, the engine."""

from __future__ import annotations

import numpy as np
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st

import mlplab as ml
from mlplab.engine import predict
from mlplab.engine.norms import EPS, BatchNorm
from mlplab.errors import ConfigError
from mlplab.specs import MLP, Run
from mlplab.theory.batch_dependence import (
    NormedNet,
    among_mates,
    scores_among_mates,
    spread_of_first_order,
)

numbers = st.integers(-100, 100).map(float)  # their equal sums are exact


def net_of(rng, units=30, features=12, classes=4, norm="batch", activation="relu"):
    """Make a network with random weights, and the run it might come from."""
    weights = {
        "layers.0.weight": rng.standard_normal((units, features)),
        "layers.0.bias": 0.3 * rng.standard_normal(units),
        "layers.0.gain": rng.uniform(0.5, 2, units),
        "layers.1.weight": rng.standard_normal((classes, units)),
        "layers.1.bias": rng.standard_normal(classes),
    }
    if norm == "batch":
        weights["layers.0.mean"] = rng.standard_normal(units)
        weights["layers.0.variance"] = rng.uniform(0.5, 2, units)
    run = Run(net=MLP(hidden=(units,), norm=norm, activation=activation))
    return run, weights, NormedNet.of(run, weights)


@given(st.lists(numbers, min_size=1, max_size=20), numbers, st.sampled_from([0.0, EPS, 0.1]))
def test_the_formula_is_plain_normalising_of_the_whole_batch(mates, z, eps):
    batch = np.array([z, *mates])
    mean, variance = np.mean(mates), np.var(mates)
    found = among_mates(np.array(z), mean, variance, len(mates), eps)
    if batch.var() + eps < 1e-12:
        assert found == 0
        return
    wanted = (z - batch.mean()) / np.sqrt(batch.var() + eps)
    assert found == pytest.approx(wanted, rel=1e-6, abs=1e-6)


@given(st.integers(1, 300), numbers, st.floats(0, 1e4))
def test_no_value_exceeds_the_root_of_the_number_of_mates(n_mates, mean, variance):
    far = np.array([-1e6, -1.0, 0.0, 2.0, 1e6])
    found = among_mates(far, np.array(mean), np.array(variance), n_mates)
    assert abs(found).max() <= np.sqrt(n_mates) * (1 + 1e-9)


def test_alone_nothing_is_left():
    assert among_mates(np.array(5.0), np.array(0.0), np.array(0.0), n_mates=0, eps=EPS) == 0


@pytest.mark.parametrize("norm", ["batch", "layer"])
@pytest.mark.parametrize("activation", ["relu", "tanh"])
def test_evaluation_is_what_the_engine_predicts(norm, activation):
    from safetensors.numpy import save

    rng = np.random.default_rng(1)
    run, weights, net = net_of(rng, norm=norm, activation=activation)
    inputs = rng.standard_normal((50, 12))
    wanted = predict(run, save(weights), inputs)
    np.testing.assert_allclose(net.evaluated(net.values(inputs)), wanted, rtol=1e-9, atol=1e-9)


def test_batches_are_normalised_as_the_engine_and_torch_do():
    rng = np.random.default_rng(2)
    _, _, net = net_of(rng)
    z = rng.standard_normal((3, 8, 30))
    engine = BatchNorm(3, 30, 8, torch.from_numpy(np.tile(net.bias, (3, 1))))
    engine.gain[:] = torch.from_numpy(net.gain)
    h = torch.from_numpy(z.transpose(0, 2, 1).copy())
    engine.forward(h, 8)
    found = net.in_batches(z)
    hidden = h.numpy().transpose(0, 2, 1).clip(min=0)
    np.testing.assert_allclose(found, hidden @ net.last.T + net.offset, rtol=1e-9, atol=1e-9)
    y = torch.nn.functional.batch_norm(
        torch.from_numpy(z[0]), None, None, torch.from_numpy(net.gain),
        torch.from_numpy(net.bias), training=True, eps=EPS,
    )  # fmt: skip
    np.testing.assert_allclose(hidden[0], y.clamp(min=0).numpy(), rtol=1e-9, atol=1e-9)


def test_scores_among_mates_are_those_of_whole_batches():
    rng = np.random.default_rng(3)
    _, _, net = net_of(rng)
    # One row to draw from: every mate is known.
    pool, z = rng.standard_normal((1, 30)), rng.standard_normal((5, 30))
    found = scores_among_mates(net, z, pool, size=4, n_batches=2, seed=0)
    for example, row in enumerate(z):
        whole = net.in_batches(np.stack([row, *np.repeat(pool, 3, 0)])[None])[0, 0]
        np.testing.assert_allclose(found[:, example], np.stack([whole, whole]), atol=1e-9)


def test_the_draw_is_keyed():
    rng = np.random.default_rng(4)
    _, _, net = net_of(rng)
    pool, z = rng.standard_normal((40, 30)), rng.standard_normal((2, 30))
    one = scores_among_mates(net, z, pool, 8, 4, seed=1)
    assert np.array_equal(one, scores_among_mates(net, z, pool, 8, 6, seed=1)[:4])
    assert not np.array_equal(one, scores_among_mates(net, z, pool, 8, 4, seed=2))


@pytest.mark.parametrize("activation", ["relu", "tanh"])
def test_the_first_order_law_holds_in_large_batches(activation):
    rng = np.random.default_rng(5)
    _, _, net = net_of(rng, activation=activation)
    pool = rng.standard_normal((500, 30)) ** 3 / 3 + rng.standard_normal(30)
    z, size = pool[:20], 1500
    seen = scores_among_mates(net, z, pool, size, 500, seed=0).std(0, ddof=1) * size**0.5
    wanted = spread_of_first_order(net, z, pool)
    # Over 80 spreads of 500 draws each: sampling leaves about 3 % on each.
    assert np.median(seen / wanted) == pytest.approx(1, abs=0.04)
    assert abs(np.log(seen / wanted)).max() < 0.3


def test_large_batches_settle():
    rng = np.random.default_rng(7)
    _, _, net = net_of(rng)
    pool, z = rng.standard_normal((100, 30)), rng.standard_normal((3, 30))
    seen = scores_among_mates(net, z, pool, 20_000, 5, seed=0).mean(0)
    np.testing.assert_allclose(seen, net.settled(z, pool), atol=0.1)
    whole = net.in_batches(pool[None])[0]
    np.testing.assert_allclose(net.settled(pool, pool), whole, rtol=1e-9)


def test_layer_norm_has_no_mates():
    rng = np.random.default_rng(6)
    _, _, net = net_of(rng, norm="layer")
    z = rng.standard_normal((2, 8, 30))
    z[:, 0] = z[0, 0]
    found = net.in_batches(z)
    np.testing.assert_allclose(found[0, 0], found[1, 0], rtol=1e-13)
    assert abs(found[0, 1] - found[1, 1]).max() > 0.01


@pytest.mark.parametrize("net", [{"hidden": (4, 4), "norm": "batch"}, {"hidden": (4,)}])
def test_other_networks_are_refused_in_one_line(net):
    with pytest.raises(ConfigError, match="expected one hidden layer with a norm"):
        NormedNet.of(ml.Run(net=MLP(**net)), {})
