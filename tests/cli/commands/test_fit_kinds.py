"""`mlplab fit` on files as they come: what is recognised, said, overridden, and comes back."""

from __future__ import annotations

import json
import re
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from click.testing import CliRunner
from sklearn.datasets import load_digits, load_iris, load_wine

from mlplab.cli import program
from mlplab.tabular import check_submission

pytestmark = pytest.mark.usefixtures("small_fits")
QUICK = ("--minutes", "0.02", "--folds", "2", "--quiet")


def plan(*args: object) -> dict:
    result = CliRunner().invoke(program, ["fit", *map(str, args), "--plan", "--json"])
    assert result.exit_code == 0, result.stderr
    return json.loads(result.stdout)


def lines(*args: object) -> str:
    """What a plan prints, as one line."""
    result = CliRunner().invoke(program, ["fit", *map(str, args), "--plan"])
    assert result.exit_code == 0, result.stderr
    return " ".join(result.stdout.split())


@pytest.mark.parametrize("load", [load_iris, load_wine, load_digits])
def test_real_classes_are_classified_and_one_line_says_how_to_override(load, home):
    load(as_frame=True).frame.to_csv("t.csv", index=False)
    assert plan("t.csv", "--target", "target")["task"] == "classification"
    said = lines("t.csv", "--target", "target")
    assert "task: classification of target (the target has" in said
    assert "--task regression says otherwise" in said
    forced = plan("t.csv", "--target", "target", "--task", "regression")
    assert (forced["task"], forced["metric"]) == ("regression", "rmse")
    assert plan("t.csv", "--target", "target", "--metric", "rmse")["task"] == "regression"
    assert plan("t.csv", "--target", "target", "--types", "target=number")["task"] == "regression"


@pytest.mark.parametrize(
    ("values", "task", "warning"),
    [
        (["0", "1"], "classification", ""),
        (["True", "False"], "classification", ""),
        (["1.0", "0.0"], "classification", ""),
        (["-1", "1"], "classification", ""),
        (["0.5", "1.5"], "classification", ""),
        (["1", "2", "3", "4"], "classification", ""),
        (["yes", "no", "Yes"], "classification", "'Yes' and 'yes' are different classes"),
        (["0", "1", "1.0"], "classification", "'1' and '1.0' are different classes"),
        ([str(i) for i in range(12)], "regression", "12 different numbers only; if they are"),
        (["0.5", "1", "1.5"], "regression", "3 different numbers only; if they are classes"),
        ([str(i / 7) for i in range(60)], "regression", ""),
    ],
)
def test_what_a_target_is_taken_for(values, task, warning, home):
    n = 60
    rows = pd.DataFrame(
        {"x": np.linspace(0, 1, n), "y": [values[i % len(values)] for i in range(n)]}
    )
    rows.to_csv("t.csv", index=False)
    found = plan("t.csv", "--target", "y")
    assert found["task"] == task
    said = [note for note in found["notes"] if note.startswith("y: ")]
    assert len(said) == bool(warning)
    assert all(warning in note for note in said)


def test_a_class_of_one_row_is_named(home):
    rows = pd.DataFrame({"x": np.linspace(0, 1, 41), "y": [*["a", "b"] * 20, "c"]})
    rows.to_csv("t.csv", index=False)
    assert any("'c' in a single row" in note for note in plan("t.csv", "--target", "y")["notes"])


@pytest.mark.parametrize("labels", [("True", "False"), ("1", "0"), ("1.0", "0.0"), ("01", "02")])
def test_a_submission_has_the_labels_of_the_file(labels, home, document):
    x = np.linspace(-1, 1, 60)
    rows = pd.DataFrame({"name": [f"r{i}" for i in range(60)], "x": x})
    rows["y"] = np.where(x > 0, *labels)
    rows.to_csv("t.csv", index=False)
    new = pd.DataFrame({"name": ["a", "b", "c"], "x": [-0.91, 0.77, 0.93]})
    new.to_csv("new.csv", index=False)
    found = document("fit", "t.csv", "--target", "y", "--id", "name", "--test", "new.csv", *QUICK)
    assert found["task"] == "classification"
    text = Path(found["submission"]).read_text()
    assert text.splitlines()[0] == "name,y"
    assert [line.split(",")[1] for line in text.splitlines()[1:]] == [
        labels[1],
        labels[0],
        labels[0],
    ]
    assert {row["y"] for row in document("predict", found["model"], "new.csv")["predictions"]} <= {
        *labels
    }
    shares = document("predict", found["model"], "new.csv", "--proba")["predictions"]
    assert all({"name", *labels} == set(row) for row in shares)


