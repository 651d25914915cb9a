"""Rows to predict are compared with training rows in about the time given, by `shift.detect`."""

from __future__ import annotations

from itertools import count

import numpy as np
import pandas as pd
import pytest

from mlplab.shift import detect
from mlplab.tabular import Schema, infer_schema
from mlplab.tabular.timed_shift import shift_in_time


def table(n: int, move: float = 0.0, seed: int = 0) -> pd.DataFrame:
    rng = np.random.default_rng(seed)
    return pd.DataFrame(
        {
            "Id": np.arange(n) + int(move * 1000),
            "x": rng.normal(move, 1, n),
            "town": rng.choice(["Oslo", "Rome"], n).astype(object),
            "y": rng.normal(size=n),
        }
    )


def stopped(*seconds: float):
    """A clock that goes on by these steps, and then stands."""
    times = np.cumsum([0.0, *seconds])
    return (float(times[min(i, len(times) - 1)]) for i in count()).__next__


@pytest.fixture(scope="module")
def schema() -> Schema:
    return infer_schema(table(300), target="y")


def test_it_says_what_detect_says_of_the_same_rows(schema):
    train, test = table(40), table(30, 2.0, seed=1).drop(columns="y")
    found, short = shift_in_time(train, test, schema, 0.0, 0, stopped())
    names = ["x", "town"]
    own = detect(train[names], test[names], n_permutations=39, classifier=False, progress=False)
    assert found is not None
    assert found.detection.tests == own.tests
    np.testing.assert_array_equal(found.detection.scores[1], own.scores[1])
    assert found.train_rows.tolist() == list(range(40))
    assert [shift.name for shift in found.detection.seen_columns] == ["x"]
    assert short == []
    plain = found.plain()
    assert "copies" not in plain
    assert plain["examples"] == found.most_unlike().tolist()


def test_more_time_compares_more_rows_by_more_labellings(schema):
    # The small try takes one second of the clock, on 100 rows and with 39 permutations.
    train, test = table(1000), table(900, seed=1)
    sizes = []
    for seconds in (1.5, 3.0, 9.0):
        clock = stopped(0.0, 1.0)
        found, _ = shift_in_time(train, test, schema, seconds, 0, clock)
        assert found is not None
        sizes.append((found.detection.rows, found.detection.n_permutations))
    assert sizes[0] == ((100, 100), 39)
    (n, _), permutations = sizes[1]
    assert 100 < n < 300
    assert permutations == 39
    (n, _), permutations = sizes[2]
    assert n > 300
    assert permutations == 99


def test_examples_are_rows_of_the_whole_table(schema):
    train, test = table(400), table(500, seed=1)
    test.loc[[77, 333], "x"] += 30
    found, _ = shift_in_time(train, test, schema, 100.0, 0, stopped(0.0, 0.1))
    assert found is not None
    assert found.detection.rows == (400, 500)
    assert set(found.most_unlike(2)) == {77, 333}


def test_of_many_columns_some_are_compared_and_this_is_told():
    rng = np.random.default_rng(0)
    wide = pd.DataFrame(rng.normal(size=(60, 150)), columns=[f"c{i}" for i in range(150)])
    schema = infer_schema(wide)
    clock = stopped(1.0, 0.0)  # a second for 50 columns
    found, (short,) = shift_in_time(wide, wide + 0.1, schema, 5.0, 0, clock)
    assert found is not None
    assert len(found.detection.columns) == 62
    assert str(short) == "rows to predict were compared by 62 of 150 columns, drawn at random"


def test_classes_are_asked_for_harm_where_there_are_two(schema):
    train, test = table(60), table(50, seed=1)
    said = {}
    for name, classes in (("two", np.arange(60) % 2), ("one", np.zeros(60, int))):
        found, _ = shift_in_time(train, test, schema, 0.0, 0, stopped(), classes=classes)
        assert found is not None
        said[name] = found.detection.harmful
    assert said["two"] is not None
    assert said["two"].evidence == "contested"
    assert said["one"] is None


def test_too_little_to_compare_is_no_error(schema):
    train = table(60)
    assert shift_in_time(train, train[:19], schema, 1.0, 0, stopped()) == (None, [])
    rare = pd.DataFrame({"town": [f"t{i // 3}" for i in range(60)]})
    same = rare.assign(x=1.0)
    kinds = Schema.from_json(
        '{"columns": [{"name": "town", "kind": "category"}, {"name": "x", "kind": "number"}]}'
    )
    assert shift_in_time(same, same, kinds, 1.0, 0, stopped()) == (None, [])
