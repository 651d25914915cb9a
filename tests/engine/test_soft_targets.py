"""Learning from soft targets: against autograd, and one-hot ones against the classes."""

from __future__ import annotations

import numpy as np
import pytest
import torch
from tests.engine import plain
from tests.engine.population import bits, made_up, of, trained
from tests.engine.test_perturbation import batch_of
from torch.nn import functional

import mlplab as ml
from mlplab.data import soft_targets
from mlplab.engine.footprint import task_bytes
from mlplab.engine.native.coverage import outside
from mlplab.engine.order import order
from mlplab.errors import ConfigError
from mlplab.specs import MLP, SGD, Fit

DOUBLE = {"epochs": 2, "batch_size": 16, "dtype": "float64", "last_batch": "keep"}
CHANGES = ({}, {"label_smoothing": 0.2}, {"mixup": 0.4}, {"mixup": 0.4, "label_smoothing": 0.2})


@pytest.fixture(scope="module", params=["none", "some"], ids=["", "weighted"])
def pair(request):
    """A task, and the same with probabilities of a teacher."""
    task = made_up(n=60, valid=9, outputs=3, weights=request.param)
    teacher = np.random.default_rng(5).dirichlet(np.ones(3), task.n_pool)
    return task, task.with_soft(soft_targets(teacher, task.targets[task.pool], hard=0.2))


