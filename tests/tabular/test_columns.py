"""Kinds of columns: what is inferred, what is declared, and the schema as JSON."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st

from mlplab.errors import ConfigError, DataError
from mlplab.tabular import KINDS, Column, Schema, conform, infer_schema
from mlplab.tabular.infer import infer

N = 30


def kind_of(values, name="x", first="a"):
    frame = pd.DataFrame({first: ["p", "q"] * (len(values) // 2) + ["r"] * (len(values) % 2)})
    frame[name] = values
    return infer_schema(frame)[name].kind


@pytest.mark.parametrize(
    ("values", "kind"),
    [
        ([str(i) for i in range(N)], "id"),
        ([str(2 * i) for i in range(N)], "number"),
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
        (["1/2/2010", "3/14/2011"] * 15, "date"),
        (["1.2.2010", "3.4.2011"] * 15, "date"),
        (["3 Jan 2010", "14 Mar 2011"] * 15, "date"),
        (["20100102", "20111230", "20100630"] * 10, "date"),
        (["20100102", "20111330", "20100630"] * 10, "number"),
        (["$1,234.00", "$5"] * 15, "number"),
        (["45%", "7 %"] * 15, "number"),
        (["45%", "7"] * 15, "category"),
        (["$1", "€1"] * 15, "category"),
        (["(1.5)", "2"] * 15, "number"),
        (["1 234", "5"] * 15, "number"),
        (["12 kg", "5 kg"] * 15, "category"),
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


def test_a_column_that_counts_rows_is_an_id():
    rng = np.random.default_rng(0)
    frame = pd.DataFrame({"n": 7 + np.arange(N), "t": np.arange(N), "u": 1 + np.arange(N)})
    frame["x"] = rng.permutation(N)
    assert [column.kind for column in infer_schema(frame).columns] == ["id", "id", "id", "number"]
    assert infer_schema(frame[["x", "t"]]).columns[0].kind == "id"
    assert infer_schema(frame.iloc[:10]).columns[0].kind == "number"


@pytest.mark.parametrize(
    "name", ["Unnamed: 0", "Unnamed: 3", "rownames", "row.names", "row_id", "index", "X.1"]
)
def test_an_index_is_an_id_wherever_it_stands_and_can_be_kept(name):
    numbers = np.random.default_rng(0).permutation(90) + 1000
    for first in ("a", "b"):
        frame = pd.DataFrame({first: [1.5, 2.5] * 45, name: numbers, "z": [2.5, 1.5, 2.5] * 30})
        found = infer(frame)
        assert found.schema[name].kind == "id"
        (note,) = found.notes
        assert note.startswith(f"{name}: names the rows")
        kept = infer(frame, types={name: "number"})
        assert (kept.schema[name].kind, kept.notes) == ("number", ())


def test_an_index_that_begins_anew_is_left_out():
    frame = pd.DataFrame({"Unnamed: 0": [*range(30), *range(30)], "x": np.linspace(0, 1, 60)})
    found = infer(frame)
    assert found.schema["Unnamed: 0"].kind == "ignored"
    assert "is left out" in found.notes[0]


@pytest.mark.parametrize(
    "entries",
    [
        np.random.default_rng(0).integers(0, 60, 60),
        [f"{place % 30}.0" for place in range(60)],
        ["3", "", *map(str, range(58))],
        [f"row {place % 7}" for place in range(60)],
    ],
    ids=["drawn with repeats", "floats", "gaps", "words"],
)
def test_a_column_without_a_name_is_no_feature_however_its_entries_repeat(entries):
    for name in ("Unnamed: 0", "Unnamed: 0.1", "rownames"):
        frame = pd.DataFrame({name: entries, "x": np.linspace(0, 1, 60)})
        found = infer(frame)
        assert found.schema[name].kind == "ignored"
        (note,) = found.notes
        assert note.startswith(f"{name}: names rows, and is left out (--types")
    # what is measured, and may be called so, stays a feature
    frame = pd.DataFrame({"index": np.random.default_rng(0).integers(0, 9, 60), "v": 1.5})
    assert infer_schema(frame)["index"].kind == "number"
    assert (
        infer_schema(pd.DataFrame({"Unnamed: 0": [1.25, 2.5, 7.75] * 9}).astype(str))[
            "Unnamed: 0"
        ].kind
        == "number"
    )


def test_an_id_names_the_rows_rather_than_an_index():
    frame = pd.DataFrame({"Unnamed: 0": range(30), "PassengerId": range(7, 37), "x": 1.5})
    schema = infer_schema(frame)
    assert schema.row_id() == "PassengerId"
    assert schema.row_id(["Unnamed: 0", "x"]) == "Unnamed: 0"
    assert schema.row_id(["x"]) is None


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
    with pytest.raises(ConfigError, match=r"schema: expected a Schema.* got None"):
        conform(pd.DataFrame({"x": ["1"]}), None)
    with pytest.raises(ConfigError, match="missing: expected a list of words"):
        conform(pd.DataFrame({"x": ["1"]}), schema, missing="NA")
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
