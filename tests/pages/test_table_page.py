"""The page on a table model: complete, in both languages, alone, and never over what is needed."""

from __future__ import annotations

import dataclasses
import html.parser
import itertools
import json
import re
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from tests.chinese import chinese_texts, latin_rows

import mlplab as ml
from mlplab.draw import Figure
from mlplab.errors import MlplabError
from mlplab.pages import Report, page_html, write_index, write_page
from mlplab.pages.table_page import table_report
from mlplab.pages.table_words import TABLE, say_phrases
from mlplab.tabular import Explanation, explain, fit_table, infer_schema
from mlplab.tabular.scoring import scoring_of

VOID = {"br", "col", "hr", "img", "input", "link", "meta", "source"}


class Nesting(html.parser.HTMLParser):
    """Checks that elements close in order; keeps attributes and texts."""

    def __init__(self, text: str) -> None:
        super().__init__()
        self.open: list[str] = []
        self.found: list[tuple[str, dict[str, str | None]]] = []
        self.words = ""
        self.feed(text)
        assert self.open == []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.found.append((tag, dict(attrs)))
        if tag not in VOID:
            self.open.append(tag)

    def handle_endtag(self, tag: str) -> None:
        assert self.open.pop() == tag

    def handle_data(self, data: str) -> None:
        if self.open and self.open[-1] not in ("script", "style"):
            self.words += data


def rows(n: int, seed: int) -> pd.DataFrame:
    rng = np.random.default_rng(seed)
    frame = pd.DataFrame(
        {
            "Id": [str(i) for i in range(n)],
            "area <m2>": rng.lognormal(4, 0.5, n),
            "zone": rng.choice(["north", "south & sea"], n).astype(object),
            "sold": pd.date_range("2006-01-01", periods=n, freq="9D").astype("datetime64[us]"),
        }
    )
    frame["price"] = 900 * frame["area <m2>"] * np.where(frame["zone"] == "north", 1.0, 1.6)
    frame.loc[::11, "area <m2>"] = np.nan
    days = (frame["sold"] - frame["sold"].min()).dt.days
    frame["price"] *= np.exp(days / days.max())
    return frame


def explained(target: str) -> Explanation:
    train, test = rows(80, 0), rows(30, 1)
    for frame in (train, test):
        frame["class"] = pd.cut(frame["price"], 3, labels=["low", "mid", "top"]).astype(object)
    train = train.drop(columns={"price", "class"} - {target})
    schema = infer_schema(train, target=target)
    model = fit_table(train, target, schema=schema, n_folds=3, minutes=0.02, configurations=1)
    return explain(model, train, test, seconds=3)


def told(found: Explanation) -> Report:
    return table_report(
        found,
        name="train.csv",
        test_name="test.csv",
        n_dropped=4,
        n_copies=2,
        command="mlplab fit train.csv --target 'the <price>'",
    )


def write(found: Explanation, folder: Path, **settings: object) -> Path:
    return write_page(told(found), folder, own_folder=False, **settings)


@pytest.fixture(scope="module")
def numbers() -> Explanation:
    return explained("price")


@pytest.fixture(scope="module")
def classes() -> Explanation:
    return explained("class")


@pytest.fixture(scope="module", params=["numbers", "classes"])
def found(request) -> Explanation:
    return request.getfixturevalue(request.param)


@pytest.fixture(scope="module")
def page(found, tmp_path_factory) -> Path:
    return write(found, tmp_path_factory.mktemp("page"))


@pytest.fixture
def undrawn(monkeypatch) -> None:
    """Pages without pictures, for tests of files alone: drawing takes most of the time."""
    monkeypatch.setattr(Figure, "svg", lambda self, *_, **__: f"<svg >{self.name}</svg>")
    monkeypatch.setattr(Figure, "png", lambda self, *_, **__: self.name.encode())


