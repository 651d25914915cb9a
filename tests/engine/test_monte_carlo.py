"""Monte-Carlo prediction: its mean and variance where they have closed forms."""

from __future__ import annotations

import numpy as np
import pytest
import torch
from tests.engine.plain import unpack_layers
from tests.engine.population import made_up, of, trained

import mlplab as ml
from mlplab.engine import predict, predict_samples
from mlplab.errors import ConfigError, DataError
from mlplab.specs import MLP, SGD, Fit, Module

S = 4000
RATE = 0.3
KEPT = RATE / (1 - RATE)


@pytest.fixture(scope="module")
def task():
    """Three outputs of numbers: what noise adds is linear in them."""
    return made_up("regression", n=60, features=5, outputs=3)


def left(task, **net):
    """A run's spec and what it left."""
    run = of(task, net=MLP(activation="identity", **({"hidden": (8,)} | net)), optim=SGD(lr=0.05),
             fit=Fit(epochs=1, batch_size=16, dtype="float64"))  # fmt: skip
    return run, trained([run], task)[run.key].weights


VARIANCES = {
    "gaussian": lambda h, x, w1, w2: RATE**2 * np.ones_like(h) @ (w2.T**2),
    "uniform": lambda h, x, w1, w2: RATE**2 / 12 * np.ones_like(h) @ (w2.T**2),
    "multiplicative": lambda h, x, w1, w2: RATE**2 * h**2 @ (w2.T**2),
    "dropout-before": lambda h, x, w1, w2: KEPT * h**2 @ (w2.T**2),
    "dropout": lambda h, x, w1, w2: KEPT * h**2 @ (w2.T**2),
    "drop-connect-each": lambda h, x, w1, w2: KEPT * (x**2 @ (w1.T**2)) @ (w2.T**2),
    "drop-connect": lambda h, x, w1, w2: KEPT * (x**2 @ (w1.T**2)) @ (w2.T**2),
}


@pytest.mark.parametrize("noise", VARIANCES)
def test_one_layers_moments_are_those_of_the_formula(task, noise):
    net = {"dropout": RATE} if noise == "dropout" else {"noise": noise, "noise_strength": RATE}
    run, weights = left(task, **net)
    x = task.inputs[:4]
    found = predict_samples(run, weights, x, S, scale=task.input_scale)
    first, last = unpack_layers(weights)
    w1, w2 = first.weight.numpy(), last.weight.numpy()
    x = np.float64(x) * task.input_scale
    h = x @ w1.T + first.bias.numpy()
    mean = predict(run, weights, task.inputs[:4], task.input_scale)
    if noise == "uniform":
        mean = mean + RATE / 2 * np.ones_like(h) @ w2.T
    variance = VARIANCES[noise](h, x, w1, w2)
    assert found.shape == (S, 4, 3)
    assert (abs(found.mean(0) - mean) < 5 * np.sqrt(variance / S)).all()
    np.testing.assert_allclose(found.var(0), variance, rtol=0.2)


@pytest.mark.parametrize("noise", ["drop-connect", "drop-connect-each"])
def test_equal_examples_share_masks_where_a_batch_does(task, noise):
    run, weights = left(task, noise=noise, noise_strength=RATE)
    x = task.inputs[[0, 0]]
    first, second = predict_samples(run, weights, x, 300, scale=task.input_scale).swapaxes(0, 1)
    if noise == "drop-connect":
        np.testing.assert_allclose(first, second, rtol=1e-12)
    else:
        correlations = [np.corrcoef(first[:, k], second[:, k])[0, 1] for k in range(3)]
        assert np.abs(correlations).max() < 5 / np.sqrt(300)


def test_stochastic_depth_drops_whole_branches(task):
    run, weights = left(task, hidden=(6, 6), residual=True, noise="stochastic-depth",
                        noise_strength=RATE)  # fmt: skip
    found = predict_samples(run, weights, task.inputs[:3], 500, scale=task.input_scale)
    # An example has its branch or not: two outputs.
    for example in range(3):
        kinds, counts = np.unique(found[:, example].round(9), axis=0, return_counts=True)
        assert len(kinds) == 2
        assert abs(counts.min() / 500 - RATE) < 5 * np.sqrt(RATE * (1 - RATE) / 500)


def test_a_sample_does_not_depend_on_how_many_there_are(task):
    run, weights = left(task, dropout=0.5)
    three, two = (predict_samples(run, weights, task.inputs, n) for n in (3, 2))
    np.testing.assert_array_equal(three[:2], two)
    assert not np.array_equal(two[0], two[1])
    other = predict_samples(run, weights, task.inputs, 1, seed=1)
    assert not np.array_equal(other[0], two[0])


@pytest.mark.parametrize("norm", ["batch", "layer"])
def test_strengths_close_to_0_predict_as_without_noise(task, norm):
    run, weights = left(task, norm=norm, hidden=(8, 8), residual=True, noise="gaussian",
                        noise_strength=1e-12)  # fmt: skip
    plainly = predict(run, weights, task.inputs, task.input_scale)
    found = predict_samples(run, weights, task.inputs, 2, scale=task.input_scale)
    np.testing.assert_allclose(found[1], plainly, rtol=1e-8)


def test_the_best_arm_predicts_by_samples():
    task = ml.load_task("digits", valid=0.2)
    base = ml.Run(net=ml.MLP(hidden=(32,), dropout=0.5), fit=ml.Fit(epochs=2, batch_size=64))
    best = ml.Experiment(task, base, seeds=5).run(":memory:", progress=False).best("valid_loss")
    X = task.inputs[:50].astype(float)
    plainly, few, many = (best.predict(X, samples=n, progress=False) for n in (0, 2, 200))
    np.testing.assert_allclose(many.sum(1), 1, atol=1e-6)
    assert 0 < abs(many - plainly).max() < abs(few - plainly).max() < 0.5


def test_what_cannot_be_sampled_is_one_line(task):
    from tests.engine import made_modules  # noqa: F401  (registers them)

    run, weights = left(task)
    with pytest.raises(ConfigError, match="neither dropout nor noise"):
        predict_samples(run, weights, task.inputs, 3)
    noisy, weights = left(task, dropout=0.5)
    with pytest.raises(ConfigError, match="at least 1; got 0"):
        predict_samples(noisy, weights, task.inputs, 0)
    with pytest.raises(DataError, match=r"expected shape \(N, 5\)"):
        predict_samples(noisy, weights, task.inputs[:, :3], 3)
    with pytest.raises(ConfigError, match="expected an MLP"):
        predict_samples(run.replace(net=Module(name="two-linear")), weights, task.inputs, 3)
    assert torch.is_inference_mode_enabled() is False
