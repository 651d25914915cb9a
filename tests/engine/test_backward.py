"""The backward pass by hand = torch's autograd = finite differences."""

from __future__ import annotations

import pytest
import torch
from hypothesis import HealthCheck, assume, given, settings
from hypothesis import strategies as st
from tests.engine import plain
from tests.engine.population import INITS, WIDTHS, made_up, nets, of, tasks, trained

from mlplab.data import Task
from mlplab.engine.weights import unpack_weights
from mlplab.specs import MLP, SGD, Fit, Run

few = settings(max_examples=60, deadline=None, suppress_health_check=list(HealthCheck))
many = settings(max_examples=2000, deadline=None, suppress_health_check=list(HealthCheck))


@st.composite
def one_step_runs(draw: st.DrawFn, dropout: bool = True) -> tuple[Task, Run]:
    """Draw a run of one step whose rate is 1: its weights move by the gradient."""
    task, net = draw(tasks()), draw(nets(dropout=dropout))
    n_rows = task.n_pool - task.n_valid
    rate = st.sampled_from([0.1, 0.5])
    run = of(
        task,
        net=MLP(
            hidden=net["hidden"],
            activation=net["activation"],
            dropout=tuple(draw(rate) for _ in net["hidden"]) if net["drops"] else (),
            init=draw(st.sampled_from(INITS)),
        ),
        optim=SGD(lr=1.0),
        seed=draw(st.integers(0, 99)),
        # A batch as large as the rows, or larger: the partial batch is then the only one.
        fit=Fit(epochs=1, batch_size=n_rows + draw(st.sampled_from([0, 1, 20])), dtype="float64",
                last_batch="keep", measures=("grad_norm",),
                loss=draw(st.sampled_from(["auto", "squared"]))),
    )  # fmt: skip
    return task, run


def gradient_by_hand(run: Run, task: Task) -> tuple[list[torch.Tensor], dict]:
    """Return the gradient of every parameter, as the step of a run at rate 1 shows it."""
    done = trained([run], task)[run.key]
    assert done.weights is not None
    before = [p.detach() for pair in plain.first_params(run, task) for p in pair]
    after = [p for pair in unpack_weights(done.weights) for p in pair]
    return [b - a for b, a in zip(before, after, strict=True)], done.outcome.history


def assert_equals_autograd(task: Task, run: Run) -> None:
    by_hand, history = gradient_by_hand(run, task)
    reference = plain.train_plainly(run, task)
    by_autograd = [p.grad for pair in reference.params for p in pair]
    for ours, theirs in zip(by_hand, by_autograd, strict=True):
        torch.testing.assert_close(ours, theirs, rtol=1e-9, atol=1e-9)
    assert history["train_loss"][0] == pytest.approx(reference.losses[0], rel=1e-9)
    assert history["grad_norm"][0] == pytest.approx(reference.norms[0], rel=1e-9, abs=1e-12)


@few
@given(one_step_runs())
def test_backward_equals_autograd(drawn):
    assert_equals_autograd(*drawn)


@pytest.mark.slow
@many
@given(one_step_runs())
def test_backward_equals_autograd_thoroughly(drawn):
    assert_equals_autograd(*drawn)


@settings(few, max_examples=30)
@given(one_step_runs(dropout=False), st.integers(0, 99))
def test_backward_equals_finite_differences(drawn, seed):
    task, run = drawn
    by_hand, _ = gradient_by_hand(run, task)
    params = plain.first_params(run, task)
    rows = task.split(run.seed).train
    x = plain.inputs(run, task, rows)
    kinked = run.net.activation in ("relu", "elu:0.5") and run.net.hidden
    with torch.no_grad():
        if kinked:
            assume(run.net.init.kind != "zeros" and nearest_kink(run, params, x) > 1e-4)
        generator = torch.Generator().manual_seed(seed)
        way = [torch.randn(p.shape, generator=generator, dtype=p.dtype)
               for pair in params for p in pair]  # fmt: skip
        length = sum(float(w.square().sum()) for w in way) ** 0.5
        way = [w / length for w in way]

        def loss(h: float) -> float:
            flat = [p + h * w for p, w in zip((p for q in params for p in q), way, strict=True)]
            moved = list(zip(flat[::2], flat[1::2], strict=True))
            return float(plain.batch_loss(run, task, plain.forward(run, moved, x), rows))

        def slope(h: float) -> float:
            return (loss(h) - loss(-h)) / (2 * h)

        # Between kinks a small step is exact enough; smooth functions allow Richardson's rule.
        slopes = slope(1e-6) if kinked else (4 * slope(1e-3) - slope(2e-3)) / 3
    along = sum(float((g * w).sum()) for g, w in zip(by_hand, way, strict=True))
    assert along == pytest.approx(slopes, rel=1e-6, abs=1e-8 if kinked else 1e-9)


def nearest_kink(run: Run, params: list, x: torch.Tensor) -> float:
    """Return the least |z| of the hidden units."""
    nearest, h = float("inf"), x
    for weight, bias in params[:-1]:
        z = h @ weight.t() + bias
        nearest = min(nearest, float(z.abs().min()))
        h = plain.ACTS[run.net.activation](z)
    return nearest


@pytest.mark.parametrize("width", WIDTHS)
def test_every_odd_width_at_every_depth(width):
    task = made_up(n=21, features=3)
    for depth in range(5):
        run = of(
            task,
            net=MLP(hidden=(width,) * depth, activation="tanh"),
            optim=SGD(lr=1.0),
            fit=Fit(epochs=1, batch_size=21, dtype="float64", measures=("grad_norm",)),
        )
        assert_equals_autograd(task, run)


def test_a_batch_whose_weights_are_all_zero_moves_nothing():
    task = made_up(n=32, weights="zeros")
    weights = task.weights.copy()
    weights[:] = 0
    weights[-1] = 1.0
    task = task._with(weights=weights, _content=None)
    run = of(task, net=MLP(hidden=(4,)), fit=Fit(epochs=3, batch_size=1, dtype="float64"))
    done = trained([run], task)[run.key]
    plain.assert_same_weights(done.weights, plain.train_plainly(run, task), rtol=0, atol=1e-12)
    assert done.outcome.status == "finished"
