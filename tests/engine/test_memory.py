"""The memory model: what it predicts is what a stack takes, and a budget is kept."""

from __future__ import annotations

import gc
import os
import subprocess
import sys

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from tests.engine.population import capacity, ended, made_up, of

from mlplab.data import Task
from mlplab.engine import Progressed, kernel_kind, lane, plan_cost, train
from mlplab.engine.arrange import arrange, slots_of
from mlplab.engine.kernels import products
from mlplab.engine.memory import (
    StackCapacity,
    fill_stacks,
    scorer_bytes,
    settings_bytes,
    stack_bytes,
)
from mlplab.engine.numerics import runs_per_block
from mlplab.engine.order import order
from mlplab.engine.program import Program
from mlplab.engine.stack import Stack
from mlplab.engine.tensors import TaskTensors
from mlplab.engine.training import Splits, Training
from mlplab.specs import MLP, SGD, Adam, AdamW, Fit, Run


def held_bytes(thing: object, seen: set[int] | None = None) -> int:
    """Sum the tensors and numpy's arrays that hang on an object, each storage once."""
    seen = set() if seen is None else seen
    if isinstance(thing, np.ndarray) and thing.base is None and thing.ctypes.data not in seen:
        seen.add(thing.ctypes.data)
        return thing.nbytes
    if isinstance(thing, torch.Tensor):
        storage = thing.untyped_storage()
        if storage.data_ptr() in seen:
            return 0
        seen.add(storage.data_ptr())
        return storage.nbytes()
    if isinstance(thing, dict):
        return sum(held_bytes(value, seen) for value in thing.values())
    if isinstance(thing, list | tuple):
        return sum(held_bytes(value, seen) for value in thing)
    if type(thing).__module__.startswith("mlplab.engine") and id(thing) not in seen:
        seen.add(id(thing))
        if isinstance(thing, TaskTensors | Program):
            return 0
        return held_bytes(getattr(thing, "__dict__", {}), seen)
    return 0


def stack_of(runs: list[Run], task: Task, kind: str) -> tuple[Stack, list[Training]]:
    splits = Splits(task)
    begun = [Training.begin(run, splits) for run in runs]
    program = begun[0].program
    seats, groups = arrange(program, begun)
    data = TaskTensors(task, getattr(torch, program.dtype), program.padded_widths[0],
                       torch.device("cpu"))  # fmt: skip
    stack = Stack(program, slots_of(program, seats), groups, data,
                  products(kind))  # fmt: skip
    members = [seats[group.start] for group in groups]
    orders = [torch.from_numpy(order(t.run.seed, 0, splits.of(t.run).train.copy()))
              for t in members if t is not None]  # fmt: skip
    with torch.inference_mode():
        stack.begin_epoch(orders)
        stack.step(0)
    return stack, begun


@pytest.mark.parametrize("kind", [kernel_kind(), "loop"])
@pytest.mark.parametrize("optim", [SGD(), SGD(momentum=0.9), Adam(), AdamW()], ids=str)
@pytest.mark.parametrize(("hidden", "features", "dropout", "dtype"), [
    ((100,), 50, 0, "float32"), ((60,) * 5, 20, 0.5, "float32"), ((128,), 784, 0, "float64"),
    ((40, 40, 40), 3, 0, "float32"),
])  # fmt: skip
def test_prediction_and_stack_agree(hidden, features, dropout, dtype, optim, kind):
    task = made_up(n=200, features=features)
    runs = [
        of(task, net=MLP(hidden=hidden, dropout=dropout), optim=optim.replace(lr=lr), seed=s,
           fit=Fit(batch_size=32, dtype=dtype))
        for s in range(4) for lr in (0.1, 0.2)
    ]  # fmt: skip
    stack, begun = stack_of(runs, task, kind)
    program = begun[0].program
    n_slots, n_groups = len(stack.slots), len(stack.groups)
    assert (n_slots, n_groups) == (8, 4)
    # What a step makes in passing is predicted too, and small here beside what stays.
    own = stack_bytes(program, n_slots, n_groups) - scoring(program, n_slots)
    assert held_bytes(stack) == pytest.approx(own, rel=0.1)


