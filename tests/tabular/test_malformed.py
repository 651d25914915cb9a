"""Malformed files: each gives one clear line that names the file, the place and a way out."""

from __future__ import annotations

import gzip
import io
import os
import zipfile

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mlplab.errors import DataError, MlplabError
from mlplab.tabular import infer_schema, read_table

ROWS = b"".join(b"%d,%d,%s,2010-01-%02d\n" % (i, 3 * i, b"ab"[i % 2 : i % 2 + 1], i + 1)
                for i in range(1, 25))  # fmt: skip
GOOD = b"Id,area,zone,sold\n" + ROWS
HUGE = b"1" + b"0" * 400


def cell(text: bytes, line: int, column: int) -> bytes:
    """The good file with one cell replaced."""
    rows = [row.split(b",") for row in GOOD.splitlines()]
    rows[line - 1][column] = text
    return b"\n".join(b",".join(row) for row in rows) + b"\n"


def row(text: bytes, line: int) -> bytes:
    """The good file with one line replaced."""
    rows = GOOD.splitlines()
    rows[line - 1] = text
    return b"\n".join(rows) + b"\n"


def zipped() -> bytes:
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w") as archive:
        archive.writestr("train.csv", GOOD)
    return out.getvalue()


# name -> (bytes, what the line says, how it is read)
BAD: dict[str, tuple[bytes, str, dict]] = {
    "empty": (b"", "the file is empty", {}),
    "one newline": (b"\n", "blank lines only", {}),
    "many newlines": (b"\r\n\r\n\n", "blank lines only", {}),
    "blanks": (b"  \n \t \n", "blank lines only", {}),
    "a byte-order mark alone": (b"\xef\xbb\xbf", "blank lines only", {}),
    "commas alone": (b",,,\n,,,\n", "blank lines only", {}),
    "header alone": (b"a,b\n", "expected rows below the header", {}),
    "header without newline": (b"a,b", "expected rows below the header", {}),
    "header and blank lines": (b"a,b\n\n\n", "expected rows below the header", {}),
    "no header": (ROWS, "no column 'area'; there are: 1, 3, b", {"target": "area"}),
    "numbers as header": (b"1.5,2\n3,4\n", "line 1: expected names of columns; got numbers", {}),
    "one number as header": (b"7\n8\n9\n", "line 1: expected names of columns", {}),
    "unnamed last column": (
        b"a,b,\n1,2,3\n",
        "line 2: '3' stands in column 3, which has no name",
        {},
    ),
    "blank name": (b"a, ,c\n1,2,3\n", "line 1: column 2 has no name", {}),
    "same name twice": (b"a,b,a\n1,2,3\n", "columns 1 and 3 are both 'a'", {}),
    "same name but for blanks": (b"a, a\n1,2\n", "columns 1 and 2 are both 'a'", {}),
    "same name but for quotes": (b'a,"a"\n1,2\n', "columns 1 and 2 are both 'a'", {}),
    "long delimiter": (GOOD, "expected one character; got ', '", {"delimiter": ", "}),
    "quote as delimiter": (GOOD, "expected one character", {"delimiter": '"'}),
    "row too short": (row(b"4,12,a", 5), "line 5: expected 4 cells .* got 3, 'sold' and", {}),
    "row much too short": (row(b"4", 5), "line 5: expected 4 cells .* got 1, 'area' and", {}),
    "row too long": (
        row(b"4,12,a,2010-01-05,x", 5),
        "line 5: .* got 5, the first too many is 'x'",
        {},
    ),
    "trailing comma": (row(b"4,12,a,2010-01-05,", 5), "line 5: expected 4 cells .* got 5", {}),
    "thousands comma splits": (row(b"4,1,200,a,2010-01-05", 5), "line 5: .* between quotes", {}),
    "cut short": (GOOD[:-18], "was the file cut short", {}),
    "ragged after a quoted newline": (b'a,b\n"x\ny",1\n2\n', "line 4: expected 2 cells", {}),
    "quote never closed": (row(b'4,12,"a,2010-01-05', 5), "line 5: a quote is opened here", {}),
    "quote never closed in header": (b'"a,b\n1,2\n', "line 1: a quote is opened here", {}),
    "text after a quote": (row(b'4,12,"a"b,2010-01-05', 5), "line 5: text follows a closing", {}),
    "inch sign": (row(b'4,12,"6" pipe",2010-01-05', 5), "line 5: text follows a closing", {}),
    "endless cell": (b"a,b\n1," + b"x" * 200_000, "line 2: a cell is longer than", {}),
    "zero byte": (cell(b"a\0", 6, 2), "line 6: expected text; got a zero byte", {}),
    "latin-1 as utf-8": (
        cell("caf\xe9".encode("latin-1"), 6, 2),
        "line 6: the bytes are not utf-8.*--encoding cp1252",
        {"encoding": "utf-8"},
    ),
    "utf-8 with damage": (
        cell("caf\u00e9".encode() + b"\xff", 6, 2),
        "line 6: the bytes are not utf-8",
        {},
    ),
    "semicolons, a row too short": (b"a;b\n1;2\n3\n", "line 3: expected 2 cells", {}),
    "semicolons, a row too long": (b"a;b\n1;2\n3;4;5\n", "cells that hold ';' between quotes", {}),
    "euro among dollars": (
        b"a,b\n$1,2\n$2,3\n$5,6\n\xe2\x82\xac4,5\n",
        r"line 5, column 'a': expected a number written with \$; got '€4'",
        {},
    ),
    "comma declared a point": (
        cell(b'"1,5"', 7, 1),
        "line 7, .* got '1,5'; say decimal=',' .--decimal ,",
        {"decimal": "."},
    ),
    "no such decimal": (GOOD, "expected '.' or ','; got ';'", {"decimal": ";"}),
    "no date of the format": (GOOD, "no column holds such dates", {"date_format": "%d/%m/%Y"}),
    "no date format": (GOOD, "got 'dd.mm.yyyy'", {"date_format": "dd.mm.yyyy"}),
    "date format of no column": (GOOD, "no column 'day'", {"date_format": {"day": "%d/%m/%Y"}}),
    "day or month": (
        b"a,b\n1/2/2020,2\n2/3/2020,3\n",
        "whether the day or the month is first no entry tells; say --date-format",
        {"types": {"a": "date"}},
    ),
    "cut within a letter": (GOOD + "9,9,\u00e9".encode()[:-1], "the bytes are not utf-8", {}),
    "odd utf-16": (b"\xff\xfea\0,", "the bytes are not utf-16", {}),
    "not ascii": (cell("\u00e9".encode(), 6, 2), "not ascii", {"encoding": "ascii"}),
    "unknown encoding": (GOOD, "encoding 'latin-99' is not known", {"encoding": "latin-99"}),
    "zip": (zipped(), "a zip archive or an Excel workbook", {}),
    "gzip": (gzip.compress(GOOD), "packed with gzip", {}),
    "xz": (b"\xfd7zXZ\0" + GOOD, "packed with xz", {}),
    "parquet": (b"PAR1" + GOOD, "a Parquet file", {}),
    "sqlite": (b"SQLite format 3\0", "an SQLite database", {}),
    "old excel": (b"\xd0\xcf\x11\xe0" + GOOD, "an old Excel workbook", {}),
    "pdf": (b"%PDF-1.7", "a PDF document", {}),
    "web page": (b"\n<!DOCTYPE html>\n<p>log in</p>", "a web page", {}),
    "text among numbers": (
        cell(b"many", 7, 1),
        "line 7, column 'area': expected a number; got 'many'",
        {},
    ),
    "question mark": (cell(b"?", 7, 1), r"line 7, .* missing=\['\?'\]", {}),
    "unit": (cell(b"18 m2", 7, 1), "line 7, .* write the number without its unit", {}),
    "percent": (cell(b"18%", 7, 1), "line 7, .* without its unit", {}),
    "hexadecimal": (cell(b"0x1f", 7, 1), "line 7, .* expected a number; got '0x1f'", {}),
    "underscore": (cell(b"1_000", 7, 1), "line 7, .* got '1_000'", {}),
    "two points": (cell(b"1.2.3", 7, 1), "line 7, .* got '1.2.3'", {}),
    "Arabic digits": (cell("\u0663".encode(), 7, 1), "line 7, .* expected a number", {}),
    "inf": (cell(b"inf", 7, 1), "line 7, column 'area': expected a finite number.* got 'inf'", {}),
    "-Infinity": (cell(b"-Infinity", 7, 1), "line 7, .* finite number .* got '-Infinity'", {}),
    "1e400": (cell(b"1e400", 7, 1), "line 7, .* finite number .* got '1e400'", {}),
    "10 to the 400": (cell(HUGE, 7, 1), r"line 7, .* finite number .* got '10+\.\.\.'", {}),
    "30 February": (cell(b"2010-02-30", 7, 3), "line 7, column 'sold': expected a date as", {}),
    "hour 25": (cell(b"2010-02-03 25:00", 7, 3), "line 7, column 'sold': expected a date", {}),
    "American date": (cell(b"1/7/2010", 7, 3), "line 7, .* declare its date_format", {}),
    "text among dates": (cell(b"soon", 7, 3), "line 7, column 'sold': .* got 'soon'", {}),
    "declared number": (
        GOOD,
        "line 2, column 'zone': expected a number",
        {"types": {"zone": "number"}},
    ),
    "declared date": (GOOD, "line 2, column 'area': expected a date", {"types": {"area": "date"}}),
    "outside the order": (
        GOOD,
        "line 3, .* expected one of b, c; got 'a'",
        {"types": {"zone": ["b", "c"]}},
    ),
    "no target": (GOOD, "target: no column 'price'; there are: Id, area", {"target": "price"}),
    "target misspelt": (GOOD, "did you mean 'area'", {"target": "Area"}),
    "target of other case": (GOOD, "did you mean 'zone'", {"target": "zones"}),
    "gap in the target": (
        cell(b"", 9, 1),
        "line 9, column 'area': the target is missing",
        {"target": "area"},
    ),
    "gaps in the target": (
        b"a,y\n1,NA\n2,3\n3,NA\n",
        r"line 2, .* \(and in 1 more rows\)",
        {"target": "y"},
    ),
    "target all missing": (b"a,y\n1,\n2,\n", "the target is missing", {"target": "y"}),
    "constant target": (
        b"a,y\n1,5\n2,5\n",
        "a target with different values.* '5'",
        {"target": "y"},
    ),
    "text in the target": (cell(b"cheap", 9, 1), "line 9, .* got 'cheap'", {"target": "area"}),
    "inf in the target": (cell(b"inf", 9, 1), "line 9, .* finite", {"target": "area"}),
    "date as target": (GOOD, "column 'sold': expected numbers or classes", {"target": "sold"}),
    "unknown type": (
        GOOD,
        "column 'zone' cannot be 'categry'; did you mean 'category'",
        {"types": {"zone": "categry"}},
    ),
    "type of no column": (
        GOOD,
        "types: no column 'zne'; did you mean 'zone'",
        {"types": {"zne": "text"}},
    ),
}


