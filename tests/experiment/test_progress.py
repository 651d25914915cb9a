from __future__ import annotations

from typing import Any

import pytest

from mlplab.data import Task
from mlplab.experiment import Experiment, Progress
from mlplab.experiment.progress import Tally
from mlplab.specs import Fit, Outcome, Run
from mlplab.store import Store


def ended(run: Run, epochs: int) -> Outcome:
    return Outcome(run.key, "p", "finished", epochs, {}, 0.1, 1)


@pytest.fixture
def clock(monkeypatch: pytest.MonkeyPatch) -> dict[str, float]:
    now = {"now": 100.0}
    monkeypatch.setattr("mlplab.experiment.progress.time.monotonic", lambda: now["now"])
    return now


def test_counts_and_estimate(clock: dict[str, float]) -> None:
    runs = {run.key: run for run in (Run(seed=seed, fit=Fit(epochs=4)) for seed in range(3))}
    seen: list[Progress] = []
    tally = Tally(seen.append, 2, {key: run.fit.epochs for key, run in runs.items()})
    tally.show()
    clock["now"] += 3.0
    tally.progressed(4.0)
    assert [(p.n_runs, p.n_done, p.n_from_store) for p in seen] == [(5, 2, 2), (5, 2, 2)]
    assert (seen[0].seconds_left, seen[1].seconds_left) == (None, pytest.approx(6.0))
    clock["now"] += 3.0
    first, second, third = runs.values()
    tally.ended(ended(first, 4))
    clock["now"] += 3.0
    # A run that stops early takes the epochs it saves out of the estimate.
    tally.ended(ended(second, 1))
    assert (seen[-1].n_done, seen[-1].run_epochs_total) == (4, 9.0)
    tally.ended(ended(third, 4))
    tally.show(now=True)
    assert (seen[-1].n_done, seen[-1].seconds_left) == (5, 0.0)


def test_reports_are_at_least_a_tenth_of_a_second_apart(clock: dict[str, float]) -> None:
    run = Run(fit=Fit(epochs=1000))
    seen: list[Progress] = []
    tally = Tally(seen.append, 0, {run.key: run.fit.epochs})
    for _ in range(1000):
        clock["now"] += 0.001
        tally.progressed(1.0)
    assert 9 <= len(seen) <= 11


def test_an_experiment_reports_its_beginning_and_its_end(
    task: Task, store: Store, fake: Any
) -> None:
    experiment = Experiment(task, vary={"lr": [0.1, 0.2]}, seeds=3)
    for n_from_store in (0, 6):
        seen: list[Progress] = []
        experiment.run(store, backend=fake.backend, progress=seen.append)
        assert (seen[0].n_done, seen[0].n_runs) == (n_from_store, 6)
        assert (seen[-1].n_done, seen[-1].seconds_left) == (6, 0.0)
        assert str(seen[-1]).startswith("6 of 6 runs")
