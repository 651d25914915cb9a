from __future__ import annotations

import random
import struct

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from mlplab.errors import StoreError
from mlplab.specs.outcome import Outcome, Provenance
from mlplab.store import Store

any_bits = st.integers(0, 2**64 - 1).map(lambda n: struct.unpack("<d", struct.pack("<Q", n))[0])
numbers = st.floats() | any_bits | st.sampled_from([float("nan"), float("inf"), -0.0, 5e-324])
names = st.text(st.characters(exclude_characters="\0", exclude_categories=["Cs"]), max_size=20)
histories = st.dictionaries(names, st.lists(numbers, max_size=40).map(tuple), max_size=7)


@st.composite
def rows(draw):
    """Outcomes whose epochs fit their histories; some recorded nothing."""
    history = draw(histories)
    longest = max(map(len, history.values()), default=0)
    epochs = draw(st.integers(0, longest or 10_000))
    of_them = st.none() | st.integers(1, epochs) if epochs else st.none()
    return Outcome(
        key="k",
        provenance="p",
        status=draw(st.sampled_from(["finished", "diverged", "stopped"])),
        epochs=epochs,
        history=history,
        seconds=draw(st.floats(0, allow_infinity=False) | st.just(float("nan"))),
        n_params=draw(st.integers(0, 2**40)),
        diverged_epoch=draw(of_them),
        best_epoch=draw(of_them),
        correct=draw(st.dictionaries(names, st.binary(max_size=600), max_size=3)),
    )


def bits(outcome):
    history = {
        name: struct.pack(f"<{len(values)}d", *values) for name, values in outcome.history.items()
    }
    return (
        *(outcome.key, outcome.provenance, outcome.status, outcome.epochs, outcome.n_params),
        *(outcome.diverged_epoch, outcome.best_epoch, struct.pack("<d", outcome.seconds + 0.0)),
        *(list(history.items()), list(outcome.correct.items())),
    )


@given(given_row=rows())
def test_an_outcome_comes_back_bit_for_bit(given_row):
    with Store(":memory:") as store:
        store.put([given_row])
        assert bits(store.get(["k"])["k"]) == bits(given_row)


def test_an_outcome_comes_back_bit_for_bit_from_disk(place, outcome):
    history = {"b": (float("nan"), -0.0, float("-inf")), "a": (5e-324, 1 / 3), "none": ()}
    long = {"loss": tuple(random.Random(0).random() for _ in range(5000))}
    given_rows = [
        outcome("k1", history=history, correct={"test": bytes(range(256))}),
        outcome("k2", history=long, seconds=float("nan"), status="diverged", diverged_epoch=2),
    ]
    with Store(place) as store:
        store.put(given_rows)
    with Store(place) as store:
        found = store.get(["k1", "k2"])
    assert [bits(found[row.key]) for row in given_rows] == [bits(row) for row in given_rows]


def test_numpys_numbers_come_back_as_pythons(store, outcome):
    values = np.array([0.1, np.nan], np.float32)
    given_row = outcome(epochs=np.int64(2), n_params=np.int32(3), seconds=np.float32(0.5))
    store.put([given_row, outcome("k2", history={"loss": values})])
    found = store.get(["k", "k2"])
    assert type(found["k"].epochs) is int
    assert found["k"].n_params == 3
    assert found["k2"].history["loss"][0] == float(np.float32(0.1))


def test_only_known_keys_are_answered_and_in_the_order_asked(store, outcome):
    store.put([outcome("b"), outcome("a"), outcome("c")])
    assert list(store.get(iter(["c", "nobody", "a", "c"]))) == ["c", "a"]
    assert store.get([]) == {}


def test_more_keys_than_one_statement_takes(store, outcome):
    known = [f"run{number}" for number in range(2100)]
    store.put([outcome(key) for key in known])
    assert list(store.get([*known, *(f"other{number}" for number in range(900))])) == known


def test_the_first_row_of_a_key_and_provenance_stays(store, outcome):
    first, second = outcome(n_params=1), outcome(n_params=2)
    store.put([first, second])
    store.put([second])
    assert store.get(["k"])["k"].n_params == 1
    assert store.info().rows["outcomes"] == 1


def test_the_asked_provenance_is_preferred_else_the_newest(store, outcome):
    for provenance in ("b", "c", "a"):
        store.put([outcome(provenance=provenance)])
    chosen = {asked: store.get(["k"], asked)["k"].provenance for asked in ("a", "b", "c", "x")}
    assert chosen == {"a": "a", "b": "b", "c": "c", "x": "a"}
    assert store.get(["k"])["k"].provenance == "a"


def test_a_put_happens_whole_or_not_at_all(store, outcome):
    with pytest.raises(StoreError, match=r"store"):
        store.put([outcome("good"), outcome("bad", status=None)], {"good": "{}"})
    assert store.get(["good"]) == {}
    assert store.runs(["good"]) == {}


def test_the_runs_are_kept_for_people(store, outcome):
    store.put([outcome("a"), outcome("b")], {"a": '{"seed": 1}', "b": '{"seed": 2}'})
    store.put([outcome("a", "elsewhere")], {"a": '{"seed": 1}'})
    assert store.runs(["b", "a", "x"]) == {"a": '{"seed": 1}', "b": '{"seed": 2}'}


def test_provenances_are_kept_once(store):
    here = Provenance("x86_64", "2.13.0", "mkl-avx2", "1")
    there = Provenance("arm64", "2.13.0", "plain", "1")
    for provenance in (here, there, here):
        store.put_provenance(provenance)
    assert store.provenances() == {
        one.id: {
            "machine": one.machine,
            "torch": one.torch,
            "numerics": one.numerics,
            "engine": one.engine,
        }
        for one in (here, there)
    }


def test_many_runs_put_in_parts_are_read_as_they_were(file, outcome):
    random_number = random.Random(0).random
    given_rows = [
        outcome(
            f"{number:032x}",
            history={f"m{m}": tuple(random_number() for _ in range(10)) for m in range(6)},
        )
        for number in range(2000)
    ]
    with Store(file) as store:
        for start in range(0, 2000, 1000):
            store.put(given_rows[start : start + 1000])
        found = store.get(row.key for row in given_rows)
    assert list(found.values()) == given_rows


def test_a_row_without_answers_gives_way_to_one_with_them(place, outcome):
    plain, answered = outcome("k"), outcome("k", correct={"test": b"\x0f"})
    other = outcome("k", provenance="elsewhere")
    with Store(place) as store:
        store.put([plain, outcome("l", correct={"test": b"\x01"})])
        store.put([other])
        assert store.get(["k"])["k"].provenance == "elsewhere"
        store.put([answered, outcome("l", correct={"test": b"\x02"})])
        found = store.get(["k", "l"])
        # The row that came last is the one that is taken; what had answers stays.
        assert (found["k"].provenance, found["k"].correct) == (plain.provenance, answered.correct)
        assert found["l"].correct == {"test": b"\x01"}
        store.put([plain])
        assert store.get(["k"])["k"].correct == answered.correct
        assert store.info().rows["outcomes"] == 3
