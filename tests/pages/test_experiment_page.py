"""The page of anyone's runs: it shows what they say, in both languages."""

from __future__ import annotations

import re
from pathlib import Path

import pandas as pd
import pytest

import mlplab as ml
from mlplab.draw import Figure
from mlplab.errors import ConfigError
from mlplab.pages.experiment_page import experiment_report
from mlplab.store import Store

HIGH, LOW = {"lr": 0.3}, {"lr": 0.03}


@pytest.fixture(scope="module")
def runs() -> ml.experiment.Runs:
    experiment = ml.Experiment(
        ml.load_task("digits", valid=0.2),
        ml.Run(net=ml.MLP(hidden=(8,)), fit=ml.Fit(epochs=3)),
        {"lr": [0.03, 0.3, 0.1234567]},
        seeds=5,
        claims=[
            ml.Difference(key="fast", arm=HIGH, baseline=LOW, expect="higher"),
            ml.Threshold(arm=HIGH, value=0.1, expect="higher"),
        ],
        name="rates & signs",
    )
    return experiment.run(Store(":memory:"), workers=1)


def test_it_shows_the_claims_the_curves_the_arms_and_the_pairs(runs: ml.experiment.Runs) -> None:
    made = experiment_report(runs)
    assert [verdict.key for verdict in made.verdicts] == ["fast", ""]
    names = [figure.name for figure in made.figures]
    assert names == ["learning-curves", "arms", "paired-differences"]
    table = made.tables["arms"].frame.set_index("arm")
    for one in runs.summary("valid_accuracy"):
        label = f"lr={one.factors['optim.lr']:.6g}"
        assert table.loc[label, "validation accuracy"] == one.mean
        ends = ["validation accuracy: low", "validation accuracy: high"]
        assert tuple(table.loc[label, ends]) == one.interval
    best = max(runs.summary("valid_accuracy"), key=lambda one: one.mean)
    assert f"{best.mean:.2%}" in str(made.answer)
    assert "ml.Experiment(" in made.code


def test_the_differences_are_those_that_decide(runs: ml.experiment.Runs) -> None:
    pairs = experiment_report(runs).figures[-1]
    shown = pairs.data[pairs.data["difference"].notna()]["difference"]
    assert shown.mean() == pytest.approx(runs.verdict("fast").effect)


def test_the_page_is_whole_in_both_languages(
    runs: ml.experiment.Runs, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(Figure, "png", lambda self, *_, **__: b"")
    page = ml.report(runs, tmp_path, title={"en": "My <rates>", "zh": "学习率"})
    assert page == tmp_path / "rates-signs" / "index.html"
    html = page.read_text(encoding="utf-8")
    for text in ("My &lt;rates&gt;", "学习率", "lr=0.3 has a higher test accuracy than lr=0.03",
                 "lr=0.3 的测试准确率高于 lr=0.03", "各组在种子间的均值与 95 % 区间"):  # fmt: skip
        assert text in html
    csv = pd.read_csv(page.parent / "table-arms.csv")
    assert len(csv) == 3


def test_a_metric_that_was_not_recorded_is_one_line(runs: ml.experiment.Runs) -> None:
    with pytest.raises(ConfigError, match=r"metric: .*'valid_acuracy'; did you mean 'valid_acc"):
        experiment_report(runs, metric="valid_acuracy")


def test_one_arm_and_one_epoch_still_make_a_page() -> None:
    base = ml.Run(net=ml.MLP(hidden=()), fit=ml.Fit(epochs=1))
    runs = ml.Experiment("digits", base, seeds=1).run(Store(":memory:"), workers=1)
    made = experiment_report(runs)
    assert made.figures == []
    assert re.search(r"mean test accuracy is [\d.]+% \(seeds: 1\)", str(made.answer))


def test_a_search_shows_the_best_so_far_and_where_it_looked(tmp_path: Path) -> None:
    search = ml.Search(
        ml.load_task("digits", valid=0.2),
        ml.Run(net=ml.MLP(hidden=()), fit=ml.Fit(epochs=1, test="never")),
        {"lr": ml.Range(low=0.01, high=1.0, log=True)},
        strategy="random",
        budget=6,
        finalists=2,
        finalist_seeds=3,
    )
    found = search.run(Store(":memory:"), workers=1)
    from mlplab.pages.search_page import search_report

    made = search_report(found)
    best, where, *_ = made.figures
    spec = best.spec()
    drawn = [row["mean"] for rows in spec["datasets"].values() for row in rows if "mean" in row]
    scores = found.frame()[found.metric]
    assert drawn == pytest.approx(scores.cummax().tolist())
    lines = next(rows for rows in where.spec()["datasets"].values() if "line" in rows[0])
    assert len({row["line"] for row in lines}) == len(scores)
    assert f"spent {found.run_epochs} of its budget of {found.budget} epochs" in str(made.answer)
    assert f"{scores.max():.2%}" in best.title["en"]
    assert where.spec(language="zh")["layer"][0]["encoding"]["x"]["sort"][0] == "学习率"
    heads = [made.tables["trials"].word(name) for name in ("optim.lr", "run_epochs")]
    assert [head["en"] for head in heads] == ["learning rate", "epochs, all runs"]
