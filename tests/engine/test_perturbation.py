"""What training changes in its batches: by definition, against autograd, alone and among others."""

from __future__ import annotations

import math

import numpy as np
import pytest
import torch
from tests.engine import plain
from tests.engine.population import bits, made_up, of, trained
from torch.nn import functional

import mlplab as ml
from mlplab.data import load_task, task_from_arrays
from mlplab.data.label_noise import replaced_classes
from mlplab.engine.native.coverage import outside
from mlplab.engine.order import order
from mlplab.engine.perturbation import Perturbation
from mlplab.engine.tensors import TaskTensors
from mlplab.errors import ConfigError
from mlplab.specs import MLP, SGD, Fit
from mlplab.specs.keyed import philox

CHANGES = (
    {"input_noise": "gaussian", "input_strength": 0.3},
    {"input_noise": "uniform", "input_strength": 0.3},
    {"input_noise": "multiplicative", "input_strength": 0.3},
    {"input_noise": "dropout", "input_strength": 0.3},
    {"mixup": 0.4},
    {"label_noise": 0.3},
    {"shift": 1},
    {"flip": True},
    {"shift": 2, "flip": True, "mixup": 1.0, "label_noise": 0.1, "input_noise": "gaussian",
     "input_strength": 0.1},
)  # fmt: skip
DOUBLE = {"epochs": 2, "batch_size": 16, "dtype": "float64", "last_batch": "keep"}


@pytest.fixture(scope="module")
def images():
    """Fifty random images of 3 x 4 pixels, in three classes."""
    rng = np.random.default_rng(3)
    return task_from_arrays(rng.random((50, 3, 4)), rng.integers(0, 3, 50), valid=9)


def batch_of(task, fit, seed=0, epoch=0, step=0, rows=None, dtype=torch.float64):
    """Return inputs (n, I) and targets (O, n) as a training sees them, and as they were."""
    run = of(task, net=MLP(hidden=(4,)), fit=fit, seed=seed)
    data = TaskTensors(task, dtype, task.n_features, torch.device("cpu"))
    rows = torch.arange(len(task.inputs)) if rows is None else rows
    x = torch.zeros(len(rows), task.n_features, dtype=dtype)
    target = torch.zeros(task.n_outputs, len(rows), dtype=dtype)
    data.inputs(rows, x)
    data.training_targets(rows, target)
    before = x.clone(), target.clone()
    Perturbation(run, epoch, data).apply(rows, step, x, target)
    return (x, target), before


class TestReplacedClasses:
    def test_have_the_rate_and_are_never_their_own(self):
        classes = np.repeat(np.arange(5), 4000)
        made = replaced_classes(classes, 5, 0.2, 7)
        changed = made != classes
        n = len(classes)
        assert abs(changed.mean() - 0.2) < 5 * math.sqrt(0.2 * 0.8 / n)
        others = (made - classes)[changed] % 5
        counts = np.bincount(others, minlength=5)
        assert counts[0] == 0
        # Each of the four others is as likely: chi squared with three degrees of freedom.
        expected = changed.sum() / 4
        assert ((counts[1:] - expected) ** 2 / expected).sum() < 16.3

    def test_are_the_same_in_every_epoch_and_for_every_companion_row(self, images):
        fit = Fit(label_noise=0.4)
        (_, first), _ = batch_of(images, fit, epoch=0, step=0)
        (_, later), _ = batch_of(images, fit, epoch=5, step=77)
        assert torch.equal(first, later)
        rows = torch.tensor([31, 4, 4, 15])
        (_, some), _ = batch_of(images, fit, rows=rows)
        assert torch.equal(some, first[:, rows])

    def test_validation_and_test_rows_keep_theirs(self):
        task = made_up(n=64, valid=0.5)
        run = of(task, net=MLP(hidden=(16,)), optim=SGD(lr=1e-60), seed=1,
                 fit=Fit(epochs=1, batch_size=8, label_noise=0.9))  # fmt: skip
        history = trained([run], task)[run.key].outcome.history
        plainly = run.replace(fit=run.fit.replace(label_noise=0.0))
        clean = trained([plainly], task)[plainly.key].outcome.history
        assert history["valid_accuracy"] == clean["valid_accuracy"]
        assert history["test_accuracy"] == clean["test_accuracy"]
        assert history["train_loss"] != clean["train_loss"]


