"""Hessians of finished runs: against torch.func, scipy, and each other."""

from __future__ import annotations

import numpy as np
import pytest
import torch
from scipy.sparse.linalg import eigsh
from torch.func import hessian as hessian_of
from torch.nn import functional

import mlplab as ml
from mlplab.errors import ConfigError, DataError
from mlplab.specs import MLP, Fit, Module, Run, TaskRef
from mlplab.theory import (
    curvature,
    hessian,
    hessian_operator,
    second_order,
    spectral_density,
)

N = 40


@ml.module("linear-of-the-test")
def linear(n_features, n_outputs):
    return torch.nn.Linear(n_features, n_outputs)


def task_of(kind="classification", **more):
    rng = np.random.default_rng(0)
    x = rng.standard_normal((N + 10, 5)).astype("f4")
    y = rng.integers(0, 3, N + 10) if kind == "classification" else rng.standard_normal((N + 10, 2))
    return ml.task_from_arrays(x, y, valid=10, **more)


def trained(task, n_seeds=3, vary=None, lr=0.1, **net):
    own = Fit(epochs=2, batch_size=8, dtype="float64")
    base = Run(net=MLP(**{"hidden": (4, 3), "activation": "tanh"} | net), fit=own)
    base = base.with_value("optim.lr", lr)
    return ml.Experiment(task, base, vary=vary, seeds=n_seeds).run(":memory:", workers=1)


@pytest.fixture(scope="module")
def runs():
    return trained(task_of(), vary={"hidden": [(4, 3), (5,)]})


def in_order(weights):
    """Weight, then bias, layer by layer."""
    return {name: weights[name] for name in sorted(weights, key=lambda n: (n[7], n[9] != "w"))}


def flat(weights):
    own = in_order(weights).values()
    return torch.cat([torch.from_numpy(np.array(w)).flatten().double() for w in own])


def plain_loss(task, run, weights, split="train", share=None):
    """The loss as a function of all numbers in a row, of a tanh network."""
    rows = getattr(task.split(run.seed), split)
    x = torch.from_numpy(task.inputs[rows][:, : run.net.inputs or None]).double()
    y = torch.from_numpy(task.targets[rows])
    shapes = [w.shape for w in in_order(weights).values()]

    def loss(numbers):
        parts = torch.split(numbers, [int(np.prod(shape)) for shape in shapes])
        parts = [part.view(shape) for part, shape in zip(parts, shapes, strict=True)]
        h = x
        for i in range(0, len(parts), 2):
            h = h @ parts[i].T + parts[i + 1]
            h = torch.tanh(h) if i + 2 < len(parts) else h
        if task.kind == "regression":
            return functional.mse_loss(h, y.double())
        each = functional.cross_entropy(h, y, reduction="none")
        return each.mean() if share is None else (each * share).sum()

    return loss


@pytest.mark.parametrize("kind", ["classification", "regression"])
@pytest.mark.parametrize("split", ["train", "valid"])
def test_a_hessian_is_that_of_torch_func(kind, split):
    task = task_of(kind)
    made = trained(task, 1)
    cell, weights = made.cells[0], made.weights(made.arms[0], 0)
    wanted = hessian_of(plain_loss(task, cell.run, weights, split))(flat(weights))
    found = hessian(cell.run, weights, task, split=split)
    np.testing.assert_allclose(found, wanted, rtol=1e-9, atol=1e-12)


def test_weights_of_examples_and_few_inputs_count():
    ours = np.random.default_rng(1).random(N + 10).astype("f4")
    task = task_of(weights=ours)
    made = trained(task, 1, inputs=3)
    cell, weights = made.cells[0], made.weights(made.arms[0], 0)
    own = torch.from_numpy(ours[task.split(0).train]).double()
    loss = plain_loss(task, cell.run, weights, share=own / own.sum())
    found = hessian(cell.run, weights, task)
    np.testing.assert_allclose(found, hessian_of(loss)(flat(weights)), rtol=1e-6, atol=1e-9)


@pytest.mark.parametrize("matrix", ["hessian", "gauss-newton"])
@pytest.mark.parametrize("end", ["largest", "smallest"])
def test_a_populations_eigenvalues_are_those_of_its_matrices(runs, matrix, end):
    found = curvature(runs, k=3, matrix=matrix, end=end, tolerance=1e-9)
    assert found.n_rows == N
    for place, cell in enumerate(runs.cells):
        weights = runs.weights(cell.arm, cell.seed)
        whole = hessian(cell.run, weights, runs.experiment.data, matrix=matrix)
        values = np.linalg.eigvalsh(whole)
        wanted = values[::-1][:3] if end == "largest" else values[:3]
        np.testing.assert_allclose(found.eigenvalues[place], wanted, rtol=1e-6, atol=1e-8)
    # Lanczos needs no more products than there are numbers to learn.
    assert (found.n_products <= [runs.outcomes[cell.key].n_params for cell in runs.cells]).all()


