"""The page of a detection of shift: complete, in both languages, and true to its numbers."""

from __future__ import annotations

import re
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from tests.chinese import chinese_texts, latin_rows
from tests.pages.test_table_page import Nesting

import mlplab as ml
from mlplab.draw import Figure
from mlplab.pages import page_html, write_page
from mlplab.pages.shift_page import shift_report
from mlplab.pages.shift_words import SHIFT, change_text, say_shift, verdict_texts
from mlplab.shift import Detection, ShiftVerdict
from mlplab.shift.detection.changes import ColumnChange


def rows(n: int, seed: int, move: float = 0.0) -> pd.DataFrame:
    rng = np.random.default_rng(seed)
    frame = pd.DataFrame(
        {
            "size": rng.normal(move, 1, n),
            "zone_a": rng.choice(["north", "south & sea"], n).astype(object),
            "age <y>": rng.normal(40, 5, n),
        }
    )
    frame.loc[: int(move * 20), "age <y>"] = np.nan
    return frame


SECOND = rows(70, 1, move=1.0)


@pytest.fixture(scope="module")
def found() -> Detection:
    first, second = rows(80, 0), SECOND.copy()
    second.iloc[:2] = first.iloc[:2].to_numpy()
    labels = (first["size"] > 0).map({True: "big", False: "small"})
    return ml.shift.detect(first, second, target=labels, n_permutations=19, progress=False)


@pytest.fixture(scope="module")
def page(found, tmp_path_factory) -> Path:
    report = shift_report(found, first="a_1.csv", second="b.csv", rows=SECOND, command="typed $ it")
    return write_page(report, tmp_path_factory.mktemp("page"))


@pytest.fixture
def undrawn(monkeypatch) -> None:
    monkeypatch.setattr(Figure, "svg", lambda self, *_, **__: f"<svg >{self.name}</svg>")
    monkeypatch.setattr(Figure, "png", lambda self, *_, **__: self.name.encode())


def test_the_page_is_well_formed_and_complete(found, page):
    read = Nesting(page.read_text(encoding="utf-8"))
    ids = [attributes["id"] for tag, attributes in read.found if tag == "section"]
    assert ids == ["verdicts", "scores", "columns", "examples", "tested", "how", "numbers",
                   "reproduce"]  # fmt: skip
    shown = " ".join(read.words.split())
    assert "b.csv differs from a_1.csv" in shown
    assert f"AUC {found.matters.size:.3f}" in shown
    assert "2 of the 70 rows of b.csv are copies of rows of a_1.csv" in shown
    assert f"an AUC of {found.detectable:.3f} of a known score" in shown
    assert "typed $ it" in shown
    for tag, attributes in read.found:
        target = attributes.get("href") or ""
        if tag == "a" and target and not target.startswith(("#", "data:")):
            assert (page.parent / target).is_file(), target


def test_it_is_told_in_chinese_but_for_the_users_own_words(page):
    assert latin_rows(chinese_texts(page.read_text(encoding="utf-8"))) == []


def test_the_files_hold_the_numbers(found, page):
    columns = pd.read_csv(page.parent / "columns.csv")
    assert columns["column"].tolist() == [shift.name for shift in found.columns]
    np.testing.assert_allclose(columns["size"], [shift.size for shift in found.columns])
    scores = pd.read_csv(page.parent / "scores.csv")
    np.testing.assert_allclose(scores["score"], np.concatenate(found.scores))
    examples = pd.read_csv(page.parent / "examples.csv")
    assert examples["row"].tolist() == found.most_unlike(10).tolist()
    np.testing.assert_allclose(examples["size"], SECOND["size"].iloc[examples["row"]])
    tests = pd.read_csv(page.parent / "tests.csv")
    assert dict(zip(tests["test"], tests["p"], strict=True)) == pytest.approx(found.tests)


@pytest.mark.usefixtures("undrawn")
def test_from_python_and_of_features_and_images(found, tmp_path):
    page = ml.report(found, tmp_path, title="Mine")
    assert page == tmp_path / "A-B-shift" / "index.html"
    assert "Mine" in page.read_text(encoding="utf-8")
    pair = (np.random.default_rng(seed).normal(size=(30, 2)) for seed in range(2))
    plain = ml.shift.detect(*pair, n_permutations=19, progress=False)
    files = [f"image{i}.png" for i in range(30)]
    text = page_html(shift_report(plain, first="old", second="old", files=files))
    assert f"image{plain.most_unlike(1)[0]}.png" in text
    assert "No row of old is a copy of a row of old." in text
    wide = np.random.default_rng(0).normal(size=(2, 25, 320))
    features = ml.shift.detect(*wide, n_permutations=19, progress=False)
    assert features.columns == ()
    assert SHIFT["no-columns"]["en"] in page_html(shift_report(features))


def test_every_verdict_has_its_sentence(found):
    words = ("supported", "refuted", "undecided")
    for word in words:
        assert say_shift(f"matters-{word}", auc="x", bar="y")["en"]
        for evidence in ("errors", "contested"):
            harm = ShiftVerdict(word, 0.1, 0.02, (-0.01, 0.05), "", evidence)
            changed = Detection(
                **{name: getattr(found, name) for name in found.__dataclass_fields__}
                | {"harmful": harm}
            )
            told = verdict_texts(changed)[-1]
            assert re.search(r"[\u4e00-\u9fff]", told["zh"])
            assert "{" not in told["en"] + told["zh"]
            assert ("+2.0 [−1.0, +5.0] pp" in told["en"]) == (evidence == "contested")
    for key, text in SHIFT.items():
        places = [sorted(re.findall(r"\{\w+\}", text[language])) for language in ("en", "zh")]
        assert places[0] == places[1], key


def test_changes_are_told_in_both_languages():
    level = change_text(ColumnChange("town = Oslo = x", "level", 0.25, 0.5))
    assert level == {"en": "Oslo = x: 25 % to 50 %", "zh": "Oslo = x: 25 % 变为 50 %"}
    number = change_text(ColumnChange("x", "number", 0.5, 0.25, 2.0))
    assert number["en"] == "mean −0.25 deviations, spread × 2.00"
