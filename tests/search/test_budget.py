"""What a search pays for: all that is trained, each training once, and never the test split."""

from __future__ import annotations

import math

import numpy as np
import pytest

import mlplab as ml
from mlplab.engine.events import Ended
from mlplab.errors import ConfigError, GuardError
from mlplab.experiment import Backend, this_machine
from mlplab.search import STRATEGIES, Search, Terms
from mlplab.search.strategies.halving import bracket_cost, rung_epochs, widest
from mlplab.store import Store

FIT = ml.Fit(epochs=3, batch_size=32)
BASE = ml.Run(net=ml.MLP(hidden=(4,)), fit=FIT)
SPACES = {
    "epochs": {"epochs": [1, 9], "lr": [0.1, 0.3]},
    "a range of epochs": {"epochs": ml.Range(low=1, high=9, whole=True)},
    "fit": {"fit": [FIT, FIT.replace(epochs=7, test="epoch")], "lr": [0.1, 0.3]},
    "fit as a mapping": {"fit": [{"epochs": 2, "batch_size": 32}, {"epochs": 4, "batch_size": 16}]},
    "fit and its epochs": {"fit": [FIT, FIT.replace(patience=1)], "fit.epochs": [2, 4]},
    "early stopping": {"patience": [0, 1], "lr": [0.001, 1.0, 30.0]},
    "diverging": {"lr": [0.1, 1e20]},
}


class Watched:
    """This machine's engine, every outcome of which is seen."""

    def __init__(self) -> None:
        self.outcomes: list = []
        engine = this_machine()

        def execute(*args, **settings):
            for event in engine.execute(*args, **settings):
                if isinstance(event, Ended):
                    self.outcomes.append(event.outcome)
                yield event

        self.backend = Backend(execute, engine.provenance, engine.plan_cost, engine.predict)


@pytest.mark.parametrize("strategy", STRATEGIES)
@pytest.mark.parametrize("space", SPACES)
def test_what_is_charged_is_what_was_trained(space, strategy, task):
    watched, store = Watched(), Store(":memory:")
    search = Search(task, BASE, SPACES[space], strategy, budget=40, finalists=2, finalist_seeds=2)
    result = search.run(store, backend=watched.backend)
    own = {cell.key for cell in result.runs.cells}
    trained = sum(one.epochs for one in watched.outcomes if one.key not in own)
    assert result.run_epochs == trained <= 40
    assert len({one.key for one in watched.outcomes}) == len(watched.outcomes)
    names = {name for one in watched.outcomes for name in one.history}
    assert not any(name.startswith("test_") for name in names)
    assert store.looks() == []
    result.score_test()
    assert len(store.looks()) == 1


@pytest.mark.parametrize("strategy", STRATEGIES)
def test_configurations_that_make_one_run_are_one(strategy, task):
    space = {
        "hidden": [(), (4,)],
        "dropout": [0.0, 0.5],
        "activation": ["leaky-relu", "leaky-relu:0.01", "relu"],
        "schedule": ["constant", "step:3,1"],
    }
    watched = Watched()
    search = Search(task, BASE, space, strategy, budget=150, finalists=12, finalist_seeds=1)
    result = search.run(":memory:", backend=watched.backend)
    runs = [search.space.run(trial.config).key for trial in result.finalists]
    assert len(set(runs)) == len(runs)
    own = {cell.key for cell in result.runs.cells}
    n_trained = len([one for one in watched.outcomes if one.key not in own])
    assert len({one.key for one in watched.outcomes}) == len(watched.outcomes)
    if strategy == "grid":
        assert n_trained == len(result.trials) == search.space.size
    assert search.space.size == len({search.space.run(c).key for c in search.space.corners()})


def test_trainings_of_several_lengths_compare_by_their_scores(task):
    space = {"epochs": [1, 2, 12], "lr": [1e-9, 0.5]}
    result = Search(task, BASE, space, "grid", budget=400, finalists=6).run(":memory:")
    scores = [trial.score for trial in result.finalists]
    assert scores == sorted(scores, reverse=True)


def test_what_the_budget_could_never_pay_is_left_out(task):
    space = {"epochs": [1, 30], "lr": [0.1, 0.3]}
    for strategy in STRATEGIES:
        result = Search(task, BASE, space, strategy, budget=20, finalists=1, finalist_seeds=1).run(
            ":memory:"
        )
        assert {trial.config["fit.epochs"] for trial in result.trials} == {1}
    with pytest.raises(ConfigError, match="at least 30 run-epochs"):
        Search(task, BASE, {"epochs": [30]}, "grid", budget=20)


@pytest.mark.parametrize(
    ("space", "kind", "says"),
    [
        ({"fit.test": ["never", "end"]}, GuardError, "never scores the test split"),
        ({"lr": [1, 1.0]}, ConfigError, "each value once"),
        ({"lr": [0.1, np.float64(0.1)]}, ConfigError, "each value once"),
        ({"fit": [FIT, FIT.replace(test="end")]}, ConfigError, "each value once"),
    ],
)
def test_what_is_declared_twice_or_looks_at_the_test_split_is_refused(space, kind, says, task):
    with pytest.raises(kind, match=says):
        Search(task, BASE, space)


@pytest.mark.parametrize("strategy", STRATEGIES)
@pytest.mark.parametrize("budget", [10**9, 10**15])
def test_a_budget_beyond_all_use_is_no_loop(strategy, budget, task):
    search = Search(task, BASE, {"lr": [0.1, 0.3]}, strategy, budget=budget, finalist_seeds=1)
    assert search.run(":memory:").run_epochs < 1000


@pytest.mark.parametrize("strategy", ["halving", "hyperband", "racing"])
def test_a_first_rung_beyond_memory_is_refused(strategy, task):
    space = {"lr": ml.Range(low=0.01, high=1)}
    with pytest.raises(ConfigError, match="more than 1000000 configurations at once"):
        Search(task, BASE, space, strategy, budget=10**9)


@pytest.mark.parametrize("budget", [1, 12, 13, 100, 777])
@pytest.mark.parametrize("continues", [False, True])
def test_the_widest_bracket_is_the_last_that_is_paid(budget, continues):
    terms = Terms(epochs=9, budget=budget, continues=continues)
    n = widest(rung_epochs(9), terms)
    assert n == 1 or bracket_cost(n, rung_epochs(9), terms) <= budget
    assert bracket_cost(n + 1, rung_epochs(9), terms) > budget


def test_a_metric_of_ones_own_is_searched_in_the_direction_that_is_said(task):
    @ml.metric("spread_of_outputs")
    def spread_of_outputs(targets, outputs):
        return float(np.std(outputs))

    base = BASE.with_value("fit.measures", ("spread_of_outputs",))
    means = {}
    for higher in (True, False):
        search = Search(
            task, base, {"lr": [0.001, 1.0]}, "grid", metric="valid_spread_of_outputs",
            higher_is_better=higher, finalist_seeds=2,
        )  # fmt: skip
        result = search.run(":memory:")
        values = result.runs.values("valid_spread_of_outputs").mean(axis=1)
        assert result.best.mean == pytest.approx(values.max() if higher else values.min())
        scores = [trial.score for trial in result.finalists]
        assert scores == sorted(scores, reverse=True)
        assert math.isfinite(result.search_optimism)
        means[higher] = result.best.mean
    assert means[True] > means[False]
