"""Predicted memory: parts, limits, the planner's own figures, and modules against torch's own."""

from __future__ import annotations

import sys

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from mlplab.engine import plan_cost
from mlplab.engine.footprint import Members, task_bytes, waiting_bytes
from mlplab.engine.training import Splits, Training
from mlplab.errors import ConfigError
from mlplab.specs import MLP, SGD, Adam, Fit, Run, TaskRef
from mlplab.theory.memory import (
    DataShape,
    example_counts,
    largest_population,
    measure_peak,
    module_memory,
    population_memory,
)

runs = st.builds(
    lambda hidden, batch, optim, dtype: Run(
        net=MLP(hidden=hidden), optim=optim, fit=Fit(batch_size=batch, dtype=dtype, epochs=1)
    ),
    st.lists(st.sampled_from([3, 64, 500, 2000]), max_size=3).map(tuple),
    st.sampled_from([16, 256]),
    st.sampled_from([SGD(), SGD(momentum=0.9), Adam()]),
    st.sampled_from(["float32", "float64"]),
)


@settings(max_examples=20, deadline=None)
@given(runs, st.integers(1, 12))
def test_the_planner_has_no_other_model(run, n_runs):
    shape = DataShape(20, 3, n_rows=512, n_test=40)
    task = shape.task()
    run = run.replace(task=TaskRef(**task.spec()))
    cost = plan_cost([run.replace(seed=seed) for seed in range(n_runs)], task)
    found = population_memory(run, shape, n_runs)
    # Checkpoints come with the time that the plan expects.
    assert cost.bytes - task_bytes(task) >= found.train_bytes
    if cost.seconds < 0.1:
        assert cost.bytes - task_bytes(task) == found.train_bytes


@settings(max_examples=10, deadline=None)
@given(runs, st.integers(60, 600))
def test_the_largest_population_fits_and_one_more_does_not(run, mebibytes):
    shape, budget = DataShape(20, 3, n_rows=512), mebibytes * 2**20
    n_runs = largest_population(run, shape, budget)
    if n_runs:
        assert population_memory(run, shape, n_runs).train_bytes <= budget
    if n_runs < 10_000_000:
        assert population_memory(run, shape, n_runs + 1).train_bytes > budget


def test_more_of_anything_is_never_less():
    def size(hidden=(256,), batch=64, n_runs=4, **fit):
        run = Run(net=MLP(hidden=hidden), fit=Fit(batch_size=batch, **fit))
        return population_memory(run, DataShape(784, 10, n_rows=4096), n_runs).train_bytes

    assert size() < size(hidden=(2048,)) < size(hidden=(2048, 2048))
    assert size(hidden=(2048,)) < size(hidden=(2048,), dtype="float64")
    assert size(batch=64) < size(batch=4096)
    assert size(n_runs=4) <= size(n_runs=400)


def test_kept_weights_wait_for_the_disk():
    run = Run(net=MLP(hidden=(2000,)), fit=Fit(batch_size=16, epochs=1))
    task = DataShape(784, 10, n_rows=64).task()
    splits = Splits(task)
    trainings = [Training.begin(run.replace(seed=seed), splits) for seed in range(4)]
    weights = 4 * (785 * 2000 + 2001 * 10)
    members = Members(trainings[0].program, trainings, task, keep_weights=True)
    assert members.kept_at_a_time == (2 + 3) * weights  # two are less than 16 MiB
    assert waiting_bytes(20 * 2**20, 4) == 20 * 2**20
    assert waiting_bytes(2**20, 4) == 4 * 2**20
    assert waiting_bytes(0, 4) == 0


def test_one_example_by_hand():
    counts = example_counts(3, 4, 2)
    assert counts.train_bytes == 4 * (3 + 2 * 12 + 8 + 2 * 8 + 4)
    assert counts.predict_bytes == 4 * (3 + 12 + 8 + 8 + 4)


def test_a_module_is_counted_without_its_tensors():
    import torch
    from torch import nn

    width = 10**6  # 40 GB of weights
    found = module_memory(
        lambda: nn.Sequential(nn.Linear(10_000, width), nn.ReLU(), nn.Linear(width, 1)),
        (32, 10_000),
        optimiser=lambda parameters: torch.optim.Adam(parameters),
    )
    weights = 4 * (10_001 * width + width + 1)
    assert found.predict_parts["parameters"] == found.train_parts["parameters"] == weights
    assert found.train_parts["gradients"] == weights
    assert found.train_parts["optimiser"] == pytest.approx(2 * weights, rel=1e-6)


def test_a_module_that_cannot_be_traced_is_told_in_one_line():
    from torch import nn

    class Reads(nn.Linear):
        def forward(self, x):
            return super().forward(x) * float(x.sum())

    with pytest.raises(ConfigError, match="cannot be traced") as told:
        module_memory(lambda: Reads(3, 2), (4, 3))
    assert "\n" not in str(told.value)


@pytest.mark.skipif(sys.platform != "linux", reason="reads /proc")
@pytest.mark.parametrize(
    ("hidden", "optim"), [((4096,), SGD()), ((1024, 1024), Adam())], ids=["wide", "adam"]
)
def test_predicted_is_measured(hidden, optim):
    run = Run(net=MLP(hidden=hidden), optim=optim, fit=Fit(epochs=1, batch_size=64))
    peak = measure_peak(run, DataShape(784, 10, n_rows=128), 4)
    assert peak.used_bytes > 64 * 2**20
    assert -0.03 <= peak.error <= 0.10
