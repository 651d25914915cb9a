"""Searches that train: what is chosen, on what, for how much, and after interruptions."""

from __future__ import annotations

import subprocess
import sys

import numpy as np
import pytest

import mlplab as ml
from mlplab.errors import ConfigError, GuardError, StoreError
from mlplab.search import STRATEGIES, Replay, Search, Terms, score_table, walk
from mlplab.search.search import best_configs
from mlplab.search.space import name_of
from mlplab.search.trial import Trial
from mlplab.store import Store

SPACE = {"lr": ml.Range(low=0.001, high=3, log=True), "hidden": [(4,), (16,)]}
BASE = ml.Run(fit=ml.Fit(epochs=4, batch_size=32))


def summary(result):
    return [
        (name_of(t.config), t.epochs, t.seeds, t.scores) for t in result.trials
    ], result.best.mean


@pytest.mark.parametrize("strategy", STRATEGIES)
class TestEveryStrategy:
    def search(self, task, strategy):
        return Search(task, BASE, SPACE, strategy, budget=80, finalist_seeds=3)

    def test_finds_chooses_and_scores_on_fresh_seeds(self, task, strategy):
        store = Store(":memory:")
        result = self.search(task, strategy).run(store)
        searched = {seed for trial in result.trials for seed in trial.seeds}
        final = set(result.runs.experiment.seeds)
        assert not searched & final
        assert store.looks() == []
        score = result.score_test()
        assert not set(score.seeds) & (searched | final)
        assert score.label == "fresh seeds"
        assert len(store.looks()) == 1
        assert result.run_epochs <= 80
        row = next(
            t for t, arm in zip(result.finalists, result.runs.arms, strict=True)
            if arm == result.best.arm
        )  # fmt: skip
        assert result.search_optimism == pytest.approx(row.score - result.best.mean)
        assert repr(result).startswith(f"SearchResult({task.name!r} by {strategy}: ")
        assert len(repr(result)) < 250
        shown = result._repr_html_()
        assert shown.count("chosen") == 1
        assert all(arm.label in shown for arm in result.runs.arms)

    def test_goes_on_after_an_interruption_to_the_same_results(self, task, strategy, tmp_path):
        whole = self.search(task, strategy).run(":memory:")
        place = str(tmp_path / "store.sqlite")
        seen = []

        def interrupt(progress):
            seen.append(progress.n_done)
            if progress.n_done >= 3:
                raise KeyboardInterrupt

        with pytest.raises((ml.errors.Interrupted, KeyboardInterrupt)):
            self.search(task, strategy).run(place, progress=interrupt)
        again = self.search(task, strategy).run(place)
        assert again.from_store > 0
        assert summary(again) == summary(whole)


def test_replay_of_a_table_is_the_search_that_trains(task):
    space = {"lr": [0.01, 0.1, 1.0], "hidden": [(4,), (16,)]}
    trained = Search(task, BASE, space, "halving", budget=60, search_seed=4).run(":memory:")
    base = BASE.with_value("fit.test", "never")
    runs = ml.Experiment(task, base, vary=space, seeds=1).run(":memory:")
    table = score_table(runs, "valid_accuracy")
    configs = tuple({**c, "net.hidden": (c["net.hidden"],)} for c in table.configs)
    table = type(table)(configs, table.seeds, table.scores)
    terms = Terms(epochs=4, budget=60)
    steps = walk(STRATEGIES["halving"], trained.space, terms, Replay(table), 4)
    replayed = [trial for step in steps for trial in step]
    assert [t.scores for t in replayed] == [t.scores for t in trained.trials]


def test_numbers_are_searched_by_their_error():
    rng = np.random.default_rng(0)
    X = rng.standard_normal((200, 5)).astype("f4")
    task = ml.task_from_arrays(X, X[:, 0] * 2, valid=0.2, kind="regression")
    search = Search(task, BASE, {"lr": [1e-6, 0.005]}, "grid", finalists=2, finalist_seeds=3)
    result = search.run(":memory:")
    assert result.metric == "valid_rmse"
    assert result.best.arm.factors["optim.lr"] == 0.005
    assert result.frame()["valid_rmse"].min() > 0


def test_finalists_are_ranked_by_their_longest_training():
    def trial(a, epochs, score, seeds=(0,)):
        return Trial({"a": a}, epochs, seeds, (score,) * len(seeds))

    trials = [trial(1, 1, 0.99), trial(1, 9, 0.7), trial(2, 9, 0.8), trial(3, 1, 1.0)]
    trials += [trial(4, 9, float("-inf")), trial(5, 9, 0.1, (0, 1)), trial(5, 9, 0.1, (2,))]
    assert [t.config["a"] for t in best_configs(trials, 9)] == [5, 2, 1, 3]
    assert best_configs(trials, 1)[0].seeds == (0, 1, 2)


def test_optuna_opens_the_finished_study(task, tmp_path):
    import optuna

    result = Search(task, BASE, SPACE, "tpe", budget=40, population=3).run(":memory:")
    place = f"sqlite:///{tmp_path / 'study.db'}"
    for _ in range(2):  # an older one is replaced
        name = result.write_study(place)
    study = optuna.load_study(study_name=name, storage=place)
    assert len(study.trials) == len(result.trials)
    assert study.best_value == pytest.approx(result.frame()["valid_accuracy"].max())
    assert set(study.best_params) == {"optim.lr", "net.hidden"}
    assert optuna.importance.get_param_importances(study)
    with pytest.raises(StoreError, match="cannot be written"):
        result.write_study(f"sqlite:///{__file__}/study.db")


def test_failing_everywhere_is_said_in_one_line(task):
    base = BASE.with_value("fit.epochs", 2)
    search = Search(task, base, {"lr": [1e20, 1e21]}, "grid")
    with pytest.raises(ConfigError, match="every configuration failed; 2 were tried"):
        search.run(":memory:")


@pytest.mark.parametrize(
    ("make", "kind", "message"),
    [
        (lambda t: Search(t, space={}), ConfigError, "at least one factor"),
        (lambda t: Search(t, space={"lrr": [1, 2]}), ConfigError, "did you mean 'lr'"),
        (lambda t: Search(t, space={"lr": [-1.0]}), ConfigError, "greater than 0"),
        (lambda t: Search(t, space={"lr": [1.0]}, budget=3), ConfigError, "at least 10 run-epochs"),
        (lambda t: Search(t, space={"lr": [1.0]}, metric="test_accuracy"), GuardError, "test"),
        (lambda t: Search(t, space={"lr": [1.0]}, finalists=0), ConfigError, "at least 1; got 0"),
        (
            lambda t: Search(t, space={"lr": [1.0]}, start={"hidden": (3,)}),
            ConfigError,
            "a value of",
        ),
        (lambda t: Search(t, space={"lr": [1.0]}, strategy="luck"), ConfigError, "got 'luck'"),
    ],
)
def test_mistakes_get_one_clear_line(make, kind, message, task):
    with pytest.raises(kind, match=message) as caught:
        make(task)
    assert "\n" not in str(caught.value)


def test_without_optuna_one_line_says_what_to_install(task):
    code = (
        "import sys; sys.modules['optuna'] = None\n"
        "import mlplab as ml\n"
        "try: ml.Search('digits', space={'lr': [0.1, 1.0]}, strategy='tpe').run(':memory:')\n"
        "except ml.errors.ConfigError as e: print(e)"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert "python -m pip install 'optuna'" in done.stdout