class TestImages:
    @pytest.mark.parametrize("fit", [Fit(shift=2), Fit(flip=True), Fit(shift=1, flip=True)])
    def test_are_mirrored_and_shifted_with_zeros_from_outside(self, images, fit):
        (moved, _), (before, _) = batch_of(images, fit, epoch=3)
        moved, before = moved.view(-1, 3, 4), before.view(-1, 3, 4)
        for image, original in zip(moved, before, strict=True):
            looks = [original, original.flip(1)] if fit.flip else [original]
            candidates = [
                shifted(look, down, right)
                for look in looks
                for down in range(-fit.shift, fit.shift + 1)
                for right in range(-fit.shift, fit.shift + 1)
            ]
            assert any(torch.equal(image, one) for one in candidates)

    def test_every_move_is_as_likely(self):
        task = task_from_arrays(
            np.ones((9000, 3, 3)), np.zeros(9000, dtype=int) + np.arange(9000) % 2
        )
        (moved, _), _ = batch_of(task, Fit(shift=1))
        kinds, counts = np.unique(moved.numpy(), axis=0, return_counts=True)
        assert len(kinds) == 9
        # Chi squared with eight degrees of freedom.
        assert ((counts - 1000.0) ** 2 / 1000).sum() < 26.1

    def test_an_example_moves_alike_whoever_is_in_its_batch_and_anew_in_each_epoch(self, images):
        fit = Fit(shift=2, flip=True)
        (all_of_them, _), _ = batch_of(images, fit, epoch=1, step=4)
        rows = torch.tensor([31, 4, 15])
        (some, _), _ = batch_of(images, fit, epoch=1, step=9, rows=rows)
        assert torch.equal(some, all_of_them[rows])
        (later, _), _ = batch_of(images, fit, epoch=2, step=4)
        assert not torch.equal(later, all_of_them)


def shifted(image, down, right):
    """Move an image by torch's own padding, a pixel at a time."""
    height, width = image.shape
    padded = functional.pad(image, (9, 9, 9, 9))
    return padded[9 - down : 9 - down + height, 9 - right : 9 - right + width]


class TestMixup:
    def test_mixes_inputs_and_targets_by_one_share(self, images):
        (x, target), (x0, target0) = batch_of(images, Fit(mixup=0.7), step=5)
        draws = philox(0, "mixup", 5)
        drawn = draws.beta(0.7, 0.7)
        share = max(drawn, 1 - drawn)
        others = torch.from_numpy(draws.permutation(len(x)))
        torch.testing.assert_close(x, share * x0 + (1 - share) * x0[others])
        torch.testing.assert_close(target, share * target0 + (1 - share) * target0[:, others])
        assert share >= 0.5

    def test_of_a_huge_alpha_is_half_and_half_and_of_a_tiny_one_is_none(self, images):
        (x, _), (x0, _) = batch_of(images, Fit(mixup=1e-9))
        assert torch.equal(x, x0)
        (half, target), _ = batch_of(images, Fit(mixup=1e9))
        assert float(target.amax(0).min()) == pytest.approx(0.5, abs=1e-3)
        torch.testing.assert_close(half.mean(0), x0.mean(0))

    def test_hits_are_of_the_class_with_the_larger_share(self):
        from mlplab.engine.losses import CrossEntropy

        z = torch.tensor([[[3.0, 1.0], [1.0, 2.0], [0.0, 0.0]]])
        target = torch.tensor([[[0.8, 0.6], [0.0, 0.4], [0.2, 0.0]]])
        judged = CrossEntropy(3, torch.float32, mixed=True).judge(z.clone(), target)
        assert judged.hit.tolist() == [[1.0, 0.0]]
        wanted = functional.cross_entropy(z, target, reduction="none")
        torch.testing.assert_close(judged.loss, wanted)


class TestInputNoise:
    @pytest.mark.parametrize(
        ("kind", "mean", "variance"),
        [
            ("gaussian", 2.0, 0.09),
            ("uniform", 2.15, 0.09 / 12),
            ("multiplicative", 2.0, 4 * 0.09),
            ("dropout", 2.0, 4 * 0.3 / 0.7),
        ],
    )
    def test_has_the_moments_of_its_formula(self, kind, mean, variance):
        task = task_from_arrays(np.full((3000, 40), 2.0), np.arange(3000) % 2)
        fit = Fit(input_noise=kind, input_strength=0.3)
        (x, _), _ = batch_of(task, fit, step=3)
        n = x.numel()
        assert abs(float(x.mean()) - mean) < 5 * math.sqrt(variance / n)
        assert float(x.var()) == pytest.approx(variance, rel=0.02)

    def test_is_drawn_anew_in_each_step(self, images):
        fit = Fit(input_noise="gaussian", input_strength=0.3)
        (x, _), _ = batch_of(images, fit, step=3)
        (other, _), _ = batch_of(images, fit, step=4)
        assert not torch.equal(x, other)


