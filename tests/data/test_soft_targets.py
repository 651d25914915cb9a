"""Soft targets: how they are made, what a task with them is, and what is refused."""

from __future__ import annotations

import numpy as np
import pytest
import torch

from mlplab.data import attach, load_task, soft_targets, task_from_arrays
from mlplab.errors import ConfigError, DataError


@pytest.fixture
def logits():
    return np.random.default_rng(0).normal(scale=3, size=(40, 5))


@pytest.fixture(scope="module")
def task():
    return load_task("blobs", valid=0.2)


def probabilities(n, c, seed=1):
    return np.random.default_rng(seed).dirichlet(np.ones(c), n)


@pytest.mark.parametrize("temperature", [0.5, 1.0, 4.0])
def test_a_networks_are_the_softmax_of_its_logits_over_the_temperature(logits, temperature):
    z = torch.from_numpy(logits)
    made = soft_targets(z.softmax(1).numpy(), temperature=temperature)
    np.testing.assert_allclose(made, (z / temperature).softmax(1).numpy(), rtol=1e-5, atol=1e-7)


def test_a_share_of_the_classes_is_that_share_of_their_loss(logits):
    classes = np.arange(40) % 5
    z = torch.from_numpy(logits)
    teacher = probabilities(40, 5)
    loss = torch.nn.functional.cross_entropy
    mixed = loss(z, torch.from_numpy(soft_targets(teacher, classes, hard=0.3)).double())
    apart = 0.7 * loss(z, torch.from_numpy(teacher)) + 0.3 * loss(z, torch.from_numpy(classes))
    assert float(mixed) == pytest.approx(float(apart), rel=1e-6)
    np.testing.assert_array_equal(soft_targets(teacher, classes, hard=1), np.eye(5)[classes])


@pytest.mark.parametrize(
    ("settings", "says"),
    [
        ({"temperature": 0}, "temperature: expected a finite number above 0; got 0"),
        ({"hard": 1.5}, "hard: expected a share from 0 to 1; got 1.5"),
        ({"hard": 0.5}, "hard=0.5: needs the classes"),
    ],
)
def test_settings_out_of_range_are_named(settings, says):
    with pytest.raises(ConfigError, match=says):
        soft_targets([[0.5, 0.5]], **settings)


@pytest.mark.parametrize("rows", [[0.5, 0.5], [[0.7, 0.7]], [[1.5, -0.5]], [[np.nan, 1.0]], [[1]]])
def test_what_is_no_probability_is_refused(rows):
    with pytest.raises(DataError, match="probabilities: expected"):
        soft_targets(rows)


def test_classes_that_do_not_fit_are_refused():
    with pytest.raises(DataError, match=r"classes: expected \(1,\) whole numbers from 0 to 1"):
        soft_targets([[0.5, 0.5]], [2], hard=0.5)


def test_a_task_with_them_is_another_and_can_be_shared(task, tmp_path):
    soft = probabilities(task.n_pool, task.n_outputs)
    made = task.with_soft(soft)
    assert task.soft is None
    assert task.content != made.content
    assert made.content != task.with_soft(soft[::-1]).content
    np.testing.assert_array_equal(made.targets, task.targets)
    np.testing.assert_array_equal(made.soft[made.pool], soft.astype(np.float32))
    far = attach(made.share(tmp_path))
    assert far.content == made.content
    np.testing.assert_array_equal(far.soft, made.soft)
    with pytest.raises(ValueError, match="read-only"):
        made.soft[0] = 0


def test_the_content_of_tasks_without_them_is_as_it_was():
    # Hashed before there were soft targets: old keys stay.
    small = task_from_arrays([[0.0], [1.0]], [0, 1])
    assert small.content.startswith("788a4e37c24f")


def test_only_a_row_for_each_of_the_pool_is_taken(task):
    with pytest.raises(DataError, match=r"soft targets: expected \(\d+, \d+\), a row for each"):
        task.with_soft(probabilities(3, 2))
    with pytest.raises(ConfigError, match="polynomial: soft targets are of classes"):
        load_task("polynomial").with_soft([[1.0]])


def test_further_rows_join_the_pool_and_are_only_learnt_from(task):
    free = task.with_valid(0)
    further = free.inputs[free.pool[:5]][::-1].copy()
    soft = probabilities(free.n_pool + 5, free.n_outputs)
    made = free.with_soft(soft, further)
    assert made.n_pool == free.n_pool + 5
    assert made.n_test == free.n_test
    assert made.content != free.with_soft(soft[:-5]).content
    np.testing.assert_array_equal(made.soft[made.pool], soft.astype(np.float32))
    np.testing.assert_array_equal(made.inputs[made.pool[-5:]], further)
    np.testing.assert_array_equal(made.targets[made.pool[-5:]], soft[-5:].argmax(axis=1))
    np.testing.assert_array_equal(
        made.inputs[made.test_rows("a check")], free.inputs[free.test_rows("a check")]
    )


def test_further_rows_that_do_not_fit_are_refused(task):
    free = task.with_valid(0)
    inputs = free.inputs[free.pool[:2]]
    soft = probabilities(free.n_pool + 2, free.n_outputs)
    with pytest.raises(DataError, match=r"soft targets: expected \(\d+, \d+\), a row for each"):
        free.with_soft(soft[:-1], inputs)
    with pytest.raises(DataError, match=rf"further: expected \(M, {free.n_features}\) "):
        free.with_soft(soft, inputs[:, 1:])
    with pytest.raises(DataError, match=r"further: expected .* got .* float16"):
        free.with_soft(soft, inputs.astype("f2"))
    with pytest.raises(ConfigError, match="only learnt from; it has validation rows"):
        task.with_valid(0.5).with_soft(soft, inputs)