FORMS = {
    "semicolons": ({"sep": ";"}, "utf-8", "UTF-8, semicolons between cells"),
    "tabs": ({"sep": "\t"}, "utf-8", "UTF-8, tabs between cells"),
    "bars": ({"sep": "|"}, "utf-8", "UTF-8, bars between cells"),
    "UTF-16": ({}, "utf-16", "UTF-16, commas between cells"),
    "Windows": ({"sep": ";", "decimal": ","}, "cp1252", "cp1252 or latin-1 .*semicolons"),
    "byte-order mark": ({}, "utf-8-sig", ""),
}


@pytest.mark.parametrize("name", FORMS)
def test_one_table_in_many_forms_is_one_table(name, home):
    how, encoding, said = FORMS[name]
    wine = load_wine(as_frame=True).frame.rename(columns={"hue": "hué"})
    wine.to_csv("plain.csv", index=False)
    wine.to_csv("t.csv", index=False, encoding=encoding, **how)
    plain, found = plan("plain.csv", "--target", "target"), plan("t.csv", "--target", "target")
    assert found["types"] == plain["types"]
    assert set(found["types"].values()) == {"number"}
    assert bool(found["notes"]) == bool(said)
    assert not said or any(re.search(said, note) for note in found["notes"])
    given = ("--encoding", encoding, "--delimiter", how.get("sep", ","), "--decimal",
             how.get("decimal", "."))  # fmt: skip
    assert plan("t.csv", "--target", "target", *given)["types"] == plain["types"]


ODD = pd.DataFrame({
    "price": ["$1,234.00", "$5.50", "$17"] * 20,
    "thousands": ["1,234", "5,678", "9,100"] * 20,
    "sold": ["1/2/2020", "3/4/2020", "5/6/2020"] * 20,
    "power": ["130", "?", "95"] * 20,
    "label": ["a", "b"] * 30,
})  # fmt: skip


def test_options_override_what_is_recognised(home):
    ODD.to_csv("t.csv", index=False)
    found = plan("t.csv", "--target", "label")
    assert found["types"] == {
        "price": "number", "thousands": "number", "sold": "category", "power": "category",
    }  # fmt: skip
    said = "\n".join(found["notes"])
    for name in ("price", "thousands", "sold", "power"):
        assert f"{name}: " in said
    for option in ("--decimal ','", "--date-format 'sold=%d/%m/%Y'", "--missing '?'"):
        assert option in said
    # the options that notes advise
    assert plan("t.csv", "--target", "label", "--missing", "?")["types"]["power"] == "number"
    for date_format in ("sold=%d/%m/%Y", "%m/%d/%Y"):
        dated = plan("t.csv", "--target", "label", "--date-format", date_format)
        assert dated["types"]["sold"] == "date"
    comma = plan("t.csv", "--target", "label", "--decimal", ",")
    assert not any("may mean" in note for note in comma["notes"])
    assert plan("t.csv", "--target", "label", "--types", "price=text")["types"]["price"] == "text"


def test_a_model_predicts_files_of_another_form(home, document):
    rows = ODD.assign(x=np.linspace(0, 1, 60))
    rows.to_csv("t.csv", index=False)
    how = ("--missing", "?", "--date-format", "sold=%d/%m/%Y", *QUICK)
    found = document("fit", "t.csv", "--target", "label", *how)
    wished = document("predict", found["model"], "t.csv")["predictions"]
    rows.to_csv("new.csv", index=False, sep=";", encoding="utf-16")
    assert document("predict", found["model"], "new.csv")["predictions"] == wished
    other = rows.assign(power=rows["power"].replace("?", "-"), sold="31-01-2020")
    other.to_csv("new.csv", index=False, sep=":")
    options = ("--delimiter", ":", "--missing", "-", "--date-format", "%d-%m-%Y", "--quiet")
    assert len(document("predict", found["model"], "new.csv", *options)["predictions"]) == 60


def test_an_index_is_no_feature_unless_it_is_told_to_be(home):
    iris = load_iris(as_frame=True).frame
    iris.sample(frac=1, random_state=0).to_csv("t.csv")
    found = plan("t.csv", "--target", "target")
    assert found["types"]["Unnamed: 0"] == "id"
    assert any("--types 'Unnamed: 0=number'" in note for note in found["notes"])
    kept = plan("t.csv", "--target", "target", "--types", "Unnamed: 0=number")
    assert kept["types"]["Unnamed: 0"] == "number"


