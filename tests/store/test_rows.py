"""What the store holds, without its numbers, and which experiment asked for it."""

from __future__ import annotations

import pytest
from sqlalchemy import text

from mlplab.errors import StoreError
from mlplab.specs import Provenance, digest
from mlplab.store import Membership, Store

KEYS = [digest(n) for n in range(5)]


def test_rows_come_newest_first_with_what_was_asked(store, outcome):
    for key in KEYS:
        store.put([outcome(key, epochs=len(key))], {key: f'{{"of":"{key}"}}'})
    store.put([outcome("told nothing", status="diverged")])
    rows = store.rows()
    assert [row.key for row in rows] == ["told nothing", *reversed(KEYS)]
    assert [row.text for row in rows[1:]] == [f'{{"of":"{key}"}}' for key in reversed(KEYS)]
    assert rows[0].text is None
    assert [row.status for row in rows[:2]] == ["diverged", "finished"]
    assert rows[0].saved_at >= rows[-1].saved_at


def test_a_row_is_the_one_that_get_answers_with(store, outcome):
    store.put([outcome("a", "one"), outcome("b", "one")])
    store.put([outcome("a", "two", status="stopped")])
    rows = store.rows()
    assert {row.key: row.provenance for row in rows} == {
        key: one.provenance for key, one in store.get(["a", "b"]).items()
    }


def test_metrics_are_named_without_reading_their_numbers(store, outcome):
    store.put([outcome("a", history={"valid_loss": (0.5,) * 400, "mine": ()}), outcome("b")])
    assert store.metrics(["b", "unknown", "a"]) == {
        "a": ("valid_loss", "mine"),
        "b": ("valid_loss",),
    }


def test_a_damaged_row_is_named(store, outcome):
    store.put([outcome("a")])
    store._database.write(lambda c: c.execute(text("UPDATE mlplab_outcomes SET history = 'x'")))
    with pytest.raises(StoreError, match="row of run a cannot be read"):
        store.metrics(["a"])


def test_an_experiment_knows_its_runs_once(store):
    for keys in (KEYS[:3], KEYS[:3], KEYS):
        store.put_membership("rates", "digits", "c1", keys)
    store.put_membership("others", "xor", "c2", [])
    assert store.memberships() == [
        Membership("rates", "digits", "c1", tuple(KEYS[:3])),
        Membership("rates", "digits", "c1", tuple(KEYS)),
        Membership("others", "xor", "c2", ()),
    ]


def test_one_set_of_runs_may_be_known_by_two_names(store):
    store.put_membership("rates", "digits", "c1", KEYS)
    store.put_membership("rates", "numerals", "c1", KEYS)
    store.put_membership("again", "digits", "c1", KEYS)
    assert len(store.memberships()) == 3


def test_a_store_that_may_only_be_read_keeps_no_membership(file, outcome):
    with Store(file) as store:
        store.put([outcome("a")])
    file.chmod(0o444)
    with Store(file) as store:
        if store._database._only_read is None:
            pytest.skip("this user may write everything")
        store.put_membership("rates", "digits", "c1", KEYS)
        assert store.memberships() == []


@pytest.mark.parametrize("time", ["9e999", "-9e999", "1e300", "-1e15", "'x'"])
def test_a_row_of_no_time_is_one_line(loose_store, outcome, time):
    loose_store.put([outcome("a")])
    loose_store._database.write(
        lambda c: c.execute(text(f"UPDATE mlplab_outcomes SET saved_at = {time}"))
    )
    with pytest.raises(StoreError, match="row of run a cannot be read: time"):
        loose_store.rows()


def test_a_provenance_of_no_words_is_one_line(loose_store):
    loose_store.put_provenance(Provenance("m", "t", "n", "3"))
    loose_store._database.write(
        lambda c: c.execute(text("UPDATE mlplab_provenances SET torch = x'ff'"))
    )
    with pytest.raises(StoreError, match=r"the stored provenance .* is damaged"):
        loose_store.provenances()
