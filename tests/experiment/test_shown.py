"""Results in a console and in a notebook: short, cut, and made of what they are."""

from __future__ import annotations

import re
from typing import Any

import pytest

from mlplab.data import Task
from mlplab.experiment import Experiment, Runs
from mlplab.specs import Difference, Verdicts
from mlplab.store import Store

METRIC = "valid_accuracy"


@pytest.fixture
def runs(task: Task, store: Store, fake: Any) -> Runs:
    fake.diverges = lambda run: run.optim.lr == 2.5 and run.seed == 1
    rates = [n / 10 for n in range(1, 31)]
    claim = Difference(says="d", arm={"lr": 0.3}, baseline={"lr": 0.1}, expect="higher")
    experiment = Experiment(task, None, {"lr": rates}, 5, [claim], name="<x>")
    return experiment.run(store, backend=fake.backend)


def test_runs_are_a_table_of_arms(runs: Runs) -> None:
    text = runs._repr_html_()
    assert "&lt;x&gt;" in text
    assert "... 10 more" in text
    assert text.count("<tr>") == 1 + 20
    (first, *_) = runs.summary(METRIC)
    assert f"{first.mean:.4g} [{first.interval[0]:.4g}, {first.interval[1]:.4g}]" in text
    assert "loss" not in text


def test_what_failed_is_counted_and_what_was_not_recorded_is_a_dash(
    task: Task, store: Store, fake: Any
) -> None:
    fake.diverges = lambda run: run.optim.lr == 0.2
    arms = [{"lr": 0.1}, {"lr": 0.2}, {"fit.test": "never"}]
    runs = Experiment(task, arms=arms, seeds=3).run(store, backend=fake.backend)
    _, *rows = [re.findall(r">([^<]*)</t[dh]>", row) for row in runs._repr_html_().split("<tr>")]
    heads = ["arm", "train_accuracy", "valid_accuracy", "test_accuracy", "runs", "failed"]
    assert rows[0] == heads
    assert [row[-2:] for row in rows[1:]] == [["3", "0"], ["3", "3"], ["3", "0"]]
    assert rows[3][3] == "–"


def test_verdicts_and_comparisons_are_tables(runs: Runs) -> None:
    assert type(runs.verdicts()) is type(runs.compare("lr", METRIC)) is Verdicts


def test_arms_and_the_best_one_are_short(runs: Runs) -> None:
    best = runs.best(METRIC)
    assert repr(runs.arms[0]) == "Arm('lr=0.1')"
    assert "optim.lr" in runs.arms[0]._repr_html_()
    assert repr(best).startswith(f"Best({best.arm.label!r} by {METRIC}: mean {best.mean:.4g}, ")
    assert "lr=2.5" in best._repr_html_()  # it could not be chosen
    assert len(repr(best)) < 160


def test_a_task_tells_what_it_holds(task: Task) -> None:
    text = task._repr_html_()
    assert f"Task {task.name}" in text
    assert f">{task.n_pool:,}<" in text


def test_an_outcome_is_no_dump(runs: Runs) -> None:
    from dataclasses import replace

    one = replace(next(iter(runs.outcomes.values())), correct={"test": b"\0" * 5000})
    assert len(repr(one)) < 2000
