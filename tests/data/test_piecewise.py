"""Features in bins: a piecewise linear encoding, exact for bytes, of images that stay images."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from tests.engine.population import of

import mlplab as ml
from mlplab.data import attach, load_task
from mlplab.data.piecewise import fill_bins
from mlplab.errors import ConfigError
from mlplab.experiment.source_code import source_code
from mlplab.specs import Fit, TaskRef
from mlplab.tabular import PiecewiseLinear


@pytest.fixture(scope="module")
def tasks():
    return load_task("digits", valid=0.2), load_task("digits", valid=0.2, bins=4)


@given(n_bins=st.integers(1, 256), values=st.lists(st.integers(0, 255), min_size=1, max_size=9))
def test_bins_of_bytes_are_exact_and_sum_to_the_value(n_bins, values):
    x = np.array([values], np.uint8)
    filled = fill_bins(x, n_bins, 0, 255).reshape(n_bins, len(values))
    assert filled.dtype == np.uint8
    np.testing.assert_array_equal(filled.sum(0, dtype=int), n_bins * x[0].astype(int))
    # Lower bins are full before higher ones begin.
    assert not ((filled[1:] > 0) & (filled[:-1] < 255)).any()


@pytest.mark.parametrize("dtype", [np.float32, np.float64])
def test_it_is_the_tabular_encoding_on_equal_bins(dtype):
    x = np.linspace(-1, 3, 41).astype(dtype)[:, None]
    encoder = PiecewiseLinear(n_bins=5).fit(x)  # quantiles of even numbers lie evenly
    ours = fill_bins(x, 5, -1.0, 3.0) / 4
    assert ours.dtype == dtype
    np.testing.assert_allclose(ours, encoder.transform(x), atol=1e-6)


def test_a_task_in_bins_has_its_own_content_and_loads_again(tasks, tmp_path):
    plain, binned = tasks
    assert binned.n_features == 4 * 64
    assert binned.inputs.dtype == np.uint8
    assert binned.inputs.max() * binned.input_scale == 1
    assert binned.params == {**plain.params, "bins": 4}
    total = binned.inputs.reshape(-1, 4, 64).sum(1, dtype=int)
    np.testing.assert_array_equal(total, 4 * plain.inputs.astype(int))
    ref = TaskRef(**binned.spec())
    assert load_task(ref.name, **ref.params).content == binned.content != plain.content
    np.testing.assert_array_equal(attach(binned.share(tmp_path)).inputs, binned.inputs)


def test_the_order_of_a_permutation_is_of_all_bins(tasks):
    both = load_task("digits", valid=0.2, bins=4, permute=7)
    np.testing.assert_array_equal(np.sort(both.inputs, axis=1), np.sort(tasks[1].inputs, axis=1))
    assert both.content == tasks[1].permuted(7).content


def test_every_bin_of_an_image_moves_alike(tasks):
    import torch

    from mlplab.engine.perturbation import Perturbation
    from mlplab.engine.tensors import TaskTensors

    moved = []
    for task in tasks:
        run = of(task, fit=Fit(shift=2, flip=True), seed=5)
        data = TaskTensors(task, torch.float64, task.n_features, torch.device("cpu"))
        rows, target = torch.arange(7), torch.zeros(10, 7, dtype=torch.float64)
        x = torch.empty(7, task.n_features, dtype=torch.float64)
        data.inputs(rows, x)
        Perturbation(run, 1, data).apply(rows, 0, x, target)
        moved.append(x)
    in_bins = moved[1].reshape(7, 4, 64)
    torch.testing.assert_close(in_bins.mean(1), moved[0])


def test_an_experiment_says_how_to_load_it(tasks):
    experiment = ml.Experiment(TaskRef(name="digits", params={"bins": 4}), ml.Run(), seeds=2)
    assert experiment.data.content == tasks[1].content
    assert "ml.load_task('digits', bins=4)" in source_code(experiment)


@pytest.mark.parametrize("number", [0, -1, 0.5, True, "four", 257])
def test_anything_but_a_number_of_bins_is_refused(number):
    with pytest.raises(ConfigError, match="bins: expected a whole number from 1 to 256; got"):
        load_task("digits", bins=number)


def test_twice_and_after_a_permutation_is_refused(tasks):
    with pytest.raises(ConfigError, match="digits: its features are in bins already"):
        tasks[1].in_bins(3)
    with pytest.raises(ConfigError, match="digits: its features are permuted already"):
        tasks[0].permuted(3).in_bins(2)
    with pytest.raises(ConfigError, match="has features of one value, 1"):
        load_task((np.ones((4, 2)), [0, 1, 0, 1]), bins=2)
