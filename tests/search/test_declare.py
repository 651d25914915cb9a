"""Mistakes are known before the first run is paid for, and said then in one line."""

from __future__ import annotations

import numpy as np
import pytest

import mlplab as ml
from mlplab.errors import ConfigError, MlplabError, StoreError
from mlplab.experiment import folds
from mlplab.search import Search
from mlplab.search.study import check_storage
from mlplab.specs import First, Fold, Own
from mlplab.store import Store

BASE = ml.Run(net=ml.MLP(hidden=(4,)), fit=ml.Fit(epochs=2, batch_size=32))
LAST = 2**63 - 1
RATES = {"lr": [0.1, 0.3]}


@pytest.fixture(scope="module")
def task():
    rng = np.random.default_rng(0)
    X = rng.standard_normal((240, 6)).astype("f4")
    y = (X[:, 0] > 0).astype(int)
    return ml.task_from_arrays(X[:200], y[:200], X[200:], y[200:], valid=0.2)


MISTAKES = {
    "a batch beyond the rows": (({"batch_size": [16, 5000]}, "tpe"), {}, "160 training rows"),
    "batches beyond the rows": (
        ({"batch_size": ml.Range(low=16, high=500, whole=True)},), {}, "160 training rows",
    ),
    "folds": (({"rows": folds(3)},), {}, "among validation rows"),
    "the number of a fold": (({"rows.index": [0, 1]},), {"base": Fold()}, "validation rows"),
    "rows of one's own": (({"rows": [Own(n=20, valid=5), Own(n=9, valid=5)]},), {}, "validation"),
    "more rows than there are": (({"rows": [First(n=50), First(n=500)]}, "coordinate"), {}, "160"),
    "layers and rates that do not fit": (
        ({"hidden": [(4,), (8, 8)], "dropout": [(0.1,), (0.1, 0.2)]}, "tpe"), {}, "dropout",
    ),
    "real numbers for whole ones": (({"epochs": ml.Range(low=1, high=9)},), {}, "integer"),
    "patience in vain": (({"measures": [(), ("beauty",)]}, "tpe"), {}, "no metric 'beauty'"),
    "a metric that one lacks": (
        ({"measures": [(), ("grad_norm",)]},), {"metric": "grad_norm"}, "record no 'grad_norm'",
    ),
    "a seed too many": ((RATES,), {"seeds": [2**63]}, "seeds: expected"),
    "a race to the last seed": ((RATES, "racing"), {"seeds": [LAST]}, "racing counts up"),
    "seeds of a race": ((RATES, "racing"), {"seeds": 3}, "expected that one; got 3"),
    "no end of seeds": ((RATES,), {"seeds": 10**12}, "at most 10000000"),
    "a negative difference": ((RATES,), {"matters": -0.1}, "matters: .*above 0; got -0.1"),
    "no difference": ((RATES,), {"matters": float("nan")}, "matters: .*got nan"),
    "half a race": ((RATES, "racing"), {"budget": 3}, "at least 4 run-epochs"),
    "halving of one": (
        (RATES, "halving"), {"budget": 9, "base": ml.Fit(epochs=9)}, "at least 13 run-epochs",
    ),
    "no budget": ((RATES,), {"budget": float("nan")}, "budget: .*got nan"),
    "an endless budget": ((RATES,), {"budget": float("inf")}, "budget: .*got inf"),
    "a budget in words": ((RATES,), {"budget": "ten"}, "budget: .*got 'ten'"),
    "part of a finalist": ((RATES,), {"finalists": 1.5}, "finalists: .*got 1.5"),
    "part of a seed": ((RATES,), {"finalist_seeds": 2.5}, "finalist_seeds: .*got 2.5"),
    "part of a value": ((RATES,), {"per_range": 2.5}, "per_range: .*got 2.5"),
    "part of a draw": ((RATES,), {"search_seed": 0.5}, "search_seed: .*got 0.5"),
    "a start outside": (
        (RATES, "coordinate"), {"start": {"lr": 5.0}}, "expected one of 0.1, 0.3; got 5.0",
    ),
    "a start beyond the range": (
        ({"lr": ml.Range(low=0.1, high=1)}, "coordinate"), {"start": {"lr": 5.0}}, "from 0.1 to 1",
    ),
    "a start between whole numbers": (
        ({"inputs": ml.Range(low=1, high=4, whole=True)}, "coordinate"),
        {"start": {"inputs": 1.5}}, "whole numbers from 1 to 4",
    ),
    "a name that cannot be written": ((RATES,), {"name": "a\ud800"}, "UTF-8"),
    "a metric that cannot be written": ((RATES,), {"metric": "\ud800"}, "UTF-8"),
    "a metric of unknown direction": ((RATES,), {"metric": "valid_beauty"}, "which way"),
    "the wrong direction": (
        (RATES,), {"metric": "valid_loss", "higher_is_better": True}, "expected False",
    ),
    "no strategy": ((RATES, None), {}, "strategy: .*got None"),
    "a list as a space": (([1, 2],), {}, "space: expected a mapping"),
    "a factor twice": (({"lr": [0.1], "optim.lr": [0.2]},), {}, "given twice"),
    "too large a grid": (
        ({"lr": [n / 1e4 for n in range(1, 1100)], "inputs": list(range(1000))}, "grid"), {},
        "expected at most 1000000",
    ),
}  # fmt: skip


