"""Table models: what they promise of folds, scores, seeds and groups; nothing leaks."""

from __future__ import annotations

import itertools

import numpy as np
import pandas as pd
import pytest
from sklearn.datasets import load_diabetes, load_wine
from sklearn.linear_model import LinearRegression
from sklearn.metrics import log_loss, root_mean_squared_error
from sklearn.model_selection import KFold, cross_val_predict

from mlplab.errors import ConfigError, DataError
from mlplab.tabular import fit_table, table_search


def made_frame(n: int = 80, seed: int = 0) -> pd.DataFrame:
    """Numbers and a category with gaps, and a positive skewed target that follows from them."""
    rng = np.random.default_rng(seed)
    area = rng.lognormal(4, 0.6, n)
    zone = rng.choice(["north", "south", "west"], n).astype(object)
    quality = rng.choice(["poor", "fair", "good", "excellent"], n).astype(object)
    steps = {"poor": 0.0, "fair": 0.2, "good": 0.4, "excellent": 0.6}
    logs = 0.8 * np.log(area) + 0.3 * (zone == "north") + np.vectorize(steps.get)(quality)
    price = np.exp(logs + rng.normal(0, 0.05, n))
    area[::9], zone[4::11] = np.nan, np.nan
    return pd.DataFrame({"area": area, "zone": zone, "quality": quality, "price": price})


@pytest.fixture(scope="module")
def prices():
    """A fitted model and its table."""
    frame = made_frame()
    return frame, fit_table(frame, "price", n_folds=3, configurations=6)


@pytest.fixture(scope="module")
def wines():
    """A fitted classifier and its table."""
    frame = load_wine(as_frame=True).frame
    return frame, fit_table(frame, "target", task="classification", n_folds=3, configurations=6)


def test_a_skewed_positive_target_is_judged_by_logarithms(prices):
    frame, model = prices
    assert (model.task, model.metric, model.logarithmic) == ("regression", "log-rmse", True)
    assert "skewed" in model.cv.why
    assert model.cv.score < np.log(frame["price"]).std() / 2


def test_folds_are_those_of_scikit_learn(prices):
    frame, model = prices
    for fold, (_, held) in enumerate(KFold(3, shuffle=True, random_state=0).split(frame)):
        assert (np.flatnonzero(model.fold_index == fold) == held).all()


def test_out_of_fold_predictions_are_those_of_the_folds_own_models(prices, wines):
    for frame, model in (prices, wines):
        again = model.predict_held_out(frame, model.fold_index)
        np.testing.assert_allclose(again, model.out_of_fold, rtol=1e-5)


def test_a_row_is_predicted_by_the_mean_of_all_folds(wines):
    frame, model = wines
    some = frame.head(7)
    folds = [model.predict_held_out(some, np.full(7, k)) for k in range(model.n_folds)]
    np.testing.assert_allclose(model.predict_proba(some), np.mean(folds, axis=0), atol=1e-12)
    best = model.predict_proba(some).argmax(axis=1)
    assert model.predict(some).tolist() == [model.classes[i] for i in best]


def test_scores_are_those_of_the_predictions(prices, wines):
    frame, model = prices
    logs = np.log(frame["price"])
    for score, guesses in (
        (model.cv.score, model.cv.out_of_fold),
        (model.cv.optimistic, model.out_of_fold),
    ):
        assert score == pytest.approx(root_mean_squared_error(logs, np.log(guesses)))
    frame, model = wines
    assert model.cv.score == pytest.approx(log_loss(frame["target"], model.cv.out_of_fold))
    assert model.cv.interval[0] <= model.cv.score <= model.cv.interval[1]


def test_weights_are_shares_and_members_are_among_what_was_tried(prices):
    _, model = prices
    assert model.weights.sum() == pytest.approx(1.0)
    assert (model.weights > 0).all()
    assert model.members["weight"].sum() == pytest.approx(1.0)
    assert set(model.members["name"]) <= set(model.tried["name"])
    assert len(model.tried) == 6
    assert (model.members["kind"] == "mlp").all()


def test_a_shuffled_target_scores_as_chance():
    frame = made_frame(120)
    frame["price"] = np.random.default_rng(1).permutation(frame["price"].to_numpy())
    model = fit_table(frame, "price", n_folds=3, configurations=5)
    constant = np.log(frame["price"]).std()
    # chosen without the fold that is scored: never better than the best constant but by luck
    assert model.cv.score > 0.97 * constant


