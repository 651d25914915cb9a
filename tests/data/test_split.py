"""Splits: disjoint, complete, drawn by seed, nested over sizes, blind to the arm."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from mlplab.data import load_task, task_from_arrays
from mlplab.data.split import draw_split, held_out_count
from mlplab.errors import ConfigError
from mlplab.specs import First, Fold

seeds = st.integers(0, 2**63 - 1)
sizes = st.integers(2, 200)


def pool_of(n, start=0):
    return np.arange(start, start + n)


@given(sizes, st.floats(0, 0.99), seeds, st.integers(0, 1000))
def test_the_parts_are_disjoint_cover_the_pool_and_keep_its_order(n, share, seed, start):
    pool = pool_of(n, start)
    if not 0 < round(share * n) < n:
        share = 0.5
    split = draw_split(pool, share, seed)
    assert len(split.valid) == held_out_count(share, n) == round(share * n)
    both = np.concatenate([split.train, split.valid])
    assert np.array_equal(np.sort(both), pool)
    for part in (split.train, split.valid):
        assert part.dtype == np.int64
        assert np.all(np.diff(part) > 0)


@given(sizes, seeds)
def test_nothing_held_out_leaves_the_pool_as_it_is(n, seed):
    pool = pool_of(n)[::-1]
    split = draw_split(pool, 0, seed)
    assert np.array_equal(split.train, pool)
    assert split.valid.size == 0


@given(sizes, seeds, st.data())
def test_a_smaller_validation_set_is_part_of_a_larger_one(n, seed, data):
    more = data.draw(st.integers(1, n - 1))
    fewer = data.draw(st.integers(1, more))
    small, large = (draw_split(pool_of(n), k, seed).valid for k in (fewer, more))
    assert set(small) <= set(large)


@given(sizes, st.integers(1, 50), seeds)
def test_rows_added_to_the_pool_leave_the_order_of_the_others(n, extra, seed):
    before = draw_split(pool_of(n), 0, seed, First(n=n)).train
    after = draw_split(pool_of(n + extra), 0, seed, First(n=n + extra)).train
    assert np.array_equal(after[after < n], before)


@given(st.integers(20, 200), seeds)
def test_the_seed_decides(n, seed):
    half = n // 2
    assert np.array_equal(
        draw_split(pool_of(n), half, seed).valid, draw_split(pool_of(n), half, seed).valid
    )


def test_seeds_differ_and_hold_out_every_row_about_equally_often():
    n, n_seeds = 50, 400
    held = [draw_split(pool_of(n), 0.2, seed).valid for seed in range(n_seeds)]
    assert len({tuple(rows) for rows in held}) == n_seeds
    often = np.bincount(np.concatenate(held), minlength=n) / n_seeds
    assert np.abs(often - 0.2).max() < 5 * np.sqrt(0.2 * 0.8 / n_seeds)


def test_the_split_knows_nothing_of_the_data_or_other_parameters():
    one = load_task("blobs", n_train=60, spread=0.1, valid=0.25)
    other = load_task("polynomial", n_train=60, n_terms=3, seed=9, valid=15)
    for seed in range(5):
        assert np.array_equal(one.split(seed).valid, other.split(seed).valid)


def test_rows_are_those_of_the_pool_never_of_the_test_split():
    task = load_task("xor", n_train=30, n_test=30, valid=10)
    split = task.split(4)
    assert set(split.train) | set(split.valid) == set(task.pool.tolist())


@given(sizes, seeds, st.data())
def test_first_rows_are_prefixes_and_never_validate(n, seed, data):
    n_valid = data.draw(st.integers(0, n - 1))
    more = data.draw(st.integers(1, n - n_valid))
    fewer = data.draw(st.integers(1, more))
    whole = draw_split(pool_of(n), n_valid, seed)
    large = draw_split(pool_of(n), n_valid, seed, First(n=more))
    small = draw_split(pool_of(n), n_valid, seed, First(n=fewer))
    assert np.array_equal(large.train[:fewer], small.train)
    assert np.array_equal(large.valid, whole.valid)
    assert set(large.train) <= set(whole.train)
    assert len(large.train) == more


@given(sizes, seeds, seeds, st.data())
def test_folds_take_turns_in_holding_out_and_ignore_the_runs_seed(n, fold_seed, run_seed, data):
    k = data.draw(st.integers(2, n))
    folds = [Fold(n_folds=k, index=i, seed=fold_seed) for i in range(k)]
    splits = [draw_split(pool_of(n), 0.5, run_seed, fold) for fold in folds]
    held = np.concatenate([s.valid for s in splits])
    assert np.array_equal(np.sort(held), pool_of(n))
    lengths = [len(s.valid) for s in splits]
    assert max(lengths) - min(lengths) <= 1
    for split, fold in zip(splits, folds, strict=True):
        assert not set(split.train) & set(split.valid)
        assert len(split.train) + len(split.valid) == n
        again = draw_split(pool_of(n), 0, run_seed + 1, fold)
        assert np.array_equal(again.valid, split.valid)


@pytest.mark.parametrize(
    ("valid", "match"),
    [
        (-0.1, "expected a share"),
        (1.0, "expected a share"),
        (1.5, "expected a share"),
        (-1, "expected a share"),
        (True, "expected a share"),
        ("0.1", "expected a share"),
        (float("nan"), "expected a share"),
        (0.01, "holds out none of 10"),
        (10, "leaves none of 10"),
        (11, "leaves none of 10"),
        (0.99, "leaves none of 10"),
    ],
)
def test_what_cannot_be_held_out_is_refused_in_one_line(valid, match):
    with pytest.raises(ConfigError, match=match) as problem:
        task_from_arrays(np.eye(10), np.arange(10) % 2, valid=valid)
    assert "\n" not in str(problem.value)


def test_more_rows_or_folds_than_there_are_is_refused():
    with pytest.raises(ConfigError, match=r"rows\.n: expected at most 8 training rows; got 9"):
        draw_split(pool_of(10), 2, 0, First(n=9))
    with pytest.raises(ConfigError, match=r"rows\.n_folds: expected at most 10 rows; got 11"):
        draw_split(pool_of(10), 0, 0, Fold(n_folds=11))


def test_equal_shares_have_one_spelling():
    task = load_task("xor")
    for zero in (0, 0.0, np.float64(0)):
        assert repr(task.with_valid(zero).valid) == "0.0"
    assert repr(task.with_valid(np.int64(5)).valid) == "5"
    assert repr(task.with_valid(np.float64(0.25)).valid) == "0.25"
