"""Nothing of a held-out row reaches a fit: not its features, not its target."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest
from sklearn.linear_model import LogisticRegression, Ridge
from sklearn.model_selection import KFold, cross_val_score, cross_validate
from sklearn.pipeline import Pipeline

from mlplab.errors import DataError
from mlplab.tabular import Preparation, infer_schema, prepare_folds, preparer

PREPARATIONS = {
    "plain": Preparation(),
    "knn, quantile, bins": Preparation(
        impute="knn", scale="quantile", embed="piecewise-linear", log_skew=0.5, rare=5
    ),
    "iterative, periodic": Preparation(impute="iterative", embed="periodic", scale="robust"),
    "interpolation": Preparation(impute="interpolation", scale="smooth-clip"),
    "target": Preparation(categories="target", impute="mean"),
}


@pytest.fixture(params=PREPARATIONS)
def preparation(request) -> Preparation:
    return PREPARATIONS[request.param]


def fits_equal(one, other, frame):
    return np.array_equal(one.transform(frame), other.transform(frame))


def test_in_cross_validation_a_fold_is_fitted_as_by_hand(frame, schema, preparation):
    y, folds = frame["price"], KFold(4, shuffle=True, random_state=0)
    model = Pipeline([("prepare", preparer(schema, preparation)), ("ridge", Ridge())])
    found = cross_validate(model, frame, y, cv=folds, return_estimator=True)
    ours = prepare_folds(preparer(schema, preparation), frame, y, folds.split(frame))
    for estimator, fold in zip(found["estimator"], ours, strict=True):
        by_hand = preparer(schema, preparation).fit(
            frame.iloc[fold.train_rows], y.iloc[fold.train_rows]
        )
        assert fits_equal(estimator["prepare"], by_hand, frame)
        assert np.array_equal(fold.held, by_hand.transform(frame.iloc[fold.held_rows]))
        assert fold.names == tuple(by_hand.get_feature_names_out())


def test_held_out_rows_do_not_change_the_fit(frame, schema, preparation):
    y = frame["price"].to_numpy()
    train, held = np.arange(45), np.arange(45, 60)
    other = frame.copy()
    other.loc[held, "area"] = 1e9
    other.loc[held, "zone"] = "elsewhere"
    other.loc[held, "front"] = np.nan
    other.loc[held, "size"] = "S"
    wild = y.copy()
    wild[held] = -1e9
    steps = preparer(schema, preparation)
    (one,) = prepare_folds(steps, frame, y, [(train, held)])
    (two,) = prepare_folds(steps, other, wild, [(train, held)])
    assert np.array_equal(one.train, two.train)
    assert fits_equal(one.fitted, two.fitted, frame)


def test_a_training_row_does_change_the_fit(frame, schema, preparation):
    other = frame.copy()
    other.loc[:10, "area"] = 1e9
    steps, y = preparer(schema, preparation), frame["price"]
    folds = [(np.arange(45), np.arange(45, 60))]
    (one,), (two,) = (prepare_folds(steps, f, y, folds) for f in (frame, other))
    assert not fits_equal(one.fitted, two.fitted, frame)


def noise_frame(n, n_levels, seed):
    rng = np.random.default_rng(seed)
    columns = {f"c{i}": rng.integers(0, n_levels, n).astype(str) for i in range(3)}
    columns |= {f"x{i}": rng.normal(size=n) for i in range(5)}
    frame = pd.DataFrame(columns)
    types = dict.fromkeys([f"c{i}" for i in range(3)], "category")
    return frame, infer_schema(frame, types=types), rng.permutation(n) % 2


@pytest.mark.parametrize("categories", ["one-hot", "target"])
def test_with_a_target_of_noise_the_score_is_that_of_chance(categories):
    scores = []
    for seed in range(8):
        frame, schema, y = noise_frame(300, 60, seed)
        plain = Preparation(categories=categories, embed="piecewise-linear")
        steps = preparer(schema, plain, kind="classification")
        model = Pipeline([("prepare", steps), ("logistic", LogisticRegression())])
        scores += list(cross_val_score(model, frame, y, cv=5, scoring="roc_auc"))
    error = np.std(scores, ddof=1) / np.sqrt(len(scores))
    assert abs(np.mean(scores) - 0.5) < 4 * error


def test_the_same_test_finds_a_preparation_that_saw_the_held_out_targets():
    scores = []
    for seed in range(4):
        frame, _, y = noise_frame(300, 60, seed)
        means = [pd.Series(y).groupby(frame[f"c{i}"]).transform("mean") for i in range(3)]
        leaky = np.column_stack(means)
        scores += list(cross_val_score(LogisticRegression(), leaky, y, cv=5, scoring="roc_auc"))
    assert np.mean(scores) > 0.7


def test_target_encoding_never_shows_a_training_row_its_own_target():
    # With a level per row, its mean would be the row's own target.
    n = 100
    frame = pd.DataFrame({"code": [f"k{i}" for i in range(n)]})
    schema = infer_schema(frame, types={"code": "category"})
    y = np.random.default_rng(0).normal(size=n)
    for target in (y, -y):
        out = preparer(schema, Preparation(categories="target")).fit_transform(frame, target)
        assert len(np.unique(out.round(12))) <= 5
        assert abs(np.corrcoef(out[:, 0], target)[0, 1]) < 0.5


def test_rows_in_both_parts_and_too_few_targets_are_refused(frame, schema):
    steps = preparer(schema)
    with pytest.raises(DataError, match=r"fold 0: .* row 3 is in both"):
        next(prepare_folds(steps, frame, frame["price"], [([1, 2, 3], [3, 4])]))
    with pytest.raises(DataError, match="expected 60 targets as the frame has rows; got 5"):
        next(prepare_folds(steps, frame, [1.0] * 5, [([1, 2], [3])]))
