"""A diverged run hurts nobody, is marked with its epoch, and leaves its slot."""

from __future__ import annotations

import math

import numpy as np
import pytest
from tests.engine.population import bits, ended, made_up, of, trained
from torch import nn

import mlplab as ml
from mlplab.data import task_from_arrays
from mlplab.engine import lane, metric, program, train
from mlplab.engine.events import Ended
from mlplab.engine.native.coverage import is_native
from mlplab.specs import MLP, SGD, Adam, Fit, Module

FIT = Fit(epochs=4, batch_size=8, last_batch="keep", test="epoch", measures=("grad_norm",))


@pytest.mark.parametrize("bad", [
    SGD(lr=1e6), SGD(lr=1e30), SGD(lr=1e6, momentum=0.9), SGD(lr=1e30, momentum=0.9),
    Adam(lr=1e36),
], ids=str)  # fmt: skip
@pytest.mark.parametrize("kind", ["classification", "regression"])
def test_neighbours_keep_their_bits(bad, kind):
    task = made_up(kind, valid=0.2)
    net = MLP(hidden=(7, 5))
    good = [
        of(task, net=net, optim=bad.replace(lr=1e-3 * (s + 1), weight_decay=0.1 * (s % 2)),
           fit=FIT, seed=s % 3)
        for s in range(5)
    ]  # fmt: skip
    poison = [of(task, net=net, optim=bad, fit=FIT, seed=s) for s in (0, 1, 7)]
    alone = trained(good, task)
    among = trained([poison[0], *good[:2], poison[1], *good[2:], poison[2]], task)
    for run in good:
        assert among[run.key].outcome.status == "finished"
        assert bits(alone[run.key]) == bits(among[run.key])
    for run in poison:
        assert bits(among[run.key]) == bits(trained([run], task)[run.key])
    if bad.lr > 1e6:
        assert {among[run.key].outcome.status for run in poison} == {"diverged"}


def test_a_diverged_run_is_marked_with_its_epoch_and_leaves():
    task = made_up("regression", valid=0.2)
    run = of(task, net=MLP(hidden=(8,)), optim=SGD(lr=1e6), fit=FIT)
    outcome = trained([run], task)[run.key].outcome
    assert (outcome.status, outcome.epochs, outcome.diverged_epoch) == ("diverged", 1, 1)
    assert {name: len(values) for name, values in outcome.history.items()} == dict.fromkeys(
        outcome.history, 1
    )
    assert math.isnan(outcome.last("test_rmse"))
    assert math.isnan(outcome.last("valid_loss"))
    assert trained([run], task)[run.key].weights is None


def test_it_may_diverge_late():
    task = made_up("regression", n=64, outputs=1)
    run = of(task, net=MLP(hidden=()), optim=SGD(lr=0.7),
             fit=Fit(epochs=50, batch_size=32))  # fmt: skip
    outcome = trained([run], task)[run.key].outcome
    assert outcome.status == "diverged"
    assert 1 < outcome.diverged_epoch == outcome.epochs < 50
    losses = outcome.history["train_loss"]
    assert all(math.isfinite(loss) for loss in losses[:-1])


def test_its_slot_is_given_to_the_next(monkeypatch):
    sizes = []
    original = lane.Lane._epoch

    def watched(self, stack):
        sizes.append(sum(slot is not None for slot in stack.slots))
        return original(self, stack)

    monkeypatch.setattr(lane.Lane, "_epoch", watched)
    task = made_up("regression")
    fit = Fit(epochs=4, batch_size=16)
    runs = [of(task, optim=SGD(lr=1e9), fit=fit, seed=s) for s in range(3)]
    runs += [of(task, optim=SGD(lr=0.01), fit=fit, seed=s) for s in range(3, 6)]
    list(train(runs, task, slots=3))
    # One epoch of three that diverge, then four of three that do not.
    assert sizes == [3] + [3] * 4


def test_a_lucky_first_batch_is_no_measure_of_divergence():
    # The first example's target is all but 0, so its loss is: the others' are a million times it.
    y = np.full(16, 2.0, dtype="f4")
    first = of(task := task_from_arrays(np.ones((16, 1), "f4"), y, kind="regression"))
    from mlplab.engine.order import order

    y[order(0, 0, np.arange(16))[0]] = 1e-3
    task = task_from_arrays(np.ones((16, 1), "f4"), y, kind="regression")
    fit = Fit(epochs=3, batch_size=1)
    run = of(task, net=MLP(hidden=(), init="zeros"), optim=SGD(lr=1e-4), fit=fit)
    assert run.key != first.key
    assert trained([run], task)[run.key].outcome.status == "finished"


def test_events_tell_of_a_diverged_run_like_of_any_other():
    task = made_up("regression")
    runs = [of(task, optim=SGD(lr=lr), fit=Fit(epochs=3, batch_size=16)) for lr in (1e9, 0.01)]
    events = list(train(runs, task))
    assert [isinstance(event, Ended) for event in events].count(True) == 2
    assert set(ended(events)) == {run.key for run in runs}
    work = sum(event.run_epochs for event in events if not isinstance(event, Ended))
    assert work == pytest.approx(1 + 3)


