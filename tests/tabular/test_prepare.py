"""Preparations: every combination gives finite numbers, whatever is missing, in any order."""

from __future__ import annotations

import itertools
from typing import get_args

import numpy as np
import pandas as pd
import pytest
from sklearn.impute import KNNImputer, SimpleImputer
from sklearn.preprocessing import StandardScaler

from mlplab.errors import ConfigError, DataError
from mlplab.tabular import Column, Preparation, Schema, infer_schema, preparer
from mlplab.tabular.preparation import Embedding, Imputation, Scaling

IMPUTE, SCALE, EMBED = get_args(Imputation), get_args(Scaling), get_args(Embedding)


def named(schema, **settings):
    return preparer(schema, Preparation(**settings)).set_output(transform="pandas")


@pytest.mark.parametrize(("scale", "embed"), list(itertools.product(SCALE, EMBED)))
def test_every_scaling_and_embedding_gives_finite_named_numbers(frame, schema, scale, embed):
    steps = named(schema, scale=scale, embed=embed, log_skew=0.75)
    out = steps.fit_transform(frame[:40], frame["price"][:40])
    held = steps.transform(frame[40:])
    for part in (out, held):
        assert np.isfinite(part.to_numpy(float)).all()
        assert list(part.columns) == list(steps.get_feature_names_out())
    assert len(set(out.columns)) == out.shape[1]
    assert list(held.index) == list(frame.index[40:])


@pytest.mark.parametrize("impute", IMPUTE)
@pytest.mark.parametrize("hole", ["all missing", "constant", "one value", "none missing", "held"])
def test_every_imputer_fills_every_kind_of_column(frame, schema, impute, hole):
    train, held = frame[:40].copy(), frame[40:].copy()
    if hole == "all missing":
        train[["area", "zone", "size"]] = np.nan
    elif hole == "constant":
        train["area"], train["zone"] = 3.0, "north"
    elif hole == "one value":
        train.loc[train.index[2:], "area"] = np.nan
    elif hole == "none missing":
        train = train.dropna()
    elif hole == "held":
        held[["area", "rooms", "zone", "size"]] = np.nan
    schema = schema.with_types({"area": "number", "zone": "category"})
    steps = preparer(schema, Preparation(impute=impute))
    a, b = steps.fit_transform(train, train["price"]), steps.transform(held)
    assert np.isfinite(a).all()
    assert np.isfinite(b).all()
    assert a.shape[1] == b.shape[1] == len(steps.get_feature_names_out())


@pytest.mark.parametrize("impute", [name for name in IMPUTE if name != "interpolation"])
def test_permuting_rows_or_columns_changes_nothing(frame, schema, impute):
    # whole numbers would tie neighbours
    frame = frame.assign(rooms=frame["rooms"] + np.sin(np.arange(60.0)))
    plain = named(schema, impute=impute).fit_transform(frame)
    rng = np.random.default_rng(0)
    rows = rng.permutation(len(frame))
    by_rows = named(schema, impute=impute).fit_transform(frame.iloc[rows]).loc[frame.index]
    pd.testing.assert_frame_equal(by_rows, plain, rtol=1e-6)
    columns = rng.permutation(frame.columns)
    mixed = Schema(columns=tuple(schema[name] for name in columns), target="price")
    by_columns = named(mixed, impute=impute).fit_transform(frame[columns])
    pd.testing.assert_frame_equal(by_columns[plain.columns], plain, rtol=2e-2, atol=2e-2)


def test_the_parts_are_scikit_learns():
    frame = pd.DataFrame({"x": [1.0, np.nan, 3.0, 8.0], "y": [2.0, 4.0, np.nan, 8.0]})
    schema = infer_schema(frame)
    X = frame.to_numpy()

    def ours(**settings):
        return preparer(schema, Preparation(indicator=False, **settings)).fit_transform(frame)

    mean = StandardScaler().fit_transform(SimpleImputer().fit_transform(X))
    assert ours(impute="mean") == pytest.approx(mean)
    knn = KNNImputer(n_neighbors=2).fit_transform(StandardScaler().fit_transform(X))
    assert ours(impute="knn", neighbours=2) == pytest.approx(knn)
    constant = ours(impute="constant", fill_value=-7, scale="none")
    assert constant[np.isnan(X)].tolist() == [-7, -7]
    raw = ours(impute="median", scale="none")
    assert raw[np.isnan(X)].tolist() == [3.0, 4.0]


