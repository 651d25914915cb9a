"""`mlplab fit` and `mlplab predict`: files in, model, page and submission out, or one line."""

from __future__ import annotations

import csv
import dataclasses
import json
import signal
import time
from pathlib import Path

import numpy as np
import pytest
from click.testing import CliRunner

import mlplab.tabular
from mlplab.cli import program
from mlplab.cli.tables import read_types
from mlplab.errors import StoreError
from mlplab.store import Store
from mlplab.tabular import check_submission, fold_networks
from mlplab.tabular.shortcuts import Shortcut

pytestmark = pytest.mark.usefixtures("small_fits")
FILES = {"index.html", "folds.csv", "importance.svg", "members.csv", "worst-rows.csv"}


def write_rows(path: Path, rows: list[dict]) -> Path:
    with path.open("w", newline="") as stream:
        writer = csv.DictWriter(stream, rows[0])
        writer.writeheader()
        writer.writerows(rows)
    return path


def sales(n: int, start: int = 1) -> list[dict]:
    rng = np.random.default_rng(start)
    rows = []
    for i in range(n):
        area, zone = float(rng.integers(30, 200)), str(rng.choice(["north", "south"]))
        price = 1000 * area + 20_000 * (zone == "north") + float(rng.integers(0, 5000))
        gap = "" if i % 9 == 4 else area
        rows.append({"Id": start + i, "area": gap, "zone": zone, "price": price})
    return rows


def without(rows: list[dict], *names: str) -> list[dict]:
    return [{key: value for key, value in row.items() if key not in names} for row in rows]


def run_there(folder: Path, *args: object) -> dict:
    result = CliRunner().invoke(program, [*map(str, args), "--json", "--quiet"])
    assert result.exit_code == 0, result.stderr
    assert result.stderr == ""
    return json.loads(result.stdout)


@pytest.fixture(scope="module")
def fitted(tmp_path_factory) -> tuple[Path, dict]:
    """A regression with a submission: its folder and its document."""
    folder = tmp_path_factory.mktemp("sales")
    train = write_rows(folder / "train.csv", sales(60))
    test = write_rows(folder / "test.csv", without(sales(25, 101), "price"))
    places = ("--out", folder / "new" / "page", "--submission", folder / "new" / "sub" / "out.csv")
    places += ("--store", folder / "runs.sqlite")
    asked = ("--target", "price", "--test", test, "--minutes", "0.02", "--folds", "3", *places)
    return folder, run_there(folder, "fit", train, *asked)


def test_the_document_says_what_was_found_and_where_it_is(fitted):
    folder, found = fitted
    assert (found["task"], found["target"], found["n_rows"]) == ("regression", "price", 60)
    assert found["types"] == {"Id": "id", "area": "number", "zone": "category"}
    assert len(found["folds"]) == 3
    assert min(found["folds"]) <= found["score"] <= max(found["folds"])
    low, high = found["interval"]
    assert low <= found["score"] <= high
    assert sum(member["weight"] for member in found["members"]) == pytest.approx(1)
    assert {row["column"] for row in found["importance"]} == {"area", "zone"}
    assert 0 <= found["shift"]["verdicts"]["matters"]["size"] <= 1
    assert {one["name"] for one in found["shift"]["columns"]} == {"area", "zone"}
    for name in ("model", "report", "submission"):
        assert Path(found[name]).is_file()
    assert {path.name for path in (folder / "new" / "page").iterdir()} >= FILES
    leftovers = [path for path in folder.rglob("*") if path.name.endswith(".part")]
    assert not leftovers


def test_the_submission_has_every_id_once_in_order_and_positive_numbers(fitted):
    _, found = fitted
    ids = [str(one) for one in range(101, 126)]
    path = Path(found["submission"])
    assert check_submission(path, ids, target="price", positive=True) == 25
    lines = path.read_text().splitlines()
    assert lines[0] == "Id,price"
    assert [line.split(",")[0] for line in lines[1:]] == ids


