"""Every exercise told from real runs, on few digits in place of Fashion-MNIST."""

from __future__ import annotations

import re

import pandas as pd
import pytest

from mlplab.draw import Figure
from mlplab.exercises import (
    PROFILES,
    answer,
    answer_cache,
    get_exercise,
    list_exercises,
    plan,
    search_table,
)
from mlplab.exercises import source_setting as section
from mlplab.store import Store

PLACEHOLDER = re.compile(r"\{\{(\w+)")
IDS = [one.id for one in list_exercises() if one.id != "4.2.1"]


@pytest.fixture(scope="module")
def answers(tmp_path_factory, synthetic_houses):
    """Answer an exercise at most once; the last answer is kept."""
    store = Store(tmp_path_factory.mktemp("store") / "runs.sqlite")
    known = {}
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(answer_cache, "code_has_changed", lambda: False)
        patch.setattr(section, "FASHION", "digits")
        patch.setattr(section, "QUICK_ROWS", 1000)
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
    def test_every_placeholder_has_a_value(self, name, answers):
        found = answers(name)
        for language in ("en", "zh"):
            wanted = set(PLACEHOLDER.findall(found.exercise.text(language).answer))
            assert wanted <= found.findings.values.keys()

    def test_both_languages_tell_the_same_numbers(self, name, answers):
        texts = [get_exercise(name).text(language).answer for language in ("en", "zh")]
        assert len({frozenset(PLACEHOLDER.findall(text)) for text in texts}) == 1

    def test_every_claim_has_a_verdict_and_a_chinese_wording(self, name, answers):
        found = answers(name)
        assert len(found.verdicts) == found.exercise.n_claims > 0
        for verdict in found.verdicts:
            assert verdict.says in found.exercise.chinese

    def test_figures_and_tables_can_be_shown(self, name, answers):
        findings = answers(name).findings
        assert findings.figures
        assert len({figure.name for figure in findings.figures}) == len(findings.figures)
        for figure in findings.figures:
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
        from mlplab.pages import Report, write_page

        # Each is drawn once: in dots, in the dark and in Chinese it takes as long again.
        draw = Figure.svg
        monkeypatch.setattr(Figure, "png", lambda self, *_, **__: self.name.encode())
        monkeypatch.setattr(Figure, "svg", lambda self, *_, **__: draw(self, titled=False))
        found = answers(name)
        page = write_page(Report(**(found.report() | {"command": "mlplab run"})), tmp_path)
        html = page.read_text(encoding="utf-8")
        assert "{{" not in html
        assert found.exercise.title["zh"] in html

    def test_standard_arms_that_are_compared_have_ten_seeds(self, name):
        for experiment in get_exercise(name).design(PROFILES["standard"], None).values():
            if experiment.claims:
                assert len(experiment.seeds) >= 10