@pytest.mark.parametrize("smoothing", [0.0, 0.2])
@pytest.mark.parametrize("change", CHANGES, ids=str)
def test_a_training_is_autograds_on_the_changed_batches(images, change, smoothing):
    fit = Fit(**DOUBLE, **change, label_smoothing=smoothing)
    run = of(images, net=MLP(hidden=(7,), activation="tanh"), optim=SGD(lr=0.2), fit=fit, seed=4)
    done = trained([run], images)[run.key]
    params = plain.first_params(run, images)
    rows = images.split(run.seed).train
    optimiser = torch.optim.SGD([p for pair in params for p in pair], lr=0.2)
    n_batches = -(-len(rows) // 16)
    for epoch in range(2):
        ordered = order(run.seed, epoch, rows)
        for b in range(n_batches):
            picked = torch.from_numpy(ordered[16 * b : 16 * b + 16].copy())
            step = epoch * n_batches + b
            (x, target), _ = batch_of(images, fit, run.seed, epoch, step, picked)
            z = plain.forward(run, params, x)
            loss = functional.cross_entropy(z, target.t(), label_smoothing=smoothing)
            optimiser.zero_grad()
            loss.backward()
            optimiser.step()
    for layer, (weight, bias) in zip(plain.unpack_layers(done.weights), params, strict=True):
        torch.testing.assert_close(layer.weight, weight.detach(), rtol=1e-9, atol=1e-11)
        torch.testing.assert_close(layer.bias, bias.detach(), rtol=1e-9, atol=1e-11)


@pytest.mark.parametrize("dtype", ["float32", "float64"])
def test_alone_is_among_forty_others_of_every_kind(images, dtype):
    """Arms that change their batches in different ways share a stack."""
    fits = [Fit(epochs=2, batch_size=13, dtype=dtype, **change) for change in CHANGES]
    fits = [fit for fit in fits if not fit.mixup] if dtype == "float64" else fits
    runs = [
        of(images, net=MLP(hidden=(9,)), optim=SGD(lr=lr), fit=fit, seed=seed)
        for fit in fits
        for seed in range(3)
        for lr in (0.1, 0.3)
    ]
    among = trained(runs, images)
    assert len(runs) > 40 or dtype == "float64"
    for run in runs[::5]:
        assert bits(trained([run], images)[run.key]) == bits(among[run.key])


def test_arms_of_one_seed_and_change_share_their_batches(images):
    from mlplab.engine.training import Splits

    splits = Splits(images)
    fit = Fit(epochs=1, batch_size=13, mixup=0.3)
    one, other = (of(images, net=MLP(hidden=(9,)), optim=SGD(lr=lr), fit=fit) for lr in (0.1, 0.2))
    assert splits.batches(one) == splits.batches(other)
    assert splits.batches(one) != splits.batches(one.with_value("fit.mixup", 0.4))


@pytest.mark.parametrize("change", CHANGES, ids=str)
def test_modules_see_the_same_batches(images, change):
    from tests.engine import made_modules  # noqa: F401  (registers them)

    fit = Fit(epochs=2, batch_size=13, dtype="float64", **change)
    runs = [of(images, net=ml.Module(name="two-linear"), fit=fit, seed=seed) for seed in range(3)]
    among = trained(runs, images)
    for run in runs:
        alone = trained([run], images)[run.key]
        assert bits(alone) == bits(among[run.key])
    plainly = runs[0].replace(fit=Fit(epochs=2, batch_size=13, dtype="float64"))
    assert bits(trained([plainly], images)[plainly.key]) != bits(among[runs[0].key])


@pytest.mark.parametrize(
    ("change", "says"),
    [
        ({"shift": 1}, "fit.shift: needs images; arrays has 6 features"),
        ({"flip": True}, "fit.flip: needs images"),
        ({"input_noise": "gaussian"}, "input_noise: gaussian needs input_strength, such as 0.1"),
        ({"input_noise": "dropout", "input_strength": 1}, "expected a rate below 1"),
    ],
)
def test_what_does_not_fit_is_one_line(change, says):
    task = made_up(n=40, features=6)
    with pytest.raises(ConfigError, match=says) as caught:
        trained([of(task, net=MLP(hidden=(4,)), fit=Fit(batch_size=8, **change))], task)
    assert "\n" not in str(caught.value)


def test_numbers_have_no_classes_to_replace():
    task = made_up("regression", n=40)
    with pytest.raises(ConfigError, match=r"fit\.label_noise: needs classes"):
        trained([of(task, net=MLP(hidden=(4,)), fit=Fit(batch_size=8, label_noise=0.1))], task)


def test_compiled_loops_leave_them_to_stacks():
    task = load_task("digits")
    for change in CHANGES:
        assert "not in the compiled loops" in outside(of(task, fit=Fit(**change)), task)


@pytest.mark.parametrize("change", CHANGES, ids=str)
def test_what_is_resumed_ends_as_what_never_stopped(images, change, monkeypatch):
    from tests.engine.test_checkpoints import train_with_stops

    from mlplab.engine import lane

    monkeypatch.setattr(lane, "PAUSE_SECONDS", 0.0)
    fit = Fit(epochs=2, batch_size=13, **change)
    runs = [of(images, net=MLP(hidden=(5,)), fit=fit, seed=seed) for seed in range(4)]
    whole = trained(runs, images)
    parts = train_with_stops(runs, images, [3, 4], [None, 2, None])
    assert {k: bits(e) for k, e in parts.items()} == {k: bits(e) for k, e in whole.items()}
