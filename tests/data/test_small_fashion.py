"""Small clothes are means of squares of pixels; classes replaced are nested, and of the pool."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from mlplab.data import fashion_mnist, load_task, task_from_arrays
from mlplab.data.fashion_mnist import CLASS_NAMES, small_fashion_mnist
from mlplab.errors import ConfigError


@pytest.fixture(autouse=True)
def clothes(monkeypatch):
    """A made-up task of 300 + 20 images in place of the real one."""
    rng = np.random.default_rng(0)
    images = rng.integers(0, 256, (320, 28, 28)).astype(np.uint8)
    classes = np.arange(320) % 10
    task = task_from_arrays(
        images[:300], classes[:300], images[300:], classes[300:], class_names=CLASS_NAMES
    )
    monkeypatch.setattr(fashion_mnist, "fashion_mnist", lambda folder: task)
    return task


def test_a_pixel_is_the_mean_of_four(clothes):
    small = small_fashion_mnist(Path(), n_test=5)
    whole = clothes.inputs[:305].reshape(-1, 28, 28).astype(float)
    mean = (
        whole[:, ::2, ::2] + whole[:, 1::2, ::2] + whole[:, ::2, 1::2] + whole[:, 1::2, 1::2]
    ) / 4
    assert np.abs(small.inputs.reshape(-1, 14, 14) - mean).max() <= 0.5
    assert (small.n_pool, small.n_test, small.n_features) == (300, 5, 196)
    assert small.input_scale == clothes.input_scale
    assert np.array_equal(small.targets, clothes.targets[:305])


def test_replaced_classes_are_nested_and_only_of_the_pool(clothes):
    few, many = (
        small_fashion_mnist(Path(), n_test=20, label_noise=rate).targets for rate in (0.1, 0.3)
    )
    known = clothes.targets
    changed = few != known
    assert 10 < changed.sum() < 60 < (many != known).sum() < 130
    assert np.array_equal(many[changed], few[changed])
    assert np.array_equal(many[300:], known[300:])


@pytest.mark.parametrize(
    ("params", "match"),
    [
        ({"label_noise": 1.0}, "label_noise: expected a share from 0 and below 1; got 1"),
        ({"label_noise": -0.1}, "label_noise: expected a share"),
        ({"label_noise": "x"}, "label_noise: expected a share from 0 and below 1; got 'x'"),
        ({"seed": 1.5}, r"seed: expected a whole number; got 1\.5"),
        ({"n_test": True}, "n_test: expected a whole number from 1 to 20; got True"),
        ({"n_test": 21}, "n_test: expected a whole number from 1 to 20; got 21"),
        ({"n_test": 2.5}, r"n_test: expected a whole number from 1 to 20; got 2\.5"),
    ],
)
def test_numbers_out_of_range_are_named(params, match):
    with pytest.raises(ConfigError, match=match):
        small_fashion_mnist(Path(), **params)


@pytest.mark.parametrize("modulus", [2, 7, 31])
def test_pairs_and_their_sums_come_once(modulus):
    task = load_task("modular-addition", modulus=modulus)
    a, b = task.inputs[:, :modulus].argmax(1), task.inputs[:, modulus:].argmax(1)
    assert len({*zip(a.tolist(), b.tolist(), strict=True)}) == modulus**2 == task.n_pool
    assert np.array_equal((a + b) % modulus, task.targets)
    assert (task.inputs.sum(1) == 2).all()