@pytest.mark.parametrize("change", CHANGES, ids=str)
def test_a_training_is_autograds_with_cross_entropy_of_probabilities(pair, change):
    _, soft = pair
    fit = Fit(**DOUBLE, **change)
    run = of(soft, net=MLP(hidden=(7,), activation="tanh"), optim=SGD(lr=0.2), fit=fit, seed=4)
    done = trained([run], soft)[run.key]
    params = plain.first_params(run, soft)
    optimiser = torch.optim.SGD([p for pair in params for p in pair], lr=0.2)
    rows, losses = soft.split(run.seed).train, []
    n_batches = -(-len(rows) // 16)
    for epoch in range(2):
        ordered, total = order(run.seed, epoch, rows), 0.0
        for b in range(n_batches):
            picked = torch.from_numpy(ordered[16 * b : 16 * b + 16].copy())
            step = epoch * n_batches + b
            (x, target), _ = batch_of(soft, fit, run.seed, epoch, step, picked)
            z = plain.forward(run, params, x)
            smoothing = fit.label_smoothing
            each = functional.cross_entropy(
                z, target.t(), reduction="none", label_smoothing=smoothing
            )
            total += float(each.sum().detach())
            if soft.weights is None:
                loss = each.mean()
            else:
                weights = torch.from_numpy(soft.weights[picked.numpy()].copy()).double()
                loss = (weights * each).sum() / weights.sum()
            optimiser.zero_grad()
            loss.backward()
            optimiser.step()
        losses.append(total / len(rows))
    # Targets are kept in float32, and add up to 1 as far as that goes.
    np.testing.assert_allclose(done.outcome.history["train_loss"], losses, rtol=1e-6)
    for layer, (weight, bias) in zip(plain.unpack_layers(done.weights), params, strict=True):
        torch.testing.assert_close(layer.weight, weight.detach(), rtol=1e-6, atol=1e-7)
        torch.testing.assert_close(layer.bias, bias.detach(), rtol=1e-6, atol=1e-7)


@pytest.mark.parametrize("change", CHANGES, ids=str)
@pytest.mark.parametrize("dtype", ["float32", "float64"])
def test_one_hot_targets_are_the_classes_bit_for_bit(pair, change, dtype):
    task, _ = pair
    same = task.with_soft(np.eye(3)[task.targets[task.pool]])
    # A norm, so that the classes too are learnt in stacks.
    fields = {"net": MLP(hidden=(9,), norm="batch", dropout=(0.3,)),
              "fit": Fit(epochs=3, batch_size=13, dtype=dtype, **change)}  # fmt: skip
    ends = []
    for data in (task, same):
        run = of(data, **fields, seed=2)
        ends.append(bits(trained([run], data)[run.key]))
    assert ends[0] == ends[1]


def test_validation_and_test_rows_are_judged_by_their_classes(pair):
    task, soft = pair
    fields = {"net": MLP(hidden=(5,)), "optim": SGD(lr=1e-60), "fit": Fit(epochs=1, batch_size=8)}
    # Nothing is learnt at this rate: only how rows are judged could differ.
    of_classes, of_soft = (
        trained([run := of(data, **fields)], data)[run.key].outcome.history for data in (task, soft)
    )
    for metric in ("valid_loss", "valid_accuracy", "test_loss", "test_accuracy"):
        assert of_soft[metric] == pytest.approx(of_classes[metric], rel=1e-5)
    assert of_soft["train_loss"] != pytest.approx(of_classes["train_loss"], rel=1e-3)


def test_training_accuracy_counts_the_most_probable_class():
    from mlplab.engine.losses import CrossEntropy

    z = torch.tensor([[[3.0, 1.0, 0.0], [1.0, 2.0, 1.0], [0.0, 0.0, 0.5]]])
    target = torch.tensor([[[0.4, 0.45, 0.3], [0.3, 0.2, 0.35], [0.3, 0.35, 0.35]]])
    judged = CrossEntropy(3, torch.float32, mixed=True).judge(z.clone(), target)
    # Of equals the first, as in outputs.
    assert judged.hit.tolist() == [[1.0, 0.0, 1.0]]


def test_alone_is_among_others(pair):
    _, soft = pair
    runs = [
        of(soft, net=MLP(hidden=(9,)), optim=SGD(lr=lr),
           fit=Fit(epochs=2, batch_size=13, **change), seed=seed)
        for change in CHANGES for seed in range(4) for lr in (0.1, 0.3)
    ]  # fmt: skip
    among = trained(runs, soft)
    for run in runs[::5]:
        assert bits(trained([run], soft)[run.key]) == bits(among[run.key])


def test_modules_learn_from_them_too(pair):
    from tests.engine import made_modules  # noqa: F401  (registers them)

    task, soft = pair
    same = task.with_soft(np.eye(3)[task.targets[task.pool]])
    ends = []
    for data in (task, same, soft):
        run = of(data, net=ml.Module(name="two-linear"), fit=Fit(epochs=2, batch_size=13))
        ends.append(bits(trained([run], data)[run.key])["weights"])
    assert ends[0] == ends[1] != ends[2]


def test_workers_learn_what_this_process_learns(pair, tmp_path):
    _, soft = pair
    experiment = ml.Experiment(soft, ml.Run(net=MLP(hidden=(6,)), fit=Fit(batch_size=8)), seeds=4)
    here = experiment.run(tmp_path / "here.db", workers=1, progress=False)
    there = experiment.run(tmp_path / "there.db", workers=2, progress=False)
    np.testing.assert_array_equal(here.values("train_loss"), there.values("train_loss"))


def test_compiled_loops_leave_them_to_stacks(pair):
    task, soft = pair
    says = "learning from soft targets is not in the compiled loops"
    assert outside(of(soft), soft) == says
    assert outside(of(task), task) == ""


def test_their_memory_is_counted(pair):
    task, soft = pair
    assert task_bytes(soft) - task_bytes(task) == soft.soft.nbytes == 4 * 3 * len(task.inputs)


@pytest.mark.parametrize(
    ("change", "says"),
    [
        ({"loss": "squared"}, r"fit\.loss: soft targets need cross-entropy; got 'squared'"),
        ({"label_noise": 0.1}, r"fit\.label_noise: replaces classes, and arrays \(soft\) has soft"),
    ],
)
def test_what_does_not_fit_is_one_line(pair, change, says):
    _, soft = pair
    with pytest.raises(ConfigError, match=says):
        trained([of(soft, net=MLP(hidden=(4,)), fit=Fit(batch_size=8, **change))], soft)
