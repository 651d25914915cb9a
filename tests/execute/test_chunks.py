"""Dealing: every run in one chunk, whole stacks, companions together, the longest first."""

from __future__ import annotations

from collections import Counter

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from tests.engine.population import capacity, made_up, of, populations

from mlplab.engine.training import Splits, Training
from mlplab.execute.chunks import deal
from mlplab.specs import MLP, SGD, Fit

few = settings(max_examples=40, deadline=None, suppress_health_check=list(HealthCheck))


@few
@given(populations(most=20), st.integers(1, 5))
def test_every_run_is_dealt_once(population, workers):
    task, runs = population
    chunks = deal(runs, task, workers)
    dealt = [run.key for chunk in chunks for run in chunk.runs]
    assert sorted(dealt) == sorted(run.key for run in runs)
    assert all(chunk.runs for chunk in chunks)
    seconds = [chunk.seconds for chunk in chunks]
    assert seconds == sorted(seconds, reverse=True)


@few
@given(st.integers(1, 5), st.lists(st.sampled_from([4, 300]), min_size=1, max_size=30))
def test_a_chunk_is_of_one_program(workers, widths):
    task = made_up(n=400, features=100)
    runs = [
        of(task, net=MLP(hidden=(width,)), seed=seed, fit=Fit(batch_size=100))
        for seed, width in enumerate(widths)
    ]
    splits = Splits(task)
    for chunk in deal(runs, task, workers):
        assert len({Training.begin(run, splits).program for run in chunk.runs}) == 1


def test_large_networks_go_to_every_worker_and_small_ones_stay_together():
    task = made_up(n=5000, features=700)
    large = [of(task, net=MLP(hidden=(500,)), seed=s, fit=Fit(batch_size=256)) for s in range(8)]
    small = [of(task, net=MLP(hidden=(2,)), seed=s, fit=Fit(batch_size=2)) for s in range(8)]
    assert [len(chunk.runs) for chunk in deal(large, task, 2)] == [4, 4]
    assert [len(chunk.runs) for chunk in deal(small, task, 2)] == [8]
    assert len(deal(large, task, 4)) == 4


def test_runs_that_share_batches_are_not_parted_where_that_can_be_helped():
    task = made_up(n=5000, features=700)
    runs = [
        of(task, net=MLP(hidden=(500,)), seed=seed, fit=Fit(batch_size=256), optim=SGD(lr=lr))
        for lr in (0.1, 0.2, 0.3, 0.4)
        for seed in range(4)
    ]
    chunks = deal(runs, task, 2)
    assert len(chunks) >= 2
    for chunk in chunks:
        assert set(Counter(run.seed for run in chunk.runs).values()) == {4}


def test_what_does_not_fit_one_stack_takes_several_chunks():
    task = made_up(n=64, features=4)
    run = of(task, net=MLP(hidden=(4000, 4000)), fit=Fit(batch_size=64))
    program = Training.begin(run, Splits(task)).program
    most = capacity(program)
    runs = [run.replace(seed=s) for s in range(2 * most + 1)]
    assert max(len(chunk.runs) for chunk in deal(runs, task, 1)) <= most