def test_shuffled_classes_score_as_chance():
    frame = load_wine(as_frame=True).frame
    frame["target"] = np.random.default_rng(1).permutation(frame["target"].to_numpy())
    model = fit_table(frame, "target", task="classification", n_folds=3, configurations=5)
    shares = frame["target"].value_counts(normalize=True)
    assert model.cv.score > 0.95 * float(-(shares * np.log(shares)).sum())


def test_choosing_without_the_scored_fold_is_no_flattery():
    # noise only: what was chosen by the scored rows looks better than it is
    gaps = []
    for seed in range(3):
        frame = made_frame(45, seed)
        frame["price"] = np.random.default_rng(seed).permutation(frame["price"].to_numpy())
        model = fit_table(frame, "price", n_folds=2, configurations=8, seed=seed)
        gaps.append(model.cv.score - model.cv.optimistic)
    assert np.mean(gaps) > 0


def test_the_same_seed_gives_the_same_model_and_another_one_another():
    frame = made_frame(40)
    one, same, other = (
        fit_table(frame, "price", n_folds=2, configurations=5, seed=seed) for seed in (0, 0, 1)
    )
    assert (one.out_of_fold == same.out_of_fold).all()
    assert one.tried.equals(same.tried)
    assert not np.allclose(one.out_of_fold, other.out_of_fold)


def test_held_out_targets_change_nothing_that_predicts_them(prices):
    frame, model = prices
    changed = frame.copy()
    held = np.flatnonzero(model.fold_index == 1)
    # same values, other rows: neither metric nor bounds move
    changed.loc[held, "price"] = frame.loc[held[::-1], "price"].to_numpy()
    again = fit_table(changed, "price", n_folds=3, configurations=6)
    first = {row["settings"]: row for row in model.tried.to_dict("records")}
    assert {row["settings"] for row in again.tried.to_dict("records")} == set(first)
    kept = model.encodings[0].encoders[1]
    assert kept in [encoding.encoders[1] for encoding in again.encodings]


def test_groups_are_never_split():
    frame = made_frame(60)
    groups = np.repeat([f"g{i}" for i in range(20)], 3)
    model = fit_table(frame, "price", n_folds=4, groups=groups, configurations=4)
    assert pd.Series(model.fold_index).groupby(groups).nunique().max() == 1
    assert model.n_folds == 4
    few = fit_table(frame, "price", n_folds=5, groups=groups[:60] > "g3", configurations=4)
    assert few.n_folds == 2  # leave one group out


def test_a_linear_world_is_predicted_as_well_as_by_least_squares():
    data = load_diabetes(as_frame=True).frame
    model = fit_table(data, "target", configurations=9, metric="rmse")
    X, y = data.drop(columns="target"), data["target"]
    plain = cross_val_predict(LinearRegression(), X, y, cv=KFold(5, shuffle=True, random_state=0))
    assert model.cv.score < 1.01 * root_mean_squared_error(y, plain)


def test_gaps_everywhere_and_twenty_rows():
    frame = made_frame(20)
    rng = np.random.default_rng(0)
    for name in ("area", "zone", "quality"):
        frame.loc[rng.random(20) < 0.5, name] = np.nan
    frame["nothing"] = np.nan
    model = fit_table(frame, "price", configurations=4)
    assert np.isfinite(model.predict(frame.drop(columns="price"))).all()
    empty = pd.DataFrame({name: [None] * 3 for name in ("area", "zone", "quality", "nothing")})
    assert np.isfinite(model.predict(empty)).all()


def test_time_is_kept_to_and_progress_is_told():
    told = []
    fit_table(made_frame(40), "price", configurations=4)  # loads what is compiled
    model = fit_table(made_frame(40), "price", minutes=0.05, progress=told.append)
    assert model.seconds < 60  # a busy machine may be slow, but there is an end
    assert told[-1].seconds <= model.seconds
    assert all(one.seconds_left is not None for one in told)


def test_nested_repeats_the_choice_without_each_fold():
    frame = made_frame(60)
    told, seconds = [], itertools.count(0.0)  # every network is told of on this clock
    model = fit_table(
        frame,
        "price",
        n_folds=2,
        configurations=4,
        nested=True,
        progress=told.append,
        clock=lambda: next(seconds),
    )
    counts = [one.n_done for one in told]
    assert counts == sorted(counts)
    # The fits without each fold are told of as well.
    assert counts[-1] >= 2 * model.tried["n_seeds"].sum() + 2 * 2 * 4
    assert model.cv.nested is not None
    assert model.cv.nested == pytest.approx(model.cv.score, rel=1.0)
    guesses = np.empty(60)
    for fold in range(2):
        held = model.fold_index == fold
        part = fit_table(
            frame[~held], "price", schema=model.schema, metric="log-rmse", n_folds=2,
            configurations=4,
        )  # fmt: skip
        guesses[held] = part.predict(frame[held])
    logs = np.log(frame["price"])
    assert model.cv.nested == pytest.approx(root_mean_squared_error(logs, np.log(guesses)))


