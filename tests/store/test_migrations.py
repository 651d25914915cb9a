from __future__ import annotations

import threading
from dataclasses import replace

import pytest
from sqlalchemy import inspect, text

from mlplab.errors import StoreError
from mlplab.specs.columns import Keys
from mlplab.store import Store, schema


def add_note(connection):
    connection.execute(text("ALTER TABLE mlplab_looks ADD COLUMN note TEXT"))
    connection.execute(text("UPDATE mlplab_looks SET note = 'from version 1'"))


def add_table(connection):
    connection.execute(text("CREATE TABLE mlplab_extra (name TEXT)"))


def fail(connection):
    connection.execute(text("DELETE FROM mlplab_outcomes"))
    connection.execute(text("DROP TABLE mlplab_looks"))
    connection.execute(text("THIS IS NOT SQL"))


def unname_claims(connection):
    for name in ("exercise", "profile", "key"):
        connection.execute(text(f"ALTER TABLE mlplab_verdicts DROP COLUMN {name}"))


def drop(store, *tables):
    for table in tables:
        store._database.write(lambda c, t=table: c.execute(text(f"DROP TABLE mlplab_{t}")))


LEASES = ("drivers", "leases", "wishes")


def columns(store, table):
    names = store._database.read(lambda c: [x["name"] for x in inspect(c).get_columns(table)])
    return set(names)


@pytest.fixture(autouse=True)
def no_steps_yet(monkeypatch):
    """The mechanism is tested from a version 1 on, whatever steps there are by now."""
    steps = list(schema.MIGRATIONS)
    monkeypatch.setattr(schema, "MIGRATIONS", [])
    return steps


@pytest.fixture
def old(place, outcome):
    """A store of version 1, filled and closed."""
    with Store(place) as store:
        store.put([outcome()])
        store.log_look("test", "score", "e", 1, False)
    return place


def test_an_old_store_is_brought_up_to_date_and_keeps_its_rows(old, monkeypatch, outcome):
    monkeypatch.setattr(schema, "MIGRATIONS", [add_note, add_table])
    for _ in range(2):
        with Store(old) as store:
            assert store.info().schema_version == 3
            assert "k" in store.get(["k"])
            assert "note" in columns(store, "mlplab_looks")
            versions = store._database.read(
                lambda c: list(c.execute(text("SELECT version FROM mlplab_schema")).scalars())
            )
            assert sorted(versions) == [1, 2, 3]


def test_only_the_missing_steps_are_taken(old, monkeypatch):
    monkeypatch.setattr(schema, "MIGRATIONS", [add_note])
    Store(old).close()
    monkeypatch.setattr(schema, "MIGRATIONS", [fail, add_table])
    with Store(old, create=False) as store:
        assert columns(store, "mlplab_extra") == {"name"}


def test_a_step_that_fails_leaves_the_old_store_as_it_was(old, monkeypatch):
    monkeypatch.setattr(schema, "MIGRATIONS", [add_note, fail])
    with pytest.raises(StoreError):
        Store(old)
    monkeypatch.setattr(schema, "MIGRATIONS", [])
    with Store(old) as store:
        assert store.info().schema_version == 1
        assert "k" in store.get(["k"])
        assert "note" not in columns(store, "mlplab_looks")


def test_a_newer_store_is_refused_in_one_line(place, monkeypatch):
    monkeypatch.setattr(schema, "MIGRATIONS", [add_note])
    Store(place).close()
    monkeypatch.setattr(schema, "MIGRATIONS", [])
    with pytest.raises(StoreError, match=r"^the store .* newer mlplab \(schema 2; .* up to 1\).*$"):
        Store(place)


def test_a_new_store_has_the_newest_version_at_once(place, monkeypatch):
    monkeypatch.setattr(schema, "MIGRATIONS", [fail])
    with Store(place) as store:
        assert store.info().schema_version == 2


