"""The page of anyone's runs: it shows what they say, in both languages."""

from __future__ import annotations

import re
from pathlib import Path

import pandas as pd
import pytest
from tests.chinese import chinese_texts, latin_rows

import mlplab as ml
from mlplab.draw import Figure, in_language
from mlplab.errors import ConfigError
from mlplab.pages import page_html
from mlplab.pages.experiment_page import experiment_report
from mlplab.pages.report import Report, Section
from mlplab.pages.search_page import search_report
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
                 "lr=0.3 的测试准确率高于 lr=0.03",
                 "各组在种子间的均值与 95\xa0% 区间"):  # fmt: skip
        assert text in html
    assert latin_rows(chinese_texts(html)) == []
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


def section_of(report: Report, key: str) -> Section:
    (found,) = (one for one in report.sections if one.key == key)
    return found


@pytest.fixture(scope="module")
def grid() -> ml.experiment.Runs:
    base = ml.Run(net=ml.MLP(hidden=(8,)), fit=ml.Fit(epochs=2))
    vary: dict[str, list[float]] = {"lr": [0.03, 0.3], "batch_size": [16, 64]}
    experiment = ml.Experiment(ml.load_task("digits", valid=0.2), base, vary, seeds=5)
    return experiment.run(Store(":memory:"), workers=1)


def test_a_full_grid_of_two_factors_has_a_section_on_their_effects(
    grid: ml.experiment.Runs, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    made = experiment_report(grid)
    found = grid.effects("valid_accuracy")
    table = made.tables["effects"].frame
    assert table["effect"].tolist() == [one.mean for one in found.largest]
    assert table["verdict"].tolist() == [one.says for one in found.largest]
    names = [figure.name for figure in made.figures]
    assert names == ["learning-curves", "arms", "main-effects", "interaction"]
    monkeypatch.setattr(Figure, "png", lambda self, *_, **__: b"")
    page = ml.report(grid, tmp_path)
    html = page.read_text(encoding="utf-8")
    (inside,) = re.findall(r'<section id="effects".*?</section>', html, flags=re.DOTALL)
    for text in (
        "Effects of the factors",
        "各因素的效应",
        'id="figure-main-effects"',
        'id="figure-interaction"',
        "学习率 × 批量大小",
        "share 5\xa0%",
    ):
        assert text in inside
    # Shown here, and not among the others as well.
    for name in names:
        assert html.count(f'id="figure-{name}"') == 1
    blocks = [part.count('class="table-block"') for part in (inside, html)]
    assert blocks == [1, 2]
    assert len(pd.read_csv(page.parent / "table-effects.csv")) == 3


def test_effects_are_judged_by_what_matters_to_the_reader(grid: ml.experiment.Runs) -> None:
    for matters in (0.0001, 0.9):
        table = experiment_report(grid, matters=matters).tables["effects"].frame
        effects = grid.effects("valid_accuracy", matters)
        assert table["verdict"].tolist() == [effect.says for effect in effects.largest]
    assert set(table["verdict"]) <= {"no effect that matters", "additive"}


def test_titles_on_effects_say_what_is_found(grid: ml.experiment.Runs) -> None:
    alone, together = (figure.title for figure in experiment_report(grid).figures[-2:])
    assert "moves validation accuracy most: " in in_language(alone)
    assert "对验证准确率的影响最大" in in_language(alone, "zh")
    says = grid.effects("valid_accuracy").largest[-1].says
    wanted = {"not additive": "depends on", "additive": "add up:", "undecided": "is undecided"}
    assert wanted[says] in in_language(together)


def test_a_seed_that_failed_is_named_and_nothing_is_decided(grid: ml.experiment.Runs) -> None:
    lowest = min(grid.summary("valid_accuracy"), key=lambda one: one.mean)
    least = min(grid.values("valid_accuracy", [grid.experiment.find(lowest.arm)])[0])
    asked = grid.experiment
    # The same runs, the worst of which is called a failure.
    vary: dict[str, list[float]] = {"lr": [0.03, 0.3], "batch_size": [16, 64]}
    fails = {"valid_accuracy": float(least)}
    strict = ml.Experiment(asked.data, asked.base, vary, seeds=5, fails=fails)
    runs = strict.run(grid.setup.store, workers=1)
    (lost,) = runs.effects("valid_accuracy").dropped
    made = experiment_report(runs)
    text = section_of(made, "effects").text
    assert f"A run failed on further seeds ({lost})" in in_language(text)
    assert f"（{lost}）" in in_language(text, "zh")
    assert set(made.tables["effects"].frame["verdict"]) == {"no verdict"}
    assert set(made.figures[-1].data["seed"]) == set(range(5)) - {lost}


def test_what_is_no_full_grid_of_two_factors_has_no_such_section(runs: ml.experiment.Runs) -> None:
    assert experiment_report(runs).sections == []
    task, base = ml.load_task("digits"), ml.Run(net=ml.MLP(hidden=()), fit=ml.Fit(epochs=1))
    folds: dict[str, list[object]] = {"rows": list(ml.folds(2)), "lr": [0.1, 0.2]}
    held_out = ml.Experiment(task, base, folds, seeds=3).run(Store(":memory:"), workers=1)
    assert experiment_report(held_out).sections == []
    arms = [{"lr": 0.1, "hidden": (4,)}, {"lr": 0.2, "hidden": (4,)}, {"lr": 0.1, "hidden": (5,)}]
    partial = ml.Experiment(task, base, arms=arms, seeds=3).run(Store(":memory:"), workers=1)
    assert experiment_report(partial).sections == []


@pytest.fixture(scope="module", params=["random", "halving"])
def found(request: pytest.FixtureRequest) -> ml.search.SearchResult:
    search = ml.Search(
        ml.load_task("digits", valid=0.2),
        ml.Run(net=ml.MLP(hidden=(4,)), fit=ml.Fit(epochs=2, test="never")),
        {"lr": ml.Range(low=0.01, high=1.0, log=True), "activation": ["relu", "tanh"]},
        strategy=request.param,
        budget=24,
        finalists=2,
        finalist_seeds=3,
    )
    return search.run(Store(":memory:"), workers=1)


def test_a_search_shows_its_trials_by_each_factor(found: ml.search.SearchResult) -> None:
    made = search_report(found)
    section = section_of(made, "trial-means")
    names = [figure.name for figure in made.figures]
    assert list(section.shows) == ["trials-optim-lr", "trials-net-activation", "trial-means"]
    assert set(section.shows[:2]) <= set(names)
    rate, activation = (made.figures[names.index(name)] for name in section.shows[:2])
    assert rate.spec()["layer"][0]["encoding"]["x"]["scale"]["type"] == "log"
    for language, text in (("en", "no random sample"), ("zh", "随机样本")):
        # Random draws are a sample of the space; what halving kept is not.
        told = (text in in_language(section.text, language),
                text in in_language(rate.caption, language))  # fmt: skip
        assert told == (found.strategy == "halving",) * 2
    means = found.marginal_means().set_index("value")["mean"]
    assert set(activation.data["mean"]) == set(means[["relu", "tanh"]])
    html = page_html(made)
    assert "The factors in the trials" in html
    assert "试验中的各因素" in html


def test_a_search_shows_the_best_so_far_and_where_it_looked(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
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
    made = search_report(found)
    monkeypatch.setattr(Figure, "svg", lambda self, *_, **__: "<svg></svg>")
    assert latin_rows(chinese_texts(page_html(made))) == []
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