def test_the_page_is_well_formed_complete_and_reaches_for_nothing(found, page):
    read = Nesting(page.read_text())
    ids = [attributes["id"] for tag, attributes in read.found if tag == "section"]
    assert ids == ["score", "errors", "worst", "importance", "dependence", "gaps", "shift",
                   "models", "how", "numbers", "reproduce"]  # fmt: skip
    for tag, attributes in read.found:
        for name in ("src", "href", "srcset"):
            target = attributes.get(name) or ""
            assert not re.match(r"(https?:)?//", target), (tag, target)
            if tag == "a" and name == "href" and target and not target.startswith(("#", "data:")):
                assert (page.parent / target).is_file(), target
    shown = " ".join(read.words.split())
    assert "mlplab fit train.csv --target 'the <price>'" in shown
    assert "train.csv: 80 · 4 rows without a target are left out" in shown
    assert "2 of the 30 rows of test.csv are copies of training rows" in shown
    assert "test.csv: 30" in shown
    assert found.model.cv.why in shown


def test_it_is_told_in_chinese_but_for_the_users_own_words(page):
    assert latin_rows(chinese_texts(page.read_text())) == []


@pytest.mark.parametrize("task", ["regression", "classification"])
def test_whatever_a_model_says_of_itself_has_chinese_words(task):
    from mlplab.tabular.candidates import chunks_of_candidates, kinds_of_inputs
    from mlplab.tabular.scikit_members import recipes

    groups = itertools.islice(chunks_of_candidates(500, task, 0), 40)
    said = [one.words for group in groups for one in group]
    said += [one.words for one in recipes(task, 500, kinds_of_inputs(task))]
    targets = [[1.0, 2, 4, 8, 64], [-1.0, 2, 4, 8, 9], [5.0, 6, 7, 8, 9]]
    said += [scoring_of(None, task, np.array(some)).why for some in targets]
    assert latin_rows(say_phrases(text)["zh"] for text in said) == []


def test_every_figure_says_its_finding_in_both_languages_and_has_its_files(page):
    text = page.read_text()
    files = {path.name for path in page.parent.iterdir()}
    names = re.findall(r'<figure id="figure-([^"]+)"', text)
    assert {"folds", "importance", "missing"} < set(names)
    assert any(name.startswith("dependence-") for name in names)
    for name in names:
        assert {f"{name}.svg", f"{name}.zh.svg", f"{name}.png", f"{name}.csv"} <= files
    headings = re.findall(
        r'<figure[^>]*><h3><span class="t" lang="en">(.*?)</span>'
        r'<span class="t" lang="zh">(.*?)</span></h3>', text,
    )  # fmt: skip
    assert len(headings) == len(names)
    for english, chinese in headings:
        assert not re.search(r"[\u4e00-\u9fff]", english)
        assert re.search(r"[\u4e00-\u9fff]", chinese)
        assert re.search(r"\d", english)


@pytest.mark.usefixtures("undrawn")
def test_titles_tell_what_the_numbers_are(numbers, classes):
    text = page_html(told(numbers))
    share = 100 * np.expm1(numbers.residuals["residual"].abs().median())
    assert f"within {share:.2g} % of the true price" in text or f"within {share:.3g} %" in text
    top = numbers.importance.iloc[0]
    shown = top["column"].replace("<", "&lt;").replace(">", "&gt;")
    assert f"Shuffling {shown} raises the" in text
    counts = classes.confusion
    right = counts.loc[counts["true"] == counts["predicted"], "n"].sum()
    assert f"{right} of 80 rows are told rightly" in page_html(told(classes))


@pytest.mark.usefixtures("undrawn")
def test_the_csv_files_hold_the_numbers(numbers, tmp_path):
    write(numbers, tmp_path)
    tables = {"residuals": numbers.residuals, "importance": numbers.importance}
    tables |= {"missing": numbers.gap_map, "tried": numbers.model.tried}
    for name, frame in tables.items():
        read = pd.read_csv(tmp_path / f"{name}.csv")
        pd.testing.assert_frame_equal(read, frame, check_dtype=False)