def test_there_are_sixty_and_more():
    assert len(BAD) >= 60
    assert len({case[0] + repr(case[2]).encode() for case in BAD.values()}) == len(BAD)


@pytest.mark.parametrize("name", BAD)
def test_a_malformed_file_is_answered_by_one_clear_line(name, tmp_path):
    blob, says, how = BAD[name]
    path = tmp_path / "train.csv"
    path.write_bytes(blob)
    with pytest.raises(MlplabError, match=says) as problem:
        read_table(path, **how)
    line = str(problem.value)
    assert "\n" not in line
    assert len(line) < 400
    if not {"types", "decimal", "date_format"} & set(how):
        assert line.startswith(str(path))


def test_the_good_file_is_read(tmp_path):
    path = tmp_path / "train.csv"
    path.write_bytes(GOOD)
    kinds = [column.kind for column in read_table(path).schema.columns]
    assert kinds == ["id", "number", "category", "date"]


def test_a_missing_file_and_a_folder_are_named(tmp_path):
    with pytest.raises(DataError, match=r"none\.csv: cannot be read \(No such file"):
        read_table(tmp_path / "none.csv")
    with pytest.raises(DataError, match="is a folder; expected a CSV file"):
        read_table(tmp_path)


@pytest.mark.parametrize("device", ["/dev/zero", "/dev/full", "/dev/null"])
def test_a_device_is_not_read_without_end(device, tmp_path):
    with pytest.raises(DataError, match=f"{device}: is a device; expected a CSV file"):
        read_table(device)
    (tmp_path / "link.csv").symlink_to(device)
    with pytest.raises(DataError, match=r"link\.csv: is a device; expected a CSV file"):
        read_table(tmp_path / "link.csv")