def test_predict_gives_what_the_submission_has(fitted, invoke, document, tmp_path):
    folder, found = fitted
    to_screen = invoke("predict", found["model"], folder / "test.csv")
    assert to_screen.exit_code == 0, to_screen.stderr
    assert to_screen.stdout == Path(found["submission"]).read_text()
    out = tmp_path / "deep" / "out.csv"
    told = document("predict", found["model"], folder / "test.csv", "--out", out)
    assert out.read_text() == to_screen.stdout
    assert told["n_rows"] == 25
    assert [row["Id"] for row in told["predictions"]] == [str(i) for i in range(101, 126)]
    refused = invoke("predict", found["model"], folder / "test.csv", "--proba")
    assert refused.exit_code == 2
    assert "predicts numbers" in refused.stderr


def test_classes_are_submitted_by_name_and_probabilities_sum_to_one(tmp_path, document):
    rows = [{**row, "dear": "yes" if row["price"] > 120_000 else "no"} for row in sales(60)]
    train = write_rows(tmp_path / "train.csv", without(rows, "price"))
    test = write_rows(tmp_path / "test.csv", without(sales(20, 101), "price"))
    found = document(
        "fit", train, "--target", "dear", "--test", test, "--minutes", "0.02", "--folds", "2",
        "--out", tmp_path / "page", "--metric", "accuracy", "--model", tmp_path / "m" / "one.model",
    )  # fmt: skip
    assert (found["task"], found["metric"]) == ("classification", "accuracy")
    assert 0 <= found["score"] <= 1
    text = (tmp_path / "page" / "submission.csv").read_text().splitlines()
    assert text[0] == "Id,dear"
    assert {line.split(",")[1] for line in text[1:]} <= {"yes", "no"}
    told = document("predict", tmp_path / "m" / "one.model", test, "--proba")
    for row, line in zip(told["predictions"], text[1:], strict=True):
        assert row["yes"] + row["no"] == pytest.approx(1)
        assert line.split(",")[1] == ("yes" if row["yes"] > row["no"] else "no")


def test_a_submission_that_cannot_be_right_is_refused_and_the_rest_is_kept(
    fitted, invoke, monkeypatch, tmp_path
):
    folder, found = fitted
    model = mlplab.tabular.load_table_model(found["model"])
    monkeypatch.setattr(mlplab.tabular, "fit_table", lambda *_, **__: model)
    monkeypatch.setattr(type(model), "predict", lambda self, frame: np.full(len(frame), -1.0))
    result = invoke(
        "fit", folder / "train.csv", "--target", "price", "--test", folder / "test.csv",
        "--out", tmp_path / "page", "--minutes", "0.02", "--quiet",
    )  # fmt: skip
    (line,) = result.stderr.splitlines()
    assert "expected a number above 0; got -1" in line
    assert "--metric log-rmse" in line
    assert result.exit_code == 1
    names = {path.name for path in (tmp_path / "page").iterdir()}
    assert names >= FILES | {"model.mlplab"}
    assert "submission.csv" not in names


def test_ctrl_c_while_the_page_is_made_names_what_is_kept(fitted, invoke, monkeypatch, tmp_path):
    folder, found = fitted

    def interrupted(*_, **__):
        raise KeyboardInterrupt

    model = mlplab.tabular.load_table_model(found["model"])
    monkeypatch.setattr(mlplab.tabular, "fit_table", lambda *_, **__: model)
    monkeypatch.setattr("mlplab.tabular.explanation.explain", interrupted)
    result = invoke(
        "fit", folder / "train.csv", "--target", "price", "--out", tmp_path / "page", "--quiet"
    )
    (line,) = result.stderr.splitlines()
    assert line.startswith(f"mlplab: interrupted: the model is at {tmp_path / 'page'}")
    assert result.exit_code == 1
    assert [path.name for path in (tmp_path / "page").iterdir()] == ["model.mlplab"]


