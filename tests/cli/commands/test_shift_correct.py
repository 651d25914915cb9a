"""`mlplab shift correct`: weights in a file, and what it says of them."""

from __future__ import annotations

import csv
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest


@pytest.fixture
def tables(home: Path) -> tuple[Path, Path]:
    """A table with ids, categories, gaps and a label, and one that has shifted."""

    def table(n: int, shift: float, first: int) -> pd.DataFrame:
        rng = np.random.default_rng(first)
        x, size = rng.normal(shift, 1, n), rng.normal(size=n)
        size[rng.random(n) < 0.1] = np.nan
        town = rng.choice(["Oslo", "Rome"], n, p=[0.5 + shift / 4, 0.5 - shift / 4])
        return pd.DataFrame(
            {"Id": np.arange(first, first + n), "x": x, "size": size, "town": town, "y": x**2}
        )

    table(150, 0.0, 1).to_csv("train.csv", index=False)
    table(120, 0.7, 1001).drop(columns="y").to_csv("new.csv", index=False)
    table(120, 40.0 / 25, 5001).assign(x=lambda t: t.x + 40).to_csv("far.csv", index=False)
    return home / "train.csv", home / "new.csv"


def weights_of(path: Path) -> tuple[list[str], np.ndarray]:
    with path.open(encoding="utf-8") as stream:
        head, *rows = csv.reader(stream)
    return [*head, *(row[0] for row in rows)], np.array([float(row[1]) for row in rows])


def test_weights_are_those_of_the_function_named_by_id(tables, invoke, home):
    from mlplab.shift import correct

    done = invoke(
        "shift", "correct", "train.csv", "--target-inputs", "new.csv", "--out", "w.csv",
        "--method", "ulsif", "--seed", 3, "--label", "y",
    )  # fmt: skip
    assert done.exit_code == 0, done.output
    names, weights = weights_of(home / "w.csv")
    assert names[:4] == ["Id", "weight", "1", "2"]
    assert "not compared: Id" in done.stderr
    first, second = (pd.read_csv(path)[["x", "size", "town"]] for path in tables)
    np.testing.assert_allclose(weights, correct(first, second, "ulsif", seed=3).values, rtol=1e-6)


def test_with_a_label_it_says_whether_weights_help(tables, document, home):
    found = document(
        "shift", "correct", "train.csv", "--target-inputs", "new.csv", "--label", "y", "--out",
        "w.csv", "--method", "kmm",
    )  # fmt: skip
    assert found["rows"] == [150, 120]
    assert found["method"] == "kmm"
    assert 30 < found["effective_rows"] < 150
    assert found["declined"] is None
    assert found["worth"]["answer"] in ("weight", "don't", "undecided")
    assert set(found["worth"]["risks"]) == {"0", "0.5", "1"}
    assert len(weights_of(home / found["out"])[1]) == 150


def test_it_tells_people(tables, invoke):
    done = invoke("shift", "correct", "train.csv", "--target-inputs", "new.csv", "--label", "y",
                  "--method", "kmm", "--clip", 1.2)  # fmt: skip
    assert done.exit_code == 0, done.output
    assert done.stdout.startswith("150 training rows count as ")
    assert "of the ratios were clipped at 1.2" in done.stdout
    assert "train with weights? " in done.stdout


def test_tables_apart_are_declined_and_nothing_is_written(tables, invoke, home):
    done = invoke("shift", "correct", "train.csv", "--target-inputs", "far.csv", "--label", "y",
                  "--out", "w.csv", "--method", "ulsif", "--quiet")  # fmt: skip
    assert done.exit_code == 1
    (line,) = done.stderr.splitlines()
    assert line.startswith("mlplab: error: declined: 100 % of the target rows lie outside")
    assert done.stdout == ""
    assert not (home / "w.csv").exists()


def test_a_rare_class_costs_the_advice_and_not_the_weights(tables, invoke, home):
    for path in tables:
        frame = pd.read_csv(path).assign(kind="common")
        frame.loc[::2, "kind"] = "other"
        frame.loc[0, "kind"] = "rare"
        frame.drop(columns="y", errors="ignore").to_csv(home / f"k-{path.name}", index=False)
    done = invoke("shift", "correct", "k-train.csv", "--target-inputs", "k-new.csv", "--label",
                  "kind", "--method", "ulsif", "--out", "w.csv")  # fmt: skip
    assert done.exit_code == 0, done.output
    assert "cannot be judged: targets: expected at least 5 rows of each class" in done.stderr
    assert "--label says" not in done.stdout
    assert len(weights_of(home / "w.csv")[1]) == 150


