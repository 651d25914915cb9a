"""What an answer computes beyond its runs is remembered, and only for what it was computed of."""

from __future__ import annotations

import shutil
from dataclasses import replace

import altair as alt
import numpy as np
import pandas as pd
import pytest
from sqlalchemy import text
from tests.exercises.throwaway import PACKAGE, made_up

import mlplab as ml
from mlplab.draw import Figure
from mlplab.exercises import Findings, answer, answer_cache, plan
from mlplab.exercises.extra_runs import ExtraRuns, fresh_seeds_of_the_best
from mlplab.exercises.findings import Checked
from mlplab.exercises.measured import Measured
from mlplab.specs import TaskRef
from mlplab.store import Store

ALL = ("proofs", "measured", "findings")


class Bench:
    """An exercise of the package, as far as its cache can tell, that counts what is computed."""

    def __init__(self, folder, patch):
        self.folder, self.patch = folder, patch
        self.proved = self.measured = self.told = 0
        self.epochs = 1
        self.scored = False

    def prove(self):
        self.proved += 1
        return [Checked("one_is_one", True, f"checked {self.proved} times")]

    def design(self, profile, seeds):
        base = ml.Run(net=ml.MLP(hidden=(4,)), fit=ml.Fit(epochs=self.epochs))
        task = TaskRef(name="digits", valid=0.2)
        vary = {"lr": [0.1, 0.3]}
        return {"rates": ml.Experiment(task, base, vary, seeds=seeds or 3, name="rates")}

    def measure(self, runs, profile):
        self.measured += 1
        values = tuple(runs["rates"].values("valid_accuracy").ravel().tolist())
        return [Measured("accurate", values, 0.1, "higher", "valid_accuracy")]

    def tell(self, results):
        self.told += 1
        self.given = results
        best = results.runs["rates"].best("valid_accuracy")
        data = pd.DataFrame({"x": [0.1, np.nan], "arm": ["a", "b"]})
        chart = alt.layer(alt.Chart(data).mark_point().encode(x="x:Q"))
        values = {"mean": float(best.mean), "none": float("nan"), "pair": (1, np.float32(0.1))}
        if self.scored:
            values["test"] = best.score_test(seeds=2, progress=results.progress).mean
        figure = Figure("dots", {"en": "a dot", "zh": "点"}, chart, "", data)
        return Findings(values, (figure,), {"all": data}, {"more.csv": b"a,b\n"})

    def exercise(self, package=f"{PACKAGE}.made_up", **beside):
        # Looked up when called: tests replace what the bench does.
        parts = {
            "design": {"design": lambda *given: self.design(*given), **beside},
            "prove": {"prove": lambda: self.prove()},
            "measure": {"measure": lambda *given: self.measure(*given)},
            "tell": {"tell": lambda results: self.tell(results)},
        }
        claims = ("one_is_one", "accurate")
        titled = '[figures.dots]\ntitle = "a dot"\n[tables.all]\ntitle = "all"'
        return made_up(
            self.folder, self.patch, parts, claims, package=package, answer="All.", head=titled
        )

    @property
    def computed(self):
        return self.proved, self.measured, self.told


@pytest.fixture(autouse=True)
def sources_at_rest(monkeypatch):
    monkeypatch.setattr(answer_cache, "code_has_changed", lambda: False)


@pytest.fixture
def bench(tmp_path, monkeypatch):
    return Bench(tmp_path / "exercises", monkeypatch)


@pytest.fixture(scope="module")
def trained(tmp_path_factory):
    """A store with the runs, and nothing that was computed from them."""
    file = tmp_path_factory.mktemp("trained") / "runs.sqlite"
    Bench(None, None).design(None, None)["rates"].run(file, workers=1)
    return file


@pytest.fixture
def store(tmp_path, trained):
    with Store(shutil.copy(trained, tmp_path / "runs.sqlite")) as opened:
        yield opened


@pytest.fixture
def ask(bench, store):
    def ask(**settings):
        return answer(bench.exercise(), store=store, workers=1, **settings)

    return ask


def same(one, other):
    assert one.verdicts == other.verdicts
    first, second = one.findings, other.findings
    assert list(first.values) == list(second.values)
    for name, value in first.values.items():
        assert repr(second.values[name]) == repr(value)
        assert type(second.values[name]) is type(value)
    assert first.files == second.files
    for a, b in zip(first.figures, second.figures, strict=True):
        assert a.spec("dark", language="zh") == b.spec("dark", language="zh")
        assert (a.name, a.title, a.caption, a.words) == (b.name, b.title, b.caption, b.words)
        pd.testing.assert_frame_equal(a.data, b.data, check_exact=True)
    assert list(first.tables) == list(second.tables)
    for name, table in first.tables.items():
        pd.testing.assert_frame_equal(second.tables[name], table, check_exact=True)