@pytest.mark.parametrize(
    "noise",
    [
        "gaussian",
        "uniform",
        "multiplicative",
        "dropout-before",
        "drop-connect",
        "drop-connect-each",
    ],
)
def test_noise_is_predicted(noise):
    task = made_up(n=200, features=20)
    net = MLP(hidden=(60,) * 5, noise=noise, noise_strength=0.2, dropout=0.1)
    runs = [of(task, net=net, seed=s, fit=Fit(batch_size=32)) for s in range(8)]
    stack, begun = stack_of(runs, task, kernel_kind())
    program = begun[0].program
    own = stack_bytes(program, 8, 8) - scoring(program, 8)
    assert held_bytes(stack) == pytest.approx(own, rel=0.1)


def scoring(program: Program, n_slots: int) -> int:
    return scorer_bytes(program, n_slots) + n_slots * settings_bytes(program)


programs = st.builds(
    Program,
    widths=st.lists(st.sampled_from([1, 3, 10, 64, 300, 2000]), min_size=2, max_size=4).map(tuple),
    activation=st.just("relu"),
    loss=st.just("squared"),
    optimiser=st.sampled_from(["sgd", "momentum", "adam"]),
    batch_size=st.sampled_from([1, 32, 256]),
    keep_partial=st.booleans(),
    n_rows=st.sampled_from([256, 50_000]),
    dtype=st.sampled_from(["float32", "float64"]),
    has_dropout=st.booleans(),
    measures=st.sampled_from([(), ("grad_norm",)]),
)


