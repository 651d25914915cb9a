"""Every exercise told from real runs, on few digits in place of Fashion-MNIST."""

from __future__ import annotations

import re

import pandas as pd
import pytest
from tests.browser import VIEWS, chromium, show
from tests.chinese import chinese_texts, latin_rows

from mlplab.draw import Figure
from mlplab.exercises import (
    PROFILES,
    answer,
    answer_cache,
    get_exercise,
    list_exercises,
    plan,
)
from mlplab.exercises.page_texts import page_texts
from mlplab.exercises.section_4_2 import search_table
from mlplab.store import Store

IDS = [one.id for one in list_exercises()]

HAN = re.compile(r"[\u4e00-\u9fff]")


@pytest.fixture(scope="module")
def answers(tmp_path_factory, synthetic_houses, few_images, coarse_features):
    """Answer an exercise at most once; the last answer is kept."""
    store = Store(tmp_path_factory.mktemp("store") / "runs.sqlite")
    known = {}
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(answer_cache, "code_has_changed", lambda: False)
        patch.setattr(search_table, "REPETITIONS", (5, 5, 5))

        def of(name):
            if name not in known:
                known.clear()
                known[name] = answer(get_exercise(name), "quick", seeds=3, store=store, workers=1)
            return known[name]

        of.store = store
        yield of


# The tests of one exercise follow one another, so that it is answered in one process only.
@pytest.mark.parametrize("name", IDS, scope="module")
class TestEvery:
    def test_every_claim_has_a_verdict_in_both_languages(self, name, answers):
        found = answers(name)
        assert [verdict.key for verdict in found.verdicts] == list(found.exercise.claims)
        assert found.verdicts
        for verdict in found.verdicts:
            assert verdict.says == found.exercise.claims[verdict.key]
            assert HAN.search(verdict.words("zh"))
            if verdict.matters is not None:
                # A threshold without a reason is a number out of the air.
                assert set(verdict.because) == {"en", "zh"}, verdict.key
            if verdict.interval is not None and verdict.verdict != "none":
                # Repetitions that all agree prove nothing to the last digit.
                assert verdict.interval[0] < verdict.interval[1], verdict.key

    def test_every_text_can_be_told_whatever_the_verdicts(self, name, answers):
        found = answers(name)
        for word in ("supported", "refuted", "equivalent", "undecided"):
            turned = [verdict.replace(verdict=word) for verdict in found.verdicts]
            texts = page_texts(found.exercise, found.findings, turned)
            assert HAN.search(texts["answer"]["zh"])

    def test_figures_and_tables_can_be_shown(self, name, answers):
        report = answers(name).report()
        assert report.figures
        assert len({figure.name for figure in report.figures}) == len(report.figures)
        for figure in report.figures:
            assert figure.title["en"]
            assert figure.title["zh"]
            assert len(figure.data)

    def test_a_second_answer_trains_nothing_and_is_remembered_to_the_bit(self, name, answers):
        first = answers(name)
        again = answer(
            first.exercise, "quick", seeds=3, store=answers.store, workers=1, recompute=True
        )
        assert again.from_store == again.n_runs
        assert again.remembered == ()
        assert again.verdicts == first.verdicts
        assert again.findings.values.keys() == first.findings.values.keys()
        for key, value in first.findings.values.items():
            # What is computed anew from remembered weights may differ in the last bits:
            # sums over an array depend on where it lies in memory.
            expected = (
                pytest.approx(value, rel=1e-9, nan_ok=True) if isinstance(value, float) else value
            )
            assert again.findings.values[key] == expected, key
        third = answer(first.exercise, "quick", seeds=3, store=answers.store, workers=1)
        assert third.remembered[-1] == "findings"
        assert ("proofs" in third.remembered) == (third.exercise.prove is not None)
        assert ("measured" in third.remembered) == (third.exercise.measure is not None)
        assert third.verdicts == again.verdicts
        assert repr(third.findings.values) == repr(again.findings.values)
        assert third.findings.files == again.findings.files
        for one, other in zip(third.findings.figures, again.findings.figures, strict=True):
            assert one.spec("light", language="zh") == other.spec("light", language="zh")
            pd.testing.assert_frame_equal(one.data, other.data, check_exact=True)
        assert list(third.findings.tables) == list(again.findings.tables)
        for title, table in again.findings.tables.items():
            pd.testing.assert_frame_equal(third.findings.tables[title], table, check_exact=True)

    def test_a_plan_after_an_answer_leaves_nothing_to_train(self, name, answers):
        found = answers(name)
        plans = plan(found.exercise, "quick", seeds=3, store=answers.store)
        assert {one["remaining"] for one in plans} <= {0}
        before = plan(found.exercise, "quick", seeds=3, store=":memory:")
        assert [one["runs"] for one in before] == [one["runs"] for one in plans]
        assert all(one["remaining"] == one["runs"] for one in before)

    def test_a_page_is_made_of_it(self, name, answers, tmp_path, monkeypatch):
        from mlplab.pages import write_page

        # Each is drawn once: in dots, in the dark and in Chinese it takes as long again.
        draw = Figure.svg
        monkeypatch.setattr(Figure, "png", lambda self, *_, **__: self.name.encode())
        monkeypatch.setattr(Figure, "svg", lambda self, *_, **__: draw(self, titled=False))
        found = answers(name)
        page = write_page(found.report("mlplab run"), tmp_path)
        html = page.read_text(encoding="utf-8")
        assert "{{" not in html
        assert "{%" not in html
        assert found.exercise.title["zh"] in html
        assert latin_rows(chinese_texts(html)) == []

    @pytest.mark.slow
    @pytest.mark.parametrize("view", VIEWS, ids=lambda view: f"{view[0]} {view[1]}")
    def test_its_page_is_read_without_barriers(self, name, view, answers, tmp_path):
        from mlplab.pages import write_page

        page = write_page(answers(name).report(), tmp_path)
        assert page.stat().st_size < 3_000_000
        with chromium() as browser, show(browser, page, view) as shown:
            assert (shown.said, shown.fetched(), shown.barriers()) == ([], [], [])
            assert shown.overhang() <= 0

    def test_standard_arms_that_are_compared_have_ten_seeds(self, name):
        for experiment in get_exercise(name).design(PROFILES["standard"], None).values():
            if experiment.claims:
                assert len(experiment.seeds) >= 10
