"""Batches gathered for all groups at once are those of each group by itself."""

from __future__ import annotations

import pytest
from safetensors.torch import load
from tests.engine.population import made_up, of, trained
from torch.testing import assert_close

from mlplab.data import task_from_arrays
from mlplab.engine import workshop
from mlplab.engine.memory import StackCapacity
from mlplab.engine.program import program_of
from mlplab.specs import MLP, SGD, Fit, Fold


def assert_the_same(runs, task, monkeypatch):
    usual = trained(runs, task)
    monkeypatch.setattr(workshop, "kernel_kind", lambda: "device")
    for key, one in trained(runs, task).items():
        for name, values in usual[key].outcome.history.items():
            assert one.outcome.history[name] == pytest.approx(
                values, rel=1e-9, abs=1e-12, nan_ok=True
            )
        assert_close(load(one.weights), load(usual[key].weights), rtol=1e-9, atol=1e-12)


@pytest.mark.parametrize("weights", ["none", "some", "zeros"])
@pytest.mark.parametrize("kind", ["classification", "regression"])
@pytest.mark.parametrize("features", [5, 40])
def test_targets_and_weights_with_a_smaller_last_batch(monkeypatch, kind, weights, features):
    task = made_up(kind, n=50, features=features, weights=weights, valid=7)
    runs = [
        of(task, net=MLP(hidden=hidden), optim=SGD(lr=rate), seed=seed,
           fit=Fit(epochs=3, batch_size=8, last_batch="keep", dtype="float64"))
        for seed in (0, 1, 2) for rate in (0.02, 0.05) for hidden in ((), (9,))
    ]  # fmt: skip
    assert_the_same(runs, task, monkeypatch)


@pytest.mark.parametrize("seeds", [(0,), (0, 0, 0), (0, 0, 1), (0, 1, 2, 3, 4)])
def test_groups_of_any_sizes(monkeypatch, seeds):
    task = made_up(n=50)
    runs = [
        of(task, net=MLP(hidden=(9,)), optim=SGD(lr=0.1 + at / 10), seed=seed,
           rows=Fold(n_folds=2, index=at % 2),
           fit=Fit(epochs=2, batch_size=5, dtype="float64"))
        for at, seed in enumerate(seeds)
    ]  # fmt: skip
    assert_the_same(runs, task, monkeypatch)


def test_bytes_are_scaled(monkeypatch):
    like = made_up(n=50, features=20)
    inputs = (abs(like.inputs[:50]) * 60).clip(0, 255).astype("u1")
    task = task_from_arrays(inputs, like.targets[:50], input_scale=1 / 255)
    fit = Fit(epochs=2, batch_size=8, dtype="float64")
    runs = [of(task, net=MLP(hidden=(9,)), fit=fit, seed=s) for s in (0, 1)]
    assert_the_same(runs, task, monkeypatch)


def test_a_device_holds_more_than_a_cache():
    task = made_up(n=600, features=300)
    run = of(task, net=MLP(hidden=(512, 512)), fit=Fit(batch_size=256))
    program = program_of(run, task, 600)
    rooms = [StackCapacity(program, 2**28, cached=cached) for cached in (True, False)]
    for room in rooms:
        while room.let_in(room.n_runs):
            pass
    assert rooms[0].n_runs == 4
    assert rooms[1].n_runs > 10
    assert rooms[1].bytes <= 2**28
