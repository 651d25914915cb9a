"""Features in one random order: the same data, with their own content and no images."""

from __future__ import annotations

import numpy as np
import pytest
from safetensors.torch import load, save
from tests.engine.population import of, trained

import mlplab as ml
from mlplab.data import attach, feature_order, load_task
from mlplab.engine import predict
from mlplab.errors import ConfigError
from mlplab.experiment.source_code import source_code
from mlplab.specs import MLP, Fit, Init, TaskRef

ORDER = feature_order(7, 64)


@ml.init("unpermuted")
def unpermuted(generator, n_out, n_in):
    # Not from `generator`: it belongs to the name.
    return np.random.default_rng(n_in).normal(scale=0.1, size=(n_out, n_in))


@ml.init("permuted")
def permuted(generator, n_out, n_in):
    drawn = unpermuted(generator, n_out, n_in)
    return drawn[:, ORDER] if n_in == 64 else drawn


@pytest.fixture(scope="module")
def tasks():
    return load_task("digits", valid=0.2), load_task("digits", valid=0.2, permute=7)


def test_the_order_put_back_gives_the_pixels_back(tasks):
    plain, permuted = tasks
    back = np.argsort(ORDER)
    assert not np.array_equal(plain.inputs, permuted.inputs)
    np.testing.assert_array_equal(permuted.inputs[:, back], plain.inputs)
    np.testing.assert_array_equal(permuted.targets, plain.targets)
    assert permuted.inputs.dtype == np.uint8
    assert permuted.inputs.flags.c_contiguous
    assert permuted.test_rows("a test") is not None


def test_content_and_keys_are_its_own_and_others_stay(tasks, tmp_path):
    plain, permuted = tasks
    contents = {load_task("digits", permute=number).content for number in (7, 8)}
    assert permuted.content in contents
    assert len(contents | {plain.content}) == 3
    assert "permute" not in plain.params
    assert load_task("digits", valid=0.2, permute=None).content == plain.content
    refs = [TaskRef(**task.spec()) for task in tasks]
    assert ml.Run(task=refs[0]).key != ml.Run(task=refs[1]).key
    assert load_task(refs[1].name, **refs[1].params).content == permuted.content
    far = attach(permuted.share(tmp_path))
    np.testing.assert_array_equal(far.inputs, permuted.inputs)


def test_made_data_and_arrays_have_it_too():
    plain, permuted = load_task("polynomial", seed=3), load_task("polynomial", seed=3, permute=1)
    assert permuted.params == {**plain.params, "permute": 1}
    arrays = np.eye(6), [0, 1] * 3
    order = feature_order(2, 6)
    made = load_task(arrays, permute=2)
    np.testing.assert_array_equal(made.inputs, np.eye(6, dtype=np.float32)[:, order])


def test_an_experiment_says_how_to_load_it(tasks):
    experiment = ml.Experiment(TaskRef(name="digits", params={"permute": 7}), ml.Run(), seeds=2)
    assert experiment.data.content == tasks[1].content
    assert "ml.load_task('digits', permute=7)" in source_code(experiment)


@pytest.mark.parametrize("number", [-1, 0.5, True, "seven"])
def test_anything_but_a_whole_number_is_refused(number):
    with pytest.raises(ConfigError, match="permute: expected a whole number from 0; got"):
        load_task("digits", permute=number)


def test_twice_is_refused(tasks):
    with pytest.raises(ConfigError, match="digits: its features are permuted already"):
        tasks[1].permuted(3)


@pytest.mark.parametrize("moves", [{"shift": 1}, {"flip": True}])
def test_its_features_are_no_images_that_move(tasks, moves):
    with pytest.raises(ConfigError, match=f"fit.{next(iter(moves))}: needs images; digits has "
                                          "permuted features"):  # fmt: skip
        trained([of(tasks[1], fit=Fit(epochs=1, **moves))], tasks[1])


def test_permuted_weights_say_of_permuted_examples_what_plain_ones_say(tasks):
    plain, permuted = tasks
    run = of(plain, net=MLP(hidden=(8,)), fit=Fit(epochs=1, dtype="float64"))
    tensors = load(trained([run], plain)[run.key].weights)
    changed = tensors | {"layers.0.weight": tensors["layers.0.weight"][:, ORDER].contiguous()}
    np.testing.assert_allclose(
        predict(run, save(changed), permuted.inputs[:50], permuted.input_scale),
        predict(run, save(tensors), plain.inputs[:50], plain.input_scale),
        rtol=1e-10,
    )


def test_permuted_first_weights_learn_what_plain_ones_learn(tasks):
    ends = []
    for task, name in zip(tasks, ("unpermuted", "permuted"), strict=True):
        net = MLP(hidden=(12,), norm="batch", dropout=(0.2,), init=Init(kind=name))
        run = of(task, net=net, fit=Fit(epochs=3, dtype="float64"), seed=4)
        ends.append(load(trained([run], task)[run.key].weights)["layers.0.weight"])
    np.testing.assert_allclose(ends[1], ends[0][:, ORDER], rtol=1e-6, atol=1e-9)