def test_an_answer_from_the_cache_is_the_computed_one(ask, bench):
    first = ask()
    again = ask()
    assert bench.computed == (1, 1, 1)
    assert (first.remembered, again.remembered) == ((), ALL)
    same(first, again)


def test_an_answer_from_the_cache_makes_the_same_page(ask, tmp_path):
    from mlplab.pages import page_html

    pages = []
    for found in (ask(), ask(), ask()):
        facts = {"made": "now", "seconds": 1.0, "n_from_store": 0, "looks": []}
        pages.append(page_html(replace(found.report(), **facts)))
    assert pages[1] == pages[2]
    assert "dots" in pages[1]
    assert pages[0] == pages[1]


def test_recompute_computes_anew_and_that_is_remembered_then(ask, bench):
    ask()
    anew = ask(recompute=True)
    assert bench.computed == (2, 2, 2)
    assert anew.remembered == ()
    assert [v.note for v in anew.verdicts if v.verdict == "proved"] == ["checked 2 times"]
    same(anew, ask())
    assert bench.computed == (2, 2, 2)


def test_recompute_trains_nothing_again(ask):
    ask()
    assert ask(recompute=True).from_store == 6


def test_another_profile_and_other_seeds_are_other_questions(ask, bench):
    ask()
    ask(profile="standard")
    assert bench.computed == (1, 2, 2)
    ask(seeds=4)
    assert bench.computed == (1, 3, 3)
    ask()
    assert bench.computed == (1, 3, 3)


def test_other_runs_are_another_question(ask, bench):
    ask()
    bench.epochs = 2
    assert ask().remembered == ("proofs",)
    assert bench.computed == (1, 2, 2)


def test_runs_of_another_provenance_are_another_question(ask, bench, store):
    ask()
    store._database.write(
        lambda c: c.execute(text("UPDATE mlplab_outcomes SET provenance = 'elsewhere'"))
    )
    assert ask().remembered == ("proofs",)
    assert bench.computed == (1, 2, 2)


def test_other_code_computes_anew(ask, bench, monkeypatch):
    ask()
    monkeypatch.setattr(answer_cache, "code_identity", lambda: "other code")
    assert ask().remembered == ()
    assert bench.computed == (2, 2, 2)


def test_what_changed_code_computed_is_not_kept(ask, bench, monkeypatch):
    monkeypatch.setattr(answer_cache, "code_has_changed", lambda: True)
    ask()
    assert ask().remembered == ()
    assert bench.computed == (2, 2, 2)


def test_code_from_elsewhere_is_never_remembered(bench, store):
    foreign = bench.exercise(package="elsewhere.section_9_9.made_up")
    for _ in range(2):
        assert answer(foreign, store=store, workers=1).remembered == ()
    assert bench.computed == (2, 2, 2)


@pytest.mark.parametrize("damage", [b"", b"junk", b"E1junk"])
def test_a_damaged_entry_is_computed_anew_and_replaced(ask, bench, store, damage):
    first = ask()
    store._database.write(
        lambda c: c.execute(text("UPDATE mlplab_remembered SET blob = :blob"), {"blob": damage})
    )
    assert ask().remembered == ()
    assert bench.computed == (2, 2, 2)
    found = ask()
    assert found.remembered == ALL
    assert found.findings.values["mean"] == first.findings.values["mean"]


@pytest.mark.parametrize(
    "entry",
    [
        None,
        [],
        {},
        {"origins": 3, "looks": [], "value": {}},
        {"origins": [], "looks": [], "value": {"figures": [{"name": "x"}], "tables": {}}},
        {"origins": [], "looks": [], "value": [{"holds": 1}]},
        {"origins": [], "looks": [], "value": None},
    ],
)
def test_an_entry_of_another_form_is_computed_anew(ask, bench, store, entry):
    from mlplab.store.exact import pack_exact

    ask()
    blob = pack_exact(entry)
    store._database.write(
        lambda c: c.execute(text("UPDATE mlplab_remembered SET blob = :blob"), {"blob": blob})
    )
    assert ask().remembered == ()
    assert bench.computed == (2, 2, 2)


def test_what_has_no_exact_form_is_told_all_the_same(ask, bench):
    tell = bench.tell
    bench.tell = lambda results: replace(tell(results), values={"strange": {1, 2}})
    for _ in range(2):
        assert ask().findings.values == {"strange": {1, 2}}
    assert bench.computed == (1, 1, 2)


def test_looks_at_the_test_split_are_logged_though_the_answer_is_remembered(ask, bench, store):
    bench.scored = True
    first = ask()
    again = ask()
    assert again.remembered == ALL
    same(first, again)
    scores = [look for look in store.looks() if look["purpose"].startswith("score of the arm")]
    assert [look["remembered"] for look in scores] == [False, True]
    told = [{k: v for k, v in look.items() if k not in ("time", "remembered")} for look in scores]
    assert told[0] == told[1]