@pytest.mark.parametrize("mistake", MISTAKES)
def test_mistakes_are_said_before_anything_trains(mistake, task):
    words, settings, says = MISTAKES[mistake]
    settings = dict(settings)
    base = BASE
    if isinstance(rows := settings.pop("base", None), Fold):
        base = base.with_value("rows", rows)
    elif rows is not None:
        base = base.with_value("fit", rows)
    store = Store(":memory:")
    with pytest.raises(MlplabError, match=says) as caught:
        Search(task, base, *words, **settings).run(store)
    assert "\n" not in str(caught.value)
    assert store.info().rows["runs"] == 0


@pytest.mark.parametrize(
    "settings",
    [
        {"seeds": np.int64(2)},
        {"seeds": np.arange(3, 5)},
        {"seeds": [np.int64(7)]},
        {"seeds": [LAST]},
        {"seeds": [LAST - 1, 0]},
        {"budget": np.int64(8), "finalists": np.int32(1)},
        {"matters": np.float32(0.5)},
        {"strategy": "coordinate", "start": {"lr": np.float64(0.3)}},
        {"strategy": "racing", "budget": 4},
    ],
    ids=str,
)
def test_numbers_of_numpy_and_the_last_seeds_are_taken(settings, task):
    settings = {"finalist_seeds": 2, "finalists": 2} | settings
    result = Search(task, BASE, RATES, **settings).run(":memory:")
    searched = {seed for trial in result.trials for seed in trial.seeds}
    finals = set(result.runs.experiment.seeds)
    assert len(finals) == 2
    assert not searched & finals
    score = result.score_test(np.int64(1))
    assert not set(score.seeds) & (searched | finals)
    assert "an interval needs two" in str(score)
    assert "nan" not in str(score)


def test_values_of_arrays_are_taken(task):
    space = {"lr": np.logspace(-2, 0, 3), "hidden": [(np.int64(3),), [5, 4]]}
    search = Search(task, BASE, space, "grid", finalists=1, finalist_seeds=1)
    assert search.space.factors == {"optim.lr": (0.01, 0.1, 1.0), "net.hidden": ((3,), (5, 4))}


@pytest.mark.parametrize(
    "place", ["no/such/folder/x.db", "junk", "foo://x", ":memory:", "", "a\ud800"]
)
def test_a_study_that_cannot_be_written_is_known_before(place, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    (tmp_path / "junk").write_text("no database " * 200)
    with pytest.raises((StoreError, ConfigError), match="study") as caught:
        check_storage(place)
    assert "\n" not in str(caught.value)


def test_studies_of_one_strategy_and_seed_stand_side_by_side(task, tmp_path):
    import optuna

    place = f"sqlite:///{tmp_path / 'studies.db'}"
    check_storage(place)
    spaces = (RATES, {"lr": [0.1, 0.5]}, {"lr": [0.1, 0.3], "hidden": [(3,)]})
    searches = [Search(task, BASE, s, "grid", finalists=1, finalist_seeds=1) for s in spaces]
    searches.append(Search(task, BASE, RATES, "grid", budget=8, finalists=1, finalist_seeds=1))
    results = [search.run(":memory:") for search in searches]
    names = [result.write_study(place) for result in results]
    assert len(set(names)) == len(names)
    assert results[0].write_study(place) == names[0]
    assert set(optuna.get_all_study_names(place)) == set(names)
    results[0].write_study(place, "mine")
    with pytest.raises(StoreError, match="another search under 'mine'"):
        results[1].write_study(place, "mine")
    optuna.create_study(study_name="yours", storage=place)
    with pytest.raises(StoreError, match="another search under 'yours'"):
        results[0].write_study(place, "yours")
