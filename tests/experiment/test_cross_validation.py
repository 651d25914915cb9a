"""Folds and splits as a factor: what is drawn, and how arms are scored over them."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import mlplab as ml
from mlplab.data.split import draw_split
from mlplab.errors import ConfigError
from mlplab.experiment import Experiment, folds, splits
from mlplab.specs import Block, Fold, Holdout, Own, SeedSplit, holds_out
from mlplab.stats import cross_validated_interval
from mlplab.store import Store


@given(n=st.integers(5, 60), seed=st.integers(0, 99), share=st.floats(0.2, 0.8))
def test_a_holdout_is_the_split_that_a_run_of_its_seed_would_draw(n, seed, share):
    pool = np.arange(n)
    found = draw_split(pool, 0, 7, Holdout(valid=share, seed=seed))
    wanted = draw_split(pool, share, seed, SeedSplit())
    assert np.array_equal(found.train, wanted.train)
    assert np.array_equal(found.valid, wanted.valid)


@given(start=st.integers(0, 10), n=st.integers(1, 10), valid=st.integers(0, 10))
def test_a_block_is_what_it_says(start, n, valid):
    pool = np.arange(30) * 3
    found = draw_split(pool, 0.5, 1, Block(start=start, n=n, valid=valid))
    assert np.array_equal(found.train, pool[start : start + n])
    assert np.array_equal(found.valid, pool[start + n : start + n + valid])


@given(seed=st.integers(0, 20), n=st.integers(1, 5), valid=st.integers(0, 5))
def test_own_rows_are_blocks_one_after_the_other(seed, n, valid):
    pool = np.arange(300)
    own = draw_split(pool, 0, seed, Own(n=n, valid=valid))
    block = draw_split(pool, 0, 0, Block(start=seed * (n + valid), n=n, valid=valid))
    assert np.array_equal(own.train, block.train)
    assert np.array_equal(own.valid, block.valid)


def test_a_block_beyond_the_pool_is_refused():
    with pytest.raises(ConfigError, match="block from 8 to 12 does not fit a pool of 10"):
        draw_split(np.arange(10), 0, 0, Block(start=8, n=3, valid=2))


def test_repeats_deal_the_rows_anew_and_cover_them_each_time():
    every = folds(4, seed=3, repeats=2)
    held = [draw_split(np.arange(22), 0, 0, fold).valid for fold in every]
    for deal in (held[:4], held[4:]):
        assert np.array_equal(np.sort(np.concatenate(deal)), np.arange(22))
    assert not all(np.array_equal(a, b) for a, b in zip(held[:4], held[4:], strict=True))
    assert every[:4] == folds(4, seed=3)
    assert every[4:] == folds(4, seed=4)
    with pytest.raises(ConfigError, match="repeats: expected at least 1; got 0"):
        folds(repeats=0)
    with pytest.raises(ConfigError, match="n: expected at least 1 split; got 0"):
        splits(0)


def test_what_holds_out_by_itself_needs_no_validation_share():
    assert [holds_out(rows) for rows in (SeedSplit(), Own(n=2), Block(n=2))] == [False] * 3
    own = (Fold(), Holdout(), Own(n=2, valid=1), Block(n=2, valid=1))
    assert all(holds_out(rows) for rows in own)


@pytest.fixture(scope="module")
def runs():
    rng = np.random.default_rng(0)
    X = rng.standard_normal((60, 3))
    y = X @ [1.0, -2.0, 0.5] + 0.1 * rng.standard_normal(60)
    experiment = Experiment(
        ml.task_from_arrays(X, y),
        ml.Run(net=ml.MLP(hidden=()), fit=ml.Fit(epochs=5, batch_size=8)),
        vary={"rows": splits(4, valid=0.25), "lr": [0.01, 0.1]},
        seeds=3,
    )
    return experiment.run(Store(":memory:"), workers=1)


def test_arms_are_scored_by_the_mean_over_seeds_on_each_split(runs):
    found = runs.cross_validated("valid_rmse")
    assert [one.factors for one in found] == [{"optim.lr": 0.01}, {"optim.lr": 0.1}]
    frame = runs.frame(last=True)
    for one in found:
        part = frame[frame["optim.lr"] == one.factors["optim.lr"]]
        wanted = part["valid_rmse"].to_numpy().reshape(4, 3).mean(axis=1)
        assert one.values == pytest.approx(wanted)
        interval = cross_validated_interval(wanted, n_train=45, n_test=15)
        assert one.interval == pytest.approx((float(interval.low), float(interval.high)))
        assert one.mean == pytest.approx(wanted.mean())
        assert (one.shared, one.n_failed) == (pytest.approx(1 / 3), 0)


def test_scoring_over_folds_needs_folds_and_held_out_rows(runs):
    with pytest.raises(ConfigError, match="expected a valid_\\* metric; got 'train_rmse'"):
        runs.cross_validated("train_rmse")
    plain = Experiment(
        runs.experiment.data.with_valid(0.2),
        ml.Run(net=ml.MLP(hidden=()), fit=ml.Fit(epochs=1, batch_size=8)),
        vary={"lr": [0.1, 0.2]},
        seeds=2,
    ).run(Store(":memory:"), workers=1)
    with pytest.raises(ConfigError, match="is not of a fold; vary rows"):
        plain.cross_validated("valid_rmse")


def test_no_split_can_be_chosen_as_the_best_arm(runs):
    with pytest.raises(ConfigError, match="would choose a fold"):
        runs.best("valid_rmse")


@settings(max_examples=5, deadline=None)
@given(seed=st.integers(0, 50))
def test_runs_on_own_blocks_are_scored_on_their_own_rows(seed):
    """A seed's block holds rows of one constant: a model that knows it has no error."""
    y = np.repeat(np.arange(4.0), 10)
    task = ml.task_from_arrays(np.zeros((40, 1)), y, kind="regression")
    base = ml.Run(
        net=ml.MLP(hidden=(), init="zeros"),
        optim=ml.SGD(lr=0.5),
        fit=ml.Fit(epochs=40, batch_size=8),
        rows=Own(n=8, valid=2),
    )
    done = Experiment(task, base, seeds=[seed % 4]).run(Store(":memory:"), workers=1)
    assert done.values("valid_rmse")[0] == pytest.approx([0.0], abs=1e-4)
