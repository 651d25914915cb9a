"""What 4.6.4 computes of samples, and its means over all masks."""

from __future__ import annotations

from itertools import combinations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from mlplab.exercises.section_4_6.dropout_at_test.predictions import (
    MEASURES,
    group_means,
    scores,
    share_unstable,
)
from mlplab.exercises.section_4_6.dropout_at_test.prove import largest_distances, relu_example


@given(st.integers(0, 2**32), st.integers(2, 6), st.integers(1, 8))
def test_unstable_is_the_share_of_pairs_that_disagree(seed, n_samples, n_images):
    classes = np.random.default_rng(seed).integers(0, 3, (n_samples, n_images))
    pairs = [(a != b).mean() for a, b in combinations(classes, 2)]
    assert share_unstable(classes, 3) == pytest.approx(np.mean(pairs))


@pytest.mark.parametrize(("k", "n_groups"), [(1, 7), (2, 3), (3, 2), (7, 1)])
def test_groups_are_disjoint_and_full(k, n_groups):
    samples = np.arange(14.0).reshape(7, 1, 2)
    groups = group_means(samples, k)
    assert len(groups) == n_groups
    np.testing.assert_allclose(np.mean(groups, axis=0), samples[: k * n_groups].mean(0))


def test_scores_are_in_the_order_of_their_names():
    found = dict(
        zip(MEASURES, scores(np.array([[0.75, 0.25]] * 4), np.array([0, 0, 0, 1])), strict=True)
    )
    assert found["accuracy"] == found["confidence"] == 0.75
    assert found["ece"] == 0
    assert found["brier"] == pytest.approx(0.375)


def test_the_geometric_mean_is_exact_and_the_others_are_not():
    largest = largest_distances()
    assert largest["geometric"] < 1e-12 < 0.01 < largest["arithmetic"]
    mean, scaled = relu_example()
    assert (float(mean), scaled) == (0.5, 0)