class TestBudget:
    @settings(max_examples=100, deadline=None)
    @given(programs, st.integers(2**18, 2**28), st.integers(1, 30))
    def test_a_full_stack_is_within_it(self, program, budget, sharing):
        room = StackCapacity(program, budget)
        while room.let_in(room.n_runs // sharing):
            pass
        assert room.n_runs >= 1
        if room.n_runs > 1:
            assert room.bytes <= budget

    def test_none_but_the_last_has_an_idle_slot(self):
        # It costs as much as a run: nine networks of 784-256-10 would be trained as ten.
        task = made_up(n=64, features=4)
        for width in range(200, 6000, 300):
            run = of(task, net=MLP(hidden=(width,)), fit=Fit(batch_size=64))
            program = Training.begin(run, Splits(task)).program
            sizes = [room.n_runs for room in fill_stacks(program, range(99))]
            assert not any(size % 2 for size in sizes[:-1])

    @settings(max_examples=60, deadline=None)
    @given(programs, st.lists(st.integers(0, 5), min_size=1, max_size=60),
           st.integers(2**20, 2**26))  # fmt: skip
    def test_everyone_gets_a_seat_once(self, program, batches, budget):
        filled = fill_stacks(program, batches, budget)
        assert sum(room.n_runs for room in filled) == len(batches)
        assert all(room.n_runs for room in filled)

    @settings(max_examples=60, deadline=None)
    @given(programs, st.integers(2**20, 2**28))
    def test_more_memory_is_never_fewer_runs(self, program, budget):
        assert capacity(program, budget) <= capacity(program, 2 * budget)

    def test_runs_that_share_batches_take_less(self):
        task = made_up(n=500, features=300)
        program = Training.begin(of(task, net=MLP(hidden=(4,))), Splits(task)).program
        assert capacity(program, 2**24, sharing=20) > capacity(program, 2**24)

    def test_idle_slots_count(self):
        # A block of rows in a product: a linear model of one output brings idle companions.
        task = made_up("regression", n=500, outputs=1)
        run = of(task, net=MLP(hidden=()))
        program = Training.begin(run, Splits(task)).program
        block = runs_per_block(1)
        assert block in (1, 4, 8)
        assert capacity(program) <= 4096 / block

    def test_what_trains_at_a_time_fits(self, monkeypatch):
        task = made_up("regression", n=64, outputs=1)
        runs = [of(task, net=MLP(hidden=()), seed=s, fit=Fit(epochs=1, batch_size=16))
                for s in range(40)]  # fmt: skip
        program = Training.begin(runs[0], Splits(task)).program
        sizes = []
        original = lane.Lane._take_seats

        def watched(self):
            stack = original(self)
            sizes.append((len(stack.slots), len(stack.groups)))
            return stack

        monkeypatch.setattr(lane.Lane, "_take_seats", watched)
        block = runs_per_block(1)
        budget = stack_bytes(program, 10 * block, 10)
        list(train(runs, task, budget_bytes=budget))
        assert max(slots for slots, _ in sizes) == 10 * block
        assert all(stack_bytes(program, *size) <= budget for size in sizes)

    def test_one_run_larger_than_the_budget_still_trains(self):
        task = made_up(n=64)
        runs = [of(task, seed=s, fit=Fit(epochs=1, batch_size=16)) for s in range(3)]
        assert len(ended(train(runs, task, budget_bytes=1))) == 3


def test_cost_counts_stacks_and_flop():
    task = made_up(n=1000, features=20, n_test=0)
    run = of(task, net=MLP(hidden=(50,)), fit=Fit(epochs=10, batch_size=100))
    cost = plan_cost([run], task)
    # 2 flop per weight and example forward, 4 backward but in the first layer.
    assert cost.flop == 10 * 1000 * (6 * (20 * 50 + 50 * 3) - 2 * 20 * 50)
    assert (cost.runs, cost.programs) == (1, 1)
    many = plan_cost([run.replace(seed=s) for s in range(100)], task)
    assert many.flop == 100 * cost.flop
    assert many.seconds < 100 * cost.seconds
    two_workers = plan_cost([run.replace(seed=s) for s in range(100)], task, workers=2)
    assert two_workers.seconds == pytest.approx(many.seconds / 2)


MEASURE = """
import contextlib, ctypes
import numpy as np
from mlplab.data import task_from_arrays
from mlplab.engine import train
from mlplab.specs import MLP, Adam, Fit, Run, TaskRef
from mlplab.theory.resident import peak_bytes

with contextlib.suppress(AttributeError, OSError):
    ctypes.CDLL(None).prctl(41, 1, 0, 0, 0)  # no huge pages, which come as the system likes
rng = np.random.default_rng(0)
X, y = rng.standard_normal((2000, 200), dtype="f4"), rng.integers(0, 10, 2000)
task = task_from_arrays(X[:1500], y[:1500], X[1500:], y[1500:])
def runs(n, hidden):
    return [Run(task=TaskRef(**task.spec()), net=MLP(hidden=hidden, dropout=0.2, activation="tanh"),
                optim=Adam(), seed=s, fit=Fit(epochs=EPOCHS, batch_size=256, test="epoch"))
            for s in range(n)]
# One run of the same shape first: the library of matrix products keeps room of its own.
list(train(runs(1, (512, 256)), task))
before = peak_bytes()
large = runs(24, (512, 256))
for _ in train(large, task, slots=24, budget_bytes=10**9):
    pass
print(peak_bytes() - before)
"""


def measured(epochs: int) -> int:
    done = subprocess.run(
        [sys.executable, "-c", MEASURE.replace("EPOCHS", str(epochs))],
        env=os.environ | {"PYTHONPATH": os.pathsep.join(sys.path), "OMP_NUM_THREADS": "1"},
        capture_output=True, text=True, check=True,
    )  # fmt: skip
    return int(done.stdout)


@pytest.mark.slow
def test_the_process_does_not_grow_with_time():
    assert measured(60) < 1.05 * measured(6)


@pytest.mark.usefixtures("every_step")
def test_a_long_training_holds_no_more_than_a_short_one():
    task = made_up(n=64, valid=0.2)
    runs = [of(task, net=MLP(hidden=(8,), dropout=0.2), optim=Adam(), seed=s,
               fit=Fit(epochs=100, batch_size=16)) for s in range(3)]  # fmt: skip
    counts = []
    for n, event in enumerate(train(runs, task)):
        if n in (20, 250):
            assert isinstance(event, Progressed)
            gc.collect()
            counts.append(sum(issubclass(type(one), torch.Tensor) for one in gc.get_objects()))
    assert counts[1] <= counts[0] + 5
