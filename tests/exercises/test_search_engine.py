"""The simulated search engine against closed forms, limit cases and other libraries."""

from __future__ import annotations

from dataclasses import fields, replace

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy import optimize, stats
from scipy.special import expit
from sklearn.metrics import log_loss as sklearn_log_loss

from mlplab.exercises.section_4_9.search_engine import tell
from mlplab.exercises.section_4_9.search_engine.auction import auction, balanced_bid
from mlplab.exercises.section_4_9.search_engine.clicks import click, correlation, examination, gini
from mlplab.exercises.section_4_9.search_engine.outcomes import (
    flipped,
    kept_errors,
    reactions,
    staleness,
    two_sample_p,
)
from mlplab.exercises.section_4_9.search_engine.ranking import RankingModel, log_loss
from mlplab.exercises.section_4_9.search_engine.settings import Settings
from mlplab.exercises.section_4_9.search_engine.simulation import History, simulate

SMALL = Settings(users=40, days=12, change_day=6)
OFTEN = settings(max_examples=30, deadline=None)


def rng_of(seed: int) -> np.random.Generator:
    return np.random.default_rng(seed)


@given(n=st.integers(1, 8), bias=st.floats(0.0, 2.0), seed=st.integers(0, 99))
@OFTEN
def test_clicks_are_as_frequent_as_examination_times_relevance(n, bias, seed):
    rng = rng_of(seed)
    relevance, examined = rng.random(n), examination(n, bias)
    clicks = click(relevance, examined, rng.random((20_000, n)))
    expected = relevance * examined
    deviation = np.sqrt(expected * (1 - expected) / len(clicks))
    assert np.all(np.abs(clicks.mean(axis=0) - expected) <= 5 * deviation + 1e-9)
    # Divided by the probability of examination, they are those of relevance alone.
    weighted = (clicks / examined).mean(axis=0)
    assert np.all(np.abs(weighted - relevance) <= 5 * deviation / examined + 1e-9)


def test_without_bias_every_position_is_examined():
    assert examination(5, 0.0).tolist() == [1.0] * 5


@given(st.lists(st.floats(0.0, 100.0), min_size=1, max_size=12))
@OFTEN
def test_gini_is_half_the_mean_difference_over_the_mean(amounts):
    x = np.array(amounts)
    apart = np.abs(x[:, None] - x).mean()
    expected = apart / (2 * x.mean()) if x.sum() else 0.0
    assert gini(x[None])[0] == pytest.approx(expected, abs=1e-9)
    assert gini(3 * x[None])[0] == pytest.approx(gini(x[None])[0], abs=1e-9)


def test_correlation_is_numpys_averaged_over_queries():
    a, b = rng_of(0).standard_normal((2, 3, 4, 7))
    expected = [
        np.mean([np.corrcoef(p, q)[0, 1] for p, q in zip(*two, strict=True)])
        for two in zip(a, b, strict=True)
    ]
    assert correlation(a, b) == pytest.approx(expected)


def model_of(seed: int, runs: int = 2, size: tuple[int, int] = (3, 6)) -> RankingModel:
    x = rng_of(seed).standard_normal((runs, *size, 3))
    x[..., -1] = 1.0
    return RankingModel(x, np.zeros((runs, 3)), np.zeros((runs, *size)))


def test_training_finds_the_penalised_maximum_that_scipy_finds():
    rng, model = rng_of(1), model_of(1)
    shown = rng.integers(0, 200, model.own.shape).astype(float)
    clicks = np.floor(shown * rng.random(shown.shape))
    model.train(shown, clicks, sweeps=300)
    for run in range(2):
        x, n, y = model.features[run].reshape(-1, 3), shown[run].ravel(), clicks[run].ravel()

        def loss(weights, x=x, n=n, y=y):
            s = x @ weights[:3] + weights[3:]
            penalty = np.square(weights).sum()
            slope = n * expit(s) - y
            gradient = np.concatenate([x.T @ slope, slope]) + 2 * weights
            return (n * np.logaddexp(0, s) - y * s).sum() + penalty, gradient

        best = optimize.minimize(loss, np.zeros(3 + len(n)), jac=True, tol=1e-12)
        assert model.shared[run] == pytest.approx(best.x[:3], abs=1e-3)
        assert model.own[run].ravel() == pytest.approx(best.x[3:], abs=1e-3)