def test_rows_without_ids_are_predicted_without_ids(home, document, invoke):
    wine = load_wine(as_frame=True).frame
    wine[::2].to_csv("t.csv", index=False)
    wine[1::2].drop(columns="target").to_csv("new.csv", index=False)
    asked = ("t.csv", "--target", "target", "--test", "new.csv")
    assert plan(*asked, "--submission", "out.csv")["submission"] == "out.csv"
    found = document("fit", *asked, *QUICK)
    path = Path(found["submission"])
    assert check_submission(path, None, target="target", classes={"0", "1", "2"}) == 89
    assert any("without ids" in note for note in found["notes"])
    assert found["n_copies"] == 0
    assert invoke("predict", found["model"], "new.csv").stdout == path.read_text()


def test_a_test_file_may_lack_the_ids_or_hold_an_empty_target(home, document):
    wine = load_wine(as_frame=True).frame
    wine.insert(0, "Id", range(500, 678))
    wine[::2].to_csv("t.csv", index=False)
    wine[1::2].drop(columns="Id").assign(target="").to_csv("new.csv", index=False)
    found = document("fit", "t.csv", "--target", "target", "--test", "new.csv", *QUICK)
    assert Path(found["submission"]).read_text().startswith("target\n")
    assert len(document("predict", found["model"], "new.csv")["predictions"]) == 89


def test_copies_are_counted_before_the_page_and_on_it(home, invoke):
    wine = load_wine(as_frame=True).frame
    wine.to_csv("t.csv", index=False)
    new = wine.drop(columns="target")
    new.to_csv("new.csv", index=False)
    args = ("fit", "t.csv", "--target", "target", "--test", "new.csv")
    result = invoke(*args, *QUICK)
    assert result.exit_code == 0, result.stderr
    said = " ".join(result.stdout.split())
    first = said.index("178 of 178 rows to predict are copies of training rows")
    assert first < said.index("score: ")
    page = (home / "reports" / "t" / "index.html").read_text()
    assert "178 of the 178 rows of new.csv are copies of training rows" in page
    new[::2].to_csv("new.csv", index=False, sep=";", decimal=",")
    assert plan(*args[1:])["n_copies"] == 89
    (new + 0.001).to_csv("new.csv", index=False)
    assert plan(*args[1:])["n_copies"] == 0


def test_folds_that_cannot_be_are_said(home):
    load_wine(as_frame=True).frame.assign(g=[f"g{i % 3}" for i in range(178)]).to_csv(
        "t.csv", index=False
    )
    for more, asked, made in ((), 500, 89), ((), 89, 89), (("--groups", "g"), 5, 3), ((), 5, 5):
        found = plan("t.csv", "--target", "target", "--folds", asked, *more)
        assert found["folds"] == made
        said = [note for note in found["notes"] if "folds instead of" in note]
        assert len(said) == (asked != made)
        assert not said or said[0].startswith(f"{made} folds instead of {asked}: ")


@pytest.mark.parametrize(
    ("frame", "does"),
    [
        ({"x": ["?", *(f"{i}.5" for i in range(40))] + ["?"] * 19, "y": range(60)},
         ("--missing", "?")),
        ({"x": [1.5, 2.5] * 30, "y": ["?", *(f"{i}.5" for i in range(59))]}, ("--missing", "?")),
        ({"x": [1.5, 2.5] * 30, "y": ["?"] * 20 + [f"{i}.5" for i in range(40)]},
         ("--missing", "?")),
        ({"day": [*pd.date_range("2020-01-01", periods=59).strftime("%d/%m/%Y"), "n/d"],
          "y": range(60)}, ("--missing", "n/d")),
    ],
)  # fmt: skip
def test_an_error_on_gaps_says_which_option_reads_them(frame, does, home):
    table = pd.DataFrame(frame).sample(frac=1, random_state=0)
    table.to_csv("t.csv", index=False)
    result = CliRunner().invoke(program, ["fit", "t.csv", "--target", "y", "--plan"])
    assert result.exit_code == 1
    assert f"--missing {does[1]!r}" in result.stderr
    assert plan("t.csv", "--target", "y", *does)["task"] == "regression"


def test_a_file_of_one_column_may_be_of_several(home):
    Path("t.csv").write_text("a^y\n" + "".join(f"{i % 7}^{i}.5\n" for i in range(40)))
    result = CliRunner().invoke(program, ["fit", "t.csv", "--target", "y", "--plan"])
    assert result.exit_code == 2
    assert "--delimiter" in result.stderr
    assert plan("t.csv", "--target", "y", "--delimiter", "^")["types"] == {"a": "number"}
