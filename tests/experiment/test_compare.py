from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest
from scipy import stats as scipy_stats

from mlplab.data import Task
from mlplab.errors import ConfigError
from mlplab.experiment import Experiment, Runs, folds
from mlplab.store import Store


def oracle(y: np.ndarray, m: int) -> tuple[float, tuple[float, float], float]:
    test = scipy_stats.ttest_1samp(y, 0)
    interval = test.confidence_interval(1 - 0.05 / m)
    return y.mean(), (interval.low, interval.high), min(1.0, m * test.pvalue)


def check(verdict: Any, y: np.ndarray, m: int) -> None:
    effect, interval, p = oracle(y, m)
    assert verdict.effect == pytest.approx(effect)
    assert verdict.interval == pytest.approx(interval)
    assert verdict.p == pytest.approx(p)
    assert verdict.level == pytest.approx(1 - 0.05 / m)
    assert verdict.details["m"] == m


@pytest.fixture
def runs(task: Task, store: Store, fake: Any, noisy: Callable[..., float]) -> Runs:
    fake.score = lambda run: (
        0.8
        + 0.01 * noisy(run.seed)
        + 0.1 * run.optim.lr
        + 0.003 * noisy("own", run.seed, run.optim.lr, run.net.hidden)
        - (0.2 * run.optim.lr if run.net.hidden == (8,) else 0.0)
    )
    vary = {"hidden": [8, 16], "lr": [0.1, 0.2, 0.4]}
    return Experiment(task, vary=vary, seeds=7).run(store, backend=fake.backend)


def test_levels_against_the_first_are_main_effects_paired_by_seed(runs: Runs) -> None:
    small, large = np.split(runs.values("valid_loss"), 2)
    means = (small + large) / 2
    verdicts = runs.compare("lr", "valid_loss")
    assert len(verdicts) == 2
    for verdict, level in zip(verdicts, (1, 2), strict=True):
        check(verdict, means[level] - means[0], m=2)
    assert verdicts[1].says == "valid_loss is higher with lr=0.4 than with lr=0.1"


def test_all_pairs_count_more_claims(runs: Runs) -> None:
    small, large = np.split(runs.values("valid_loss"), 2)
    means = (small + large) / 2
    verdicts = runs.compare("optim.lr", "valid_loss", pairs="all")
    pairs = [(1, 0), (2, 0), (2, 1)]
    for verdict, (up, down) in zip(verdicts, pairs, strict=True):
        check(verdict, means[up] - means[down], m=3)


def test_a_factor_of_two_levels_averages_over_the_others(runs: Runs) -> None:
    small, large = np.split(runs.values("test_accuracy"), 2)
    (verdict,) = runs.compare("hidden", "test_accuracy", matters=0.02)
    check(verdict, (large - small).mean(axis=0), m=1)
    assert verdict.matters == 0.02


def test_only_settings_that_both_levels_met_are_compared(
    task: Task, store: Store, fake: Any
) -> None:
    lonely = Experiment(
        task,
        arms=[{"lr": 0.1}, {"lr": 0.2}, {"lr": 0.1, "hidden": 8}, {"lr": 0.4, "hidden": 9}],
        seeds=5,
    ).run(store, backend=fake.backend)
    with pytest.raises(ConfigError, match=r"optim.lr=0.4 and optim.lr=0.1 share no setting"):
        lonely.compare("lr", "valid_loss")
    pair = Experiment(task, arms=[{"lr": 0.1}, {"lr": 0.2}, {"lr": 0.1, "hidden": 8}], seeds=5).run(
        store, backend=fake.backend
    )
    values = pair.values("valid_loss")
    (verdict,) = pair.compare("lr", "valid_loss")
    check(verdict, values[1] - values[0], m=1)


def test_folds_are_averaged_within_a_seed(task: Task, store: Store, fake: Any) -> None:
    vary = {"rows": folds(3), "lr": [0.1, 0.2]}
    runs = Experiment(task, vary=vary, seeds=6).run(store, backend=fake.backend)
    values = runs.values("valid_loss").reshape(3, 2, 6)
    (verdict,) = runs.compare("lr", "valid_loss")
    check(verdict, (values[:, 1] - values[:, 0]).mean(axis=0), m=1)


def test_swapping_two_levels_turns_the_verdict(task: Task, store: Store, fake: Any) -> None:
    found = []
    for rates in ([0.1, 0.4], [0.4, 0.1]):
        runs = Experiment(task, vary={"lr": rates}, seeds=8).run(store, backend=fake.backend)
        found += runs.compare("lr", "valid_accuracy")
    assert [verdict.verdict for verdict in found] == ["supported", "refuted"]
    assert found[0].effect == -found[1].effect
    assert found[0].interval == pytest.approx([-end for end in reversed(found[1].interval)])


@pytest.mark.parametrize(
    ("factor", "message"),
    [
        ("momentum", "'momentum' has one level in this design; varied: net.hidden, optim.lr"),
        ("lrr", "no field 'lrr' in this run; did you mean 'lr'"),
    ],
)
def test_what_was_not_varied_cannot_be_compared(runs: Runs, factor: str, message: str) -> None:
    with pytest.raises(ConfigError, match=message):
        runs.compare(factor, "valid_loss")


def test_pairs_are_first_or_all(runs: Runs) -> None:
    with pytest.raises(ConfigError, match="pairs: expected 'first' or 'all'; got 'some'"):
        runs.compare("lr", "valid_loss", pairs="some")  # type: ignore[arg-type]
