"""What the exercises on house prices are made of: features, folds, gaps, submissions."""

from __future__ import annotations

import numpy as np
import pytest
import torch

from mlplab.exercises import PROFILES, get_exercise
from mlplab.exercises.measured import Measured, decide_measured
from mlplab.exercises.section_4_10 import folds, scores, tables
from mlplab.exercises.section_4_10.missing_values import gaps
from mlplab.exercises.section_4_10.submission import mean_price, submission
from mlplab.exercises.section_4_10.tuning_by_folds.tuning import CHAPTER, SOURCE, Tuning
from mlplab.experiment import folds as folds_of
from mlplab.stats import cross_validated_interval

pytestmark = pytest.mark.usefixtures("synthetic_houses")


def test_standardised_numbers_have_mean_0_and_deviation_1_over_both_tables():
    X, raw = (tables.published_features(kind) for kind in (True, False))
    numbers = tables.houses().features.select_dtypes("number")
    n = numbers.shape[1]
    assert X.shape == raw.shape
    assert X[:, :n].mean(axis=0) == pytest.approx(np.zeros(n), abs=1e-12)
    complete = numbers.notna().all().to_numpy()
    assert X[:, :n][:, complete].std(axis=0, ddof=1) == pytest.approx(np.ones(complete.sum()))
    assert np.array_equal(X[:, n:], raw[:, n:])
    # Of each category exactly one level, or its absence, is there.
    n_categories = tables.houses().features.shape[1] - n
    assert (X[:, n:].sum(axis=1) == n_categories).all()


def test_five_folds_hold_out_every_row_once_and_are_those_of_folds():
    n = folds.N_ROWS
    task = tables.houses()
    held = [folds.fold_rows(place)[1] for place in range(10)]
    for deal in (held[:5], held[5:]):
        assert np.array_equal(np.sort(np.concatenate(deal)), np.arange(n))
    from mlplab.data.split import draw_split

    for rows, fold in zip(held, folds_of(5, repeats=2), strict=True):
        assert np.array_equal(rows, draw_split(np.arange(n), 0, 0, fold).valid)
    assert len(task.prices) == n


