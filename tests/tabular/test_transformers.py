"""Each transformer: scikit-learn's own checks, its formula, and its limit cases."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays
from scipy.stats import skew
from sklearn.linear_model import LinearRegression
from sklearn.preprocessing import QuantileTransformer, RobustScaler
from sklearn.utils.estimator_checks import check_estimator

from mlplab.errors import ConfigError, DataError
from mlplab.tabular import (
    DateParts,
    EmptyToZero,
    InterpolationImputer,
    PeriodicFeatures,
    PiecewiseLinear,
    QuantileScaler,
    RoundsImputer,
    SkewedLog,
    SmoothClipScaler,
)

ALL = [
    EmptyToZero(),
    InterpolationImputer(),
    PeriodicFeatures(),
    PiecewiseLinear(),
    QuantileScaler(),
    RoundsImputer(),
    SkewedLog(),
    SmoothClipScaler(),
]


@pytest.mark.parametrize("estimator", ALL, ids=lambda t: type(t).__name__)
def test_scikit_learns_own_checks(estimator):
    # the check of other array libraries is for estimators that take them, and skips itself
    results = check_estimator(estimator, on_skip=None)
    assert len(results) > 40
    assert {r["check_name"] for r in results if r["status"] != "passed"} <= {
        "check_array_api_input"
    }


numbers = arrays(
    np.float64,
    st.tuples(st.integers(3, 12), st.integers(2, 4)),
    elements=st.floats(-1e6, 1e6, allow_subnormal=False).map(lambda x: round(x, 3)),
)


@pytest.mark.parametrize("transformer", ALL, ids=lambda t: type(t).__name__)
@given(X=numbers)
def test_what_goes_in_finite_comes_out_finite_and_named(transformer, X):
    frame = pd.DataFrame(
        X, columns=[f"c{i}" for i in range(X.shape[1])], index=range(5, 5 + len(X))
    )
    out = transformer.set_output(transform="pandas").fit_transform(frame)
    assert np.isfinite(out.to_numpy()).all()
    assert list(out.columns) == list(transformer.get_feature_names_out())
    assert len(set(out.columns)) == out.shape[1]
    assert list(out.index) == list(frame.index)


@pytest.mark.parametrize("transformer", ALL, ids=lambda t: type(t).__name__)
def test_a_row_does_not_depend_on_its_companions(transformer):
    rng = np.random.default_rng(1)
    X = np.column_stack([rng.permutation(40).astype(float), rng.normal(size=(40, 3))])
    fitted = transformer.set_output(transform="default").fit(X[:30])
    together = fitted.transform(X[30:])
    alone = np.vstack([fitted.transform(X[[i]]) for i in range(30, 40)])
    assert np.array_equal(together, alone)


def test_skewness_is_scipys_and_the_log_has_an_inverse():
    rng = np.random.default_rng(2)
    X = np.column_stack([rng.lognormal(size=80), rng.normal(size=80), -rng.lognormal(size=80)])
    X[::9] = np.nan
    log = SkewedLog(threshold=1.0).fit(X)
    assert log.skewness_ == pytest.approx(skew(X, nan_policy="omit"))
    assert log.is_logged_.tolist() == [True, False, True]
    out = log.transform(X)
    assert out[:, 0] == pytest.approx(np.log1p(X[:, 0]), nan_ok=True)
    assert out[:, 2] == pytest.approx(-np.log1p(-X[:, 2]), nan_ok=True)
    assert log.inverse_transform(out) == pytest.approx(X, nan_ok=True)


@pytest.mark.parametrize("unit", [1e-300, 1.0, 1e300])
def test_skewness_does_not_depend_on_the_unit(unit):
    X = np.array([[0.0], [1.0], [2.0], [9.0]])
    assert SkewedLog().fit(X * unit).skewness_ == pytest.approx(skew(X))


def test_smooth_clip_is_robust_scaling_where_numbers_are_small_and_the_limit_where_large():
    X = np.random.default_rng(3).normal(size=(200, 2))
    ours = SmoothClipScaler().fit(X)
    theirs = RobustScaler().fit_transform(X)
    assert ours.transform(X) == pytest.approx(theirs / np.sqrt(1 + (theirs / 3) ** 2))
    wide = SmoothClipScaler(limit=1e9).fit_transform(X)
    assert wide == pytest.approx(theirs)
    far = ours.transform([[1e300, -1e300]])
    assert far.ravel() == pytest.approx([3, -3])
    assert ours.inverse_transform(ours.transform(X)) == pytest.approx(X)


def test_smooth_clip_falls_back_to_the_range_and_then_to_zero():
    X = np.array([[0.0, 5.0, np.nan]] * 9 + [[4.0, 5.0, np.nan]])
    scaler = SmoothClipScaler().fit(X)
    assert scaler.scale_.tolist() == [2.0, np.inf, np.inf]
    out = scaler.transform(X)
    assert out[-1, 0] == pytest.approx(2 / np.sqrt(1 + (2 / 3) ** 2))
    assert (out[:, 1] == 0).all()
    assert scaler.transform([[0.0, 77.0, 3.0]]).tolist() == [[0.0, 0.0, 0.0]]


def test_quantile_scaling_is_scikit_learns_without_its_warning(recwarn):
    X = np.random.default_rng(4).lognormal(size=(50, 2))
    theirs = QuantileTransformer(n_quantiles=50, output_distribution="normal").fit_transform(X)
    assert np.array_equal(QuantileScaler().fit_transform(X), theirs)
    assert not list(recwarn)


def test_piecewise_linear_is_the_papers_formula():
    X = np.random.default_rng(5).normal(size=(101, 1))
    encoder = PiecewiseLinear(n_bins=4).fit(X)
    edges = np.quantile(X, [0, 0.25, 0.5, 0.75, 1])
    assert encoder.edges_[0] == pytest.approx(edges)
    x = 1.5 * X
    expected = np.empty((len(x), 4))
    for t in range(4):
        part = (x[:, 0] - edges[t]) / (edges[t + 1] - edges[t])
        part = np.where((x[:, 0] < edges[t]) & (t > 0), 0, part)
        expected[:, t] = np.where((x[:, 0] >= edges[t + 1]) & (t < 3), 1, part)
    assert encoder.transform(x) == pytest.approx(expected)


@given(X=numbers, n_bins=st.integers(1, 6))
def test_piecewise_linear_keeps_the_order_and_the_number(X, n_bins):
    encoder = PiecewiseLinear(n_bins).fit(X[:, :1])
    order = np.argsort(X[:, 0], kind="stable")
    out = encoder.transform(X[:, :1])[order]
    assert (np.diff(out, axis=0) >= -1e-9).all()
    edges = encoder.edges_[0]
    widths = np.diff(edges) if len(edges) > 1 else np.zeros(1)
    back = edges[0] + out @ widths
    assert back == pytest.approx(X[order, 0], rel=1e-6, abs=1e-6)


def test_a_linear_model_on_bins_fits_what_bends_at_their_edges():
    x = np.linspace(-1, 1, 101)[:, None]
    features = PiecewiseLinear(n_bins=2).fit_transform(x)
    assert LinearRegression().fit(features, np.abs(x)).score(features, np.abs(x)) > 1 - 1e-12
    assert LinearRegression().fit(x, np.abs(x)).score(x, np.abs(x)) < 0.01


def test_equal_quantiles_share_a_bin_and_a_constant_is_zero():
    X = np.array([[0.0, 7.0]] * 9 + [[1.0, 7.0]])
    encoder = PiecewiseLinear(n_bins=8).set_output(transform="pandas").fit(X)
    out = encoder.transform(np.array([[0.5, 9.0]]))
    assert [name.split("_")[0] for name in out.columns].count("x1") == 1
    assert out["x1_bin0"].tolist() == [0.0]


def test_periodic_features_are_sines_of_fixed_frequencies():
    few, many = PeriodicFeatures(2, seed=3).fit([[0.0]]), PeriodicFeatures(5, seed=3).fit([[0.0]])
    assert np.array_equal(few.frequencies_, many.frequencies_[:2])
    assert not np.array_equal(
        PeriodicFeatures(2, seed=4).fit([[0.0]]).frequencies_, few.frequencies_
    )
    X = np.array([[0.3, -1.2]])
    out = few.fit(X).transform(X)[0]
    for i, x in enumerate(X[0]):
        angle = 2 * np.pi * few.frequencies_ * x
        assert out[5 * i : 5 * i + 5] == pytest.approx([x, *np.sin(angle), *np.cos(angle)])
    bare = PeriodicFeatures(2, seed=3, keep=False).fit(X)
    assert bare.transform(X).shape == (1, 8)
    assert list(bare.get_feature_names_out(["a", "b"]))[:2] == ["a_sin0", "a_sin1"]


def test_drawing_frequencies_leaves_the_global_state_alone():
    before = np.random.get_state()[1].copy()  # noqa: NPY002
    PeriodicFeatures().fit_transform([[1.0]])
    assert np.array_equal(before, np.random.get_state()[1])  # noqa: NPY002


def test_interpolation_is_numpys_whatever_the_sequence_of_the_rows():
    rng = np.random.default_rng(6)
    place = rng.permutation(50).astype(float)
    value = np.sin(place / 8)
    X = np.column_stack([place, value])
    gaps = rng.random(50) < 0.3
    X[gaps, 1] = np.nan
    out = InterpolationImputer().fit_transform(X)[:, 0]
    known = np.argsort(place[~gaps])
    assert out[~gaps] == pytest.approx(value[~gaps])
    assert out[gaps] == pytest.approx(
        np.interp(place[gaps], place[~gaps][known], value[~gaps][known])
    )
    shuffle = rng.permutation(50)
    assert InterpolationImputer().fit_transform(X[shuffle])[:, 0] == pytest.approx(out[shuffle])


def test_interpolation_averages_ties_and_knows_what_to_do_without_a_place():
    X = [[1.0, 2.0], [1.0, 4.0], [3.0, 9.0], [2.0, np.nan], [np.nan, np.nan], [9.0, np.nan]]
    out = InterpolationImputer().fit_transform(X)[:, 0]
    assert out.tolist() == [2.0, 4.0, 9.0, 6.0, 5.0, 9.0]


def test_parts_of_dates():
    dates = pd.to_datetime(["1970-01-05 12:00", "2012-02-29 00:00", None])
    parts = ("days", "year", "month", "day", "weekday", "hour", "year-cycle", "week-cycle")
    out = DateParts(parts).set_output(transform="pandas").fit_transform(pd.DataFrame({"d": dates}))
    first, second, gap = out.to_numpy()
    assert first[:6].tolist() == [4.5, 1970, 1, 5, 0, 12]
    assert second[:6].tolist() == [15399, 2012, 2, 29, 2, 0]
    assert np.isnan(gap).all()
    assert np.hypot(out["d_year-cycle-sin"][0], out["d_year-cycle-cos"][0]) == pytest.approx(1)
    assert out["d_week-cycle-cos"][0] == pytest.approx(np.cos(2 * np.pi / 14))


@pytest.mark.parametrize(
    ("make", "match"),
    [
        (lambda: PiecewiseLinear(0).fit([[1.0]]), "n_bins: expected at least 1; got 0"),
        (lambda: PeriodicFeatures(0).fit([[1.0]]), "n_frequencies: expected at least 1"),
        (lambda: DateParts(("yaer",)).fit(pd.DataFrame()), "expected parts of .* got 'yaer'"),
        (lambda: DateParts().fit(pd.DataFrame({"a": [1]})), "datetimes in column 'a'; got int64"),
        (lambda: DateParts().fit([[1]]), "expected a pandas frame; got list"),
    ],
)
def test_a_wrong_setting_is_one_line(make, match):
    with pytest.raises((ConfigError, DataError), match=match):
        make()