def test_runs_that_the_findings_trained_must_still_be_there(ask, bench, store):
    bench.scored = True
    ask()
    fresh = {cell.key for cell in ask().runs["rates"].cells}
    store._database.write(
        lambda c: c.execute(text(f"DELETE FROM mlplab_outcomes WHERE key NOT IN {tuple(fresh)}"))
    )
    assert ask().remembered == ("proofs", "measured")
    assert bench.told == 2


def test_findings_are_told_of_what_was_proved_and_measured_though_that_is_remembered(
    ask, bench, store
):
    first = ask()
    given = bench.given
    assert given.measured[0].values == tuple(given.runs["rates"].values("valid_accuracy").ravel())
    assert given.proofs == (Checked("one_is_one", True, "checked 1 times"),)
    store._database.write(
        lambda c: c.execute(text("DELETE FROM mlplab_remembered WHERE subject LIKE '% findings,%'"))
    )
    again = ask()
    assert again.remembered == ("proofs", "measured")
    assert bench.computed == (1, 1, 2)
    assert repr(bench.given.measured) == repr(given.measured)
    assert bench.given.proofs == given.proofs
    same(first, again)


def test_findings_rest_on_the_runs_that_measuring_trained(ask, bench, store):
    measure = bench.measure

    def measure_fresh_seeds(runs, profile):
        (claim,) = measure(runs, profile)
        fresh = runs["rates"].best("valid_accuracy").score_test(seeds=2)
        return [replace(claim, values=(*claim.values, fresh.mean))]

    bench.measure = measure_fresh_seeds
    first = ask()
    assert ask().remembered == ALL
    ours = tuple(cell.key for cell in first.runs["rates"].cells)
    moved = f"UPDATE mlplab_outcomes SET provenance = 'elsewhere' WHERE key NOT IN {ours}"
    store._database.write(lambda c: c.execute(text(moved)))
    assert ask().remembered == ("proofs",)
    assert ask().remembered == ALL


def test_two_may_answer_at_once(bench, store):
    import threading

    found, made = [], bench.exercise()
    threads = [
        threading.Thread(target=lambda: found.append(answer(made, store=store, workers=1)))
        for _ in range(3)
    ]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(found) == 3
    for one in found[1:]:
        assert one.findings.values["mean"] == found[0].findings.values["mean"]
    assert store.info().rows["remembered"] == len(ALL)


def test_until_decided_still_answers_and_is_remembered(ask, bench):
    ask(until_decided=True)
    assert ask(until_decided=True).remembered == ALL


def test_progress_is_reported_when_all_is_remembered(ask):
    ask()
    reports = []
    ask(progress=reports.append)
    assert reports[-1].n_from_store == reports[-1].n_runs == 6


def test_the_ledger_gains_no_row_from_rounding_and_one_from_another_finding(ask, bench, store):
    ask()
    measure = bench.measure
    for shift, rows in ((0.0, 1), (1e-15, 1), (0.01, 2), (0.01, 2), (0.0, 3)):
        bench.measure = lambda *given, shift=shift: [
            replace(one, values=tuple(value + shift for value in one.values))
            for one in measure(*given)
        ]
        ask(recompute=True)
        assert len(store.verdicts("4.2.9 measured, quick")) == rows


def test_a_proof_that_fails_now_is_put_into_the_ledger(ask, bench, store):
    for holds in (True, True, False):
        bench.prove = lambda holds=holds: [Checked("one_is_one", holds, "the same note")]
        ask(recompute=True)
    words = [row["verdict"] for row in store.verdicts("4.2.9 proofs")]
    assert words == ["proved", "refuted"]


def test_a_plan_names_what_is_trained_besides_and_what_is_not_counted(bench, store):
    def cells(experiment, profile, given):
        assert given is store
        return experiment.cells()[:2]

    extra = [
        ExtraRuns("weights", "rates", cells, weights=True),
        ExtraRuns("fresh seeds", "rates", fresh_seeds_of_the_best),
    ]
    made = bench.exercise(EXTRA_RUNS=extra)
    rates, weights, fresh = plan(made, seeds=3, store=store)
    names = [one["experiment"] for one in (rates, weights, fresh)]
    assert names == ["rates", "rates: weights", "rates: fresh seeds"]
    assert (rates["remaining"], weights["remaining"], fresh["remaining"]) == (0, 2, 5)
    assert rates["besides"] == ["repeated computations on the results above", "proofs"]
    bench.scored = True
    found = answer(made, seeds=3, store=store, workers=1)
    found.runs["rates"].weights("lr=0.1", 0)
    assert [one["remaining"] for one in plan(made, seeds=3, store=store)] == [0, 1, 3]