def test_inner_folds_hold_no_row_that_judges():
    for place in range(8):
        train, held = folds.inner_rows(place)
        outer, judged = folds.fold_rows(place // folds.N_INNER)
        assert np.array_equal(np.sort(np.concatenate([train, held])), outer)
        assert not np.intersect1d(np.concatenate([train, held]), judged).size


@pytest.mark.parametrize("features", ["standardised", "plain"])
def test_a_seed_trains_and_is_judged_on_the_prices_of_its_fold(features):
    from mlplab.data import load_task

    ref = tables.house_folds(6, features, "log price")
    task = load_task(ref.name, **ref.params)
    y = np.log(tables.houses().prices).astype(np.float32)
    for seed in (0, 5):
        split = task.split(seed, folds.own_fold())
        for rows, wanted in zip((split.train, split.valid), folds.fold_rows(seed), strict=True):
            assert np.array_equal(task.targets[rows, 0], y[wanted])


def test_preparation_sees_training_rows_only():
    (fold,) = tables.prepared(1, "plain", tables.CHAPTER)
    place = fold.names.index("GrLivArea")
    assert fold.train[:, place].mean() == pytest.approx(0, abs=1e-12)
    assert abs(fold.held[:, place].mean()) > 1e-6


def test_the_score_is_relative_and_knows_the_clamp():
    prices = np.array([100_000.0, 200_000.0])
    assert tables.log_rmse(prices * 1.1, prices) == pytest.approx(np.log(1.1))
    assert tables.log_rmse(np.array([-5.0, 1.0]), np.ones(2)) == 0


def test_a_claim_over_folds_has_the_corrected_interval():
    values = np.array([0.1, 0.2, 0.15, 0.12, 0.18])
    claim = scores.fold_claim("x", values, "higher")
    (verdict,) = decide_measured([claim])
    n = folds.N_ROWS
    wanted = cross_validated_interval(values, n * 4 // 5, n // 5)
    assert verdict.interval == pytest.approx((float(wanted.low), float(wanted.high)))
    plain = Measured("x", claim.values, claim.matters, "higher", claim.metric)
    (narrow,) = decide_measured([plain])
    assert narrow.interval[0] > verdict.interval[0]
    assert plain.id != claim.id


@pytest.mark.parametrize("mechanism", gaps.MECHANISMS)
def test_removal_takes_its_share_and_from_the_upper_half_if_not_at_random(mechanism):
    table = tables.houses().train
    left = gaps.remove(table, mechanism, 3)
    for name in gaps.COLUMNS:
        gone = left[name].isna().to_numpy()
        assert gone.mean() == pytest.approx(gaps.SHARE, abs=0.1)
        values = table[name].to_numpy(float)
        assert np.array_equal(values[~gone], left[name].to_numpy(float)[~gone])
        if mechanism == "not at random":
            assert values[gone].min() >= np.median(values) - 1e-9
    others = [name for name in table if name not in gaps.COLUMNS]
    assert left[others].equals(table[others])


def test_a_submission_holds_one_price_per_id_and_refuses_others():
    n = len(tables.houses().test)
    content, n_rows = submission(np.full(n, 123_456.5))
    lines = content.decode().splitlines()
    assert n_rows == n == len(lines) - 1
    assert lines[0] == "Id,SalePrice"
    with pytest.raises(Exception, match="above 0"):
        submission(np.zeros(n))


def test_prices_of_several_models_are_their_geometric_mean():
    outputs = np.log([[100.0, 50.0], [400.0, 50.0]])
    assert mean_price(outputs, np.exp) == pytest.approx([200.0, 50.0])


def test_the_clamped_model_is_the_logarithm_of_a_linear_price():
    from mlplab.exercises.section_4_10.log_price.clamped_log import clamped_log

    torch.manual_seed(0)
    model = clamped_log(3, 1, start=1000.0)
    X = torch.randn(20, 3)
    linear = model.linear(X)
    assert torch.allclose(model(X), torch.log(linear))
    assert linear.min() > 900


def test_the_sources_network_has_the_layers_that_it_names():
    from mlplab.exercises.section_4_10.better_model.source_network import source_network

    shapes = [tuple(p.shape) for p in source_network(330, 1).parameters() if p.ndim == 2]
    assert shapes == [(330, 330), (165, 330), (82, 165), (41, 82), (1, 41)]


def test_tuning_within_folds_never_beats_hindsight_and_knows_ties():
    rng = np.random.default_rng(0)
    found = Tuning((50, 100), rng.random((4, 2, 5)), rng.random((4, 2, 5)))
    assert found.folds[found.flat].mean() == found.folds.mean(axis=-1).min()
    assert (found.nested >= found.folds.min(axis=(0, 1))).all()
    agreed = Tuning((50,), found.folds[:, :1], found.folds[:, :1])
    assert agreed.nested == pytest.approx(agreed.folds[:, 0].min(axis=0))


def test_the_sources_settings_are_arms():
    for profile in PROFILES.values():
        grid = get_exercise("4.10.4").design(profile, None)["folds"]
        for factors in (CHAPTER, SOURCE):
            run = grid.find(factors).run
            assert (run.optim.kind, run.mlp.hidden, run.rows.kind) == ("adam", (), "own")


def test_a_larger_share_removes_what_a_smaller_one_does():
    table = tables.houses().train
    few, many = (gaps.remove(table, "at random", 3, share) for share in (0.3, 0.6))
    for name in gaps.COLUMNS:
        assert (few[name].isna() <= many[name].isna()).all()
        assert many[name].isna().mean() == pytest.approx(0.6, abs=0.1)


def test_gaps_are_filled_from_the_nearest_training_row_before():
    from mlplab.tabular import conform, infer_schema

    table = tables.houses().train
    schema = infer_schema(table, target="SalePrice")
    frame = conform(table, schema)
    filled = gaps.filled_from_rows(frame, schema, 0)
    train, _ = folds.fold_rows(0, len(frame))
    (name, *_) = [n for n in frame if frame[n].isna().any() and schema[n].kind == "number"]
    there = frame[name].notna()
    assert filled[name].notna().all()
    assert (filled[name][there] == frame[name][there]).all()
    place = int(np.flatnonzero(~there)[-1])
    source = max(row for row in train if row < place and there.iloc[row])
    assert filled[name].iloc[place] == frame[name].iloc[source]


def test_a_figure_of_differences_holds_what_decides():
    from mlplab.exercises import Results

    claims = (
        scores.fold_claim("a", np.array([0.1, 0.3, np.nan]), "higher"),
        scores.fold_claim("b", np.array([-0.2, 0.1, 0.0]), "lower"),
    )
    verdicts = {verdict.key: verdict for verdict in decide_measured(claims)}
    results = Results({}, PROFILES["quick"], claims, verdicts=verdicts)
    data = scores.fold_differences(results, ("b", "a"), "pairs").data
    for claim in claims:
        rows = data[data["claim"] == verdicts[claim.key].id]
        assert rows["difference"].tolist() == [v for v in claim.values if np.isfinite(v)]
        assert (rows["low"].iloc[0], rows["high"].iloc[0]) == verdicts[claim.key].interval
