"""Detection as a whole: what it says of samples that are alike, shifted, copied or unusable."""

from __future__ import annotations

import json

import numpy as np
import pandas as pd
import pytest
from scipy.stats import chisquare, norm
from sklearn.metrics import roc_auc_score

from mlplab.data import task_from_arrays
from mlplab.errors import ConfigError, DataError
from mlplab.shift import detect, detectable_auc
from mlplab.shift.detection.classifier import auc, classifier_statistics, cross_fitted
from mlplab.shift.detection.copies import copied_rows
from mlplab.shift.detection.permutations import chance_of, labellings
from mlplab.specs import Relabelled


def normal(n, d=4, seed=0):
    return np.random.default_rng(seed).normal(size=(n, d))


def tables(n=150, seed=0):
    rng = np.random.default_rng(seed)
    frame = pd.DataFrame({
        "age": rng.normal(40, 10, 2 * n),
        "town": rng.choice(["Oslo", "Rome", "Bern"], 2 * n),
        "income": rng.lognormal(size=2 * n),
    })  # fmt: skip
    frame.loc[rng.random(2 * n) < 0.1, "income"] = np.nan
    return frame.iloc[:n], frame.iloc[n:].reset_index(drop=True)


def test_rows_of_a_labelling_are_each_row_once_as_its_class():
    n, n_first = 50, 20
    task = task_from_arrays(np.arange(2 * n, dtype=float)[:, None], np.repeat([0, 1], n))
    labels = labellings(n_first, n, 6, seed=2)
    held = []
    for index in range(3):
        rows = Relabelled(n_first=n_first, n_folds=3, index=index, seed=2)
        for number in range(7):
            split = task.split(number, rows)
            both = np.concatenate([split.train, split.valid])
            np.testing.assert_array_equal(np.sort(both % n), np.arange(n))
            np.testing.assert_array_equal(both >= n, labels[number, both % n])
            np.testing.assert_array_equal(split.valid % n, task.split(0, rows).valid % n)
        held.append(split.valid % n)
    np.testing.assert_array_equal(np.sort(np.concatenate(held)), np.arange(n))


def test_any_run_seed_may_learn_the_labels_as_they_are():
    n, n_first = 12, 5
    task = task_from_arrays(np.arange(2 * n, dtype=float)[:, None], np.repeat([0, 1], n))
    zero = Relabelled(n_first=n_first, n_folds=3, seed=2)
    moved = Relabelled(n_first=n_first, n_folds=3, seed=2, observed=4)
    for seed, other in {0: 4, 4: 0, 1: 1, 5: 5}.items():
        np.testing.assert_array_equal(task.split(seed, moved).train, task.split(other, zero).train)


def test_which_network_learns_the_observed_labels_goes_with_the_rows():
    """With always the same one, its luck would be in the p-values of all data sets."""
    draws = [normal(20, seed=number).astype(np.float32) for number in range(200)]
    places = [chance_of(rows, 0) % 10 for rows in draws]
    assert chisquare(np.bincount(places, minlength=10)).pvalue > 0.001
    assert places == [chance_of(rows.copy(), 0) % 10 for rows in draws]
    assert places != [chance_of(rows, 1) % 10 for rows in draws]


def test_relabelled_rows_need_a_pool_that_holds_each_twice():
    task = task_from_arrays(normal(5), [0, 1, 0, 1, 0])
    with pytest.raises(ConfigError, match="holds each row twice was expected"):
        task.split(0, Relabelled(n_first=2))
    with pytest.raises(ConfigError, match="index: expected below n_folds=2; got 2"):
        Relabelled(n_first=2, index=2)


def test_auc_is_that_of_scikit_learn_with_ties_too():
    rng = np.random.default_rng(0)
    scores, second = rng.integers(0, 5, 60).astype(float), rng.random(60) < 0.3
    assert auc(scores, second) == pytest.approx(roc_auc_score(second, scores))
    assert auc(scores, np.zeros(60, bool)) == 0.5


