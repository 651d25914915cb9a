"""Every optimiser moves weights as torch.optim does, step for step, epoch for epoch."""

from __future__ import annotations

import math

import pytest
from hypothesis import HealthCheck, assume, given, settings
from hypothesis import strategies as st
from tests.engine import plain
from tests.engine.population import SCHEDULES, made_up, nets, of, optimisers, tasks, trained

from mlplab.data import Task
from mlplab.engine.program import FUSED_ADAM_FROM, program_of
from mlplab.specs import MLP, SGD, Adam, AdamW, Fit, Run

few = settings(max_examples=40, deadline=None, suppress_health_check=list(HealthCheck))
many = settings(max_examples=1000, deadline=None, suppress_health_check=list(HealthCheck))

OPTIMISERS = [
    SGD(lr=0.05),
    SGD(lr=0.05, weight_decay=0.1),
    SGD(lr=0.05, momentum=0.9),
    SGD(lr=0.05, momentum=0.5, weight_decay=0.1),
    Adam(lr=0.01),
    Adam(lr=0.01, weight_decay=0.1, betas=(0.8, 0.95)),
    AdamW(lr=0.01),
    AdamW(lr=0.01, weight_decay=0.3, eps=1e-4),
]
SMALL, LARGE = (9, 5), (270,)


def assert_as_torch(run: Run, task: Task, rtol: float, atol: float) -> None:
    done = trained([run], task)[run.key]
    reference = plain.train_plainly(run, task)
    history = done.outcome.history
    assert history["train_loss"] == pytest.approx(reference.losses, rel=rtol, abs=atol)
    plain.assert_same_weights(done.weights, reference, rtol=rtol, atol=atol)


@pytest.mark.parametrize("schedule", SCHEDULES)
@pytest.mark.parametrize("hidden", [SMALL, LARGE], ids=["stacked", "fused"])
@pytest.mark.parametrize("optim", OPTIMISERS, ids=str)
class TestStepForStep:
    def test_in_double_precision(self, optim, hidden, schedule):
        task = made_up(n=70, features=60)
        # One batch an epoch: the history then is a record of single steps.
        for batch_size, epochs in ((64, 6), (16, 3)):
            run = of(
                task,
                net=MLP(hidden=hidden, activation="tanh"),
                optim=optim.replace(schedule=schedule),
                fit=Fit(epochs=epochs, batch_size=batch_size, dtype="float64"),
            )
            assert program_of(run, task, 70).fused_adam == (hidden == LARGE)
            assert_as_torch(run, task, rtol=1e-9, atol=1e-10)

    def test_in_single_precision(self, optim, hidden, schedule):
        task = made_up(n=70, features=60)
        run = of(
            task,
            net=MLP(hidden=hidden, activation="tanh"),
            optim=optim.replace(schedule=schedule),
            fit=Fit(epochs=3, batch_size=16, last_batch="keep"),
        )
        assert_as_torch(run, task, rtol=2e-3, atol=2e-4)


def random_run(data: st.DataObject) -> tuple[Task, Run]:
    task = data.draw(tasks())
    kind = data.draw(st.sampled_from(["sgd", "momentum", "adam", "adamw"]))
    net = data.draw(nets())
    rate = 0.25 if net["drops"] else ()
    run = of(
        task,
        net=MLP(hidden=net["hidden"], activation=net["activation"], dropout=rate),
        # A small rate, and no division by roots of all but 0: rounding must not decide the way.
        optim=data.draw(optimisers(kind, wild=False)).replace(
            lr=0.003, **({"eps": 1e-3} if "adam" in kind else {})
        ),
        seed=data.draw(st.integers(0, 9)),
        fit=Fit(
            epochs=data.draw(st.integers(1, 4)),
            batch_size=data.draw(st.sampled_from([1, 3, 8, 16, 100])),
            last_batch="keep",
            dtype="float64",
            loss=data.draw(st.sampled_from(["auto", "squared"])),
        ),
    )
    return task, run


def assert_random_run_as_torch(data: st.DataObject) -> None:
    task, run = random_run(data)
    norms = plain.train_plainly(run, task).norms
    # Where gradients explode, rounding decides the way, in torch as here.
    assume(math.isfinite(sum(norms)) and max(norms) < 20)
    assert_as_torch(run, task, rtol=1e-6, atol=1e-8)


@few
@given(st.data())
def test_random_networks_with_dropout_and_weights_train_as_in_torch(data):
    assert_random_run_as_torch(data)


@pytest.mark.slow
@many
@given(st.data())
def test_random_networks_train_as_in_torch_thoroughly(data):
    assert_random_run_as_torch(data)


def test_momentum_zero_is_plain_sgd():
    task = made_up()
    outcomes = [
        trained([run], task)[run.key].weights
        for run in (
            of(task, optim=SGD(lr=0.1), fit=Fit(epochs=2, batch_size=16)),
            of(task, optim=SGD(lr=0.1, momentum=0.0), fit=Fit(epochs=2, batch_size=16)),
        )
    ]
    assert outcomes[0] == outcomes[1]


def test_the_two_adams_meet_where_one_takes_over():
    # One parameter decides the path; results of both must be torch's.
    task = made_up(n=40, features=60, outputs=3)
    width = -(-(FUSED_ADAM_FROM - 3) // 64)
    for hidden in (width - 1, width):
        run = of(task, net=MLP(hidden=(hidden,)), optim=Adam(eps=1e-3),
                 fit=Fit(epochs=3, batch_size=8, dtype="float64"))  # fmt: skip
        assert program_of(run, task, 40).fused_adam == (hidden == width)
        assert_as_torch(run, task, rtol=1e-8, atol=1e-10)