def test_the_score_is_printed_before_the_page_is_made(fitted, invoke, monkeypatch, tmp_path):
    folder, found = fitted
    model = mlplab.tabular.load_table_model(found["model"])
    short = (Shortcut("rows", {"n": 20, "all": 40}), Shortcut("levels", {"n": 4}))
    model = dataclasses.replace(model, shortcuts=short)
    monkeypatch.setattr(mlplab.tabular, "fit_table", lambda *_, **__: model)

    def interrupted(*_, **__):
        raise KeyboardInterrupt

    monkeypatch.setattr("mlplab.tabular.explanation.explain", interrupted)
    asked = ("fit", folder / "train.csv", "--target", "price", "--out", tmp_path / "page")
    result = invoke(*asked)
    assert "score: log-rmse" in result.stdout or "score: rmse" in result.stdout
    for shortcut in short:
        assert str(shortcut) in " ".join(result.stdout.split())
    assert str(tmp_path / "page" / "model.mlplab") in result.stdout
    assert result.exit_code == 1


def test_levels_that_share_a_feature_are_in_the_document_and_on_the_page(
    document, monkeypatch, tmp_path
):
    monkeypatch.setattr(fold_networks, "_FEWEST_LEVELS", 4)
    monkeypatch.setattr(fold_networks, "_MOST_LEVEL_CELLS", 0)
    wide = [row | {"kind": f"k{i % 10}"} for i, row in enumerate(sales(80))]
    train = write_rows(tmp_path / "wide.csv", wide)
    fit = document("fit", train, "--target", "price", "--folds", "2", "--minutes", "0.02")
    line = "of wide categories only the 4 most frequent levels have a feature each"
    assert line in fit["left_out"]
    assert line in Path(fit["report"]).read_text()


def test_an_interrupted_fit_writes_and_tells_what_has_finished(
    fitted, invoke, monkeypatch, tmp_path
):
    folder, found = fitted
    model = mlplab.tabular.load_table_model(found["model"])
    model = dataclasses.replace(model, interrupted=True)
    monkeypatch.setattr(mlplab.tabular, "fit_table", lambda *_, **__: model)
    asked = (
        "fit", folder / "train.csv", "--target", "price", "--test", folder / "test.csv",
        "--out", tmp_path / "page", "--quiet",
    )  # fmt: skip
    result = invoke(*asked)
    (line,) = result.stderr.splitlines()
    assert line.startswith("mlplab: interrupted: this is of the 1 configurations that had finished")
    assert line.endswith("the same command goes on")
    assert result.exit_code == 1
    names = {path.name for path in (tmp_path / "page").iterdir()}
    assert names == {"model.mlplab", "submission.csv"}
    document = json.loads(invoke(*asked, "--json").stdout)
    assert (document["interrupted"], document["report"]) == (True, None)
    assert Path(document["submission"]).is_file()


@pytest.mark.slow
def test_ctrl_c_while_training_keeps_the_best_so_far(home, start):
    write_rows(home / "train.csv", sales(400))
    process = start("fit", "train.csv", "--target", "price", "--minutes", "3", "--quiet")
    deadline = time.monotonic() + 120
    while n_kept() < 60 and process.poll() is None and time.monotonic() < deadline:
        time.sleep(0.05)
    process.send_signal(signal.SIGINT)
    out, errors = process.communicate(timeout=120)
    (line,) = errors.splitlines()
    assert line.startswith("mlplab: interrupted: this is of the")
    assert "score: " in out
    assert process.returncode == 1
    assert [path.name for path in (home / "reports" / "train").iterdir()] == ["model.mlplab"]


def n_kept() -> int:
    try:
        return Store(create=False).info().rows["outcomes"]
    except StoreError:
        return 0


def test_a_fit_is_kept_in_the_store_that_is_named_and_answered_from_it(tmp_path, document):
    train = write_rows(tmp_path / "train.csv", sales(60))
    asked = (
        "fit", train, "--target", "price", "--minutes", "0.02", "--folds", "2",
        "--store", tmp_path / "own.sqlite", "--device", "cpu", "--threads", "1",
    )  # fmt: skip
    first = document(*asked, "--out", tmp_path / "a")
    n = Store(tmp_path / "own.sqlite").info().rows["outcomes"]
    again = document(*asked, "--out", tmp_path / "b")
    assert n == Store(tmp_path / "own.sqlite").info().rows["outcomes"] > 0
    assert (first["score"], first["members"]) == (again["score"], again["members"])
    one, other = ((tmp_path / name / "model.mlplab") for name in "ab")
    rows = mlplab.tabular.read_table(train).frame
    predicted = [mlplab.tabular.load_table_model(path).predict(rows) for path in (one, other)]
    assert (predicted[0] == predicted[1]).all()


