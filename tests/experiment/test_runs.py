from __future__ import annotations

from typing import Any

import numpy as np
import pandas as pd
import pytest
from scipy import stats as scipy_stats

from mlplab.data import Task
from mlplab.errors import ConfigError
from mlplab.experiment import Experiment, folds
from mlplab.specs import Fit, Run
from mlplab.store import Store

RATES = [0.1, 0.2, 0.3]


@pytest.fixture
def experiment(task: Task) -> Experiment:
    return Experiment(task, Run(fit=Fit(epochs=3)), {"lr": RATES}, seeds=6)


def test_the_frame_has_a_row_per_run_and_epoch(
    experiment: Experiment, store: Store, fake: Any
) -> None:
    runs = experiment.run(store, backend=fake.backend)
    frame = runs.frame()
    assert len(frame) == 3 * 6 * 3
    assert list(frame.columns[:8]) == [
        "key",
        "arm",
        "seed",
        "optim.lr",
        "epoch",
        "status",
        "diverged_epoch",
        "provenance",
    ]
    for cell in runs.cells:
        rows = frame[frame.key == cell.key]
        assert list(rows.epoch) == [1, 2, 3]
        assert set(rows["optim.lr"]) == {cell.run.optim.lr}
        outcome = runs.outcomes[cell.key]
        assert tuple(rows.valid_accuracy) == outcome.history["valid_accuracy"]
        # What is scored at the end stands in the last row.
        assert np.isnan(rows.test_accuracy.iloc[:2]).all()
        assert rows.test_accuracy.iloc[2] == outcome.last("test_accuracy")
    last = frame[frame.epoch == 3].reset_index(drop=True)
    pd.testing.assert_frame_equal(runs.frame(last=True), last)


def test_a_run_that_diverged_at_once_has_its_row(
    experiment: Experiment, store: Store, fake: Any
) -> None:
    from dataclasses import replace

    usual = fake.outcome

    def outcome(run: Run, task: Task) -> Any:
        return (
            replace(usual(run, task), epochs=0, history={}) if run.seed == 1 else usual(run, task)
        )

    fake.diverges, fake.outcome = (lambda run: run.seed == 1), outcome
    frame = experiment.run(store, backend=fake.backend).frame()
    lost = frame[frame.seed == 1]
    assert list(lost.epoch) == [0, 0, 0]
    assert set(lost.status) == {"diverged"}
    assert set(lost.diverged_epoch) == {1}
    assert lost.valid_accuracy.isna().all()
    assert frame[frame.seed != 1].diverged_epoch.isna().all()


@pytest.mark.parametrize(
    ("rates", "seeds"),
    [([0.3, 0.2, 0.1], [5, 4, 3, 2, 1, 0]), ([0.2, 0.3, 0.1], [2, 0, 5, 1, 4, 3])],
)
def test_permuting_arms_and_seeds_permutes_the_results(
    experiment: Experiment, fake: Any, rates: list[float], seeds: list[int]
) -> None:
    plain = experiment.run(":memory:", backend=fake.backend)
    mixed = Experiment(experiment.data, experiment.base, {"lr": rates}, seeds=seeds).run(
        ":memory:", backend=fake.backend
    )
    order = ["optim.lr", "seed", "epoch"]
    pd.testing.assert_frame_equal(
        plain.frame().sort_values(order, ignore_index=True),
        mixed.frame().sort_values(order, ignore_index=True),
    )
    by_arm = {one.arm: one for one in plain.summary("test_accuracy")}
    for one in mixed.summary("test_accuracy"):
        assert one.mean == pytest.approx(by_arm[one.arm].mean, rel=1e-12)
        assert one.interval == pytest.approx(by_arm[one.arm].interval, rel=1e-9)
    straight = plain.values("valid_accuracy")
    places = np.ix_([RATES.index(rate) for rate in rates], seeds)
    assert (mixed.values("valid_accuracy") == straight[places]).all()


def test_the_summary_is_scipys_t_interval_of_each_arm(
    experiment: Experiment, store: Store, fake: Any
) -> None:
    fake.diverges = lambda run: run.optim.lr == 0.2 and run.seed in (1, 4)
    runs = experiment.run(store, backend=fake.backend)
    for one, values in zip(runs.summary("valid_loss"), runs.values("valid_loss"), strict=True):
        kept = values[np.isfinite(values)]
        oracle = scipy_stats.ttest_1samp(kept, 0).confidence_interval(0.95)
        assert one.mean == pytest.approx(kept.mean())
        assert one.interval == pytest.approx((oracle.low, oracle.high))
        assert (one.n_seeds, one.n_failed) == ((4, 2) if one.arm == "lr=0.2" else (6, 0))


