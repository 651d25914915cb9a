"""Well-formed files in many guises give the same table."""

from __future__ import annotations

import csv

import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st

from mlplab.errors import ConfigError, DataError
from mlplab.tabular import MISSING, conform, infer_schema, read_table
from mlplab.tabular.csv_text import Cells
from mlplab.tabular.entries import texts_of
from mlplab.tabular.read import table_of_cells

TEXT = "name,area\nä,1.5\nb,\nc,-2e3\n"


def table(tmp_path, blob, **how):
    path = tmp_path / "t.csv"
    path.write_bytes(blob if isinstance(blob, bytes) else blob.encode())
    return read_table(path, **how)


@pytest.mark.parametrize(
    ("blob", "how"),
    [
        (TEXT.encode(), {}),
        (TEXT.encode("utf-8-sig"), {}),
        (TEXT.encode("utf-16"), {}),
        (TEXT.encode("utf-32"), {}),
        (TEXT.encode("utf-16-le"), {}),
        (TEXT.encode("utf-16-be"), {}),
        (TEXT.encode("cp1252"), {"encoding": "cp1252"}),
        (TEXT.encode("cp1252"), {}),
        (TEXT.replace("\n", "\r\n").encode(), {}),
        (TEXT.replace("\n", "\r").encode(), {}),
        (TEXT.rstrip().encode(), {}),
        (TEXT.replace("\n", "\n\n").encode(), {}),
        (("\n\n" + TEXT + "\n\n").encode(), {}),
        (TEXT.replace(",", " , ").encode(), {}),
        (TEXT.replace(",", ";").encode(), {"delimiter": ";"}),
        (TEXT.replace(",", ";").encode(), {}),
        (TEXT.replace(",", "\t").encode(), {}),
        (TEXT.replace(",", "|").encode(), {}),
        (TEXT.replace(",", ":").encode(), {"delimiter": ":"}),
        (TEXT.replace("\n", ",\n").encode(), {}),
        (TEXT.replace(",", ";").replace("\n", ";\n").encode(), {}),
        (TEXT.replace(",", ";").replace(".", ",").encode("cp1252"), {}),
        (("sep=;\r\n" + TEXT.replace(",", ";")).encode(), {}),
        ('"name","area"\n"ä","1.5"\n"b",""\n"c","-2e3"\n'.encode(), {}),
    ],
)
def test_guises_of_one_table(tmp_path, blob, how):
    found = table(tmp_path, blob, **how)
    assert found.frame["name"].tolist() == ["ä", "b", "c"]
    assert found.frame["area"].tolist() == pytest.approx([1.5, np.nan, -2000], nan_ok=True)
    assert [column.kind for column in found.schema.columns] == ["category", "number"]


def test_quoted_commas_quotes_and_newlines_are_part_of_a_cell(tmp_path):
    found = table(tmp_path, 'a,b\n"x, ""y""\nz",1\nw,2\n')
    assert found.frame["a"].tolist() == ['x, "y"\nz', "w"]


@pytest.mark.parametrize(
    ("how", "says"),
    [
        ({"task": "classificaton"}, "task: expected one of regression, classification; got "
         "'classificaton'; did you mean 'classification'?"),
        ({"task": ["regression"]}, "task: expected one of regression, classification; got ['regr"),
        ({"task": True}, "task: expected one of regression, classification; got True"),
        ({"missing": "NA"}, "missing: expected a list of words, such as ['NA']; got 'NA'"),
        ({"missing": b"NA"}, "missing: expected a list of words, such as ['NA']; got b'NA'"),
        ({"missing": [-1]}, "missing: expected a list of words, such as ['NA']; got [-1]"),
        ({"missing": 3}, "missing: expected a list of words, such as ['NA']; got 3"),
        ({"schema": True}, "schema: expected a Schema, such as the one of a table; got True"),
        ({"types": "x"}, "types: expected a mapping, column -> kind; got 'x'"),
        ({"delimiter": True}, "delimiter: expected a text; got True"),
        ({"encoding": True}, "encoding: expected a text; got True"),
        ({"date_format": 3}, "date format: expected one such as %d/%m/%Y; got 3"),
        ({"date_format": {"area": 3}}, "date format: expected one such as %d/%m/%Y; got 3"),
    ],
)  # fmt: skip
def test_a_setting_that_does_not_fit_is_named(tmp_path, how, says):
    with pytest.raises(ConfigError) as problem:
        table(tmp_path, TEXT, target="area", **how)
    assert says in str(problem.value)
    first = table(tmp_path, TEXT)
    with pytest.raises(ConfigError) as problem:
        table(tmp_path, TEXT, **{"schema": first.schema} | how)
    assert says in str(problem.value)


@pytest.mark.parametrize("path", [3, None, ["t.csv"]])
def test_what_is_no_path_is_named(path):
    with pytest.raises(DataError, match="path: expected a file's path; got"):
        read_table(path)


@pytest.mark.parametrize("mark", ["", "NA", "N/A", "NaN", "null", "#N/A"])
def test_marks_of_missing_entries(tmp_path, mark):
    found = table(tmp_path, f"a,b\n1,x\n{mark},{mark}\n3,y\n")
    assert found.frame.isna().sum().tolist() == [1, 1]