def test_columns_of_the_test_file_alone_are_named(home, document):
    write_rows(home / "train.csv", sales(30))
    more = [row | {"mood": "good"} for row in without(sales(10, 101), "price")]
    write_rows(home / "test.csv", more)
    found = document("fit", "train.csv", "--target", "price", "--test", "test.csv", "--plan")
    assert "only in test.csv, not used: mood" in found["notes"]


def test_a_plan_says_what_would_be_done_and_does_nothing(home, invoke, document):
    rows = sales(40)
    for row in rows[::4]:
        row["price"] = ""
    write_rows(home / "train.csv", rows)
    asked = ("fit", "train.csv", "--target", "price", "--types", "zone=south<north", "--plan")
    result = invoke(*asked)
    assert result.exit_code == 0, result.stderr
    assert "30 rows (10 without a target are left out)" in result.stdout
    assert "zone (south<north)" in result.stdout
    assert "reports/train/model.mlplab" in result.stdout
    found = document(*asked)
    assert (found["n_rows"], found["n_dropped"], found["submission"]) == (30, 10, None)
    assert not (home / "reports").exists()


GOOD = without(sales(30), "Id")
MISTAKES = {
    "no such target": ({}, ("--target", "prize"), 2, "no column 'prize'; did you mean 'price'?"),
    "target of other case": ({}, ("--target", "Price"), 2, "did you mean 'price'?"),
    "no such id": ({}, ("--id", "nr"), 2, "--id: train.csv has no column 'nr'"),
    "no such groups": ({}, ("--groups", "street"), 2, "--groups: train.csv has no column"),
    "no such typed column": ({}, ("--types", "zon=id"), 2, "--types zon: train.csv has no column"),
    "no such kind": ({}, ("--types", "zone=sort"), 2, "cannot be 'sort'"),
    "types without kind": ({}, ("--types", "zone"), 2, "expected COLUMN=KIND"),
    "words as numbers": ({}, ("--target", "zone", "--task", "regression"), 2, "holds words such"),
    "a class per row": ({}, ("--task", "classification"), 1, "30 classes in 30 rows"),
    "metric of classes": (
        {}, ("--metric", "accuracy", "--task", "regression"), 2, "is not for regression",
    ),
    "metric of numbers": (
        {}, ("--target", "zone", "--metric", "rmse"), 2, "--metric rmse: column 'zone' holds words",
    ),
    "no such metric": ({}, ("--metric", "beauty"), 2, "got 'beauty'"),
    "target is groups": ({}, ("--groups", "price"), 2, "cannot be the id or the groups"),
    "no minutes": ({}, ("--minutes", "0"), 2, "x>0"),
    "one fold": ({}, ("--folds", "1"), 2, "x>=2"),
    "submission of nothing": ({}, ("--submission", "o.csv"), 2, "--test says which rows"),
    "model over input": ({}, ("--model", "train.csv"), 2, "would overwrite the input train.csv"),
    "empty file": ({"train": b""}, (), 1, "the file is empty"),
    "header only": ({"train": b"area,price\n"}, (), 1, "expected rows below the header"),
    "one value": ({"train": b"area,price\n1,5\n2,5\n"}, (), 1, "different values; every row has"),
    "no target at all": ({"train": b"area,price\n1,\n2,NA\n"}, (), 1, "missing in all 2 rows"),
    "only ids": ({"train": b"Id,price\n1,5\n2,6\n"}, (), 1, "no column to predict from"),
    "test lacks a column": ({"test": b"zone\nnorth\n"}, (), 1, "test.csv: no column 'area'"),
    "no such id to predict": (
        {"train": sales(30), "test": b"area,zone\n50,north\n"}, ("--id", "Id"), 2,
        "--id: test.csv has no column 'Id'",
    ),
    "delimiter of two": ({}, ("--delimiter", "::"), 2, "expected one character, or comma"),
    "no such encoding": ({}, ("--encoding", "latin-99"), 2, "expected an encoding such as utf-8"),
    "no such decimal": ({}, ("--decimal", ";"), 2, "is not one of '.', ','"),
    "no date format": ({}, ("--date-format", "dd/mm"), 2, "expected FORMAT or COLUMN=FORMAT"),
    "date format of no column": (
        {}, ("--date-format", "day=%d/%m/%Y"), 2, "--date-format day: train.csv has no column",
    ),
    "no dates of the format": ({}, ("--date-format", "%d/%m/%Y"), 2, "no column holds such dates"),
    "a question mark": (
        {"train": b"area,price\n1,5\n2,6\n?,7\n4,8\n"}, (), 1, "(--missing '?')",
    ),
    "ids twice": (
        {"train": sales(30), "test": b"Id,area,zone\n7,50,north\n7,60,south\n"},
        (), 1, "'7' is there twice",
    ),
    "an id is missing": (
        {"train": sales(30), "test": b"Id,area,zone\n7,50,north\n,60,south\n"},
        (), 1, "1 ids are missing",
    ),
    "submission over input": (
        {"train": sales(30), "test": b"Id,area,zone\n7,50,north\n"},
        ("--submission", "test.csv"), 2, "would overwrite the input test.csv",
    ),
    "submission over model": (
        {"train": sales(30), "test": b"Id,area,zone\n7,50,north\n"},
        ("--submission", "o", "--model", "o"), 2, "--model is written there",
    ),
    "model over folder": ({}, ("--model", "o", "--out", "o"), 2, "the page's folder is there"),
    "model over a parent": ({}, ("--model", "o", "--out", "o/p"), 2, "the page's folder is there"),
    "model over page": (
        {}, ("--model", "o/index.html", "--out", "o"), 2, "the page is written there",
    ),
}  # fmt: skip


