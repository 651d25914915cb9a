from __future__ import annotations

import json
import math
from datetime import datetime

import pytest
from sqlalchemy import text

from mlplab.errors import StoreError
from mlplab.specs import Verdict


def verdict(claim, n_seeds, word="undecided", **fields):
    return {"id": claim, "n_seeds": n_seeds, "verdict": word, **fields}


def test_a_verdict_comes_back_with_its_experiment_and_time(store):
    said = Verdict(
        id="c1", says="wider is better", verdict="supported", effect=0.01, interval=(0.0, 0.02)
    )
    store.put_verdicts("4.2.1", [said.model_dump()])
    (found,) = store.verdicts()
    assert found.pop("experiment") == "4.2.1"
    assert (found.pop("exercise"), found.pop("profile")) == ("", "")
    assert datetime.fromisoformat(found.pop("time")).tzinfo is not None
    assert Verdict(**found) == said


def test_what_is_not_finite_comes_back(store):
    store.put_verdicts("e", [verdict("c", 8, effect=float("nan"), interval=[-math.inf, math.inf])])
    (found,) = store.verdicts()
    assert math.isnan(found["effect"])
    assert found["interval"] == [-math.inf, math.inf]


def test_the_history_is_kept_and_the_latest_is_each_claims_last(store):
    store.put_verdicts("e", [verdict("a", 8), verdict("b", 8)])
    store.put_verdicts("e", [verdict("a", 16, "supported")])
    store.put_verdicts("f", [verdict("a", 4, "none")])
    history = [(one["experiment"], one["id"], one["n_seeds"]) for one in store.verdicts()]
    assert history == [("e", "a", 8), ("e", "b", 8), ("e", "a", 16), ("f", "a", 4)]
    assert [one["n_seeds"] for one in store.verdicts("e")] == [8, 8, 16]
    latest = {(one["experiment"], one["id"]): one for one in store.verdicts(latest=True)}
    assert {name: one["n_seeds"] for name, one in latest.items()} == {
        ("e", "a"): 16,
        ("e", "b"): 8,
        ("f", "a"): 4,
    }
    assert [one["verdict"] for one in store.verdicts("f", latest=True)] == ["none"]


def test_a_claim_with_a_key_has_one_last_word_whatever_it_asks(store):
    store.put_verdicts("e", [verdict("a", 8, key="wide"), verdict("b", 8, key="deep")])
    store.put_verdicts("e", [verdict("c", 16, key="wide")])
    assert [row["id"] for row in store.verdicts(latest=True)] == ["b", "c"]


@pytest.mark.parametrize("bad", [{"n_seeds": 8}, {"id": ""}, {"id": 3}])
def test_a_verdict_needs_its_claims_id(store, bad):
    with pytest.raises(StoreError, match="without its claim's id"):
        store.put_verdicts("e", [verdict("a", 8), bad])
    assert store.verdicts() == []


def test_a_verdict_is_json(store):
    with pytest.raises(StoreError, match=r"verdict of claim a: .* expected JSON"):
        store.put_verdicts("e", [verdict("a", 8, effect=object())])


def test_every_look_is_logged_computed_or_remembered(store):
    store.log_look("test", "score", "4.2.1", 16, False)
    store.log_look("test", "score", "4.2.1", 16, True)
    looks = store.looks()
    assert [look["remembered"] for look in looks] == [False, True]
    assert {(x["split"], x["purpose"], x["experiment"], x["n_runs"]) for x in looks} == {
        ("test", "score", "4.2.1", 16)
    }
    times = [datetime.fromisoformat(look["time"]) for look in looks]
    assert times == sorted(times)


@pytest.mark.parametrize(
    "change",
    [
        {"id": None},
        {"id": ["c"]},
        {"says": ["x"]},
        {"says": "\ud800"},
        {"verdict": {"a": 1}},
        {"effect": "x"},
        {"effect": 10**400},
        {"interval": [1]},
        {"interval": 3},
        {"interval": [None, 1]},
        {"new_examples": "x"},
        {"matters": "x"},
        {"details": [1]},
        {"details": {"question": [1]}},
        {"details": {"question": "q"}},
    ],
    ids=str,
)
def test_a_verdict_that_cannot_be_shown_is_one_line(store, change):
    store.put_verdicts("e", [verdict("c", 8)])
    row = json.dumps(verdict("c", 8) | change)
    store._database.write(
        lambda c: c.execute(text("UPDATE mlplab_verdicts SET verdict = :row"), {"row": row})
    )
    with pytest.raises(StoreError, match="a stored verdict of experiment 'e' cannot be read"):
        store.verdicts()


def test_a_verdict_without_words_has_empty_ones(store):
    store.put_verdicts("e", [{"id": "c", "n_seeds": 8}])
    (found,) = store.verdicts()
    assert (found["says"], found["verdict"]) == ("", "")


def test_a_look_of_no_words_is_one_line(loose_store):
    loose_store.log_look("test", "score", "4.2.1", 16, False)
    loose_store._database.write(
        lambda c: c.execute(text("UPDATE mlplab_looks SET experiment = x'ff'"))
    )
    with pytest.raises(StoreError, match="a stored look cannot be read"):
        loose_store.looks()