def test_gaps_have_an_indicator_only_where_training_had_gaps(frame, schema):
    train = frame.assign(rooms=1.0 * np.arange(60))
    steps = named(schema).fit(train[:40])
    names = list(steps.get_feature_names_out())
    assert {"area_missing", "front_missing", "size_missing"} <= set(names)
    assert "rooms_missing" not in names
    held = frame[40:].assign(area=np.nan)
    assert (steps.transform(held)["area_missing"] == 1).all()
    assert not [n for n in named(schema, indicator=False).fit(train).get_feature_names_out()
                if n.endswith("_missing")]  # fmt: skip


def test_levels_missing_rare_and_unseen():
    frame = pd.DataFrame({"zone": ["a"] * 10 + ["b"] * 10 + ["c", "d", None]})
    schema = infer_schema(frame, types={"zone": "category"})
    plain = named(schema).fit(frame)
    assert list(plain.get_feature_names_out()) == [
        "zone_(missing)", "zone_a", "zone_b", "zone_c", "zone_d"
    ]  # fmt: skip
    unseen = pd.DataFrame({"zone": ["new", None, "a"]})
    assert plain.transform(unseen).to_numpy().sum(axis=1).tolist() == [0, 1, 1]
    rare = named(schema, rare=2).fit(frame)
    assert rare.transform(unseen)["zone_infrequent_sklearn"].tolist() == [1, 1, 0]
    assert rare.transform(frame).to_numpy().sum() == len(frame)


def test_an_order_gives_ranks_and_gaps_are_filled():
    frame = pd.DataFrame({"size": ["S", "M", "L", None, "M"]})
    schema = infer_schema(frame, types={"size": ("S", "M", "L")})
    out = named(schema, scale="none", impute="median").fit_transform(frame)
    assert out["size"].tolist() == [0, 1, 2, 1, 1]
    assert out["size_missing"].tolist() == [0, 0, 0, 1, 0]
    levels = named(schema, ordered="one-hot").fit(frame).get_feature_names_out()
    assert "size_L" in levels


def test_interpolation_follows_the_only_id_or_the_column_that_is_named(frame, schema):
    gap = frame.assign(front=np.where(np.arange(60) == 30, np.nan, np.arange(60.0) ** 2))
    out = named(schema, impute="interpolation", scale="none").fit_transform(gap)
    assert out["front"][30] == (29**2 + 31**2) / 2
    assert "Id" not in out
    by = named(schema, impute="interpolation", along="rooms", scale="none").fit_transform(gap)
    known = gap.drop(index=30)
    same = known["front"][known["rooms"] == gap["rooms"][30]]
    assert by["front"][30] == pytest.approx(same.mean())
    with pytest.raises(ConfigError, match="along: no column 'romms'; did you mean 'rooms'"):
        named(schema, impute="interpolation", along="romms")
    with pytest.raises(ConfigError, match="along: expected a column of numbers; 'zone'"):
        named(schema, impute="interpolation", along="zone")
    with pytest.raises(ConfigError, match="needs an order of the rows; there are 0 ids"):
        named(schema.with_types({"Id": "ignored"}), impute="interpolation")


def test_what_no_model_can_use_is_left_out_or_said(frame, schema):
    names = list(named(schema).fit(frame).get_feature_names_out())
    assert not [name for name in names if name.startswith(("Id", "price"))]
    useless = Schema(columns=(Column(name="Id", kind="id"), Column(name="note", kind="text")))
    with pytest.raises(ConfigError, match=r"no column that a model.*Id \(id\), note \(text"):
        preparer(useless)
    with pytest.raises(ConfigError, match=r"schema: expected a Schema.* got True"):
        preparer(True)
    with pytest.raises(ConfigError, match="preparation: expected a Preparation; got 3"):
        preparer(useless, 3)
    with pytest.raises(
        ConfigError, match="kind: expected one of regression, classification; got 'rank'"
    ):
        preparer(schema, kind="rank")


def test_a_wrong_frame_or_setting_is_one_line(frame, schema):
    steps = preparer(schema).fit(frame)
    with pytest.raises(DataError, match="frame: no column 'rooms'"):
        steps.transform(frame.drop(columns="rooms"))
    with pytest.raises(DataError, match="expected a pandas frame with named columns; got ndarray"):
        steps.transform(np.zeros((2, 8)))
    with pytest.raises(DataError, match="column 'rooms': expected a number; got 'many'"):
        steps.transform(frame.assign(rooms="many"))
    with pytest.raises(ConfigError, match="impute: expected"):
        Preparation(impute="meen")
    with pytest.raises(ConfigError, match="did you mean 'scale'"):
        Preparation(scael="none")
    assert Preparation(**Preparation(rare=3).canonical()) == Preparation(rare=3)
    assert all(field.description for field in Preparation.model_fields.values())