def test_two_may_open_an_old_store_at_once(old, monkeypatch):
    taken = []
    monkeypatch.setattr(schema, "MIGRATIONS", [lambda c: (taken.append(1), add_note(c))])
    gate = threading.Barrier(4)
    failures = []

    def open_it():
        gate.wait()
        try:
            Store(old).close()
        except Exception as error:
            failures.append(error)

    threads = [threading.Thread(target=open_it) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert (failures, taken) == ([], [1])


def test_the_first_version_gains_the_column_of_the_best_epoch(
    old, no_steps_yet, monkeypatch, outcome
):
    with Store(old) as store:
        store._database.write(
            lambda c: (
                c.execute(text("ALTER TABLE mlplab_outcomes DROP COLUMN best_epoch")),
                c.execute(text("DROP TABLE mlplab_remembered")),
                unname_claims(c),
                c.execute(text("DROP TABLE mlplab_experiments")),
            )
        )
        drop(store, *LEASES)
    monkeypatch.setattr(schema, "MIGRATIONS", no_steps_yet)
    with Store(old) as store:
        assert "best_epoch" in columns(store, "mlplab_outcomes")
        assert store.get(["k"])["k"].best_epoch is None
        store.put([replace(outcome("later"), best_epoch=1)])
        assert store.get(["later"])["later"].best_epoch == 1


def test_the_second_version_gains_the_table_of_what_is_remembered(old, no_steps_yet, monkeypatch):
    with Store(old) as store:
        made = columns(store, "mlplab_remembered")
        store._database.write(lambda c: c.execute(text("DROP TABLE mlplab_remembered")))
        store._database.write(unname_claims)
        drop(store, "experiments", *LEASES)
        store._database.write(lambda c: c.execute(text("UPDATE mlplab_schema SET version = 2")))
    monkeypatch.setattr(schema, "MIGRATIONS", no_steps_yet)
    for _ in range(2):
        with Store(old) as store:
            assert columns(store, "mlplab_remembered") == made
            assert "k" in store.get(["k"])
            store.remember("key", "proofs", b"first")
            store.remember("key", "proofs", b"second")
            assert store.recall("key") == b"second"
            assert store.info().schema_version == len(no_steps_yet) + 1


def test_the_third_version_gains_exercise_profile_and_key(old, no_steps_yet, monkeypatch):
    said = {"4.2.1 widths, quick": ("4.2.1", "quick"), "4.5.4 proofs": ("4.5.4", "exact"),
            "mine, quick": ("", "")}  # fmt: skip
    with Store(old) as store:
        for name in said:
            store.put_verdicts(name, [{"id": "a", "says": "A > B"}])
        store._database.write(unname_claims)
        drop(store, "experiments", *LEASES)
        store._database.write(lambda c: c.execute(text("UPDATE mlplab_schema SET version = 3")))
    monkeypatch.setattr(schema, "MIGRATIONS", no_steps_yet)
    with Store(old) as store:
        rows = {row["experiment"]: (row["exercise"], row["profile"]) for row in store.verdicts()}
        assert rows == said
        store.put_verdicts("mine", [{"id": "b", "key": "k"}], exercise="e", profile="full")
        (row,) = store.verdicts("mine")
        assert (row["exercise"], row["profile"], row["key"]) == ("e", "full", "k")


def test_the_fourth_version_gains_the_table_of_experiments(old, no_steps_yet, monkeypatch):
    with Store(old) as store:
        made = columns(store, "mlplab_experiments")
        drop(store, "experiments", *LEASES)
        store._database.write(lambda c: c.execute(text("UPDATE mlplab_schema SET version = 4")))
    monkeypatch.setattr(schema, "MIGRATIONS", no_steps_yet)
    for _ in range(2):
        with Store(old) as store:
            assert columns(store, "mlplab_experiments") == made
            assert [row.key for row in store.rows()] == ["k"]
            store.put_membership("rates", "digits", "c1", ["0" * 32])
            assert len(store.memberships()) == 1
            assert store.info().schema_version == len(no_steps_yet) + 1


def test_the_fifth_version_gains_leases(old, no_steps_yet, monkeypatch):
    with Store(old) as store:
        made = {table: columns(store, f"mlplab_{table}") for table in LEASES}
        drop(store, *LEASES)
        store._database.write(lambda c: c.execute(text("UPDATE mlplab_schema SET version = 5")))
    monkeypatch.setattr(schema, "MIGRATIONS", no_steps_yet)
    for _ in range(2):
        with Store(old) as store, store.driver() as one, store.driver() as other:
            assert {table: columns(store, f"mlplab_{table}") for table in LEASES} == made
            run = Keys.of(["0" * 32])
            assert one.hold(run).mine.all()
            other.wish(run, other.hold(run).holders)
            assert len(one.wishes()) == 1
            assert store.info().schema_version == len(no_steps_yet) + 1
