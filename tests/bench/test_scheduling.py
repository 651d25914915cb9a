"""The simulated cluster against closed forms and bounds."""

import math
from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

import mlplab.bench.scheduling.__main__ as command
from mlplab.bench.scheduling.__main__ import page
from mlplab.bench.scheduling.cluster import Cluster, Usage, Work
from mlplab.bench.scheduling.measured import Times, as_here, measure, real_seconds, tasks
from mlplab.bench.scheduling.simulate import simulate
from mlplab.data import load_task

WORK = Work(
    n_runs=1000, runs_per_task=100, run_seconds=0.2, outcome_bytes=10, state_bytes=7, data_bytes=500
)


def used(work: Work, cluster: Cluster, seed: int = 0) -> Usage:
    return simulate(work, cluster, np.random.default_rng(seed))


@given(n=st.integers(1, 5000), size=st.integers(1, 300))
def test_tasks_hold_all_runs(n: int, size: int) -> None:
    sizes = Work(n_runs=n, runs_per_task=size, run_seconds=1).task_sizes
    assert sum(sizes) == n
    assert len(sizes) == math.ceil(n / size)
    assert 0 < min(sizes) <= max(sizes) <= size


@pytest.mark.parametrize("workers", [1, 3, 4, 10, 40])
def test_without_chance_tasks_go_in_rounds(workers: int) -> None:
    usage = used(WORK, Cluster(workers, start_seconds=3))
    assert usage.seconds == pytest.approx(3 + math.ceil(10 / workers) * 20)
    assert usage.efficiency == pytest.approx(200 / workers / usage.seconds)
    assert usage.lost_seconds == usage.n_kills == usage.merged_last == 0
    # Checkpoints at 20 s, which is the end of a task; workers without a task read no data too.
    assert usage.n_bytes == 1000 * 10 + 1000 * 7 + min(workers, 10) * 500


def test_a_start_for_each_task() -> None:
    usage = used(WORK, Cluster(2, start_seconds=3, starts_each_task=True))
    assert usage.seconds == pytest.approx(5 * 23)
    assert usage.n_bytes == 1000 * 10 + 1000 * 7 + 10 * 500


def test_a_slow_driver_decides() -> None:
    usage = used(WORK, Cluster(10, merge_seconds=1))
    assert usage.seconds == pytest.approx(20 + 1000)
    assert usage.merged_last == pytest.approx(1000)


def test_slow_workers_take_longer() -> None:
    usage = used(WORK, Cluster(10, slow_share=0.1, slow_factor=5))
    assert usage.seconds == pytest.approx(100)
    # In smaller tasks the others do most of the slow one's share.
    small = used(replace(WORK, runs_per_task=10), Cluster(10, slow_share=0.1, slow_factor=5))
    assert small.seconds < 35


def test_kills_cost_what_theory_says() -> None:
    """Segments of c seconds, kills at rate k, r seconds away: (e^kc - 1)(1/k + r) each."""
    rate, c, away = 1 / 30, 20.0, 7.0
    work = Work(n_runs=1, runs_per_task=1, run_seconds=400 * c)
    cluster = Cluster(1, kills_per_hour=3600 * rate, away_seconds=away, checkpoint_seconds=c)
    seconds = [used(work, cluster, seed).seconds for seed in range(100)]
    expected = 400 * math.expm1(rate * c) * (1 / rate + away)
    error = np.std(seconds, ddof=1) / math.sqrt(len(seconds))
    assert abs(np.mean(seconds) - expected) < 4 * error
    usage = used(work, cluster)
    assert usage.seconds == pytest.approx(400 * c + usage.lost_seconds + usage.n_kills * away)


@given(
    workers=st.integers(1, 30),
    spread=st.floats(0, 1),
    kills=st.floats(0, 60),
    slow=st.floats(0, 1),
    seed=st.integers(0, 99),
)
def test_nothing_is_faster_than_the_work_itself(
    workers: int, spread: float, kills: float, slow: float, seed: int
) -> None:
    cluster = Cluster(
        workers, start_seconds=2, kills_per_hour=kills, away_seconds=5, slow_share=slow,
        slow_factor=2, merge_seconds=0.001,
    )  # fmt: skip
    usage = used(replace(WORK, spread=spread), cluster, seed)
    assert 0 < usage.efficiency < 1
    assert usage.seconds >= usage.useful_seconds / workers + 2
    assert usage.lost_seconds >= 0
    assert usage == used(replace(WORK, spread=spread), cluster, seed)


def times(**more: float) -> Times:
    return Times(replace(WORK, **more), start_seconds=2.0, merge_seconds=1e-4, cores=2)


def test_this_machine_shares_its_cores() -> None:
    alone, both, many = (as_here(times(), workers) for workers in (1, 2, 4))
    assert (alone.slow_factor, both.slow_factor, many.slow_factor) == (1, 1, 2)
    assert used(WORK, both).seconds == pytest.approx(2 + 5 * 20)
    # Four workers on two cores: half as fast each, and the last round has two idle ones.
    assert used(WORK, many).seconds == pytest.approx(4 + 3 * 40)


def test_real_tasks_are_trained_and_measured() -> None:
    found = measure(tasks(n_tasks=3, runs_per_task=2, epochs=6))
    assert found.work.n_runs == 6
    assert 0 < found.work.run_seconds < 5
    assert found.start_seconds >= 0
    assert 0 < found.merge_seconds < 1
    # A history of six epochs and a few names.
    assert 100 < found.work.outcome_bytes < 10_000


def test_real_seconds_are_those_until_the_last_task_ends() -> None:
    chunks = tasks(n_tasks=2, runs_per_task=2, epochs=1)
    seconds, ends = real_seconds(chunks, load_task("digits", valid=0.1), 2)
    assert len(ends) == 2
    assert 0 < ends[0] <= ends[1] <= seconds


def test_more_workers_lose_efficiency_and_the_page_says_so(monkeypatch) -> None:
    monkeypatch.setattr(command, "N_RUNS", 100_000)
    monkeypatch.setattr(command, "_REPETITIONS", 2)
    text = page(times(spread=0.05), [["1", "2.0", "2.0 to 2.1", "2.0", "+0 %"]], "a command")
    table = text.partition("## A million runs")[2].partition("## How long")[0]
    rows = [line.split("|") for line in table.splitlines() if line.startswith("| ")][1:]
    shares = [float(row[3]) for row in rows if row[1].strip()[0].isdigit()]
    assert len(shares) == 8
    assert shares[0] > 0.95
    assert shares[-1] == min(shares)
    assert "| 1 | 2.0 | 2.0 to 2.1 | 2.0 | +0 % |" in text