def test_copies_are_told_and_empty_columns_refused(tables, invoke, home):
    pd.read_csv("train.csv").to_csv("copy.csv", index=False)
    done = invoke("shift", "correct", "train.csv", "--target-inputs", "copy.csv", "--label", "y",
                  "--method", "ulsif")  # fmt: skip
    assert "150 of 150 target rows are copies of training rows" in done.stderr
    pd.read_csv("new.csv").assign(x=np.nan).to_csv("empty.csv", index=False)
    done = invoke("shift", "correct", "train.csv", "--target-inputs", "empty.csv", "--label", "y",
                  "--quiet")  # fmt: skip
    assert done.exit_code == 1
    assert "target_inputs, column 'x': every entry is missing; leave it out" in done.stderr


def test_arrays_and_parquet_are_read(tables, document, home):
    rng = np.random.default_rng(0)
    np.save("a.npy", rng.normal(size=(60, 2)))
    np.save("b.npy", rng.normal(size=(50, 2)))
    found = document("shift", "correct", "a.npy", "--target-inputs", "b.npy", "--method", "ulsif",
                     "--out", "w.csv")  # fmt: skip
    assert found["rows"] == [60, 50]
    assert found["worth"] is None
    assert weights_of(home / "w.csv")[0][:3] == ["row", "weight", "1"]
    pytest.importorskip("pyarrow")
    for path in tables:
        pd.read_csv(path).to_parquet(path.with_suffix(".parquet"))
    both: list[Any] = [
        document("shift", "correct", f"train.{kind}", "--target-inputs", f"new.{kind}", "--label",
                 "y", "--method", "ulsif")
        for kind in ("csv", "parquet")
    ]  # fmt: skip
    assert both[0]["effective_rows"] == pytest.approx(both[1]["effective_rows"], rel=1e-4)


@pytest.mark.parametrize(
    ("args", "code", "says"),
    [
        (("train.csv",), 2, "missing option '--target-inputs'"),
        (("none.csv", "--target-inputs", "new.csv"), 1, "none.csv"),
        (("train.csv", "--target-inputs", "new.csv", "--label", "z"), 2, "no column 'z'"),
        (("train.csv", "--target-inputs", "new.csv", "--label", "sice"), 2, "mean 'size'?"),
        (
            ("train.csv", "--target-inputs", "new.csv", "--label", "size"),
            1,
            "the target is missing",
        ),
        (("train.csv", "--target-inputs", "new.csv"), 1, "no column 'y'; name what is predicted"),
        (("train.csv", "--target-inputs", "a.npy"), 2, "expected two tables, or two .npy arrays"),
        (("bad.npy", "--target-inputs", "bad.npy"), 1, "bad.npy: cannot be read (expected an"),
        (("bad.parquet", "--target-inputs", "bad.parquet"), 1, "bad.parquet: cannot be read"),
        (("text.npy", "--target-inputs", "text.npy"), 1, "text.npy: expected numbers; got <U1"),
        (("a.npy", "--target-inputs", "a.npy", "--label", "y"), 2, "columns have no names"),
        (("train.csv", "--target-inputs", "new.csv", "--out", "new.csv"), 2, "would overwrite"),
        (("train.csv", "--target-inputs", "new.csv", "--method", "uslif"), 2, "mean 'ulsif'?"),
        (("train.csv", "--target-inputs", "new.csv", "--clip", "0"), 2, "--clip"),
        (("train.csv", "--target-inputs", "new.csv", "--flatten", "2"), 2, "--flatten"),
        (("train.csv", "--target-inputs", "empty.csv"), 1, "empty.csv"),
        (("train.csv", "--target-inputs", "far.csv", "--seed", "x"), 2, "whole number from 0"),
    ],
)
def test_a_mistake_is_one_line(args, code, says, tables, invoke, home):
    np.save("a.npy", np.ones((3, 2)))
    np.save("text.npy", np.array([["a"], ["b"]]))
    (home / "bad.npy").write_text("no array")
    (home / "bad.parquet").write_text("no table")
    (home / "empty.csv").write_text("Id,x,size,town\n")
    before = sorted(home.iterdir())
    done = invoke("shift", "correct", *args, "--quiet")
    assert done.exit_code == code, done.output
    (line,) = done.stderr.splitlines()
    assert line.startswith("mlplab: error: ")
    assert says in line
    assert sorted(home.iterdir()) == before


def test_the_group_suggests_a_command_and_shows_its_help(invoke):
    assert "did you mean 'correct'?" in invoke("shift", "corect").stderr
    assert "correct" in invoke("shift", "--help").stdout
