"""Every way of splitting trains the same network: losses of one process, bytes of the formula."""

from __future__ import annotations

import numpy as np
import pytest

from mlplab.data import task_from_arrays
from mlplab.errors import ConfigError
from mlplab.experiment import Experiment
from mlplab.specs import MLP, SGD, Adam, AdamW, Fit, RMSprop, Run
from mlplab.theory.split import WAYS, split

STEPS = 4
NETS = {
    # Widths that 2, 3 and 4 do not divide, and, with three classes, fewer outputs than processes.
    2: Run(
        net=MLP(hidden=(7, 9, 5), activation="tanh"),
        optim=Adam(lr=0.05, weight_decay=0.01),
        fit=Fit(dtype="float64", batch_size=14),
    ),
    3: Run(
        net=MLP(hidden=(7, 9), activation="gelu"),
        optim=SGD(lr=0.2, momentum=0.9, nesterov=True, schedule="cosine"),
        fit=Fit(dtype="float64", batch_size=20),
        seed=3,
    ),
    4: Run(
        net=MLP(hidden=(5, 6, 11), activation="elu:1", init="xavier"),
        optim=RMSprop(lr=0.01, weight_decay=0.1, decay_biases=False),
        fit=Fit(dtype="float64", batch_size=12),
    ),
}


def largest_difference(a, b):
    return max(abs(x - y) for x, y in zip(a.losses, b.losses, strict=True))


@pytest.mark.parametrize("n", NETS)
def test_losses_are_those_of_one_process_and_bytes_those_of_the_formula(n, task, start):
    one = split(NETS[n], task, "data", 1, steps=STEPS, start=start)
    assert len(set(one.losses)) == STEPS
    assert one.sent_bytes == 0
    whole = one.parts[0].n_parameters
    for way in WAYS:
        found = split(NETS[n], task, way, n, steps=STEPS, start=start)
        assert largest_difference(one, found) < 1e-10
        assert [part.sent_bytes for part in found.parts] == pytest.approx(
            [part.formula_bytes for part in found.parts]
        )
        held = [part.n_parameters for part in found.parts]
        if way == "data":
            assert held == [whole] * n
        else:
            assert max(held) < whole
        if way == "pipeline":
            assert sum(held) == whole
        for part in found.parts:
            if part.written_bytes is not None:
                # Gloo's headers take some hundred bytes for each message.
                assert part.sent_bytes < part.written_bytes < 3 * part.sent_bytes + 20_000


def test_numbers_are_fitted_too(start):
    rng = np.random.default_rng(1)
    task = task_from_arrays(
        rng.normal(size=(40, 4)), rng.normal(size=(40, 2)), name="numbers", kind="regression"
    )
    run = Run(net=MLP(hidden=(6,)), optim=AdamW(), fit=Fit(dtype="float64", batch_size=10))
    one, *others = (
        split(run, task, way, n, steps=3, start=start)
        for way, n in (("data", 1), ("data", 3), ("tensor", 2), ("pipeline", 2))
    )
    assert max(largest_difference(one, other) for other in others) < 1e-10


def test_losses_are_those_that_the_engine_trains_to(task, start):
    run = Run(
        net=MLP(hidden=(8,)), optim=SGD(lr=0.3), fit=Fit(epochs=2, dtype="float64", batch_size=10)
    )
    found = split(run, task, "tensor", 2, start=start)
    runs = Experiment(task, run, seeds=1).run(store=":memory:")
    by_epoch = runs.frame().sort_values("epoch")["train_loss"]
    expected = [np.mean(found.losses[:6]), np.mean(found.losses[6:])]
    np.testing.assert_allclose(by_epoch, expected, atol=1e-10)


def test_a_process_takes_less_memory_within_and_by_layers_but_not_by_data(task, start):
    run = Run(net=MLP(hidden=(768,) * 3), optim=Adam(), fit=Fit(dtype="float64", batch_size=12))
    one, data, tensor, pipeline = (
        split(run, task, way, n, steps=3, start=start).memory_bytes
        for way, n in (("data", 1), *((way, 2) for way in WAYS))
    )
    if one is None:
        pytest.skip("this system does not tell")
    # Two layers of 768 x 768 weights, gradients and two means of Adam's: 38 MB.
    assert one > 37e6
    assert data > 0.85 * one
    assert max(tensor, pipeline) < 0.75 * one


@pytest.mark.parametrize(
    ("way", "n", "changed", "says"),
    [
        ("pipeline", 4, {}, "a layer at least, and the network has 2"),
        ("tensor", 8, {}, "8 for a layer of 7; use wider layers"),
        ("data", 21, {}, "21 for batches of 20"),
        ("date", 2, {}, "did you mean 'data'"),
        ("data", 0, {}, "processes: expected at least 1; got 0"),
        ("data", 2, {"net.norm": "batch"}, "norm: expected none; got batch"),
        ("data", 2, {"net.dropout": 0.5}, "dropout: expected none"),
        ("data", 2, {"fit.rewinds": 3}, "rewinds: expected 0; got 3"),
        ("data", 2, {"fit.measures": ("grad_norm",)}, "measures: expected none; got"),
        ("data", 2, {"fit.last_batch": "keep"}, "last_batch: expected drop; got keep"),
        ("data", 2, {"optim.clip_norm": 1.0}, "clip_norm: expected 0.0; got 1.0"),
        ("data", 2, {"fit.loss": "huber"}, "loss: expected cross-entropy for classification"),
        ("data", 2, {"optim.schedule": "plateau"}, "schedule: expected one that does not look"),
    ],
)
def test_what_cannot_be_split_is_one_line(way, n, changed, says, task):
    run = Run(net=MLP(hidden=(7,)), fit=Fit(batch_size=20))
    for path, value in changed.items():
        run = run.with_value(path, value)
    with pytest.raises(ConfigError, match=says) as problem:
        split(run, task, way, n)
    assert "\n" not in str(problem.value)


@pytest.mark.parametrize(
    ("given", "says"),
    [
        ({"n_microbatches": 3}, "divides the batch of 20; got 3; try 2, 4"),
        ({"n_microbatches": 1}, "at least as many as processes, 2; got 1"),
        ({"steps": 0}, "steps: expected 1 to 30, those of 10 epochs; got 0"),
        ({"steps": 31}, "steps: expected 1 to 30"),
        ({"keep_every": 0}, "keep_every: expected at least 1"),
        ({"device": "cuda"}, "processes: expected at most one for each GPU"),
        ({"device": "tpu"}, "device: expected one of cpu, cuda"),
    ],
)
def test_settings_that_do_not_fit_are_one_line(given, says, task, monkeypatch):
    import torch

    monkeypatch.setattr(torch.cuda, "device_count", lambda: 0)
    run = Run(net=MLP(hidden=(7,)), fit=Fit(batch_size=20))
    with pytest.raises(ConfigError, match=says):
        split(run, task, "pipeline", 2, **given)
