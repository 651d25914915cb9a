"""Prepared folds in one task: what a run sees is what its fold's training rows made."""

from __future__ import annotations

import numpy as np
import pytest
from sklearn.model_selection import KFold

from mlplab.errors import ConfigError, DataError
from mlplab.specs import Own
from mlplab.tabular import prepare_folds, preparer, stack_folds


def folds_of(frame, schema, n_splits=3):
    y = frame["price"].to_numpy()
    pairs = list(KFold(n_splits, shuffle=True, random_state=0).split(frame))
    return list(prepare_folds(preparer(schema), frame.drop(columns="price"), y, pairs)), y


def test_a_fold_sees_its_own_numbers_by_name(frame, schema):
    folds, y = folds_of(frame, schema)
    stacked = stack_folds(folds, y, dtype="float64")
    for fold, block in zip(folds, stacked.blocks, strict=True):
        split = stacked.task.split(0, block)
        places = [stacked.names.index(name) for name in fold.names]
        for rows, own, of in (
            (split.train, fold.train, fold.train_rows),
            (split.valid, fold.held, fold.held_rows),
        ):
            inputs = stacked.task.inputs[rows]
            assert np.array_equal(inputs[:, places], own)
            assert not np.delete(inputs, places, axis=1).any()
            assert np.array_equal(stacked.task.targets[rows, 0], y[of])


def test_seeds_can_stand_for_folds_of_one_size(frame, schema):
    folds, y = folds_of(frame, schema)
    stacked = stack_folds(folds, y)
    assert stacked.by_seed == Own(n=40, valid=20)
    for seed, block in enumerate(stacked.blocks):
        by_seed, by_block = (stacked.task.split(seed, rows) for rows in (stacked.by_seed, block))
        assert np.array_equal(by_seed.train, by_block.train)
        assert np.array_equal(by_seed.valid, by_block.valid)


def test_folds_of_several_sizes_are_refused_by_seed_only(frame, schema):
    folds, y = folds_of(frame, schema, n_splits=7)
    stacked = stack_folds(folds, y)
    assert {block.valid for block in stacked.blocks} == {8, 9}
    with pytest.raises(ConfigError, match="expected folds of one size"):
        _ = stacked.by_seed


def test_further_rows_are_prepared_as_the_fold_was(frame, schema):
    folds, y = folds_of(frame, schema)
    stacked = stack_folds(folds, y, dtype="float64")
    held = frame.drop(columns="price").iloc[folds[1].held_rows]
    rows = stacked.task.split(0, stacked.blocks[1]).valid
    assert np.array_equal(stacked.inputs(1, held), stacked.task.inputs[rows])


def test_nothing_need_be_held_out(frame, schema):
    y = frame["price"].to_numpy()
    every = prepare_folds(preparer(schema), frame, y, [(np.arange(len(y)), [])])
    stacked = stack_folds(every, y)
    assert (stacked.blocks[0].n, stacked.blocks[0].valid) == (len(y), 0)
    assert stacked.task.n_pool == len(y)


def test_what_does_not_fit_is_named(frame, schema):
    folds, y = folds_of(frame, schema)
    with pytest.raises(DataError, match="folds: expected at least one"):
        stack_folds([], y)
    with pytest.raises(DataError, match="expected a target for row 59; got 10"):
        stack_folds(folds, y[:10])
