"""Kinds of columns: what is inferred, what is declared, and the schema as JSON."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st

from mlplab.errors import ConfigError, DataError
from mlplab.tabular import KINDS, Column, Schema, conform, infer_schema

N = 30


def kind_of(values, name="x", first="a"):
    frame = pd.DataFrame({first: ["p", "q"] * (len(values) // 2) + ["r"] * (len(values) % 2)})
    frame[name] = values
    return infer_schema(frame)[name].kind


@pytest.mark.parametrize(
    ("values", "kind"),
    [
        ([str(i) for i in range(N)], "number"),
        ([str(i / 7) for i in range(N)], "number"),
        (["", "1", "2"] * 10, "number"),
        (["1"] * (N - 1) + ["oops"], "number"),
        (["1"] * 15 + ["A"] * 15, "category"),
        (["007", "013", "099"] * 10, "category"),
        (["yes", "no"] * 15, "category"),
        (["True", "False"] * 15, "category"),
        (["2010-01-02", "2011-12-30"] * 15, "date"),
        (["2010/1/2", "2011-12-30T10:00:00Z", ""] * 10, "date"),
        (["1/2/2010", "3/4/2011"] * 15, "category"),
        (["same"] * N, "constant"),
        (["3"] * N, "constant"),
        ([""] * N, "constant"),
        (["one", ""] * 15, "category"),
        ([f"a sentence about {i}" for i in range(N)], "text"),
        (np.arange(N) % 3, "number"),
        (np.arange(N) / 2, "number"),
        (np.arange(N) % 2 == 0, "category"),
        (pd.date_range("2010-01-01", periods=N), "date"),
        (pd.Categorical(["u", "v"] * 15), "category"),
        ([None] * N, "constant"),
        ([np.nan] * N, "constant"),
        ([1.0, np.nan] * 15, "number"),
        (pd.array([1, None] * 15, dtype="Int64"), "number"),
    ],
)
def test_the_rules(values, kind):
    assert kind_of(values) == kind


@pytest.mark.parametrize("name", ["Id", "id", "ID", "PassengerId", "house_id", "uuid", "user key"])
def test_names_that_say_id(name):
    assert kind_of([str(7 * i) for i in range(N)], name) == "id"
    assert kind_of([f"u{i}" for i in range(N)], name) == "id"
    assert kind_of(["1", "2", "1"] * 10, name) == "number"


@pytest.mark.parametrize("name", ["period", "Madrid", "grid", "width"])
def test_names_that_only_end_like_id(name):
    assert kind_of([str(7 * i) for i in range(N)], name) == "number"


def test_a_first_column_that_counts_is_an_id_and_another_is_a_number():
    frame = pd.DataFrame({"n": np.arange(N), "t": np.arange(N)})
    assert [column.kind for column in infer_schema(frame).columns] == ["id", "number"]
    assert infer_schema(frame.iloc[:10]).columns[0].kind == "number"


def test_an_ordered_categorical_keeps_its_order():
    values = pd.Categorical(["S", "L"] * 15, categories=["S", "M", "L"], ordered=True)
    frame = pd.DataFrame({"size": values})
    assert infer_schema(frame)["size"].order == ("S", "M", "L")


def test_every_kind_can_be_declared_for_every_column(frame):
    for name in frame:
        for kind in KINDS:
            assert infer_schema(frame, types={name: kind})[name].kind == kind


def test_whole_numbers_as_categories_read_alike_from_every_dtype():
    schema = Schema(columns=(Column(name="c", kind="category"),))
    for values in (["20", "30"], [20, 30], [20.0, 30.0], np.array([20, 30], "float32")):
        assert conform(pd.DataFrame({"c": values}), schema)["c"].tolist() == ["20", "30"]


def test_what_is_wrong_with_a_frame_names_row_and_column():
    schema = Schema(columns=(Column(name="x", kind="number"),))
    with pytest.raises(DataError, match="frame, row 1, column 'x': expected a number; got 'two'"):
        conform(pd.DataFrame({"x": [1, "two"]}), schema)
    with pytest.raises(DataError, match=r"row 0, column 'x': expected a finite number .* got inf"):
        conform(pd.DataFrame({"x": [np.inf, 1]}), schema)
    with pytest.raises(DataError, match="two columns are 'x'"):
        conform(pd.DataFrame([[1, 2]], columns=["x", "x"]), schema)
    with pytest.raises(DataError, match="at least one column"):
        infer_schema(pd.DataFrame())


def test_dates_of_any_declared_format_and_zone():
    column = Column(name="d", kind="date", date_format="%d/%m/%Y")
    frame = pd.DataFrame({"d": ["3/4/2010", None]})
    assert conform(frame, Schema(columns=(column,)))["d"][0] == pd.Timestamp(2010, 4, 3)
    plain = Schema(columns=(Column(name="d", kind="date"),))
    zoned = pd.DataFrame({"d": pd.to_datetime(["2010-01-01 12:00+02:00"])})
    texts = pd.DataFrame({"d": ["2010-01-01 12:00+02:00"]})
    expected = pd.Timestamp(2010, 1, 1, 10)
    assert conform(zoned, plain)["d"][0] == conform(texts, plain)["d"][0] == expected


@pytest.mark.parametrize(
    ("make", "match"),
    [
        (lambda: Column(name="a", kind="number", order=("x", "y")), "order is for categories"),
        (lambda: Column(name="a", kind="category", order=("x", "x")), "two or more different"),
        (lambda: Column(name="a", kind="number", date_format="%Y"), "date_format is for dates"),
        (lambda: Column(name="a", kind="numbr"), "kind: expected"),
        (lambda: Schema(columns=(Column(name="a", kind="id"),) * 2), "got 'a' twice"),
        (lambda: Schema(columns=(Column(name="a", kind="id"),), target="b"), "no column 'b'"),
        (lambda: Schema.from_json("{"), "expected JSON"),
        (lambda: Schema.from_json("[]"), "expected a JSON object; got list"),
        (lambda: Schema.from_json('{"columns": [], "targt": 1}'), "did you mean 'target'"),
    ],
)
def test_a_wrong_schema_is_refused_in_one_line(make, match):
    with pytest.raises(ConfigError, match=match) as problem:
        make()
    assert "\n" not in str(problem.value)


names = st.text(min_size=1, max_size=10)
columns = st.lists(
    st.one_of(
        st.builds(Column, name=names, kind=st.sampled_from(KINDS)),
        st.builds(
            Column,
            name=names,
            kind=st.just("category"),
            order=st.lists(st.text(max_size=4), min_size=2, max_size=4, unique=True).map(tuple),
        ),
        st.builds(Column, name=names, kind=st.just("date"), date_format=st.just("%d.%m.%y")),
    ),
    max_size=6,
    unique_by=lambda column: column.name,
)


@given(columns, st.booleans())
def test_a_schema_survives_json(columns, with_target):
    target = columns[-1].name if columns and with_target else None
    schema = Schema(columns=tuple(columns), target=target)
    assert Schema.from_json(schema.to_json()) == schema
