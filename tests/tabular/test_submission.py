"""Submissions: what is written reads back; what a competition would refuse is refused before."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st

from mlplab.errors import DataError
from mlplab.tabular import check_submission, write_submission

IDS = ["1461", "1462", "1463"]


@given(st.lists(st.floats(allow_nan=False, allow_infinity=False), min_size=1, max_size=30))
def test_numbers_are_read_back_to_the_last_bit(tmp_path_factory, numbers):
    path = tmp_path_factory.mktemp("out") / "submission.csv"
    ids = range(len(numbers))
    assert write_submission(path, ids, numbers) == path
    head, *rows = (line.split(",") for line in path.read_text().split())
    assert head == ["Id", "SalePrice"]
    assert [int(row[0]) for row in rows] == list(ids)
    assert [float(row[1]) for row in rows] == numbers
    assert check_submission(path, ids) == len(numbers)


def test_ids_of_any_type_are_written_as_they_were_read(tmp_path):
    for ids in (IDS, [1461, 1462, 1463], [1461.0, 1462.0, 1463.0], pd.Series(IDS, index=[7, 8, 9])):
        path = write_submission(tmp_path / "new" / "s.csv", ids, np.ones((3, 1)))
        assert [line.split(",")[0] for line in path.read_text().split()] == ["Id", *IDS]


@pytest.mark.parametrize(
    ("ids", "numbers", "how", "match"),
    [
        (IDS, [1, 2], {}, r"expected 3 predictions, one per id; got shape \(2,\)"),
        (IDS, np.ones((3, 2)), {}, r"got shape \(3, 2\)"),
        (["1", "2", "1"], [1, 2, 3], {}, "'1' is there twice"),
        (IDS, [1, np.nan, 3], {}, "id '1462': expected a finite number; got nan"),
        (IDS, [1, 2, np.inf], {}, "id '1463': expected a finite number; got inf"),
        (IDS, [1, -2, 3], {"positive": True}, "id '1462': expected a number above 0; got -2"),
        (IDS, [0, 2, 3], {"positive": True}, "id '1461': expected a number above 0; got 0"),
        ([1, None, 3], [1, 2, 3], {}, "the id in row 1 is missing"),
        ([1, np.nan, 3], [1, 2, 3], {}, "the id in row 1 is missing"),
        ([], [], {}, "at least one prediction"),
        (IDS, [1, 2, 3], {"target": "Id"}, "expected two names of columns"),
    ],
)
def test_a_bad_submission_is_refused_and_leaves_the_old_file(tmp_path, ids, numbers, how, match):
    path = write_submission(tmp_path / "s.csv", IDS, [7, 8, 9])
    before = path.read_bytes()
    with pytest.raises(DataError, match=match) as problem:
        write_submission(path, ids, numbers, **how)
    assert "\n" not in str(problem.value)
    assert path.read_bytes() == before
    assert list(tmp_path.iterdir()) == [path]


@pytest.mark.parametrize(
    ("text", "match"),
    [
        ("SalePrice,Id\n1,1461\n", "line 1: expected the columns Id,SalePrice; got SalePrice,Id"),
        ("Id,SalePrice,x\n1461,1,2\n", "expected the columns Id,SalePrice"),
        ("Id,SalePrice\n1461,1\n1462,2\n", r"1 ids are not there, the first is '1463'"),
        ("Id,SalePrice\n1461,1\n1462,2\n1463,3\n9,4\n", "line 5: id '9' is not one to predict"),
        ("Id,SalePrice\n1461,1\n1461,2\n1463,3\n", "line 3: expected different ids"),
        ("Id,SalePrice\n1461,1\n1462,\n1463,3\n", "line 3: expected a number as SalePrice; got ''"),
        ("Id,SalePrice\n1461,1\n1462,x\n1463,3\n", "line 3: expected a number"),
        ("Id,SalePrice\n1461,1\n1462,inf\n1463,3\n", "line 3: expected a finite number"),
        ("Id,SalePrice\n1461,1\n1462,-4\n1463,3\n", "line 3: expected a number above 0"),
        ("", "the file is empty"),
    ],
)
def test_a_file_is_checked_line_by_line(tmp_path, text, match):
    (tmp_path / "s.csv").write_text(text)
    with pytest.raises(DataError, match=match):
        check_submission(tmp_path / "s.csv", IDS, positive=True)


def test_a_folder_that_cannot_be_written_is_one_line(tmp_path):
    (tmp_path / "file").write_text("")
    with pytest.raises(DataError, match="cannot be written") as problem:
        write_submission(tmp_path / "file" / "s.csv", IDS, [1, 2, 3])
    assert "\n" not in str(problem.value)


def test_classes_are_written_by_name_and_no_others(tmp_path):
    path = write_submission(
        tmp_path / "s.csv", IDS, np.array(["no", "yes", "no"], object), target="y",
        classes=["no", "yes"],
    )  # fmt: skip
    assert path.read_text().split() == ["Id,y", "1461,no", "1462,yes", "1463,no"]
    assert check_submission(path, IDS, target="y", classes=["no", "yes"]) == 3
    with pytest.raises(DataError, match="line 3: expected one of no, maybe; got 'yes'"):
        check_submission(path, IDS, target="y", classes=["no", "maybe"])
    before = path.read_bytes()
    with pytest.raises(DataError, match="id '1463': expected one of no, yes; got 'nay'"):
        write_submission(path, IDS, ["no", "yes", "nay"], target="y", classes=["no", "yes"])
    with pytest.raises(DataError, match=r"expected 3 predictions, one per id; got shape \(2,\)"):
        write_submission(path, IDS, ["no", "yes"], target="y", classes=["no", "yes"])
    assert path.read_bytes() == before
    assert list(tmp_path.iterdir()) == [path]
