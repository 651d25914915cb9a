"""Runs that end at chance, by a rule declared before, count as diverged ones do."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest

from mlplab.data import Task
from mlplab.errors import ConfigError, GuardError
from mlplab.experiment import Experiment
from mlplab.specs import Difference, FailureDifference, Run
from mlplab.store import Store

LOW, HIGH = {"lr": 0.1}, {"lr": 0.4}
CLAIM = Difference(
    says="the higher rate is better", metric="valid_accuracy", arm=HIGH, baseline=LOW,
    expect="higher",
)  # fmt: skip


def at_chance(run: Run) -> float:
    """Score well, but for two seeds of the higher rate, which learn nothing."""
    if run.optim.lr == 0.4:
        return 0.33 if run.seed < 2 else 0.9 + run.seed / 1000
    return 0.7


def test_they_are_counted_and_left_out(
    task: Task, store: Store, make_fake: Callable[..., Any]
) -> None:
    fake = make_fake(score=at_chance)
    experiment = Experiment(
        task, vary={"lr": [0.1, 0.4]}, seeds=8, claims=[CLAIM], fails={"valid_accuracy": 0.4}
    )
    runs = experiment.run(store, backend=fake.backend)
    counts = runs.failures()
    assert [counts[label].failures for label in ("lr=0.1", "lr=0.4")] == [0, 2]
    values = runs.values("valid_accuracy")
    assert np.isnan(values[1]).tolist() == [True, True] + [False] * 6
    (verdict,) = runs.verdicts()
    failures = {row["arm"]: row["failures"] for row in verdict.details["failures"]}
    assert failures == {"lr=0.1": 0, "lr=0.4": 2}
    # Six of six finished pairs say yes, two seeds failed: the two analyses must agree.
    assert "by_ranks" in verdict.details


def test_without_a_rule_they_are_ordinary_runs(
    task: Task, store: Store, make_fake: Callable[..., Any]
) -> None:
    fake = make_fake(score=at_chance)
    runs = Experiment(task, vary={"lr": [0.1, 0.4]}, seeds=8).run(store, backend=fake.backend)
    assert not any(count.failures for count in runs.failures().values())
    assert np.isfinite(runs.values("valid_accuracy")).all()


def test_another_rule_is_another_question(
    task: Task, store: Store, make_fake: Callable[..., Any]
) -> None:
    fake = make_fake(score=at_chance)
    kept = []
    for fails in ({}, {"valid_accuracy": 0.4}):
        experiment = Experiment(
            task, vary={"lr": [0.1, 0.4]}, seeds=8, claims=[CLAIM], name="x", fails=fails
        )
        (verdict,) = experiment.run(store, backend=fake.backend).verdicts()
        kept.append(verdict.details["question"])
    assert kept[0] != kept[1]


@pytest.mark.parametrize(
    ("fails", "says"),
    [
        ({"valid_acuracy": 0.2}, "fails: metric: these runs record no 'valid_acuracy'"),
        ({"valid_accuracy": "low"}, "fails: 'valid_accuracy' expects a number; got 'low'"),
        (0.2, "fails: expected a mapping, metric -> bound; got 0.2"),
    ],
)
def test_a_rule_that_makes_no_sense_is_one_line(fails: Any, says: str) -> None:
    with pytest.raises(ConfigError, match=says):
        Experiment("digits", fails=fails)


def test_the_test_split_decides_no_failure() -> None:
    with pytest.raises(GuardError, match="fails decides what counts and may not look at"):
        Experiment("digits", fails={"test_accuracy": 0.2})


OFTEN = FailureDifference(key="often", arm=HIGH, baseline=LOW)


def failing(n: int) -> Callable[[Run], float]:
    """The first n seeds of the higher rate learn nothing."""
    return lambda run: 0.33 if run.optim.lr == 0.4 and run.seed < n else 0.9


@pytest.mark.parametrize(
    ("n", "word", "size"), [(8, "supported", "at least d"), (6, "supported", "open"),
                            (3, "undecided", "")],
)  # fmt: skip
def test_failing_more_often_is_a_claim(
    task: Task, store: Store, make_fake: Callable[..., Any], n: int, word: str, size: str
) -> None:
    fake = make_fake(score=failing(n))
    experiment = Experiment(
        task, vary={"lr": [0.1, 0.4]}, seeds=8, claims=[OFTEN], fails={"valid_accuracy": 0.4}
    )
    runs = experiment.run(store, backend=fake.backend)
    verdict = runs.verdict("often")
    assert (verdict.verdict, verdict.size) == (word, size)
    assert verdict.p == pytest.approx(2 * 0.5**n)
    assert (verdict.effect, verdict.n_seeds, verdict.metric) == (n / 8, 8, "failure_rate")
    assert [row["failures"] for row in verdict.details["failures"]] == [n, 0]
    (row,) = store.verdicts()
    assert (row["id"], row["key"], row["verdict"]) == (verdict.id, "often", word)


def test_what_it_asks_is_its_identity(
    task: Task, store: Store, make_fake: Callable[..., Any]
) -> None:
    claims = [
        OFTEN,
        OFTEN.replace(key="worded", says="it breaks", expect="lower"),
        OFTEN.replace(key="further", matters=0.2),
        CLAIM.replace(key="other"),
    ]
    fake = make_fake(score=failing(8))
    experiment = Experiment(task, vary={"lr": [0.1, 0.4]}, seeds=8, claims=claims)
    ids = {one.id for one in experiment.run(store, backend=fake.backend).verdicts()}
    assert len(ids) == 4
    assert OFTEN.replace(key="", says="another wording").id == OFTEN.id
    with pytest.raises(ConfigError, match="declared twice"):
        Experiment("digits", vary={"lr": [0.1, 0.4]}, claims=[OFTEN, OFTEN.replace(key="again")])


def test_looks_stop_where_an_arm_plainly_fails(
    task: Task, store: Store, make_fake: Callable[..., Any]
) -> None:
    fake = make_fake(score=failing(64))
    experiment = Experiment(
        task, vary={"lr": [0.1, 0.4]}, claims=[OFTEN], fails={"valid_accuracy": 0.4}
    )
    runs = experiment.run(store, backend=fake.backend, until_decided=True)
    verdict = runs.verdict("often")
    # Eight of eight have p = 0.008, above the 0.005 of the first look.
    assert (verdict.verdict, verdict.n_seeds) == ("supported", 16)


def test_it_has_no_differences_to_draw(
    task: Task, store: Store, make_fake: Callable[..., Any]
) -> None:
    fake = make_fake(score=failing(2))
    runs = Experiment(task, vary={"lr": [0.1, 0.4]}, seeds=8, claims=[OFTEN, CLAIM]).run(
        store, backend=fake.backend
    )
    assert set(runs.pairs()["claim"]) == {runs.verdicts()[1].id}
    with pytest.raises(ConfigError, match="not one difference per seed"):
        runs.pairs("often")