def test_networks_learn_the_observed_labelling_and_nothing_of_permuted_ones():
    rows = normal(120).astype(np.float32)
    rows[60:, 0] += 2
    found = classifier_statistics(rows, labellings(60, 120, 19, seed=0), 0, workers=1)
    assert found[0] > 0.85
    assert abs(found[1:].mean() - 0.5) < 0.05
    assert (found[0] > found[1:]).all()
    fitted = cross_fitted(rows, 60, workers=1)
    assert fitted.low < fitted.auc < fitted.high
    assert fitted.auc == pytest.approx(0.92, abs=0.06)  # Phi(2 / sqrt 2), less what is not learnt


def test_a_shifted_table_is_said_to_be_with_the_column_that_did():
    first, second = tables()
    second = second.assign(town=second["town"].replace("Bern", "Bonn"))
    found = detect(first, second, n_permutations=19, workers=1)
    assert found.shifted.verdict == found.matters.verdict == "supported"
    assert found.columns[0].name == "town"
    assert found.columns[0].size == pytest.approx((second["town"] == "Bonn").mean(), abs=0.1)
    assert (second["town"][found.most_unlike()] == "Bonn").all()
    plain = json.loads(json.dumps(found.plain()))
    assert plain["rows"] == [150, 150]
    assert set(plain["verdicts"]) == {"shifted", "matters", "harmful"}
    assert plain["columns"][0]["name"] == "town"
    assert found.shifted.p == plain["tests"]["together"] == 0.05


def test_gaps_alone_are_a_shift_of_their_column():
    first, second = tables()
    second.loc[::2, "income"] = np.nan
    found = detect(first, second, n_permutations=19, workers=1)
    assert found.columns[0].name == "income"
    assert found.columns[0].tests["missing"] < 1e-4
    assert found.columns[0].size > 0.2


def test_a_column_without_an_entry_in_one_sample_is_one_that_differs():
    first, second = normal(60), normal(50, seed=1)
    second[:, 1] = np.nan
    found = detect(first, second, n_permutations=19, progress=False)
    assert found.shifted.verdict == "supported"
    (shift,) = found.seen_columns
    assert (shift.name, shift.size) == ("x1", 1.0)
    assert str(found.changes["x1"]) == "x1 is missing 0 % to 100 %"
    turned = detect(second, first, n_permutations=19, progress=False)
    assert str(turned.changes["x1"]) == "x1 is missing 100 % to 0 %"


def test_changes_say_what_moved_and_where_to():
    rng = np.random.default_rng(0)
    first, second = normal(400), normal(300, seed=1)
    second[:, 0] += 0.5
    second[:, 1] *= 2
    second[rng.random(300) < 0.4, 2] = np.nan
    changes = detect(first, second, n_permutations=19, progress=False).changes
    for place in (0, 1):
        change, both = changes[f"x{place}"], np.concatenate([first, second])[:, place]
        assert change.kind == "number"
        moved = (second[:, place].mean() - first[:, place].mean()) / both.std()
        assert change.second - change.first == pytest.approx(moved, abs=1e-5)
        spread = second[:, place].std() / first[:, place].std()
        assert change.spread == pytest.approx(spread, rel=1e-4)
    gaps = changes["x2"]
    assert (gaps.kind, gaps.name, gaps.first) == ("missing", "x2 is missing", 0)
    assert gaps.second == pytest.approx(np.isnan(second[:, 2]).mean())


def test_copies_are_counted_and_named_first():
    first, second = tables()
    second = pd.concat([second, first.iloc[[3, 4, 5]]], ignore_index=True)[
        ["town", "income", "age"]
    ]
    found = detect(first, second, n_permutations=19, workers=1)
    np.testing.assert_array_equal(found.copies, [150, 151, 152])
    assert found.lines()[0].startswith("3 of 153 rows to judge are copies")
    assert "rows 150, 151, 152" in found.lines()[0]
    np.testing.assert_array_equal(copied_rows(first, second), found.copies)


def test_large_samples_may_differ_by_less_than_what_matters():
    first, second = normal(4000, 3), normal(4000, 3, seed=1)
    second[:, 0] += 0.08
    found = detect(first, second, n_permutations=19, workers=1)
    assert found.shifted.verdict == "supported"
    assert found.matters.verdict == "refuted"
    assert found.shifted.size < 0.55


