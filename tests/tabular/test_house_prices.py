"""The whole way from the real files to a submission."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest
from sklearn.compose import TransformedTargetRegressor
from sklearn.linear_model import Ridge
from sklearn.model_selection import KFold, cross_val_score
from sklearn.pipeline import Pipeline

from mlplab.data import house_prices
from mlplab.data.fetching import obtain
from mlplab.shift import detect
from mlplab.tabular import (
    Preparation,
    infer_schema,
    missing_together,
    preparer,
    read_table,
    write_submission,
)

QUALITY = ("Po", "Fa", "TA", "Gd", "Ex")

pytestmark = pytest.mark.slow


@pytest.fixture(scope="module")
def tables():
    folder = obtain(house_prices.FILES).folder
    types = {"MSSubClass": "category", "ExterQual": QUALITY, "KitchenQual": QUALITY}
    train = read_table(folder / house_prices.TRAIN, target="SalePrice", types=types)
    return train, read_table(folder / house_prices.TEST, schema=train.schema)


def test_every_column_is_what_it_should_be(tables):
    train, test = tables
    assert (train.frame.shape, test.frame.shape) == ((1460, 81), (1459, 80))
    kinds = [column.kind for column in train.schema.columns]
    assert (kinds.count("id"), kinds.count("number"), kinds.count("category")) == (1, 36, 44)
    assert set(house_prices.UNITS) | {"SalePrice"} == {
        column.name for column in train.schema.columns if column.kind == "number"
    }
    from_pandas, _ = house_prices.load_frames()
    assert infer_schema(from_pandas, target="SalePrice", types={"MSSubClass": "category"}).names(
        "number"
    ) == train.schema.names("number")
    assert ("GarageType", "GarageYrBlt", "GarageFinish", "GarageQual", "GarageCond") in [
        columns for columns, _ in missing_together(train.frame)
    ]


@pytest.mark.parametrize(
    "impute", ["mean", "median", "constant", "knn", "iterative", "interpolation"]
)
def test_every_imputer_leads_to_a_good_ridge_and_a_valid_submission(tables, tmp_path, impute):
    train, test = tables
    preparation = Preparation(impute=impute, scale="smooth-clip", log_skew=0.75, rare=10)
    model = TransformedTargetRegressor(
        Pipeline([("prepare", preparer(train.schema, preparation)), ("ridge", Ridge(10.0))]),
        func=np.log,
        inverse_func=np.exp,
    )
    folds = KFold(3, shuffle=True, random_state=0)
    errors = -cross_val_score(
        model, train.features, train.target, cv=folds, scoring="neg_root_mean_squared_log_error"
    )
    # A constant has 0.40.
    assert errors.mean() < 0.16
    prices = model.fit(train.features, train.target).predict(test.features)
    path = write_submission(tmp_path / "s.csv", test.frame["Id"], prices, positive=True)
    back = pd.read_csv(path)
    assert back.shape == (1459, 2)
    assert back["Id"].tolist() == list(range(1461, 2920))


def test_the_two_tables_cannot_be_told_apart_but_by_their_ids(tables):
    train, test = tables
    names = train.schema.usable
    few = {"n_permutations": 39, "progress": False}
    found = detect(train.frame[names], test.frame[names], **few)
    assert found.shifted.verdict == "undecided"
    assert found.matters.verdict == "refuted"
    assert found.matters.interval[0] < 0.5 < found.matters.interval[1]
    assert not found.seen_columns
    ids = [part.frame[["Id", *names]].astype({"Id": "float64"}) for part in tables]
    found = detect(*ids, **few)
    assert found.matters.interval[0] > 0.9
    assert [shift.name for shift in found.seen_columns] == ["Id"]