def test_companions_change_nothing(runs):
    together = curvature(runs, k=2)
    for place, cell in enumerate(runs.cells):
        arm = trained(task_of(), vary={"hidden": [cell.run.net.hidden]})
        alone = curvature(arm, k=2).eigenvalues[cell.seed]
        np.testing.assert_allclose(together.eigenvalues[place], alone, rtol=1e-9)


def test_the_operator_is_the_matrix_and_scipy_takes_it(runs):
    task, cell = runs.experiment.data, runs.cells[0]
    weights = runs.weights(cell.arm, cell.seed)
    whole, operator = (make(cell.run, weights, task) for make in (hessian, hessian_operator))
    columns = np.random.default_rng(0).standard_normal((len(whole), 3))
    np.testing.assert_allclose(operator @ columns, whole @ columns, rtol=1e-9, atol=1e-12)
    np.testing.assert_allclose(operator @ columns[:, 0], whole @ columns[:, 0], atol=1e-12)
    top = eigsh(operator, 1, which="LA", return_eigenvectors=False)[0]
    assert curvature(runs).eigenvalues[0, 0] == pytest.approx(top, rel=1e-6)


@pytest.mark.parametrize("norm", ["layer", "batch"])
def test_norms_and_slopes_take_their_places(norm):
    """The Hessian is that of differences of gradients at neighbouring weights."""
    task = task_of()
    made = trained(task, 1, hidden=(4,), norm=norm, activation="prelu:0.2,unit")
    run, weights = made.cells[0].run, made.weights(made.arms[0], 0)
    whole, step = hessian(run, weights, task), 1e-5
    rows = [task.split(0).train]

    def gradient(name, sign):
        moved = {n: np.array(w, "f8") for n, w in weights.items()}
        moved[name].flat[0] += sign * step
        model = second_order.second_order_of([run], [moved], task, rows, "train")
        return model.gradient()[0].numpy()

    # The first number of each kind stands where the numbers before it end.
    order, place = ("weight", "bias", "gain", "slope"), 0
    for name in sorted(weights, key=lambda n: (n[7], (*order, "mean", "variance").index(n[9:]))):
        if name.endswith(("mean", "variance")):
            continue
        slope = (gradient(name, 1) - gradient(name, -1)) / (2 * step)
        np.testing.assert_allclose(whole[place], slope, rtol=1e-4, atol=1e-6)
        place += weights[name].size
    assert place == len(whole)


@pytest.mark.parametrize("weighted", [False, True])
def test_many_rows_are_taken_in_portions(monkeypatch, weighted):
    ours = np.random.default_rng(1).random(N + 10).astype("f4")
    made = trained(task_of(**({"weights": ours} if weighted else {})), 2, hidden=(4,))
    whole = curvature(made)
    given = made.cells[0].run, made.weights(made.arms[0], 0), made.experiment.data
    matrix = hessian(*given)
    # Portions of 7 rows, of which only two are kept.
    for name, value in {"_LEAST_PORTION": 7, "_STACK_FLOATS": 1, "_N_KEPT": 2}.items():
        monkeypatch.setattr(second_order, name, value)
    np.testing.assert_allclose(hessian(*given), matrix, rtol=1e-9, atol=1e-12)
    portioned = curvature(made)
    np.testing.assert_allclose(portioned.eigenvalues, whole.eigenvalues, rtol=1e-9)
    np.testing.assert_allclose(portioned.gradient_norms, whole.gradient_norms, rtol=1e-9)


def test_of_a_linear_model_both_matrices_are_one_and_convex():
    task = task_of()
    made = trained(task, 1, hidden=())
    given = made.cells[0].run, made.weights(made.arms[0], 0), task
    whole = hessian(*given)
    np.testing.assert_array_equal(whole, hessian(*given, matrix="gauss-newton"))
    assert np.linalg.eigvalsh(whole)[0] > -1e-12


def test_a_diverged_run_has_none_and_hurts_nobody():
    made = trained(task_of("regression"), vary={"lr": [0.1, 1e30]}, activation="relu")
    found = curvature(made)
    frame = found.frame()
    assert list(frame["eigenvalue_1"].isna()) == [cell.arm.label != "lr=0.1" for cell in made.cells]
    assert list(frame["optim.lr"]) == [0.1] * 3 + [1e30] * 3
    np.testing.assert_array_equal(found.gradient_norms[:3] > 0, True)


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"matrix": "fisher"}, "matrix: expected one of hessian, gauss-newton; got 'fisher'"),
        ({"end": "top"}, "end: expected one of largest, smallest; got 'top'"),
        ({"split": "test"}, "split: expected one of train, valid; got 'test'"),
        ({"k": 0}, "k: expected at least 1; got 0"),
        ({"k": 49}, "k: expected 1 to 48, .*; got 49"),
        ({"k": 1.5}, "k: expected a whole number from 1; got 1.5"),
        ({"n_rows": "all"}, "n_rows: expected a whole number from 1; got 'all'"),
        ({"k": 3, "most": 2}, "most: expected at least k=3 products; got 2"),
        ({"n_rows": 0}, "n_rows: expected at least 1; got 0"),
        ({"tolerance": 0}, "tolerance: expected a number above 0; got 0"),
    ],
)
def test_what_does_not_fit_is_one_line(runs, options, message):
    with pytest.raises(ConfigError, match=message):
        curvature(runs, **options)