@pytest.mark.usefixtures("undrawn")
def test_a_second_page_takes_the_place_of_the_first(numbers, classes, tmp_path):
    write(numbers, tmp_path)
    (tmp_path / "own.txt").write_text("mine")
    write(classes, tmp_path)
    names = {path.name for path in tmp_path.iterdir()}
    assert "residuals.csv" not in names
    assert {"confusion.svg", "own.txt", "index.html"} <= names
    assert set(json.loads((tmp_path / "report.json").read_text())["files"]) < names


@pytest.mark.usefixtures("undrawn")
def test_what_must_be_kept_is_neither_overwritten_nor_removed(numbers, classes, tmp_path):
    write(numbers, tmp_path)
    mine = tmp_path / "residuals.csv"
    before = mine.read_bytes()
    write(classes, tmp_path, keep=[mine, None])
    assert mine.read_bytes() == before
    page = (tmp_path / "index.html").read_bytes()
    with pytest.raises(MlplabError, match=r"residuals.csv: .*another --out"):
        write(numbers, tmp_path, keep=[mine])
    assert (tmp_path / "index.html").read_bytes() == page
    (tmp_path / "report.json").write_text("no json")
    write(classes, tmp_path)


@pytest.mark.usefixtures("undrawn")
def test_without_rows_to_predict_and_without_gaps_the_page_says_so(numbers):
    empty = numbers.gaps.iloc[:0]
    nothing = dataclasses.replace(
        numbers, gaps=empty, gap_map=numbers.gap_map.iloc[:0],
        shift=None, n_test=0, dependence={}, worst=numbers.worst.iloc[:0],
    )  # fmt: skip
    text = page_html(told(nothing))
    for key in ("no-gaps", "none-dependence", "none-worst"):
        assert TABLE[key]["en"] in text
    assert 'id="shift"' not in text


def test_every_text_is_there_in_both_languages_with_the_same_places_for_values():
    for key, text in TABLE.items():
        places = [sorted(re.findall(r"\{\w+\}", text[language])) for language in ("en", "zh")]
        assert places[0] == places[1], key
        assert re.search(r"[\u4e00-\u9fff]", text["zh"]), key


@pytest.mark.usefixtures("undrawn")
def test_the_page_is_at_its_path(numbers, tmp_path):
    assert write(numbers, tmp_path / "a" / "b") == Path(tmp_path / "a" / "b/index.html")


@pytest.mark.usefixtures("undrawn")
def test_a_user_gets_the_page_from_python_and_the_ledger_has_no_line_for_it(classes, tmp_path):
    page = ml.report(classes, tmp_path, title="Mine")
    assert page == tmp_path / "train" / "index.html"
    assert ">Mine</span></h1>" in page.read_text()
    assert "No exercise has been run yet." in write_index([], tmp_path).read_text()


def test_names_are_shown_as_they_are(classes):
    found = dataclasses.replace(
        classes, model=dataclasses.replace(classes.model, target="a_$b$_*c*")
    )
    report = table_report(found, name="x_<i>.csv")
    assert report.id == "x_-i"
    text = page_html(dataclasses.replace(report, figures=(), sections=()))
    assert "a_$b$_*c* from x_&lt;i&gt;.csv" in text.replace("<title>", "")
    assert text.count("a_$b$_*c*") >= 4


@pytest.mark.usefixtures("undrawn")
def test_classes_are_never_translated(classes):
    worst = classes.worst.assign(predicted="low", target="seed")
    shown = told(dataclasses.replace(classes, worst=worst)).tables["worst"]
    assert {shown.word("low"), shown.word("seed")} == {"low", "seed"}
    assert shown.word("unusual") == {"en": "unusual", "zh": "不寻常之处"}
