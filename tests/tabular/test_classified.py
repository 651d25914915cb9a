"""Confusion and calibration against scikit-learn, counts by hand and simulation."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from sklearn.metrics import confusion_matrix

from mlplab.errors import DataError
from mlplab.tabular.classified import calibration_table, confusion_table

CLASSES = ("a", "b", "c")


@given(st.lists(st.tuples(st.sampled_from(CLASSES), st.sampled_from(CLASSES)), min_size=1))
def test_counts_are_those_of_scikit_learn(pairs):
    true, predicted = zip(*pairs, strict=True)
    table = confusion_table(true, predicted, CLASSES)
    square = table["n"].to_numpy().reshape(3, 3)
    assert (square == confusion_matrix(true, predicted, labels=list(CLASSES))).all()
    shares = table.groupby("true")["share"].sum(min_count=1)
    for name in CLASSES:
        assert np.isnan(shares[name]) if name not in true else shares[name] == pytest.approx(1)


def test_a_strange_class_is_named():
    with pytest.raises(DataError, match="expected one of a, b, c; got 'd'"):
        confusion_table(["a"], ["d"], CLASSES)


@given(st.lists(st.floats(0, 1), min_size=1, max_size=200), st.integers(1, 12))
def test_ranges_hold_every_row_once_and_equal_probabilities_stay_together(given_, bins):
    hit = np.random.default_rng(len(given_)).random(len(given_)) < given_
    table = calibration_table(hit, given_, bins=bins)
    assert table["n"].sum() == len(given_)
    assert len(table) <= bins
    assert (table["n"] * table["observed"]).sum() == pytest.approx(hit.sum())
    assert (table["n"] * table["probability"]).sum() == pytest.approx(sum(given_))
    assert table["probability"].is_monotonic_increasing
    assert (table["low"] <= table["observed"]).all()
    assert (table["observed"] <= table["high"]).all()


def test_intervals_cover_true_probabilities_and_not_those_told_too_boldly():
    rng = np.random.default_rng(0)
    inside = total = 0
    for _ in range(40):
        probability = rng.random(400)
        table = calibration_table(rng.random(400) < probability, probability)
        inside += int(table["probability"].between(table["low"], table["high"]).sum())
        total += len(table)
    assert inside / total > 0.93
    bold = np.where(probability > 0.5, 0.99, 0.01)
    table = calibration_table(rng.random(400) < probability, bold)
    assert not table["probability"].between(table["low"], table["high"]).any()


def test_what_is_no_probability_is_refused():
    with pytest.raises(DataError, match="probabilities from 0 to 1"):
        calibration_table([True], [1.2])
    with pytest.raises(DataError, match="two equal lengths"):
        calibration_table([True, False], [0.5])