def test_weighted_clicks_recover_relevance_where_plain_ones_learn_the_position():
    truth = rng_of(2).normal(-1.0, 1.0, (1, 2, 6))
    examined = examination(6, 1.0)
    shown = np.full(truth.shape, 1e6)
    expected = shown * expit(truth) * examined
    plain, weighted = model_of(2, 1, (2, 6)), model_of(2, 1, (2, 6))
    plain.train(shown, expected, sweeps=60)
    weighted.train(shown, expected / examined, sweeps=60)
    assert weighted.scores == pytest.approx(truth, abs=1e-3)
    assert plain.scores[..., 0] == pytest.approx(truth[..., 0], abs=1e-3)
    assert np.all(plain.scores[..., 1:] < truth[..., 1:] - 0.3)


def test_log_loss_is_scikit_learns():
    rng = rng_of(3)
    scores = rng.standard_normal((1, 2, 4))
    shown = rng.integers(1, 9, scores.shape)
    clicks = rng.binomial(shown, 0.4)
    labels = np.concatenate(
        [np.repeat([1, 0], [y, n - y]) for n, y in zip(shown.flat, clicks.flat, strict=True)]
    )
    chances = np.repeat(expit(scores).ravel(), shown.ravel())
    assert log_loss(scores, shown, clicks)[0] == pytest.approx(sklearn_log_loss(labels, chances))


@given(seed=st.integers(0, 999), ads=st.integers(2, 8), slots=st.integers(1, 5))
@OFTEN
def test_an_auction_ranks_by_bid_times_weight_and_nobody_pays_more_than_the_bid(seed, ads, slots):
    rng = rng_of(seed)
    bids, weights = rng.random((2, 3, ads)) + 0.01
    place, price = auction(bids, weights, slots)
    order = np.argsort(place, axis=1)
    ordered = np.take_along_axis(bids * weights, order, axis=1)
    assert np.all(np.diff(ordered, axis=1) <= 0)
    assert np.all(price <= bids * (1 + 1e-12))
    assert np.all(price[place >= slots] == 0)
    shuffled = rng.permutation(ads)
    again = auction(bids[:, shuffled], weights[:, shuffled], slots)
    assert np.array_equal(again[0], place[:, shuffled])
    assert np.allclose(again[1], price[:, shuffled])


def test_balanced_bids_come_to_rest_where_prices_are_those_of_vickrey_clarke_and_groves():
    # Cary et al. (2007): each pays, in the end, what its presence costs the others.
    values, seen = rng_of(4).random((5, 6)) + 0.5, np.array([0.3, 0.15, 0.1])
    weights, bids = np.ones_like(values), values / 2
    for _ in range(400):
        for one in range(6):
            bids[:, one] = balanced_bid(one, bids, weights, values, seen)
    place, price = auction(bids, weights, 3)
    assert np.array_equal(place, np.argsort(np.argsort(-values, axis=1), axis=1))
    ordered = -np.sort(-values, axis=1)
    steps = np.append(seen, 0.0)
    for slot in range(3):
        harm = sum((steps[k] - steps[k + 1]) * ordered[:, k + 1] for k in range(slot, 3))
        paid = np.where(place == slot, price, 0.0).sum(axis=1) * seen[slot]
        assert paid == pytest.approx(harm, rel=1e-6)


def days_of(one: History) -> list[np.ndarray]:
    """Everything that has days."""
    no_days = ("world", "remain")
    return [getattr(one, field.name) for field in fields(one) if field.name not in no_days]


def test_a_seed_does_not_depend_on_its_companions():
    alone, among = simulate(SMALL, [2]), simulate(SMALL, [0, 1, 2])
    for one, other in zip(days_of(alone), days_of(among), strict=True):
        assert np.allclose(one[:, 0], other[:, 2], rtol=1e-9)


