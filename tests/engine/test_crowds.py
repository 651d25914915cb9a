"""Alone = among twenty to seventy others, bit for bit: both precisions, every clip, every measure.

In crowds, slots reach the columns and tails at which kernels change their ways.
"""

from __future__ import annotations

import pytest
import torch
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from tests.engine.population import bits, made_up, of, trained
from tests.engine.test_checkpoints import train_with_stops

import mlplab as ml
from mlplab.data import Task
from mlplab.specs import LARS, MLP, SGD, Adam, AdamW, Custom, Fit, Lion, RMSprop, Run

few = settings(max_examples=12, deadline=None, suppress_health_check=list(HealthCheck))
many = settings(max_examples=600, deadline=None, suppress_health_check=list(HealthCheck))


@ml.optimiser("crowd-powers", keeps=["m", "v"])
def powers(weight, gradient, rate, m, v, beta=0.9):
    m.mul_(beta).add_((1 - beta) * gradient)
    v.mul_(0.99).add_(0.01 * gradient**2)
    weight.sub_(rate * m / (v + 1e-8) ** 0.125)


@ml.optimiser("crowd-curves", keeps=["m"])
def curves(weight, gradient, rate, m):
    m.add_(torch.tanh(gradient) + torch.log1p(gradient.abs()).sqrt())
    weight.sub_(rate * torch.sigmoid(m) * gradient.exp().clamp(max=3.0))


@ml.optimiser("crowd-norms")
def norms(weight, gradient, rate):
    own = tuple(range(1, weight.ndim))
    size = weight.norm(dim=own, keepdim=True) / (1e-3 + gradient.norm(dim=own, keepdim=True))
    centred = gradient - gradient.mean(dim=-1, keepdim=True)
    weight.sub_(
        rate
        * size.pow(0.3)
        * (centred + gradient.std(correction=0) + gradient.sum(1, keepdim=True))
    )


@ml.optimiser("crowd-products")
def products(weight, gradient, rate):
    if weight.ndim == 2:
        weight.sub_(rate * gradient)
        return
    g = gradient / (1e-6 + gradient.norm())
    weight.sub_(rate * (1.5 * g - 0.5 * (g @ g.transpose(1, 2)) @ g))


@ml.activation("crowd-bend")
def bend(z):
    return torch.sign(z) * (z.abs() + 0.1).pow(0.7) + torch.nn.functional.softplus(z)


@ml.activation("crowd-wave", derivative=lambda z: torch.cos(z) * torch.exp(-z.abs()))
def wave(z):
    return torch.sin(z)


@ml.metric("crowd_spread")
def spread(targets, outputs):
    return float(outputs.std() + (outputs.mean(0) ** 2).sum())


OPTIMISERS = {
    "sgd": SGD(lr=0.05, weight_decay=0.01),
    "momentum": SGD(lr=0.05, momentum=0.9, l1=0.001),
    "nesterov": SGD(lr=0.05, momentum=0.9, nesterov=True),
    "adam": Adam(lr=0.01, weight_decay=0.1),
    "adamw": AdamW(lr=0.01, weight_decay=0.1),
    "rmsprop": RMSprop(lr=0.01),
    "lars": LARS(lr=0.1),
    "lion": Lion(lr=0.01, weight_decay=0.1),
    "powers": Custom(name="crowd-powers", lr=0.01, settings={"beta": 0.8}, weight_decay=0.1),
    "curves": Custom(name="crowd-curves", lr=0.01),
    "norms": Custom(name="crowd-norms", lr=0.001),
    "products": Custom(name="crowd-products", lr=0.05),
}
CLIPS = ({}, {"clip_norm": 0.1}, {"clip_value": 0.01}, {"clip_norm": 0.5, "clip_value": 0.05})
MEASURES = ((), ("grad_norm",), ("crowd_spread",), ("crowd_spread", "grad_norm"))
ACTIVATIONS = ("relu", "tanh", "gelu", "prelu", "prelu:0.1,unit", "crowd-bend", "crowd-wave")


def crowd(task: Task, n: int, fit: Fit, optim: object, **net: object) -> list[Run]:
    """Make n runs of a few seeds, each with a rate of its own."""
    return [
        of(task, net=MLP(**net), seed=r % 7, fit=fit,
           optim=optim.replace(lr=optim.lr * (1 + r / n)))
        for r in range(n)
    ]  # fmt: skip


def assert_alone_is_among(task: Task, runs: list[Run], picked: list[int]) -> None:
    among = trained(runs, task)
    for r in picked:
        key = runs[r % len(runs)].key
        assert bits(trained([runs[r % len(runs)]], task)[key]) == bits(among[key])