def test_columns_see_all_rows_where_permutations_see_some(monkeypatch):
    first, second = normal(3000, 3), normal(3000, 3, seed=1)
    second[:, 1] += 0.15
    monkeypatch.setattr("mlplab.shift.detection.detect.MOST_ROWS", 100)
    found = detect(first, second, n_permutations=19, workers=1)
    assert found.judged == (100, 100)
    assert found.tests["columns of all rows"] == found.columns[0].p < 1e-4
    assert found.shifted.verdict == "supported"
    assert found.shifted.p == pytest.approx(2 * found.columns[0].p)


def test_the_same_call_says_the_same():
    first, second = tables()
    answers = [detect(first, second, n_permutations=19, workers=1).plain() for _ in range(2)]
    for one in answers:
        del one["seconds"]
    assert answers[0] == answers[1]


def test_what_a_rank_test_can_see_is_what_simulation_says():
    rng, n = np.random.default_rng(0), 60
    bar = detectable_auc(n, n)
    assert bar == pytest.approx(0.631, abs=0.01)
    # Normals so far apart have this AUC: Phi(0.4726 / sqrt 2).
    found = [auc(np.r_[rng.normal(size=n), rng.normal(0.4726, size=n)], np.arange(2 * n) >= n)
             for _ in range(2000)]  # fmt: skip
    assert np.mean(found) == pytest.approx(bar, abs=0.005)
    error = np.sqrt((2 * n + 1) / (12 * n * n))
    assert np.mean(np.array(found) > 0.5 + 1.645 * error) == pytest.approx(0.8, abs=0.05)


@pytest.mark.parametrize(
    ("settings", "says"),
    [
        ({"epsilon": 0.5}, "epsilon: expected an AUC's distance from 0.5"),
        ({"epsilon": float("nan")}, "epsilon: expected"),
        ({"n_permutations": 5}, "n_permutations: expected at least 19"),
        ({"epsilon": None}, "epsilon: expected an AUC's distance from 0.5, below 0.5; got None"),
        ({"n_permutations": None}, "n_permutations: expected a whole number from 19; got None"),
        ({"seed": -1}, "seed: expected at least 0; got -1"),
        ({"seed": 1.5}, "seed: expected a whole number from 0; got 1.5"),
        ({"classifier": "no"}, "classifier: expected True or False; got 'no'"),
        ({"workers": 0}, "workers: expected at least 1; got 0"),
    ],
)
def test_settings_out_of_range_are_refused(settings, says):
    with pytest.raises(ConfigError, match=says):
        detect(normal(30), normal(30), **settings)


@pytest.mark.parametrize(
    ("asked", "says"),
    [
        (("a", 200), "n_first: expected a whole number from 1; got 'a'"),
        ((200, 0), "n_second: expected at least 1; got 0"),
        ((200, 200, 1.0), "power: expected a share between 0 and 1; got 1.0"),
    ],
)
def test_what_a_rank_test_can_see_needs_rows(asked, says):
    with pytest.raises(ConfigError, match=says):
        detectable_auc(*asked)


def test_samples_that_cannot_be_compared_are_refused():
    with pytest.raises(DataError, match="second sample: expected at least 20 rows; got 1"):
        detect(normal(30), normal(1))
    with pytest.raises(DataError):
        detect(normal(30), normal(30, 5))
    with pytest.raises(DataError, match="inf"):
        detect(normal(30), np.full((30, 4), np.inf))


def test_progress_counts_every_network_to_the_last():
    seen = []
    x, y = normal(60), np.arange(60) % 2
    detect(x, normal(40, seed=1), target=y, n_permutations=19, workers=1, progress=seen.append)
    assert seen[-1].n_done == seen[-1].n_runs == 3 * 20 + 5 * 3 + 5 + 20
    assert seen[-1].seconds_left == 0
    assert str(seen[-1].counts) == "100 of 100 networks"
    assert [one.n_done for one in seen] == sorted(one.n_done for one in seen)


def test_a_small_size_is_measured_where_rows_are_many():
    step = np.sqrt(2) * norm.ppf(0.53)
    rows = np.random.default_rng(0).standard_normal((80_000, 10)).astype(np.float32)
    rows[40_000:, 0] += step
    best = roc_auc_score(np.arange(80_000) >= 40_000, rows[:, 0])
    fitted = cross_fitted(rows, 40_000, n_seeds=2, workers=1)
    assert best == pytest.approx(0.53, abs=0.006)
    # Networks trained as those of the labellings are, in small batches, measure 0.51.
    assert best - 0.006 < fitted.auc < best + 0.001
