from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest

from mlplab.data import Task, task_from_arrays
from mlplab.errors import ConfigError, DataError, GuardError
from mlplab.experiment import Experiment, Runs, folds
from mlplab.specs import Fit, Fold, Run
from mlplab.stats import best_arms, selection_optimism
from mlplab.store import Store

RATES = [0.1, 0.2, 0.3, 0.4]
METRIC = "valid_accuracy"


@pytest.fixture
def runs(task: Task, store: Store, fake: Any, noisy: Callable[..., float]) -> Runs:
    fake.score = lambda run: 0.9 + 0.02 * noisy(run.seed) + 0.01 * noisy(run.seed, run.optim.lr)
    experiment = Experiment(task, vary={"lr": RATES}, seeds=[4, 2, 9, 1, 5, 3], name="rates")
    return experiment.run(store, backend=fake.backend)


def test_the_best_arm_and_its_sets_are_those_of_stats(runs: Runs) -> None:
    values = runs.values(METRIC)
    best = runs.best(METRIC)
    labels = [arm.label for arm in runs.arms]
    assert best.arm == runs.arms[int(values.mean(axis=1).argmax())]
    sets = best_arms(values, 0.005, n_test=500)
    assert best.candidates == tuple(labels[place] for place in sets.candidates)
    assert best.near_best == tuple(labels[place] for place in sets.near_best)
    chosen = selection_optimism(values)
    assert (best.mean, best.honest_mean, best.optimism) == (
        chosen.mean,
        chosen.honest_mean,
        chosen.optimism,
    )
    assert best.arm.label in best.candidates


def test_optimism_is_that_of_leaving_one_seed_out(runs: Runs) -> None:
    values = runs.values(METRIC)
    left_out = [
        values[np.delete(values, seed, axis=1).mean(axis=1).argmax(), seed]
        for seed in range(values.shape[1])
    ]
    best = runs.best(METRIC)
    assert best.honest_mean == pytest.approx(np.mean(left_out))
    assert best.optimism == pytest.approx(values.mean(axis=1).max() - np.mean(left_out))
    assert best.optimism > 0


def test_a_loss_is_better_when_lower(runs: Runs) -> None:
    values = runs.values("valid_loss")
    assert runs.best("valid_loss").arm == runs.arms[int(values.mean(axis=1).argmin())]


def test_the_order_of_arms_does_not_choose(runs: Runs, store: Store, fake: Any) -> None:
    turned = Experiment(runs.experiment.data, vary={"lr": RATES[::-1]}, seeds=runs.experiment.seeds)
    best, other = runs.best(METRIC), turned.run(store, backend=fake.backend).best(METRIC)
    assert other.arm.label == best.arm.label
    assert set(other.candidates) == set(best.candidates)
    assert set(other.near_best) == set(best.near_best)


def test_the_test_split_may_not_choose(runs: Runs) -> None:
    with pytest.raises(GuardError, match="may not look at 'test_accuracy'"):
        runs.best("test_accuracy")


def test_a_direction_must_be_known(task: Task, store: Store, fake: Any) -> None:
    base = Run(fit=Fit(measures=("f1",)))
    runs = Experiment(task, base, {"lr": RATES}, seeds=5).run(store, backend=fake.backend)
    with pytest.raises(ConfigError, match="say higher_is_better=True or False for 'valid_f1'"):
        runs.best("valid_f1")
    assert runs.best("valid_f1", higher_is_better=True).arm.label == "lr=0.4"
    assert runs.best("valid_f1", higher_is_better=False).arm.label == "lr=0.1"


def test_a_fold_cannot_be_best(task: Task, store: Store, fake: Any) -> None:
    runs = Experiment(task, vary={"rows": folds(3)}, seeds=5).run(store, backend=fake.backend)
    with pytest.raises(ConfigError, match="would choose a fold"):
        runs.best(METRIC)


def test_the_number_of_a_fold_cannot_be_best(task: Task, store: Store, fake: Any) -> None:
    base = Run(rows=Fold(n_folds=3))
    runs = Experiment(task, base, vary={"rows.index": [0, 1]}, seeds=2).run(
        store, backend=fake.backend
    )
    with pytest.raises(ConfigError, match="choose a fold"):
        runs.best("valid_accuracy")


def test_failing_arms_stand_outside(task: Task, store: Store, fake: Any) -> None:
    fake.diverges = lambda run: run.optim.lr == 0.4 and run.seed == 1
    experiment = Experiment(task, vary={"lr": RATES}, seeds=5)
    best = experiment.run(store, backend=fake.backend).best(METRIC)
    assert (best.failed, best.arm.label) == (("lr=0.4",), "lr=0.3")
    fake.diverges = lambda run: run.seed == 1
    with pytest.raises(ConfigError, match="every arm has a run without 'valid_accuracy'"):
        experiment.run(":memory:", backend=fake.backend).best(METRIC)


def test_one_arm_and_one_seed_have_a_best(task: Task, store: Store, fake: Any) -> None:
    alone = Experiment(task, seeds=5).run(store, backend=fake.backend).best(METRIC)
    assert (alone.arm.label, alone.candidates, alone.optimism) == ("base", ("base",), 0.0)
    single = Experiment(task, vary={"lr": RATES}, seeds=1).run(store, backend=fake.backend)
    best = single.best(METRIC)
    assert best.arm.label == "lr=0.4"
    assert set(best.candidates) == {arm.label for arm in single.arms}
    assert np.isnan(best.optimism)


