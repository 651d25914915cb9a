"""Inputs of table models: as the pipelines make them, finite whatever comes, and plain data."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st

from mlplab.tabular import Preparation, infer_schema, preparer
from mlplab.tabular.level_orders import SCALES, level_ranks
from mlplab.tabular.model_inputs import Encoder, Inputs, features_of, fit_encoder

KINDS = [
    Inputs(),
    Inputs(scale="rank", few=16),
    Inputs(scale="standard", log_skew=None, levels=False),
    Inputs(limit=2.0, bins=4, plain=True, few=8, rare=1),
]


def encoder_of(frame, schema, inputs):
    features = features_of(frame, schema)
    return fit_encoder(features, schema, inputs), features


def test_numbers_are_those_of_the_pipeline(frame, schema):
    encoder, features = encoder_of(frame, schema, Inputs(scale="standard", log_skew=0.75))
    ours = pd.DataFrame(encoder.transform(features), columns=list(encoder.names))
    steps = preparer(schema, Preparation(scale="standard", log_skew=0.75))
    theirs = steps.set_output(transform="pandas").fit_transform(frame)
    np.testing.assert_allclose(ours["area_log"], theirs["area"], atol=1e-9)
    np.testing.assert_allclose(ours["front"], theirs["front"], atol=1e-9)
    np.testing.assert_allclose(ours["rooms"], theirs["rooms"], atol=1e-9)
    np.testing.assert_allclose(ours["size_rank"], theirs["size"], atol=1e-9)
    assert (ours["zone=north"] == theirs["zone_north"]).all()
    assert (ours["area_log_missing"] == theirs["area_missing"]).all()


def test_bent_numbers_are_those_of_the_pipeline(frame, schema):
    encoder, features = encoder_of(frame, schema, Inputs(log_skew=None))
    ours = pd.DataFrame(encoder.transform(features), columns=list(encoder.names))
    steps = preparer(schema, Preparation(scale="smooth-clip"))
    theirs = steps.set_output(transform="pandas").fit_transform(frame)
    np.testing.assert_allclose(ours["area"], theirs["area"], atol=1e-9)


@pytest.mark.parametrize("inputs", KINDS)
def test_what_is_learnt_is_plain_data(frame, schema, inputs):
    encoder, features = encoder_of(frame, schema, inputs)
    again = Encoder.model_validate_json(encoder.model_dump_json())
    assert again == encoder
    assert (again.transform(features) == encoder.transform(features)).all()
    assert encoder.transform(features).shape == (60, len(encoder.names))
    assert len(set(encoder.names)) == len(encoder.names)


@pytest.mark.parametrize("inputs", KINDS)
def test_rows_do_not_depend_on_their_companions(frame, schema, inputs):
    encoder, features = encoder_of(frame, schema, inputs)
    whole = encoder.transform(features)
    np.testing.assert_array_equal(encoder.transform(features.iloc[7:9]), whole[7:9])
    assert encoder.transform(features.iloc[:0]).shape == (0, whole.shape[1])


@given(
    area=st.floats(allow_nan=True, allow_infinity=False, width=64),
    zone=st.sampled_from(["north", "nowhere", "", None]),
    place=st.integers(0, len(KINDS) - 1),
)
def test_any_row_becomes_small_numbers(area, zone, place):
    rng = np.random.default_rng(0)
    frame = pd.DataFrame(
        {"area": rng.lognormal(4, 2, 40), "zone": rng.choice(["north", "south"], 40).astype(object)}
    )
    encoder, _ = encoder_of(frame, infer_schema(frame), KINDS[place])
    row = pd.DataFrame({"area": [area], "zone": np.array([zone], dtype=object)})
    made = encoder.transform(features_of(row, infer_schema(frame)))
    assert np.isfinite(made).all()
    if KINDS[place].scale == "rank":
        assert np.abs(made).max() <= np.sqrt(3)
    elif KINDS[place].scale == "clip" and not KINDS[place].bins:
        assert np.abs(made).max() <= KINDS[place].limit + 1e-9


def test_ranks_fill_the_unit_square():
    frame = pd.DataFrame({"x": np.exp(np.random.default_rng(0).normal(0, 3, 500))})
    encoder, features = encoder_of(frame, infer_schema(frame), Inputs(scale="rank", log_skew=None))
    made = encoder.transform(features)[:, 0]
    assert made.mean() == pytest.approx(0, abs=0.02)
    assert made.std() == pytest.approx(1, abs=0.02)
    assert (np.argsort(made, kind="stable") == np.argsort(frame["x"], kind="stable")).mean() > 0.9


def test_orders_are_recognised_by_names_only_where_all_belong():
    assert level_ranks(["Excellent", "poor", "Good"]).keys() >= {"excellent", "poor", "good"}
    assert level_ranks(["S", "M", "L"])["s"] < level_ranks(["S", "M", "L"])["xl"]
    assert level_ranks(["good", "poor"]) == {}
    assert level_ranks(["good", "poor", "blue"]) == {}
    assert level_ranks(["a", "b"], order=("b", "a")) == {"b": 0.0, "a": 1.0}


def test_no_scale_names_a_level_twice():
    for scale in SCALES:
        names = [name for same in scale for name in same.split("|")]
        assert len(set(names)) == len(names)
