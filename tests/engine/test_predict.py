"""Weights that a run leaves: their type, their layout, and what they predict."""

from __future__ import annotations

import numpy as np
import pytest
import torch
from safetensors.torch import load, save
from tests.engine import plain
from tests.engine.population import made_up, of, trained

from mlplab import activation
from mlplab.data import load_task
from mlplab.engine import predict
from mlplab.errors import DataError, StoreError
from mlplab.specs import MLP, Fit


@pytest.mark.parametrize("dtype", ["float32", "float64"])
@pytest.mark.parametrize("hidden", [(), (5,), (7, 3, 2)])
def test_weights_have_the_runs_type_and_no_padding(hidden, dtype):
    task = made_up(features=3, outputs=4)
    run = of(task, net=MLP(hidden=hidden), fit=Fit(epochs=1, batch_size=16, dtype=dtype))
    tensors = load(trained([run], task)[run.key].weights)
    widths = [3, *hidden, 4]
    assert {name: tuple(tensor.shape) for name, tensor in tensors.items()} == {
        **{f"layers.{i}.weight": (widths[i + 1], widths[i]) for i in range(len(widths) - 1)},
        **{f"layers.{i}.bias": (widths[i + 1],) for i in range(len(widths) - 1)},
    }
    assert {str(tensor.dtype) for tensor in tensors.values()} == {f"torch.{dtype}"}


@pytest.mark.parametrize("norm", ["none", "batch", "layer"])
@pytest.mark.parametrize("activation", [*plain.ACTS, "prelu", "prelu:0.1,unit"])
def test_prediction_is_the_forward_pass(activation, norm):
    task = made_up("regression", features=3, outputs=2)
    run = of(task, net=MLP(hidden=(7, 5), activation=activation, norm=norm),
             fit=Fit(epochs=1, batch_size=16, dtype="float64"))  # fmt: skip
    blob = trained([run], task)[run.key].weights
    layers, further = plain.parameters_in(blob)
    X = np.random.default_rng(0).standard_normal((9000, 3))
    x = torch.from_numpy(X)
    expected = plain.forward(run, layers, x, None, further, training=False).numpy()
    assert predict(run, blob, X) == pytest.approx(expected, rel=1e-12, abs=1e-14)
    assert predict(run, blob, X * 4, 0.25) == pytest.approx(expected, rel=1e-12, abs=1e-14)


def test_bytes_are_scaled_as_in_training():
    task = load_task("digits")
    run = of(task, fit=Fit(epochs=1, batch_size=64))
    done = trained([run], task)[run.key]
    rows = task.test_rows("tests")
    outputs = predict(run, done.weights, np.array(task.inputs[rows]), task.input_scale)
    assert outputs.dtype == np.float32
    right = (outputs.argmax(1) == task.targets[rows]).mean()
    assert done.outcome.last("test_accuracy") == pytest.approx(right, abs=1e-9)


def test_predicting_leaves_the_inputs_alone_and_works_on_views():
    task = made_up(features=4)
    run = of(task, net=MLP(hidden=(3,)), fit=Fit(epochs=1, batch_size=16))
    blob = trained([run], task)[run.key].weights
    X = np.random.default_rng(0).standard_normal((6, 8)).astype("f4")
    before = X.copy()
    view = X[::2, ::2]
    view.setflags(write=False)
    assert predict(run, blob, view) == pytest.approx(predict(run, blob, view.copy()))
    assert np.array_equal(X, before)


def test_no_rows_give_no_outputs_of_the_right_kind():
    task = made_up(features=4, outputs=3)
    run = of(task, fit=Fit(epochs=1, batch_size=16))
    outputs = predict(run, trained([run], task)[run.key].weights, np.empty((0, 4), "f4"))
    assert outputs.shape == (0, 3)
    assert outputs.dtype == np.float32


@pytest.mark.parametrize("shape", [(5,), (5, 3), (5, 4, 1)])
def test_wrong_shapes_are_one_clear_line(shape):
    task = made_up(features=4)
    run = of(task, fit=Fit(epochs=1, batch_size=16))
    blob = trained([run], task)[run.key].weights
    with pytest.raises(DataError, match=r"inputs: expected shape \(N, 4\); got"):
        predict(run, blob, np.ones(shape, "f4"))


@pytest.mark.parametrize("blob", [b"", b"garbage", save({}), save({"other": torch.ones(2)})])
def test_garbage_is_one_clear_line(blob):
    with pytest.raises(StoreError, match="weights cannot be read") as caught:
        predict(of(made_up()), blob, np.ones((2, 5), "f4"))
    assert "\n" not in str(caught.value)


def test_weights_come_only_when_asked_for():
    task = made_up()
    run = of(task, fit=Fit(epochs=1, batch_size=16))
    assert trained([run], task, keep_weights=False)[run.key].weights is None


def test_few_rows_take_one_thread_and_leave_the_callers_number():
    threads = []

    @activation("counting-threads")
    def counting(z):
        threads.append(torch.get_num_threads())
        return torch.tanh(z)

    task = made_up(features=4)
    run = of(task, net=MLP(hidden=(300,), activation="counting-threads"),
             fit=Fit(epochs=1, batch_size=16))  # fmt: skip
    weights = trained([run], task)[run.key].weights
    before = torch.get_num_threads()
    try:
        torch.set_num_threads(2)
        for n_rows in (8, 100_000):
            threads.clear()
            predict(run, weights, np.zeros((n_rows, 4), np.float32))
            assert set(threads) == ({1} if n_rows == 8 else {2})
            assert torch.get_num_threads() == 2
    finally:
        torch.set_num_threads(before)


@pytest.mark.parametrize(
    ("name", "array"),
    [
        ("layers.0.weight", torch.zeros(9, 4)),
        ("layers.0.weight", torch.zeros(())),
        ("layers.0.weight", torch.zeros(5, 4, 1)),
        ("layers.0.weight", torch.zeros(5, 4, dtype=torch.int32)),
        ("layers.0.weight", torch.zeros(5, 4, dtype=torch.float64)),
        ("layers.0.bias", torch.zeros(9)),
        ("layers.0.bias", torch.zeros(5, dtype=torch.bool)),
        ("layers.2.weight", torch.zeros(2, 2)),
        ("layers.0.gain", None),
    ],
)
def test_weights_of_another_shape_are_one_clear_line(name, array):
    task = made_up(features=4)
    run = of(task, net=MLP(hidden=(5,), norm="layer"), fit=Fit(epochs=1, batch_size=16))
    tensors = load(trained([run], task)[run.key].weights)
    tensors = {n: t for n, t in tensors.items() if n != name}
    blob = save(tensors if array is None else tensors | {name: array})
    with pytest.raises(StoreError, match=r"weights (cannot be read|of another network)") as caught:
        predict(run, blob, np.ones((2, 4), "f4"))
    assert "\n" not in str(caught.value)
