"""4.2.1 told from real runs, on digits in place of Fashion-MNIST so that it takes seconds."""

from __future__ import annotations

import pytest

from mlplab.exercises import answer, get_exercise
from mlplab.stats import mean_interval
from mlplab.store import Store


@pytest.fixture(scope="module")
def told(tmp_path_factory, few_images):
    store = Store(tmp_path_factory.mktemp("store") / "runs.sqlite")
    return answer(get_exercise("4.2.1"), "quick", seeds=5, store=store, workers=1), store


def test_values_are_those_of_the_runs(told):
    found, _ = told
    widths, published, values = found.runs["widths"], found.runs["published"], found.findings.values
    frame = widths.frame(last=True)
    width = frame["net.hidden"].astype(int)
    mean = frame[width == 256]["test_accuracy"].mean()
    assert values["test_256"] == pytest.approx(mean, abs=1e-15)
    one, other = (
        frame[width == n].sort_values("seed")["test_accuracy"].to_numpy() for n in (376, 256)
    )
    interval = mean_interval(one - other, claims=4, n_test=widths.experiment.data.n_test)
    same = next(verdict for verdict in found.verdicts if verdict.key == "same")
    assert same.effect == pytest.approx(float(interval.mean))
    assert same.interval == pytest.approx((float(interval.low), float(interval.high)))
    again = published.frame(last=True)["test_accuracy"]
    assert values["again_low"] == again.min()


def test_the_chosen_width_is_chosen_by_validation_and_scored_by_fresh_seeds(told):
    found, store = told
    widths, values = found.runs["widths"], found.findings.values
    frame = widths.frame(last=True)
    by_width = frame.groupby(frame["net.hidden"].astype(int))["valid_accuracy"].mean()
    assert values["chosen"] in by_width.index[by_width == by_width.max()]
    looks = [look["purpose"] for look in store.looks()]
    assert any("chosen by valid_accuracy" in purpose for purpose in looks)


def test_figures_hold_every_run(told):
    widths, figures = told[0].runs["widths"], told[0].findings.figures
    by_width = next(f for f in figures if f.name == "accuracy-by-width")
    assert len(by_width.data) >= len(widths)
    assert len({figure.name for figure in figures}) == 4


def test_text_and_figure_name_the_same_best_widths(told):
    found = told[0]
    best = next(verdict for verdict in found.verdicts if verdict.key == "best")
    named = {
        found.runs["widths"].experiment.find(label).run.mlp.hidden[0]
        for label in best.details["candidates"]
    }
    assert set(found.findings.values["candidates"]) == named
    figure = next(f for f in found.findings.figures if f.name == "best-widths")
    drawn = {
        int(row["label"])
        for rows in figure.spec()["datasets"].values()
        for row in rows
        if str(row.get("place", "")).startswith("candidate")
    }
    assert drawn == named
