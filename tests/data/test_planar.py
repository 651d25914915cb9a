"""Problems in the plane: without noise every point lies where its class says."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from mlplab.data import load_task

seeds = st.integers(0, 2**40)
NAMES = ["blobs", "xor", "spirals"]


@pytest.mark.parametrize("name", NAMES)
def test_classes_are_balanced_and_examples_nested(name):
    small, large = load_task(name, n_train=30), load_task(name, n_train=60)
    assert np.ptp(np.bincount(small.targets[:30])) == 0
    assert np.array_equal(large.inputs[:30], small.inputs[:30])
    assert np.array_equal(large.inputs[60:], small.inputs[30:])
    assert small.image_shape is None
    assert small.input_scale == 1


@given(seeds, st.integers(2, 6))
def test_blobs_without_spread_are_their_centres(seed, n_classes):
    task = load_task("blobs", seed=seed, spread=0, n_classes=n_classes)
    angles = np.arctan2(task.inputs[:, 1], task.inputs[:, 0]) / (2 * np.pi)
    assert np.array_equal(np.round(angles * n_classes) % n_classes, task.targets)
    np.testing.assert_allclose(np.linalg.norm(task.inputs, axis=1), 1, rtol=1e-5)


@given(seeds)
def test_xor_without_noise_is_decided_by_the_signs(seed):
    task = load_task("xor", seed=seed, noise=0)
    assert np.array_equal(task.inputs.prod(axis=1) < 0, task.targets == 1)
    assert np.abs(task.inputs).max() <= 1


@given(seeds, st.integers(2, 4), st.floats(0, 3))
def test_spirals_without_noise_unwind_to_rays(seed, n_classes, turns):
    task = load_task("spirals", seed=seed, noise=0, n_classes=n_classes, turns=turns)
    x = task.inputs.astype(float)
    radius = np.linalg.norm(x, axis=1)
    far = radius > 0.01
    unwound = np.arctan2(x[:, 1], x[:, 0]) / (2 * np.pi) - turns * radius
    found = np.round(unwound * n_classes) % n_classes
    assert np.array_equal(found[far], task.targets[far])
    assert radius.max() <= 1 + 1e-6
