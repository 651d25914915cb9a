"""Alone = among others, bit for bit: weights, histories, status, and which examples are right."""

from __future__ import annotations

import os
import random
import re
import subprocess
import sys
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from tests.engine.population import ACTIVATIONS, bits, made_up, of, populations, trained

from mlplab.data import Task
from mlplab.engine.memory import fill_stacks
from mlplab.engine.training import Splits, Training
from mlplab.specs import MLP, SGD, Adam, Fit, Run

few = settings(
    max_examples=int(os.environ.get("FEW_EXAMPLES", "25")),
    deadline=None,
    suppress_health_check=list(HealthCheck),
)
many = settings(max_examples=1500, deadline=None, suppress_health_check=list(HealthCheck))


def assert_alone_is_among(task: Task, runs: list[Run], slots: int | None, order: int) -> None:
    shuffled = random.Random(order).sample(runs, len(runs))
    among = trained(shuffled, task, slots=slots)
    assert set(among) == {run.key for run in runs}
    for run in {run.key: run for run in (*shuffled[:2], *shuffled[-3:])}.values():
        assert bits(trained([run], task)[run.key]) == bits(among[run.key])


class TestRandomPopulations:
    @few
    @given(populations(), st.sampled_from([None, 1, 2, 3, 7]), st.integers(0, 99))
    def test_alone_is_among(self, population, slots, order):
        assert_alone_is_among(*population, slots, order)

    @pytest.mark.slow
    @many
    @given(populations(most=40), st.sampled_from([None, 1, 2, 3, 7, 20]), st.integers(0, 99))
    def test_alone_is_among_thoroughly(self, population, slots, order):
        assert_alone_is_among(*population, slots, order)


@pytest.mark.parametrize("activation", ACTIVATIONS)
@pytest.mark.parametrize("features", [784, 330])
def test_shapes_that_products_of_strangers_get_wrong(activation, features):
    # Measured: without a strict mode these widths take other kernels in a wide product.
    task = made_up(n=150, features=features, outputs=10)
    for hidden in [(64, 1), (40,), (65, 3), ()]:
        runs = [
            of(task, net=MLP(hidden=hidden, activation=activation), seed=seed,
               optim=SGD(lr=lr), fit=Fit(epochs=2, batch_size=64, last_batch="keep"))
            for seed in (0, 1, 2) for lr in (0.01, 0.1)
        ]  # fmt: skip
        assert_alone_is_among(task, runs, None, 0)


@pytest.mark.parametrize("activation", ["tanh", "sigmoid"])
@pytest.mark.parametrize("n_runs", [3, 5])
def test_ends_of_vector_loops(activation, n_runs):
    # Measured: with AVX-512, the last 16 of 48 elements are computed one by one, to other bits.
    for last, features in [(1, 1), (3, 5), (5, 40)]:
        task = made_up(n=20, features=features, outputs=3, valid=3, n_test=17)
        runs = [
            of(task, net=MLP(hidden=(16, last), activation=activation),
               optim=SGD(lr=0.1), fit=Fit(epochs=epochs, batch_size=7))
            for epochs in range(1, n_runs + 1)
        ]  # fmt: skip
        for order in range(3):
            assert_alone_is_among(task, runs, None, order)


@pytest.mark.parametrize("kind", ["sgd", "adam"])
def test_large_networks(kind):
    # Large enough for the fused Adam, and for products that are cut into blocks.
    task = made_up(n=300, features=300, outputs=10, n_test=300)
    optim = SGD(lr=0.1, momentum=0.9) if kind == "sgd" else Adam(lr=0.01)
    runs = [
        of(task, net=MLP(hidden=(257, 129), dropout=0.3), seed=seed, optim=optim.replace(lr=lr),
           fit=Fit(epochs=epochs, batch_size=128, last_batch="keep", measures=("grad_norm",)))
        for seed in (0, 1) for lr in (0.003, 0.01) for epochs in (1, 2)
    ]  # fmt: skip
    assert_alone_is_among(task, runs, 3, 1)


def test_a_small_budget_takes_turns_to_the_same_bits():
    task = made_up("regression", n=80, features=20, outputs=1, valid=0.2)
    runs = [
        of(task, net=MLP(hidden=(24,)), seed=seed, optim=Adam(), fit=Fit(epochs=2, batch_size=16))
        for seed in range(10)
    ]
    splits = Splits(task)
    begun = [Training.begin(run, splits) for run in runs]
    budget = fill_stacks(begun[0].program, ["a", "b", "c"])[0].bytes
    assert len(fill_stacks(begun[0].program, (t.batches for t in begun), budget)) > 2
    at_once, in_turns = trained(runs, task), trained(runs, task, budget_bytes=budget)
    for run in runs:
        assert bits(at_once[run.key]) == bits(in_turns[run.key])


def test_a_run_given_twice_is_trained_once():
    task = made_up()
    run = of(task, fit=Fit(epochs=1, batch_size=16))
    assert list(trained([run, run], task)) == [run.key]


def test_what_a_run_may_not_see_of_the_test_split_does_not_come_by_a_companion():
    task = made_up()
    net = MLP(hidden=(16,))
    shy = of(task, net=net, fit=Fit(epochs=1, batch_size=16, test="never"))
    open_one = of(task, net=net, fit=Fit(epochs=1, batch_size=16, test="end"))
    among = trained([shy, open_one], task)
    assert not among[shy.key].outcome.correct
    assert not [name for name in among[shy.key].outcome.history if name.startswith("test_")]
    assert among[open_one.key].outcome.correct


@pytest.mark.parametrize(
    "chosen",
    [{"MLPLAB_NUMERICS": "loop"}, {"OPENBLAS_CORETYPE": "Haswell"},
     {"OPENBLAS_CORETYPE": "Nehalem"}],
    ids=lambda chosen: next(iter(chosen.values())),
)  # fmt: skip
def test_the_same_holds_with_other_kernels(chosen):
    environment = os.environ | {"PYTHONPATH": os.pathsep.join(sys.path), "FEW_EXAMPLES": "10"}
    environment |= chosen
    done = subprocess.run(
        [sys.executable, "-m", "pytest", "-q", "-p", "no:cacheprovider", str(Path(__file__)),
         "-k", "TestRandomPopulations or large_networks or ends_of_vector or strangers"],
        env=environment, capture_output=True, text=True, check=False,
        cwd=Path(__file__).parents[2],
    )  # fmt: skip
    assert done.returncode == 0, done.stdout[-3000:]
    passed = re.search(r"(\d+) passed", done.stdout)
    assert passed
    assert int(passed[1]) > 15