def test_until_the_change_both_engines_are_the_same_and_after_it_they_are_not():
    changed, control = simulate(SMALL, range(3)), simulate(replace(SMALL, boost=0.0), range(3))
    for one, other in zip(days_of(changed), days_of(control), strict=True):
        assert np.array_equal(one[: SMALL.change_day], other[: SMALL.change_day])
    assert not np.array_equal(changed.shown[SMALL.change_day], control.shown[SMALL.change_day])


def test_a_model_that_never_learns_keeps_its_scores_its_lists_and_its_errors():
    one = simulate(replace(SMALL, training="never", boost=0.0), range(3))
    assert np.all(one.scores == one.scores[0])
    for query in range(SMALL.queries):
        # One document is first for a query, on every day and in every engine.
        assert np.all(((one.first_place.sum(axis=0) > 0).sum(axis=-1) <= 1)[:, query])
    assert kept_errors(one, 0) == pytest.approx(np.ones(3))


def test_where_nobody_is_impatient_nobody_leaves():
    one = simulate(replace(SMALL, leaving=0.0), range(2))
    assert np.all(one.active == SMALL.users)
    assert np.all(one.stayed == 1)
    assert np.all(one.remain)


def test_in_random_order_every_document_is_shown_equally_often():
    one = simulate(replace(SMALL, users=200, explored=1.0), range(2))
    counts = one.shown.sum(axis=(0, 1))
    for query in counts:
        assert stats.chisquare(query).pvalue > 1e-4


def test_clicks_of_random_order_have_the_expectation_of_the_click_model():
    how = replace(SMALL, users=400, explored=1.0, leaving=0.0)
    one = simulate(how, range(4))
    chance = expit(one.world.logits) * examination(how.shown, how.bias).mean()
    shown, clicks = one.shown.sum(axis=0), one.clicks.sum(axis=0)
    expected = (shown * chance).sum(axis=(1, 2))
    deviation = np.sqrt((shown * chance * (1 - chance)).sum(axis=(1, 2)))
    assert np.all(np.abs(clicks.sum(axis=(1, 2)) - expected) < 5 * deviation)


def test_without_a_change_nothing_is_added():
    how = replace(Settings(), users=30, boost=0.0)
    one = simulate(how, range(2))
    found = reactions(one, one)
    # The others are what remains of the engine itself, not a difference.
    for name in found.keys() - {"stayed"}:
        assert np.all(found[name] == 0), name


def test_a_model_is_not_stale_where_none_learns():
    one = simulate(replace(Settings(), users=30, training="never"), range(2))
    assert np.all(staleness(one) == 0)


def test_the_two_sample_test_alarms_as_often_as_its_level_says():
    rng = rng_of(5)
    chances = rng.dirichlet(np.ones(8), size=400)
    before, after = (np.stack([rng.multinomial(500, p) for p in chances]) for _ in range(2))
    alarms = sum(two_sample_p(a, b) < 0.05 for a, b in zip(before, after, strict=True))
    assert stats.binomtest(alarms, 400, 0.05).pvalue > 0.001
    assert two_sample_p(np.array([900, 100]), np.array([700, 300])) < 1e-6
    assert two_sample_p(np.array([50, 0]), np.array([50, 0])) == 1.0


@given(seed=st.integers(0, 99), ads=st.integers(2, 9))
@OFTEN
def test_flipped_pairs_are_kendalls(seed, ads):
    rng = rng_of(seed)
    a, b = rng.permutation(ads), rng.permutation(ads)
    expected = (1 - stats.kendalltau(a, b).statistic) / 2
    assert flipped(a[None], b[None])[0] == pytest.approx(expected)


def test_every_parameter_stands_on_the_page_in_both_languages():
    from mlplab.exercises import get_exercise

    for language in ("en", "zh"):
        words = get_exercise("4.9.1").wordings[language].words
        for name in tell._parameters()["parameter"]:
            assert name in words, (language, name)