def far_rows(kind: str, split: str):
    """Make a task whose training is calm and whose rows of one split are beyond float32."""
    whole = made_up(kind, n=60, features=8, valid=0.25)
    X, y = np.array(whole.inputs), whole.targets
    rows = whole.split(0).valid if split == "valid" else whole.test_rows("tests")
    X[rows] = 3e38
    return task_from_arrays(X[:60], y[:60], X[60:], y[60:], valid=0.25, kind=kind)


class TestLossesThatAreNotFinite:
    """On any split that is scored: stacks here, compiled loops in the next class."""

    @pytest.mark.parametrize("kind", ["classification", "regression"])
    @pytest.mark.parametrize("split", ["valid", "test"])
    @pytest.mark.parametrize("hidden", [(), (6, 5)])
    @pytest.mark.parametrize("patience", [0, 1, 2])
    def test_a_run_has_diverged_in_that_epoch(self, kind, split, hidden, patience):
        task = far_rows(kind, split)
        for when in ("end", "epoch", "never"):
            fit = Fit(epochs=3, batch_size=15, test=when, patience=patience)
            run = of(task, net=MLP(hidden=hidden, init="uniform:5"), optim=SGD(lr=1e-4), fit=fit)
            done = trained([run], task)[run.key]
            outcome = done.outcome
            if split == "test" and when == "never":
                assert outcome.status == "finished"
                continue
            first = 1 if split == "valid" or when == "epoch" else outcome.epochs
            assert (outcome.status, outcome.diverged_epoch, outcome.epochs) == (
                "diverged", first, first,
            )  # fmt: skip
            assert done.weights is None
            assert outcome.best_epoch is None
            assert not outcome.correct
            for name, values in outcome.history.items():
                assert len(values) == first
                assert math.isfinite(values[-1]) == name.startswith("train_")

    @pytest.mark.parametrize("hidden", [(), (8,), (7, 5, 3)])
    def test_a_step_too_far_in_one_epoch(self, hidden):
        task = made_up(n=40, features=5, valid=0.25)
        runs = [of(task, net=MLP(hidden=hidden), optim=SGD(lr=lr), seed=seed,
                   fit=Fit(epochs=1, batch_size=batch_size))
                for lr in (1e10, 1e20, 1e38) for batch_size in (30, 10)
                for seed in (0, 1)]  # fmt: skip
        for one in trained(runs, task).values():
            last = [value[-1] for name, value in one.outcome.history.items() if "loss" in name]
            assert all(map(math.isfinite, last)) == (one.outcome.status == "finished")

    def test_a_users_metric_without_a_value_is_none(self):
        @metric("no_value")
        def no_value(targets, outputs):
            return math.nan

        task = made_up(n=40, valid=0.25)
        run = of(task, fit=Fit(epochs=2, batch_size=8, measures=("no_value",)))
        outcome = trained([run], task)[run.key].outcome
        assert outcome.status == "finished"
        assert math.isnan(outcome.last("valid_no_value"))

    def test_neighbours_go_on(self):
        task = far_rows("regression", "valid")
        fit = Fit(epochs=4, batch_size=15, patience=2)
        runs = [of(task, net=MLP(hidden=(), init=init), optim=SGD(lr=1e-60), fit=fit, seed=seed)
                for init, seed in (("uniform:5", 0), ("zeros", 0), ("zeros", 1))]  # fmt: skip
        done = trained(runs, task)
        assert [done[run.key].outcome.status for run in runs] == ["diverged"] + ["finished"] * 2
        for run in runs:
            assert bits(done[run.key]) == bits(trained([run], task)[run.key])


class TestLossesThatAreNotFiniteInCompiledLoops(TestLossesThatAreNotFinite):
    """The same rule where runs are small and plain."""

    @pytest.fixture(autouse=True)
    def loops(self, monkeypatch):
        monkeypatch.setattr(program, "is_native", is_native)


@ml.module("cubes")
def cubes(n_features, n_outputs):
    """Finite where inputs are small."""

    class Cubes(nn.Linear):
        def forward(self, x):
            return super().forward(x**3)

    return Cubes(n_features, n_outputs)


@pytest.mark.parametrize("split", ["valid", "test"])
def test_a_module_diverges_by_the_same_rule(split):
    task = far_rows("regression", split)
    run = of(task, net=Module(name="cubes"), optim=SGD(lr=1e-6), fit=Fit(epochs=3, batch_size=15))
    outcome = trained([run], task)[run.key].outcome
    epoch = 1 if split == "valid" else 3
    assert (outcome.status, outcome.diverged_epoch) == ("diverged", epoch)
    assert math.isfinite(outcome.last("train_loss"))


@pytest.mark.parametrize("hidden", [(), (5,)])
def test_the_largest_rate_diverges_without_a_warning(hidden):
    task = made_up(valid=0.2)
    run = of(task, net=MLP(hidden=hidden), optim=SGD(lr=3.4e38), fit=Fit(epochs=1, batch_size=8))
    # Warnings are errors in tests.
    assert trained([run], task)[run.key].outcome.status == "diverged"