def test_none_is_a_level_unless_declared_missing(tmp_path):
    text = "a,b\n1,None\n2,brick\n3,brick\n"
    assert table(tmp_path, text).frame["b"].tolist() == ["None", "brick", "brick"]
    assert table(tmp_path, text, missing=["None"]).frame["b"].isna().sum() == 1


def test_a_second_file_takes_the_first_ones_schema(tmp_path):
    train = table(tmp_path, "Id,zone,y\n1,20,3\n2,30,4\n3,20,5\n", target="y",
                  types={"zone": "category"})  # fmt: skip
    test = table(tmp_path, "zone,extra,Id\n40,x,7\n", schema=train.schema)
    assert test.frame.to_dict("list") == {"Id": ["7"], "zone": ["40"]}
    assert list(train.features) == ["Id", "zone"]
    assert train.target.tolist() == [3, 4, 5]
    with pytest.raises(DataError, match="has no target"):
        _ = test.target


def test_pandas_own_column_numbers_are_names(tmp_path):
    assert list(table(tmp_path, "0,1\n5,6\n7,8\n").frame) == ["0", "1"]


cells = st.one_of(
    st.floats(allow_nan=False, allow_infinity=False, width=64).map(repr),
    st.integers(-(10**6), 10**6).map(str),
    st.text(st.characters(codec="utf-8", exclude_characters="\0"), max_size=8),
)


@given(st.lists(st.tuples(cells, cells, cells), min_size=1, max_size=30))
def test_what_pandas_writes_is_read_back(tmp_path_factory, rows):
    path = tmp_path_factory.mktemp("csv") / "t.csv"
    texts = pd.DataFrame(rows, columns=["a", "b", "c"], dtype=object)
    # pandas leaves a lone carriage return unquoted, which ends a line
    texts.to_csv(path, index=False, quoting=csv.QUOTE_ALL)
    types = dict.fromkeys("abc", "text")
    found = read_table(path, types=types, missing=[])
    expected = [[one.strip() for one in row] for row in rows]
    assert found.frame.to_numpy().tolist() == expected


@given(st.lists(st.floats(allow_nan=False, allow_infinity=False), min_size=1, max_size=30))
def test_numbers_survive_to_the_last_bit(tmp_path_factory, numbers):
    path = tmp_path_factory.mktemp("csv") / "t.csv"
    pd.DataFrame({"x": numbers, "y": 1}).to_csv(path, index=False)
    assert read_table(path, types={"x": "number"}).frame["x"].tolist() == numbers


def test_conforming_again_changes_nothing(frame, schema):
    once = conform(frame, schema)
    pd.testing.assert_frame_equal(conform(once, schema), once)
    assert infer_schema(once, target="price", types={"size": ("S", "M", "L")}) == schema


@given(st.lists(st.sampled_from(["1", "2.5", "", "NA", " "]), min_size=1, max_size=20))
def test_rows_without_a_target_can_be_left_out_and_are_counted(entries):
    rows = [[str(i), entry.strip()] for i, entry in enumerate(entries)]
    cells = Cells("a.csv", ["x", "y"], rows, list(range(2, len(rows) + 2)))
    kept = [y for _, y in rows if y not in MISSING]
    if len(set(kept)) < 2:
        with pytest.raises(DataError, match=r"missing in all|expected a target with different"):
            table_of_cells(cells, target="y", drop_gaps=True)
        return
    table = table_of_cells(cells, target="y", drop_gaps=True)
    assert table.target.tolist() == kept
    assert table.n_dropped == len(rows) - len(kept)
    if table.n_dropped:
        with pytest.raises(DataError, match="the target is missing"):
            table_of_cells(cells, target="y")


def test_a_stray_behind_rows_left_out_is_named_by_its_own_line():
    rows = [["1", "4"], ["2", ""], ["x", "5"], ["3", "6"], ["4", "7"]]
    cells = Cells("a.csv", ["x", "y"], rows, [2, 3, 4, 5, 6])
    with pytest.raises(DataError, match=r"a\.csv, line 4, column 'x': expected a number; got 'x'"):
        table_of_cells(cells, target="y", drop_gaps=True)


def test_an_empty_date_that_is_no_gap_is_named_though_the_format_is_another(tmp_path):
    days = [f"2020-01-{day:02},{day}.5" for day in range(1, 29)]
    schema = table(tmp_path, "\n".join(["day,y", *days]), target="y").schema
    others = [f"{day:02}/01/2020,1" for day in range(1, 29)]
    with pytest.raises(DataError, match=r"line 30, column 'day': expected .* %d/%m/%Y; got ''"):
        table(tmp_path, "\n".join(["day,x", *others, ",1"]), schema=schema, missing=["NA"])


@given(st.lists(st.sampled_from(["a", " b ", "", "NA", None, float("nan")]), max_size=12))
def test_texts_are_the_same_whether_looked_at_once_or_row_by_row(entries):
    series = pd.Series(np.array(entries, dtype=object), dtype=object)
    wanted = []
    for entry in entries:
        text = entry.strip() if isinstance(entry, str) else None
        wanted.append(None if text is None or text in MISSING else text)
    assert texts_of(series, MISSING) == wanted
    mixed = texts_of(pd.concat([series, pd.Series([1.0], dtype=object)]), MISSING)
    assert mixed == [*wanted, "1"]