def test_a_matrix_that_no_memory_holds_is_refused_with_what_to_do():
    task = ml.load_task("digits")
    sizes = ((256, 64), (256,), (256, 256), (256,), (10, 256), (10,))
    names = [f"layers.{i}.{kind}" for i in range(3) for kind in ("weight", "bias")]
    weights = {name: np.zeros(size) for name, size in zip(names, sizes, strict=True)}
    run = Run(net=MLP(hidden=(256, 256)), task=TaskRef(**task.spec()))
    message = (
        r"hessian: 85,002 numbers make a matrix of 57.8 GB; expected at most 2.15 GB \(16,384 "
        r"numbers\); theory.curvature .* theory.hessian_operator multiplies by it"
    )
    with pytest.raises(ConfigError, match=message):
        hessian(run, weights, task)
    assert (hessian_operator(run, weights, task) @ np.ones(85_002)).shape == (85_002,)


def test_weights_of_another_network_and_modules_are_refused(runs):
    task, cell = runs.experiment.data, runs.cells[0]
    weights = runs.weights(runs.cells[-1].arm, 0)
    shape = r"weights: expected layers.0.weight of shape \(4, 5\) for .*; got \(5, 5\)"
    with pytest.raises(DataError, match=shape):
        hessian(cell.run, weights, task)
    own = runs.weights(cell.arm, 0)
    for change, says in (
        ({"layers.1.bias": np.full(3, np.nan)}, "finite numbers; layers.1.bias has others"),
        ({"slope": np.ones(1)}, "expected slope of shape none"),
        ({"layers.2.bias": np.ones(4)}, r"shape \(3,\) for widths \(5, 4, 3, 3\); got \(4,\)"),
    ):
        with pytest.raises(DataError, match=says):
            hessian(cell.run, own | change, task)
    module = cell.run.replace(net=Module(name="linear-of-the-test"))
    with pytest.raises(ConfigError, match="net: expected an MLP; got the module 'linear-of-the"):
        hessian(module, weights, task)


def matrices_of(runs):
    for cell in runs.cells:
        weights = runs.weights(cell.arm, cell.seed)
        yield hessian(cell.run, weights, runs.experiment.data)


def test_the_trace_is_within_its_error(runs):
    found = spectral_density(runs, n_probes=40, n_products=10)
    traces = np.array([np.trace(whole) for whole in matrices_of(runs)])
    # Of six runs with the same probes none is further off than four standard errors.
    assert (np.abs(found.trace - traces) < 4 * found.trace_error).all()
    assert (found.trace_error < 0.1 * traces).all()
    # What the rule says of each probe is v^T A v, whatever the number of products.
    few = spectral_density(runs, n_probes=40, n_products=1)
    np.testing.assert_allclose(few.trace, found.trace, rtol=1e-9)


def test_the_density_is_that_of_all_eigenvalues(runs):
    width, n_all = 0.05, min(runs.outcomes[cell.key].n_params for cell in runs.cells)
    found = spectral_density(runs, n_probes=60, n_products=n_all - 8)
    at = np.linspace(-0.5, 3, 200)
    for place, whole in enumerate(matrices_of(runs)):
        apart = (at - np.linalg.eigvalsh(whole)[:, None]) / width
        wanted = (np.exp(-(apart**2) / 2) / (width * np.sqrt(2 * np.pi))).mean(axis=0)
        density = found.density(at, width)[place]
        step = at[1] - at[0]
        assert np.abs(density - wanted).sum() * step < 0.1
        assert density.sum() * step == pytest.approx(wanted.sum() * step, abs=0.05)
    np.testing.assert_allclose(found.weights.sum(axis=2), 1, rtol=1e-9)


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"matrix": "fisher"}, "matrix: expected one of hessian, gauss-newton; got 'fisher'"),
        ({"n_probes": 0}, "n_probes: expected at least 1; got 0"),
        ({"n_products": 49}, "n_products: expected 1 to 48, the numbers that a run learns; got 49"),
        ({"arms": []}, "arms: expected at least one; got none"),
        ({"arms": ["wide"]}, "wide"),
    ],
)
def test_a_density_that_cannot_be_estimated_is_one_line(runs, options, message):
    with pytest.raises(ConfigError, match=message):
        spectral_density(runs, **options)
    with pytest.raises(ConfigError, match="width: expected a number above 0; got 0"):
        spectral_density(runs, n_products=2, n_probes=1).density([0.0], 0)


def test_some_arms_alone_have_what_they_have_among_all(runs):
    arm = runs.arms[1]
    found, whole = curvature(runs, arms=[arm.label], k=2), curvature(runs, k=2)
    assert [cell.arm for cell in found.cells] == [arm] * 3
    np.testing.assert_allclose(found.eigenvalues, whole.eigenvalues[3:], rtol=1e-9)
