"""The comparison of estimators: same rows for all, intervals as stated, pages from numbers."""

from __future__ import annotations

import json
import math
from dataclasses import asdict, replace
from pathlib import Path

import numpy as np
import pytest
from click.testing import CliRunner
from sklearn.dummy import DummyClassifier
from sklearn.linear_model import LogisticRegression, Ridge
from sklearn.metrics import accuracy_score, log_loss, root_mean_squared_error
from sklearn.pipeline import Pipeline
from sklearn.preprocessing import StandardScaler

from mlplab import MLPClassifier, MLPRegressor
from mlplab.bench.estimators import __main__ as face
from mlplab.bench.estimators.choices import (
    CHOICES,
    DEFAULT,
    NoScalingRegressor,
    PlainScalingRegressor,
    RawTargetsRegressor,
)
from mlplab.bench.estimators.contenders import OURS, Contender, contenders
from mlplab.bench.estimators.differences import differences, n_intervals
from mlplab.bench.estimators.pages import choices_finding, finding
from mlplab.bench.estimators.scores import Score, read_scores, score_models, score_one
from mlplab.bench.estimators.tables import Dataset, shipped_tables, splits
from mlplab.errors import DataError
from mlplab.stats import cross_validated_interval

DOCS = Path(__file__).parents[2] / "docs"
TABLES = {table.name: table for table in shipped_tables()}


def scores(losses: dict[str, list[float]], kind="regression", accuracy=None) -> list[Score]:
    return [
        Score("t", kind, model, split, 300, 100, loss, accuracy, 1.0, 0.1)
        for model, values in losses.items()
        for split, loss in enumerate(values)
    ]


@pytest.mark.parametrize("name", sorted(TABLES))
def test_splits_part_the_rows_and_keep_the_shares_of_classes(name):
    table = TABLES[name]
    drawn = list(splits(replace(table, inputs=np.arange(len(table.targets))[:, None]), 3))
    for split in drawn:
        rows = np.concatenate([split.train[:, 0], split.test[:, 0]])
        assert sorted(rows) == list(range(len(table.targets)))
        np.testing.assert_array_equal(table.targets[split.test[:, 0]], split.test_targets)
        if table.kind == "classification":
            whole = np.bincount(table.targets) / len(table.targets)
            part = np.bincount(split.test_targets) / len(split.test_targets)
            np.testing.assert_allclose(part, whole, atol=0.02)
    assert len({tuple(split.test[:, 0]) for split in drawn}) == 3


def test_preparation_is_learnt_of_training_rows_alone():
    X = np.arange(40.0)[:, None]
    table = Dataset("t", "regression", X, X[:, 0], StandardScaler)
    for split in splits(table, 3):
        np.testing.assert_allclose(split.train.mean(), 0, atol=1e-12)
        np.testing.assert_allclose(split.train.std(), 1)
        assert abs(split.test.mean()) > 1e-6


def test_scores_are_those_of_scikit_learn():
    split = next(splits(TABLES["wine"], 1))
    model = LogisticRegression(C=1e-4)
    score = score_one(TABLES["wine"], split, "linear", model)
    shares = model.predict_proba(split.test)
    assert score.loss == pytest.approx(log_loss(split.test_targets, shares))
    assert score.accuracy == accuracy_score(split.test_targets, model.predict(split.test))
    split = next(splits(TABLES["diabetes"], 1))
    model = Ridge()
    score = score_one(TABLES["diabetes"], split, "linear", model)
    found = root_mean_squared_error(split.test_targets, model.predict(split.test))
    assert score.loss == pytest.approx(found)
    assert (score.n_train, score.n_test, score.accuracy) == (331, 111, None)


def test_all_models_see_the_same_rows():
    seen = []

    class Watcher(DummyClassifier):
        def fit(self, X, y):
            seen.append(X[:, 0].sum())
            return super().fit(X, y)

    models = [("one", lambda seed: Watcher()), ("other", lambda seed: Watcher())]
    score_models([TABLES["wine"]], lambda kind: models, 3)
    warm_up, *scored = seen
    assert scored[::2] == scored[1::2]
    assert len(set(scored)) == 3
    assert warm_up in scored


def test_what_was_scored_is_not_scored_again(tmp_path):
    kept = []
    models = [("one", lambda seed: Ridge())]
    table = [TABLES["diabetes"]]
    first = score_models(table, lambda kind: models, 2, keep=kept.append)
    assert kept == first
    file = tmp_path / "scores.jsonl"
    file.write_text("".join(json.dumps(asdict(score)) + "\n" for score in kept))
    again = score_models(table, lambda kind: models, 3, known=read_scores(file), keep=kept.append)
    assert again[:2] == first
    assert kept[2:] == again[2:]
    assert read_scores(tmp_path / "none") == []
    file.write_text("{}\n")
    with pytest.raises(DataError, match="expected one score per line"):
        read_scores(file)


def test_a_difference_is_the_corrected_interval_of_log_ratios():
    ours, theirs = [1.0, 1.2, 0.9, 1.1, 1.0], [1.3, 1.5, 1.3, 1.2, 1.4]
    made = scores({"a": ours, "b": theirs})
    (one,) = differences(made, [("a", "b")])
    by_hand = cross_validated_interval(np.log(ours) - np.log(theirs), 300, 100)
    for percent, value in ((one.percent, by_hand.mean), (one.low, by_hand.low)):
        assert math.log1p(percent / 100) == pytest.approx(float(value))
    assert one.word == "better"
    (back,) = differences(made, [("b", "a")])
    assert back.word == "worse"
    assert (1 + one.percent / 100) * (1 + back.percent / 100) == pytest.approx(1)
    assert (1 + one.low / 100) * (1 + back.high / 100) == pytest.approx(1)


