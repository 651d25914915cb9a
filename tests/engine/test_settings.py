"""What a run may ask of its task; batches, partial ones too; rows, folds and their limits."""

from __future__ import annotations

import numpy as np
import pytest
from tests.engine import plain
from tests.engine.population import bits, made_up, of, trained

from mlplab.data import task_from_arrays
from mlplab.engine import program_of, train
from mlplab.errors import ConfigError
from mlplab.specs import LARS, MLP, SGD, Adam, First, Fit, Fold


@pytest.mark.parametrize(("n", "size", "last", "expected"), [
    (10, 4, "drop", (4, 4)), (10, 4, "keep", (4, 4, 2)), (8, 4, "keep", (4, 4)),
    (3, 8, "keep", (3,)), (8, 8, "drop", (8,)), (5, 1, "drop", (1,) * 5),
])  # fmt: skip
def test_batches_of_an_epoch(n, size, last, expected):
    task = made_up(n=n)
    program = program_of(of(task, fit=Fit(batch_size=size, last_batch=last)), task, n)
    assert program.batch_sizes == expected
    assert program.lanes % 16 == 0
    assert program.lanes >= max(expected)


@pytest.mark.parametrize("size", [7, 30, 31, 1000])
def test_a_partial_batch_trains_like_any_other(size):
    task = made_up(n=30, weights="some")
    run = of(task, net=MLP(hidden=(4,), dropout=0.3), optim=SGD(lr=0.1, momentum=0.5),
             fit=Fit(epochs=3, batch_size=size, last_batch="keep", dtype="float64"))  # fmt: skip
    done = trained([run], task)[run.key]
    plain.assert_same_weights(done.weights, plain.train_plainly(run, task), rtol=1e-9, atol=1e-11)


def test_an_epoch_without_a_whole_batch_is_refused():
    task = made_up(n=30)
    run = of(task, fit=Fit(batch_size=31))
    with pytest.raises(ConfigError, match=r"fit\.batch_size: expected at most the 30 training"):
        list(train([run], task))


def test_cross_entropy_needs_classes():
    task = made_up("regression")
    run = of(task, fit=Fit(loss="cross-entropy", batch_size=16))
    with pytest.raises(ConfigError, match="cross-entropy needs classes"):
        list(train([run], task))


def test_an_unknown_device_is_refused():
    task = made_up()
    run = of(task, fit=Fit(batch_size=16))
    with pytest.raises(ConfigError, match="device: expected cpu, cuda"):
        list(train([run], task, device="abacus"))


@pytest.mark.parametrize("rows", [Fold(n_folds=3, index=2), First(n=17), {"kind": "seed"}])
def test_a_run_trains_on_its_rows_and_no_others(rows):
    # A row that must not train is made to ruin the weights if it does.
    task = made_up("regression", n=40, outputs=1, valid=0.25, n_test=0)
    run = of(task, net=MLP(hidden=(4,)), rows=rows, seed=3,
             fit=Fit(epochs=2, batch_size=5, last_batch="keep"))  # fmt: skip
    used = task.split(3, run.rows).train
    spoilt = np.array(task.inputs)
    spoilt[np.setdiff1d(np.arange(40), used)] = 1e9
    other = task_from_arrays(spoilt, task.targets, valid=0.25, kind="regression")
    same = of(other, **{name: getattr(run, name) for name in ("net", "rows", "seed", "fit")})
    assert trained([run], task)[run.key].weights == trained([same], other)[same.key].weights


def test_more_rows_than_there_are_is_refused_before_anything_trains():
    task = made_up(n=40)
    good = of(task, fit=Fit(batch_size=8))
    for rows, complaint in ((First(n=41), "at most 40"), (Fold(n_folds=41), "at most 40 rows")):
        with pytest.raises(ConfigError, match=complaint):
            next(train([good, of(task, rows=rows, fit=Fit(batch_size=8))], task))


def test_inputs_of_any_type_train_alike():
    rng = np.random.default_rng(0)
    bytes_ = rng.integers(0, 256, (50, 20)).astype("u1")
    y = rng.integers(0, 3, 50)
    weights = {}
    for name, X, scale in (
        ("bytes", bytes_, 1 / 255),
        ("single", bytes_.astype("f4"), 1 / 255),
        ("double", bytes_.astype("f8"), 1 / 255),
    ):
        task = task_from_arrays(X, y, input_scale=scale, dtype="float64" if name == "double"
                                else "float32")  # fmt: skip
        run = of(task, net=MLP(hidden=(8,)), fit=Fit(epochs=2, batch_size=16))
        weights[name] = trained([run], task)[run.key].weights
    assert weights["bytes"] == weights["single"] == weights["double"]


def test_task_weights_of_one_change_nothing():
    rng = np.random.default_rng(0)
    X, y = rng.standard_normal((48, 4)).astype("f4"), rng.integers(0, 2, 48)
    found = []
    for weights in (None, np.ones(48, "f4")):
        task = task_from_arrays(X, y, weights=weights)
        run = of(task, net=MLP(hidden=(5,)), fit=Fit(epochs=2, batch_size=16))
        found.append(trained([run], task)[run.key].weights)
    assert found[0] == found[1]


def test_an_example_of_weight_zero_trains_nothing():
    rng = np.random.default_rng(0)
    X, y = rng.standard_normal((48, 4)).astype("f4"), rng.standard_normal(48).astype("f4")
    weights = (np.arange(48) % 3 > 0).astype("f4")
    found = []
    for target in (y, np.where(weights == 0, 50.0, y).astype("f4")):
        task = task_from_arrays(X, target, weights=weights, kind="regression")
        run = of(task, net=MLP(hidden=(5,)), optim=SGD(lr=0.01), fit=Fit(epochs=2, batch_size=16))
        found.append(trained([run], task)[run.key].weights)
    assert found[0] == found[1]


@pytest.mark.parametrize("native", [True, False])
def test_what_a_key_leaves_out_changes_no_bit(native, monkeypatch):
    if not native:
        monkeypatch.setattr("mlplab.engine.program.is_native", lambda *_: False)
    task, fit = made_up(n=40), Fit(epochs=2, batch_size=8)
    pairs = [
        ({"net": MLP(hidden=())}, {"net": MLP(hidden=(), activation="prelu", norm="layer")}),
        ({"optim": Adam()}, {"optim": Adam(decay_biases=False)}),
        ({"optim": LARS(momentum=0)}, {"optim": LARS(momentum=0, decay_biases=False)}),
    ]
    for one, other in pairs:
        runs = [of(task, **({"fit": fit, "net": MLP(hidden=(4,))} | it)) for it in (one, other)]
        assert runs[0].key == runs[1].key
        assert len({str(bits(trained([run], task)[run.key])) for run in runs}) == 1
