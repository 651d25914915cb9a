"""Means of a search's trials by factor: which trials count, how they are put together."""

from __future__ import annotations

import math

import numpy as np
import pytest
from scipy import stats as scipy_stats

from mlplab.search import Range, Space, Trial
from mlplab.search.marginal import equal_count_bins, longest_trials, marginal_means

SPACE = Space({"lr": Range(low=0.001, high=1.0, log=True), "norm": ("none", "batch", "layer")})


def trial(lr, norm, score, epochs=4, seeds=(0,), **more):
    return Trial({"lr": lr, "norm": norm}, epochs, seeds, (score,) * len(seeds), **more)


def drawn(n=20, seed=0):
    rng = np.random.default_rng(seed)
    return [
        trial(float(10 ** rng.uniform(-3, 0)), ("none", "batch")[k % 2], float(rng.uniform()))
        for k in range(n)
    ]


def test_means_are_those_of_the_trials_with_their_t_intervals():
    trials = drawn()
    frame = marginal_means(trials, SPACE, "valid_accuracy", 1.0)
    batch = frame[frame["value"] == "batch"].iloc[0]
    scores = [t.score for t in trials if t.config["norm"] == "batch"]
    ends = scipy_stats.ttest_1samp(scores, 0).confidence_interval(0.95)
    assert batch["mean"] == pytest.approx(np.mean(scores))
    assert (batch["low"], batch["high"]) == pytest.approx((ends.low, ends.high))
    assert batch["trials"] == 10
    # What was never tried has no row.
    assert "layer" not in set(frame["value"])


def test_bins_of_a_range_hold_equally_many_trials_and_every_trial_once():
    trials = drawn()
    rates = marginal_means(trials, SPACE, "valid_accuracy", 1.0).query("factor == 'lr'")
    assert rates["trials"].tolist() == [4, 4, 4, 4, 4]
    ends = [
        end for low, high in zip(rates["from"], rates["to"], strict=True) for end in (low, high)
    ]
    assert ends == sorted(ends)
    assert (ends[0], ends[-1]) == tuple(f(t.config["lr"] for t in trials) for f in (min, max))
    whole = np.average(rates["mean"], weights=rates["trials"])
    assert whole == pytest.approx(np.mean([t.score for t in trials]))


def test_the_order_of_the_trials_changes_nothing():
    trials = drawn()
    one = marginal_means(trials, SPACE, "valid_accuracy", 1.0)
    other = marginal_means(trials[::-1], SPACE, "valid_accuracy", 1.0)
    assert one["mean"].to_numpy() == pytest.approx(other["mean"].to_numpy())
    assert one[["factor", "value", "from", "to"]].equals(other[["factor", "value", "from", "to"]])


def test_only_the_longest_trainings_count_and_each_configuration_once():
    trials = [
        trial(0.1, "none", 0.2, epochs=1),
        trial(0.1, "none", 0.5, seeds=(0, 1)),
        trial(0.1, "none", 0.6, seeds=(0, 1, 2, 3)),
        trial(0.2, "batch", 0.9, epochs=12, rung=4),
    ]
    assert longest_trials(trials, SPACE) == [2, 3]
    frame = marginal_means(trials, SPACE, "valid_accuracy", 1.0)
    assert frame[frame["factor"] == "norm"]["mean"].tolist() == [0.6, 0.9]


def test_failed_trials_are_counted_and_left_out_of_the_mean():
    trials = [trial(0.1, "none", 0.4), trial(0.2, "none", 0.6), trial(0.9, "none", -math.inf)]
    trials.append(trial(0.8, "batch", -math.inf))
    frame = marginal_means(trials, SPACE, "valid_accuracy", 1.0).set_index("value")
    assert frame.loc["none", ["mean", "trials", "failed"]].tolist() == [0.5, 2, 1]
    assert frame.loc["batch", ["trials", "failed"]].tolist() == [0, 1]
    assert math.isnan(frame.loc["batch", "mean"])


def test_a_loss_has_its_own_sign_and_an_interval_that_ends_where_it_does():
    trials = [trial(0.1, "none", -0.1), trial(0.2, "none", -0.9)]
    frame = marginal_means(trials, SPACE, "valid_loss", -1.0).set_index("value")
    assert frame.loc["none", "mean"] == pytest.approx(0.5)
    assert frame.loc["none", "low"] == 0.0


@pytest.mark.parametrize("n", [1, 3, 8, 20, 21, 57])
def test_bins_differ_by_one_at_most_and_follow_the_order(n):
    values = np.random.default_rng(n).permutation(n).astype(float).tolist()
    bins = equal_count_bins(values, 5, 4)
    counts = np.bincount(bins)
    assert counts.max() - counts.min() <= 1
    assert len(counts) == min(5, max(1, n // 4))
    by_value = [bins[place] for place in np.argsort(values)]
    assert by_value == sorted(by_value)


def test_equal_values_share_a_bin():
    values = [1.0] * 9 + [2.0] * 2 + [3.0] * 9
    bins = equal_count_bins(values, 5, 4)
    assert len({*zip(values, bins, strict=True)}) == 3
