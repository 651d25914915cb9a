"""Weights of ensembles: shares, of the right members, whatever their order."""

from __future__ import annotations

from itertools import islice

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from mlplab.tabular.candidates import batch_and_epochs, chunks_of_candidates
from mlplab.tabular.ensemble_weights import (
    choose_weights,
    losses_of_members,
    mixed,
    shrunk_weights,
)
from mlplab.tabular.fold_rows import fold_of_rows

RNG = np.random.default_rng(0)


@given(n_members=st.integers(1, 12), classes=st.booleans(), seed=st.integers(0, 99))
def test_weights_are_shares_and_the_mix_is_no_worse_than_the_worst(n_members, classes, seed):
    rng = np.random.default_rng(seed)
    if classes:
        outputs = rng.dirichlet(np.ones(3), size=(n_members, 30))
        target = rng.integers(0, 3, 30)
    else:
        outputs = rng.normal(size=(n_members, 30))
        target = rng.normal(size=30)
    weights = choose_weights(outputs, target)
    assert weights.shape == (n_members,)
    assert weights.sum() == pytest.approx(1.0)
    assert (weights >= 0).all()
    losses = losses_of_members(outputs, target).mean(axis=1)
    both = np.concatenate([outputs, mixed(weights, outputs)[None]])
    assert losses_of_members(both, target).mean(axis=1)[-1] <= losses.max() + 1e-9


def test_a_perfect_member_takes_all_and_noise_nothing():
    target = RNG.normal(size=200)
    outputs = np.stack([target, target + RNG.normal(size=200), RNG.normal(size=200)])
    assert choose_weights(outputs, target).tolist() == [1.0, 0.0, 0.0]


def test_independent_errors_share_alike():
    target = RNG.normal(size=4000)
    outputs = target + RNG.normal(size=(4, 4000))
    np.testing.assert_allclose(choose_weights(outputs, target), 0.25, atol=0.05)


def test_a_row_that_nobody_predicts_does_not_decide():
    target = RNG.normal(size=300)
    good, bad = target + 0.1 * RNG.normal(size=300), target + 0.3 * RNG.normal(size=300)
    target = target.copy()
    target[0] += 6.0
    bad[0] = target[0]
    assert ((bad - target) ** 2).mean() < ((good - target) ** 2).mean()
    assert choose_weights(np.stack([good, bad]), target)[0] > 0.7


@given(n_members=st.integers(1, 8), classes=st.booleans(), seed=st.integers(0, 99))
def test_without_shrinking_no_other_shares_err_less(n_members, classes, seed):
    rng = np.random.default_rng(seed)
    if classes:
        outputs = rng.dirichlet(np.ones(3), size=(n_members, 40))
        target = rng.integers(0, 3, 40)
        wanted = np.eye(3)[target]
    else:
        outputs = rng.normal(size=(n_members, 40))
        target = wanted = rng.normal(size=40)

    def error(weights):
        return ((mixed(weights, outputs) - wanted) ** 2).mean()

    weights = shrunk_weights(outputs, target, shrink=0.0)
    assert weights.sum() == pytest.approx(1.0)
    assert (weights >= 0).all()
    others = [*np.eye(n_members), *rng.dirichlet(np.ones(n_members), size=50)]
    assert all(error(weights) <= error(other) + 1e-6 for other in others)


def test_much_shrinking_gives_equal_shares_and_some_gives_shares_between():
    target = RNG.normal(size=500)
    outputs = target + np.array([0.1, 0.2, 0.4])[:, None] * RNG.normal(size=(3, 500))
    np.testing.assert_allclose(shrunk_weights(outputs, target, shrink=1e6), 1 / 3, atol=1e-4)
    firsts = [shrunk_weights(outputs, target, shrink=s)[0] for s in (0.0, 0.5, 5.0, 1e6)]
    assert firsts == sorted(firsts, reverse=True)


@given(n=st.integers(1, 10**6))
def test_batches_fit_the_rows(n):
    batch, epochs = batch_and_epochs(n)
    assert 1 <= batch <= min(n, 256)
    assert epochs >= 1


def test_candidates_repeat_by_seed_and_share_their_inputs():
    one, same, other = (
        list(islice(chunks_of_candidates(500, "regression", seed), 30)) for seed in (0, 0, 1)
    )
    assert one == same
    assert one[:10] == other[:10]
    assert one != other
    assert all(len({c.inputs for c in chunk}) == 1 for chunk in one)
    assert all(c.inputs.winsor == 0 for c in next(chunks_of_candidates(500, "classification", 0)))


@given(n=st.integers(4, 60), n_folds=st.integers(2, 8), n_groups=st.integers(2, 20))
def test_no_group_is_in_two_folds_and_every_fold_has_rows(n, n_folds, n_groups):
    groups = np.arange(n) % n_groups
    folds = fold_of_rows(np.arange(float(n)), "regression", n_folds, 0, groups)
    assert all(len(set(folds[groups == g])) == 1 for g in set(groups))
    assert set(folds) == set(range(folds.max() + 1))
    plain = fold_of_rows(np.arange(float(n)), "regression", n_folds, 0)
    assert set(plain) == set(range(min(n_folds, n // 2)))
