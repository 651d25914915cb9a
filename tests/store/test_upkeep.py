from __future__ import annotations

import time

import pytest

from mlplab.errors import StoreError
from mlplab.specs.outcome import Provenance
from mlplab.store import Checkpoint, Store
from mlplab.store.schema import newest_version
from mlplab.version import ENGINE_VERSION

OLD = Provenance("m", "t", "n", "0-old")
OLDER = Provenance("m", "t", "n", "0-older")
NOW = Provenance("m", "t", "n", ENGINE_VERSION)
KEPT_FOR_EVER = {"verdicts": 1, "looks": 1, "provenances": 3, "experiments": 1}


@pytest.fixture
def filled(store, outcome):
    """Per engine a finished run with weights and a started one; a run from nobody knows where."""
    for provenance in (OLDER, OLD, NOW):
        store.put_provenance(provenance)
        key, name = provenance.engine, provenance.id
        store.put([outcome(key, name)], {key: "{}"}, weights={key: b"w" * 1000})
        store.put_checkpoints([Checkpoint("started" + key, 1, 1, b"c" * 1000)], name)
    store.put([outcome("stray", "nowhere")], {"stray": "{}"})
    store.put_verdicts("e", [{"id": "a", "n_seeds": 8}])
    store.log_look("test", "score", "e", 8, False)
    store.put_membership("e", "digits", "content", [])
    store.remember("now", "findings", b"f" * 1000)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("mlplab.store.code.code_identity", lambda: "other code")
        store.remember("before", "findings", b"f" * 1000)
    return store


def kept(store):
    return {
        "runs": set(store.get([OLDER.engine, OLD.engine, NOW.engine, "stray"])),
        "specs": set(store.runs([OLDER.engine, OLD.engine, NOW.engine, "stray"])),
        "weights": set(store.weights([OLDER.engine, OLD.engine, NOW.engine])),
        "checkpoints": {
            one.engine
            for one in (OLDER, OLD, NOW)
            if store.checkpoints(["started" + one.engine], one.id)
        },
    }


def test_info_counts_what_is_there(filled, place):
    info = filled.info()
    assert info.rows == {
        "outcomes": 4,
        "runs": 4,
        "weights": 3,
        "checkpoints": 3,
        "remembered": 2,
        **KEPT_FOR_EVER,
    }
    assert info.runs_by_engine == {OLD.engine: 1, OLDER.engine: 1, NOW.engine: 1, "unknown": 1}
    assert (info.engine, info.stale) == (ENGINE_VERSION, 2)
    assert filled.info(engine=OLD.engine).stale == 2
    assert info.stale_remembered == 1
    assert info.schema_version == newest_version()
    assert info.bytes > 6000


def test_nothing_goes_unless_it_is_asked_for(filled):
    before = kept(filled)
    report = filled.prune()
    assert (report.rows, report.bytes) == ({}, 0)
    assert kept(filled) == before


def test_stale_runs_go_with_all_that_is_theirs(filled):
    report = filled.prune(stale=True)
    assert report.rows == {
        "outcomes": 2,
        "runs": 2,
        "weights": 2,
        "checkpoints": 2,
        "remembered": 1,
    }
    assert report.bytes > 5000
    assert filled.recall("now") is not None
    assert filled.recall("before") is None
    left = {NOW.engine}
    assert kept(filled) == {
        "runs": {*left, "stray"},
        "specs": {*left, "stray"},
        "weights": left,
        "checkpoints": left,
    }
    assert filled.info().stale == 0


def test_one_old_engines_runs_go(filled):
    filled.prune(stale_engine=OLDER.engine)
    assert kept(filled)["runs"] == {OLD.engine, NOW.engine, "stray"}


def test_the_current_engine_is_never_stale(filled):
    with pytest.raises(StoreError, match="current one"):
        filled.prune(stale_engine=ENGINE_VERSION)


def test_checkpoints_and_weights_go_alone(filled):
    before = kept(filled)
    assert filled.prune(checkpoints=True).rows == {"checkpoints": 3}
    assert filled.prune(weights=True).rows == {"weights": 3}
    assert kept(filled) == {**before, "checkpoints": set(), "weights": set()}


def test_age_restricts_and_alone_removes_runs(filled, outcome, monkeypatch):
    days_later = time.time() + 10 * 86400
    monkeypatch.setattr(time, "time", lambda: days_later)
    filled.put([outcome("new", NOW.id)], weights={"new": b"w"})
    assert filled.prune(older_than_days=11).rows == {}
    assert filled.prune(weights=True, older_than_days=5).rows == {"weights": 3}
    assert filled.prune(stale_engine=OLD.engine, older_than_days=11).rows == {}
    assert filled.prune(older_than_days=5).rows == {
        "outcomes": 4,
        "runs": 4,
        "checkpoints": 3,
        "remembered": 2,
    }
    assert set(filled.get(["new"])) == set(filled.weights(["new"])) == {"new"}


@pytest.mark.parametrize("days", [-1.0, float("nan")])
def test_a_negative_age_is_refused(filled, days):
    with pytest.raises(StoreError, match="expected 0 or more"):
        filled.prune(older_than_days=days)


@pytest.mark.parametrize(
    "choice",
    [{"stale": True}, {"checkpoints": True, "weights": True}, {"older_than_days": 0.0}],
    ids=str,
)
def test_a_dry_run_reports_the_same_and_removes_nothing(filled, choice):
    before = kept(filled)
    time.sleep(0.01)
    said = filled.prune(**choice, dry_run=True)
    assert kept(filled) == before
    done = filled.prune(**choice)
    assert (said.rows, said.bytes, said.dry_run) == (done.rows, done.bytes, True)
    assert not done.dry_run
    assert kept(filled) != before
    assert {name: filled.info().rows[name] for name in KEPT_FOR_EVER} == KEPT_FOR_EVER


@pytest.mark.parametrize("where", ["file", "memory"])
def test_room_is_given_back(where, file, outcome):
    with Store(file if where == "file" else ":memory:") as store:
        empty = store.info().bytes
        store.put([outcome()], weights={"k": b"w" * 10_000_000})
        assert store.info().bytes > 10_000_000
        store.prune(weights=True)
        assert where == "memory" or store.info().bytes < 2 * empty