@pytest.mark.parametrize(
    ("changes", "error", "says"),
    [
        ({"target": "cost"}, DataError, "target: no column 'cost'"),
        ({"metric": "mae"}, ConfigError, "metric: expected one of rmse"),
        ({"task": "ranking"}, ConfigError, "task: expected"),
        ({"task": "regresion"}, ConfigError, "did you mean 'regression'"),
        ({"task": ["regression"]}, ConfigError, "task: expected one of regression"),
        ({"metric": ["rmse"]}, ConfigError, "metric: expected one of rmse"),
        ({"schema": True}, ConfigError, "schema: expected a Schema.* got True"),
        ({"minutes": None}, ConfigError, "minutes: expected more than 0; got None"),
        ({"minutes": "5"}, ConfigError, "minutes: expected more than 0; got '5'"),
        ({"minutes": float("nan")}, ConfigError, "minutes: expected more than 0; got nan"),
        ({"threads": ""}, ConfigError, "threads: expected a whole number from 1; got ''"),
        ({"configurations": ""}, ConfigError, "configurations: expected a whole number from 1"),
        ({"n_folds": float("inf")}, ConfigError, "n_folds: expected a whole number from 2"),
        ({"seed": 1.5}, ConfigError, "seed: expected a whole number from 0; got 1.5"),
        ({"seed": 2**32}, ConfigError, r"seed: expected a whole number below 2\*\*32; got 429"),
        ({"groups": 3}, DataError, r"groups: expected 40, one per row; got \(\)"),
        ({"store": 3}, ConfigError, "store: expected a Store, or None; got 3"),
        ({"blend": "no"}, ConfigError, "blend: expected True or False; got 'no'"),
        ({"nested": None}, ConfigError, "nested: expected True or False; got None"),
        ({"minutes": 0}, ConfigError, "minutes: expected more than 0"),
        ({"configurations": 0}, ConfigError, "configurations: expected at least 1"),
        ({"n_folds": 1}, ConfigError, "n_folds: expected at least 2"),
        ({"groups": ["a"]}, DataError, "groups: expected 40, one per row"),
        ({"groups": ["a"] * 40}, DataError, "groups: expected at least 2 different"),
        ({"metric": "log-loss", "task": "regression"}, ConfigError, "not for regression"),
    ],
)
def test_what_does_not_fit_is_refused_in_one_line(changes, error, says):
    asked = {"target": "price", "configurations": 1} | changes
    target = asked.pop("target")
    with pytest.raises(error, match=says):
        fit_table(made_frame(40), target, **asked)


@pytest.mark.parametrize("train", [None, [[1, 2]], np.zeros((4, 2))])
def test_what_is_no_frame_is_refused_in_one_line(wines, train):
    _, model = wines
    says = f"expected a pandas frame with named columns; got {type(train).__name__}"
    with pytest.raises(DataError, match=says):
        fit_table(train, "target")
    with pytest.raises(DataError, match=says):
        model.predict(train)
    with pytest.raises(DataError, match=says):
        model.predict_held_out(train, [0])


def test_a_target_without_an_entry_or_without_differences_is_refused():
    frame = made_frame(40)
    with pytest.raises(DataError, match="missing in 1 of 40"):
        fit_table(frame.assign(price=frame["price"].where(frame.index != 3)), "price")
    with pytest.raises(DataError, match="all are equal"):
        fit_table(frame.assign(price=1.5), "price", task="regression")
    with pytest.raises(DataError, match="at least 2 classes"):
        fit_table(frame.assign(price="a"), "price", task="classification")


def test_a_small_table_does_not_take_all_its_minutes(monkeypatch):
    monkeypatch.setattr(table_search, "MOST_CONFIGURATIONS", 6)
    model = fit_table(made_frame(24), "price", n_folds=2, minutes=10, threads=1)
    assert 6 <= len(model.tried) < 16  # a group that was begun is finished
    assert model.seconds < 60
    assert (model.tried["n_seeds"] == 8).any()


def test_a_model_shows_itself_shortly(prices, wines):
    for frame, model in (prices, wines):
        assert len(repr(model)) < 200
        assert f"{model.cv.score:.4g}" in repr(model.cv)
        text = model._repr_html_()
        assert f"Model of {model.target}" in text
        assert text.count("<tr>") >= min(20, len(model.members))
        assert f">{len(frame)}<" in text