@st.composite
def crowds(draw: st.DrawFn) -> tuple[Task, list[Run]]:
    """Draw a task and 20 to 70 runs in a stack."""
    kind = draw(st.sampled_from(["classification", "regression"]))
    task = made_up(
        kind,
        n=20,
        features=draw(st.sampled_from([1, 3, 17])),
        outputs=draw(st.sampled_from([2, 3])) if kind == "classification" else 1,
        n_test=draw(st.sampled_from([0, 9])),
        valid=5,
        weights=draw(st.sampled_from(["none", "some"])),
    )
    hidden = draw(st.lists(st.sampled_from([1, 2, 3, 4, 5, 8, 13]), min_size=1, max_size=3))
    optim = draw(st.sampled_from(list(OPTIMISERS.values())))
    fit = Fit(
        epochs=2,
        batch_size=draw(st.sampled_from([5, 7])),
        dtype=draw(st.sampled_from(["float32", "float64"])),
        measures=draw(st.sampled_from(MEASURES)),
        ema=draw(st.sampled_from([0.0, 0.7])),
        label_smoothing=draw(st.sampled_from([0.0, 0.1])) if kind == "classification" else 0.0,
        loss=draw(st.sampled_from(["auto", "huber"])) if kind == "regression" else "auto",
    )
    runs = crowd(
        task, draw(st.integers(20, 70)), fit, optim.replace(**draw(st.sampled_from(CLIPS))),
        hidden=tuple(hidden),
        activation=draw(st.sampled_from(ACTIVATIONS)),
        norm=draw(st.sampled_from(["none", "none", "batch", "layer"])),
        dropout=draw(st.sampled_from([0.0, 0.3])),
        noise=draw(st.sampled_from(["none", "none", "gaussian", "multiplicative"])),
        noise_strength=0.2,
    )  # fmt: skip
    return task, runs


@few
@given(crowds(), st.lists(st.integers(0, 69), min_size=3, max_size=3))
def test_random_crowds(made, picked):
    assert_alone_is_among(*made, picked)


@pytest.mark.slow
@many
@given(crowds(), st.lists(st.integers(0, 69), min_size=5, max_size=5))
def test_random_crowds_thoroughly(made, picked):
    assert_alone_is_among(*made, picked)


@pytest.mark.parametrize("dtype", ["float32", "float64"])
@pytest.mark.parametrize("clip", CLIPS[1:], ids=str)
def test_clipped_in_three_layers(dtype, clip):
    task = made_up(n=40, features=8, valid=0.2)
    fit = Fit(epochs=2, batch_size=16, dtype=dtype, measures=("grad_norm",))
    runs = crowd(task, 37, fit, SGD(lr=0.1, **clip), hidden=(8, 8, 8))
    assert_alone_is_among(task, runs, [0, 16, 32, 36])


@pytest.mark.parametrize("dtype", ["float32", "float64"])
@pytest.mark.parametrize("name", ["powers", "curves", "norms", "products"])
@pytest.mark.parametrize("hidden", [(7,), (3, 1, 5), (2,)], ids=str)
def test_a_users_step_of_any_kind(dtype, name, hidden):
    task = made_up(n=24, features=5, outputs=3)
    fit = Fit(epochs=3, batch_size=8, dtype=dtype)
    runs = crowd(task, 31, fit, OPTIMISERS[name], hidden=hidden)
    assert_alone_is_among(task, runs, [0, 13, 29, 30])


@pytest.mark.parametrize("name", ["powers", "adam", "momentum"])
@pytest.mark.parametrize("dtype", ["float32", "float64"])
@pytest.mark.usefixtures("every_step")
def test_what_is_resumed_among_others_ends_as_what_never_stopped(name, dtype):
    task = made_up(n=24, features=5, outputs=3, valid=0.2)
    fit = Fit(epochs=3, batch_size=8, dtype=dtype, measures=("grad_norm",))
    runs = crowd(task, 22, fit, OPTIMISERS[name].replace(clip_norm=0.2), hidden=(5, 4, 3))
    whole = trained(runs, task)
    parts = train_with_stops(runs, task, [3, 4], [None, 5, None])
    assert {key: bits(one) for key, one in parts.items()} == {
        key: bits(one) for key, one in whole.items()
    }


def test_modules_among_others():
    from tests.engine import made_modules  # noqa: F401  (registers them)

    task = made_up(n=24, features=5, outputs=3)
    for name in ("two-linear", "noisy"):
        for optim in (OPTIMISERS["powers"], SGD(lr=0.1, clip_norm=0.1)):
            runs = [
                of(task, net=ml.Module(name=name), seed=seed, optim=optim,
                   fit=Fit(epochs=2, batch_size=8, dtype="float64", measures=("grad_norm",)))
                for seed in range(20)
            ]  # fmt: skip
            assert_alone_is_among(task, runs, [0, 11, 19])