def test_the_summary_of_one_or_no_finished_run_has_no_interval(
    task: Task, store: Store, fake: Any
) -> None:
    fake.diverges = lambda run: run.optim.lr == 0.2
    runs = Experiment(task, vary={"lr": [0.1, 0.2]}, seeds=1).run(store, backend=fake.backend)
    one, none = runs.summary("test_accuracy")
    assert (one.interval, one.n_seeds) == (None, 1)
    assert np.isnan(none.mean)
    assert (none.interval, none.n_seeds, none.n_failed) == (None, 0, 1)


def test_failures_are_counted_per_arm(experiment: Experiment, store: Store, fake: Any) -> None:
    fake.diverges = lambda run: run.optim.lr == 0.3 and run.seed < 2
    counts = experiment.run(store, backend=fake.backend).failures()
    assert {arm: count.failures for arm, count in counts.items()} == {
        "lr=0.1": 0,
        "lr=0.2": 0,
        "lr=0.3": 2,
    }
    oracle = scipy_stats.binomtest(2, 6).proportion_ci(0.95, "exact")
    assert (counts["lr=0.3"].low, counts["lr=0.3"].high) == pytest.approx((oracle.low, oracle.high))


def test_weights_are_those_of_the_run_kept_or_trained_again(
    experiment: Experiment, store: Store, fake: Any
) -> None:
    runs = experiment.run(store, backend=fake.backend)
    for _ in range(2):
        found = runs.weights({"lr": 0.2}, 4)["layers.0.bias"]
        assert found.tolist() == [4, 0.2]
    assert runs.weights("lr=0.3", seed=0)["layers.0.bias"].tolist() == [0, 0.3]
    assert [len(call["runs"]) for call in fake.calls] == [18, 1, 1]


def test_weights_that_are_not_there_are_refused(
    experiment: Experiment, store: Store, fake: Any
) -> None:
    fake.diverges = lambda run: run.seed == 1
    runs = experiment.run(store, backend=fake.backend)
    with pytest.raises(ConfigError, match=r"arm 'lr=0.1' was not run with seed 6"):
        runs.weights({"lr": 0.1}, 6)
    with pytest.raises(ConfigError, match=r"run 'lr=0.1' with seed 1 diverged and has no weights"):
        runs.weights({"lr": 0.1}, 1)


def test_a_metric_that_was_not_recorded_is_refused(
    experiment: Experiment, store: Store, fake: Any
) -> None:
    runs = experiment.run(store, backend=fake.backend)
    for ask in (runs.summary, runs.values, lambda metric: runs.compare("lr", metric)):
        with pytest.raises(
            ConfigError, match="record no 'valid_acc'; did you mean 'valid_accuracy"
        ):
            ask("valid_acc")


def test_a_users_metric_is_passed_by_name_and_comes_back(
    task: Task, store: Store, fake: Any
) -> None:
    base = Run(fit=Fit(epochs=2, measures=("grad_norm", "f1")))
    runs = Experiment(task, base, {"lr": [0.1, 0.2]}, seeds=2).run(store, backend=fake.backend)
    assert {"grad_norm", "valid_f1", "test_f1"} <= set(runs.frame().columns)
    for metric in ("grad_norm", "valid_f1", "test_f1"):
        assert [one.n_seeds for one in runs.summary(metric)] == [2, 2]
    for metric in ("f1", "train_f1", "valid_grad_norm"):
        with pytest.raises(ConfigError, match=f"record no '{metric}'"):
            runs.summary(metric)


def test_folds_give_each_its_runs(task: Task, store: Store, fake: Any) -> None:
    experiment = Experiment(task.with_valid(0), vary={"lr": [0.1, 0.2], "rows": folds(3)}, seeds=2)
    frame = experiment.run(store, backend=fake.backend).frame(last=True)
    assert len(frame) == 2 * 3 * 2
    assert frame.groupby(["optim.lr", "rows"]).size().tolist() == [2] * 6
    assert frame.valid_accuracy.notna().all()


def test_a_repr_says_what_happened(experiment: Experiment, store: Store, fake: Any) -> None:
    runs = experiment.run(store, backend=fake.backend)
    assert len(runs) == 18
    assert "18 runs, 3 arms, 0 from the store" in repr(runs)