def test_the_test_score_comes_from_fresh_seeds_and_one_look(
    runs: Runs, store: Store, fake: Any
) -> None:
    looks, trained = len(store.looks()), len(fake.trained)
    best = runs.best(METRIC)
    score = best.score_test()
    assert score.seeds == tuple(range(10, 16))
    assert (score.label, score.n_seeds, score.n_failed) == ("fresh seeds", 6, 0)
    fresh = fake.trained[trained:]
    assert [run.seed for run in fresh] == list(score.seeds)
    assert {run.optim.lr for run in fresh} == {best.arm.run.optim.lr}
    assert score.mean == pytest.approx(np.mean([fake.score(run) for run in fresh]))
    (look,) = store.looks()[looks:]
    assert look["purpose"] == f"score of the arm chosen by valid_accuracy: {best.arm.label}"
    assert (look["experiment"], look["n_runs"], look["remembered"]) == ("rates", 6, False)
    assert str(score).startswith("test_accuracy 0.")
    best.score_test()
    assert store.looks()[-1]["remembered"] is True
    assert len(fake.trained) == trained + 6


def test_the_number_of_fresh_seeds_may_be_given(runs: Runs) -> None:
    assert runs.best(METRIC).score_test(3).seeds == (10, 11, 12)


def test_seeds_that_chose_make_an_optimistic_score(runs: Runs) -> None:
    best = runs.best(METRIC)
    assert best.score_test([5, 20]).label == "optimistic"
    assert best.score_test([21, 20]).label == "fresh seeds"


def test_the_last_seeds_leave_fresh_ones(task: Task, store: Store, fake: Any) -> None:
    last = [2**63 - 1, 0]
    runs = Experiment(task, seeds=last).run(store, backend=fake.backend)
    score = runs.best("valid_accuracy").score_test()
    assert score.seeds == (1, 2)
    assert score.label == "fresh seeds"


def test_one_seed_is_scored_without_an_interval(runs: Runs) -> None:
    score = runs.best("valid_accuracy").score_test(np.int64(1))
    assert score.interval is None
    assert str(score).endswith("1 fresh seed: an interval needs two")


@pytest.mark.parametrize("matters", [-0.1, 0, float("nan"), float("inf"), "much", True])
def test_a_difference_that_cannot_matter_is_refused(runs: Runs, matters: Any) -> None:
    with pytest.raises(ConfigError, match=r"^matters: expected a finite number above 0"):
        runs.best("valid_accuracy", matters)


def test_a_score_turns_the_test_on_where_it_was_off(task: Task, store: Store, fake: Any) -> None:
    blind = Run(fit=Fit(test="never"))
    runs = Experiment(task, blind, {"lr": RATES}, seeds=5).run(store, backend=fake.backend)
    assert store.looks() == []
    assert runs.best("valid_loss").score_test().metric == "test_loss"
    assert len(store.looks()) == 1


def test_a_task_without_a_test_split_cannot_be_scored(store: Store, fake: Any) -> None:
    X, y = np.zeros((40, 2)), np.arange(40) % 2
    task = task_from_arrays(X, y, valid=10)
    best = Experiment(task, seeds=5).run(store, backend=fake.backend).best(METRIC)
    with pytest.raises(ConfigError, match="needs a test split"):
        best.score_test()


def test_the_ensemble_is_the_mean_of_probabilities(runs: Runs, task: Task, fake: Any) -> None:
    best = runs.best(METRIC)
    X = np.linspace(-1, 1, 20).reshape(5, 4)
    rate = best.arm.run.optim.lr
    logits = [
        X.sum(axis=1, keepdims=True) * task.input_scale + [0.0, seed, 10 * rate]
        for seed in runs.experiment.seeds
    ]
    each = [np.exp(z) / np.exp(z).sum(axis=1, keepdims=True) for z in logits]
    found = best.predict(X)
    assert found == pytest.approx(np.mean(each, axis=0))
    assert found.sum(axis=1) == pytest.approx(1.0)
    assert best.predict_class(X).tolist() == np.mean(each, axis=0).argmax(axis=1).tolist()


def test_the_ensembles_weights_are_trained_once(runs: Runs, store: Store, fake: Any) -> None:
    best, n_calls = runs.best(METRIC), len(fake.calls)
    first = best.predict(np.ones((2, 4)))
    assert (best.predict(np.ones((2, 4))) == first).all()
    assert [len(call["runs"]) for call in fake.calls[n_calls:]] == [6]
    keys = [cell.key for cell in runs.cells if cell.arm == best.arm]
    assert set(store.weights(cell.key for cell in runs.cells)) == set(keys)


def test_numbers_are_averaged(store: Store, fake: Any) -> None:
    rng = np.random.default_rng(1)
    X, y = rng.normal(size=(60, 4)), rng.normal(size=(60, 3))
    task = task_from_arrays(X, y, valid=20)
    runs = Experiment(task, vary={"lr": [0.1, 0.2]}, seeds=5).run(store, backend=fake.backend)
    best = runs.best("valid_rmse")
    found = best.predict(X[:3])
    shift = np.array([0.0, 2.0, 10 * best.arm.run.optim.lr])
    expected = X[:3].sum(axis=1, keepdims=True) + shift
    assert found == pytest.approx(expected, rel=1e-6)
    with pytest.raises(ConfigError, match="predict_class: expected classes"):
        best.predict_class(X)


@pytest.mark.parametrize(
    ("X", "message"),
    [
        (np.ones((2, 3)), r"expected \(examples, 4 features\); got shape \(2, 3\)"),
        (np.ones(4), r"got shape \(4,\)"),
        ([[1.0, 2.0, 3.0, np.nan]], "expected finite numbers; 1 are not"),
        ([["a", "b", "c", "d"]], "expected numbers"),
    ],
)
def test_inputs_that_do_not_fit_are_refused(runs: Runs, X: Any, message: str) -> None:
    with pytest.raises(DataError, match=message):
        runs.best(METRIC).predict(X)