def test_the_level_is_shared_among_all_intervals_of_the_page():
    losses = {name: [1.0, 1.1, 1.2, 0.9, 1.05] for name in "abc"}
    made = scores(losses, "classification", accuracy=0.9)
    pairs = [("a", "b"), ("a", "c"), ("a", "missing")]
    assert n_intervals(made, pairs) == 4
    found = differences(made, pairs)
    assert [one.level for one in found] == pytest.approx([1 - 0.05 / 4] * 2)
    assert [one.word for one in found] == ["open", "open"]
    assert [one.points for one in found] == [0.0, 0.0]


def test_a_title_counts_what_the_intervals_say():
    good, bad = [1.0, 1.01, 0.99, 1.0, 1.0], [2.0, 2.01, 1.99, 2.0, 2.02]
    found = differences(scores({"a": good, "b": bad, "c": good}), [("a", "b"), ("a", "c")])
    assert "lower than b on 1 of 1" in finding(found)
    assert "not told apart from c on any of 1" in finding(found)
    found = differences(scores({"a": good, "b": bad}), [("b", "a")])
    assert "higher than a on 1 of 1" in finding(found)
    assert choices_finding(found).endswith("on none: b; no choice lowers it anywhere")


def test_what_is_taken_back_is_what_it_says():
    rng = np.random.default_rng(0)
    X = np.column_stack([rng.normal(5, 3, 40), np.ones(40), rng.exponential(1, 40)])
    y = 100 + 10 * X[:, 0]
    quick = {"hidden": (4,), "epochs": 2, "n_seeds": 1, "random_state": 0}
    plain = PlainScalingRegressor(**quick).fit(X, y)
    wanted = StandardScaler().fit_transform(X)[:, [0, 2]]
    np.testing.assert_allclose(plain.scaler_.transform(X, "float64"), wanted)
    none = NoScalingRegressor(**quick).fit(X, y)
    np.testing.assert_array_equal(none.scaler_.transform(X, "float64"), X[:, [0, 2]])
    raw = RawTargetsRegressor(**quick).fit(X, y)
    np.testing.assert_array_equal(raw.targets_.there(y)[:, 0], y)
    assert np.abs(raw.predict(X)).mean() < 90 < np.abs(plain.predict(X)).mean()


@pytest.mark.parametrize("kind", ["regression", "classification"])
def test_every_choice_departs_from_the_defaults(kind):
    default = (MLPRegressor if kind == "regression" else MLPClassifier)()
    for choice in CHOICES:
        make = choice.make(kind)
        if make is None:
            continue
        model = make(3)
        if isinstance(model, Pipeline):
            assert choice.name == "embedded numbers"
            assert (
                model[-1].get_params() == default.set_params(random_state=3, n_jobs=1).get_params()
            )
            continue
        settings = {k: v for k, v in choice.settings.items() if getattr(default, k) != v}
        assert settings == dict(choice.settings)
        departs = bool(settings) or type(model) is not type(default)
        assert departs == (choice.name != DEFAULT)


@pytest.mark.parametrize("defaults", [False, True])
def test_the_command_writes_a_page_and_two_figures(tmp_path, monkeypatch, defaults):
    def few(kind):
        return (
            Contender(OURS, lambda seed: LogisticRegression(), "LogisticRegression()"),
            Contender("dummy", lambda seed: DummyClassifier(), "DummyClassifier()"),
        )

    def chosen(kind):
        return [(DEFAULT, few(kind)[0].make), (CHOICES[1].name, few(kind)[1].make)]

    monkeypatch.setattr(face, "contenders", few)
    monkeypatch.setattr(face, "chosen_models", chosen)
    arguments = ["--table", "wine", "--splits", "5", "--out", str(tmp_path)]
    result = CliRunner().invoke(face.main, arguments + ["--defaults"] * defaults)
    assert result.exit_code == 0, result.output
    name = "defaults-measured" if defaults else "estimators-compared"
    text = (tmp_path / f"{name}.md").read_text()
    assert ("**worse**" if defaults else "**better**") in text
    assert f"python -m mlplab.bench.estimators{' --defaults' * defaults} --splits 5" in text
    for theme in ("light", "dark"):
        drawn = (tmp_path / "figures" / f"{name}-{theme}.svg").read_text()
        assert "wine" in drawn
    assert "split 5 of 5" in result.stderr


def test_an_unknown_table_is_wrong_usage():
    result = CliRunner().invoke(face.main, ["--table", "tulips"])
    assert result.exit_code == 2
    assert "no table 'tulips'; there are: diabetes" in result.stderr


def test_the_pages_of_the_project_name_what_the_code_compares():
    compared = (DOCS / "estimators-compared.md").read_text(encoding="utf-8")
    for kind in ("regression", "classification"):
        for one in contenders(kind):
            assert f"| {kind} | {one.name} |" in compared
    measured = (DOCS / "defaults-measured.md").read_text(encoding="utf-8")
    for choice in CHOICES[1:]:
        assert f"| {choice.name} | {choice.says} |" in measured
    assert [name for name in TABLES if f"| {name} |" not in compared] == []
    assert [name for name in face.SMALL if f"| {name} |" not in measured] == []