@pytest.mark.parametrize("name", MISTAKES)
def test_a_mistake_is_one_line_and_writes_nothing(name, home, invoke):
    files, args, code, says = MISTAKES[name]
    for stem, content in {"train": GOOD, **files}.items():
        path = home / f"{stem}.csv"
        path.write_bytes(content) if isinstance(content, bytes) else write_rows(path, content)
    before = {path: path.read_bytes() for path in home.iterdir() if path.is_file()}
    test = ("--test", "test.csv") if "test" in files else ()
    target = () if "--target" in args else ("--target", "price")
    result = invoke("fit", "train.csv", *target, *test, *args)
    (line,) = result.stderr.splitlines()
    assert line.startswith("mlplab: error: ")
    assert says in line
    assert result.exit_code == code
    assert result.stdout == ""
    assert {path: path.read_bytes() for path in home.rglob("*") if path.is_file()} == before


def test_predict_refuses_what_is_no_model_and_never_overwrites(fitted, home, invoke):
    _, found = fitted
    rows = write_rows(home / "rows.csv", without(sales(5), "price"))
    for args, code, says in [
        ((rows, rows), 1, "rows.csv"),
        ((home / "none", rows), 1, "none"),
        ((found["model"], home / "none.csv"), 1, "cannot be read"),
        ((found["model"], rows, "--out", rows), 2, "would overwrite the input"),
        ((found["model"], rows, "--out", found["model"]), 2, "would overwrite the input"),
    ]:
        result = invoke("predict", *args)
        (line,) = result.stderr.splitlines()
        assert says in line
        assert result.exit_code == code
        assert result.stdout == ""


def test_types_are_read_as_they_are_typed():
    assert read_types(()) == {}
    assert read_types(["a=id", "b=x<y<z,c=date"]) == {"a": "id", "b": ["x", "y", "z"], "c": "date"}
    assert read_types(["a=b=number"]) == {"a=b": "number"}