def test_a_pipe_is_read_as_a_file_is():
    reads, writes = os.pipe()
    with os.fdopen(writes, "wb") as pipe:
        pipe.write(GOOD)
    try:
        table = read_table(f"/dev/fd/{reads}")
    finally:
        os.close(reads)
    assert len(table.frame) == 24


def test_a_test_file_without_a_column_of_training_is_named(tmp_path):
    (tmp_path / "train.csv").write_bytes(GOOD)
    (tmp_path / "test.csv").write_bytes(b"Id,aera,zone,sold\n1,2,a,2010-01-01\n")
    schema = read_table(tmp_path / "train.csv").schema
    with pytest.raises(DataError, match=r"test\.csv: no column 'area'; did you mean 'aera'"):
        read_table(tmp_path / "test.csv", schema=schema)


def table_or_none(path, **how):
    """The table; None if it is refused in one line that names the file."""
    try:
        return read_table(path, **how)
    except MlplabError as problem:
        line = str(problem)
    assert line.startswith(str(path))
    assert "\n" not in line
    return None


@given(
    place=st.integers(0, len(GOOD) - 1),
    length=st.integers(0, 12),
    noise=st.one_of(
        st.binary(max_size=8),
        st.sampled_from([b",", b'"', b"\n", b"\r", b"\0", b"\xff", b"inf", b"1e999", b"x" * 50]),
    ),
)
def test_whatever_is_done_to_a_file_it_is_read_or_refused_in_one_line(
    tmp_path_factory, place, length, noise
):
    path = tmp_path_factory.mktemp("csv") / "train.csv"
    path.write_bytes(GOOD[:place] + noise + GOOD[place + length :])
    table = table_or_none(path, target="area")
    if table is not None:
        assert infer_schema(table.frame, target="area").target == "area"
        assert table.target.notna().all()


@given(st.binary(max_size=200))
def test_arbitrary_bytes_are_read_or_refused_in_one_line(tmp_path_factory, blob):
    path = tmp_path_factory.mktemp("csv") / "any.csv"
    path.write_bytes(blob)
    table = table_or_none(path)
    assert table is None or len(table.frame) > 0
