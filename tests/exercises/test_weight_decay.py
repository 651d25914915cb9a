"""What the exercises on weight decay compute, against torch, closed forms and limit cases."""

from __future__ import annotations

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from mlplab.data.draws import draw_sparse_linear
from mlplab.exercises.grid_edges import grid_edge
from mlplab.exercises.section_4_5.chosen_decay.choices import PENALTIES, choices
from mlplab.exercises.section_4_5.decay_sweep.curves import LAMBDAS, SHARED, SWEPT, Curve, curves
from mlplab.exercises.section_4_5.decay_sweep.descent import (
    all_weights,
    descend,
    sample_of,
    start_at,
)
from mlplab.exercises.section_4_5.frobenius_norm.nuclear_norm import root_trace
from mlplab.exercises.section_4_5.lasso_update.prove import source_step
from mlplab.exercises.section_4_5.lasso_update.ways import ways
from mlplab.exercises.section_4_5.overfitting_remedies.remedies import (
    LIMITS,
    STRENGTHS,
    Draws,
    chosen_strengths,
    train,
)
from mlplab.exercises.section_4_5.problem import VARIANCE, true_risk
from mlplab.exercises.section_4_5.weight_priors.hamiltonian import sample_by_slope
from mlplab.theory.linear import LinearModels, ridge_path


@given(n=st.integers(1, 12), m=st.integers(1, 12), seed=st.integers(0, 99))
@settings(max_examples=40, deadline=None)
def test_the_root_of_the_product_has_the_nuclear_norm_as_trace(n, m, seed):
    matrix = np.random.default_rng(seed).standard_normal((n, m))
    assert root_trace(matrix) == pytest.approx(np.linalg.norm(matrix, "nuc"), abs=1e-6)
    assert root_trace(matrix) >= np.linalg.norm(matrix) - 1e-6


def test_descent_along_the_rows_is_torch_sgd_in_all_weights():
    X, y = draw_sparse_linear([3], 10, n_inputs=15)
    rng = np.random.default_rng(0)
    w, bias = rng.standard_normal((1, 15)), rng.standard_normal(1)
    sample, decays = sample_of(X, y), np.array([0.0, 7.0])
    # One batch of all rows: their order is then nothing.
    found = descend(
        sample, start_at(sample, w, bias, 2), decays, rate=0.01, epochs=30, batch_size=10, seed=0
    )
    for place, decay in enumerate(decays):
        layer = torch.nn.Linear(15, 1, dtype=torch.float64)
        with torch.no_grad():
            layer.weight.copy_(torch.tensor(w))
            layer.bias.copy_(torch.tensor(bias))
        groups = [{"params": layer.weight, "weight_decay": decay}, {"params": layer.bias}]
        optim = torch.optim.SGD(groups, lr=0.01)
        for _ in range(30):
            optim.zero_grad()
            torch.nn.functional.mse_loss(
                layer(torch.tensor(X[0]))[:, 0], torch.tensor(y[0])
            ).backward()
            optim.step()
        weights = all_weights(sample, found, w)[0, place]
        assert weights == pytest.approx(layer.weight.detach().numpy()[0], abs=1e-12)
        assert found.bias[0, place] == pytest.approx(layer.bias.item(), abs=1e-12)


def test_descent_from_zero_tends_to_ridge_with_half_the_decay():
    X, y = draw_sparse_linear([0, 1], 10, n_inputs=15)
    sample = sample_of(X, y)
    zero = np.zeros((2, 15))
    start = start_at(sample, zero, np.zeros(2), 1)
    found = descend(sample, start, np.array([0.5]), rate=0.02, epochs=3000, batch_size=10, seed=0)
    wanted = ridge_path(X, y, [0.25], intercept=True)
    assert all_weights(sample, found, zero) == pytest.approx(wanted.weights, abs=1e-6)
    assert found.bias == pytest.approx(wanted.intercepts, abs=1e-6)


def test_ridge_is_solved_at_the_lambda_that_is_stated():
    seeds = range(2)
    X, y = draw_sparse_linear(seeds, 20)
    unseen = draw_sparse_linear(seeds, 100, part="test")
    found = curves(2)
    for decay in LAMBDAS:
        exact = ridge_path(X, y, [decay / 2], intercept=True)
        for losses, data in zip(found["ridge"].at(decay), ((X, y), unseen), strict=True):
            assert losses == pytest.approx(exact.mean_squared_error(*data)[:, 0], abs=1e-12)
    assert SHARED in SWEPT
    assert [name for name, curve in found.items() if SHARED in curve.lambdas] == list(found)


def test_a_curve_gives_no_loss_of_another_lambda():
    curve = Curve(np.array([0.0, 0.67]), np.zeros((1, 2)), np.ones((1, 2)))
    assert curve.gap(0.67)[0] > 0
    with pytest.raises(ValueError, match=r"no losses at lambda 0\.5"):
        curve.at(0.5)


def test_true_risk_is_the_mean_squared_error_on_many_rows():
    X, y = draw_sparse_linear([0], 20_000, n_inputs=200, part="test")
    models = LinearModels(np.full((1, 200), 0.02), np.array([0.3]))
    error = models.mean_squared_error(X, y) / VARIANCE
    assert true_risk(models) == pytest.approx(error, rel=0.05)


def test_no_choice_beats_the_best_and_the_choice_of_a_draw_is_its_own():
    few, more = choices(4), choices(6)
    for way, places in few.chosen.items():
        assert (few.regret(way) >= 0).all()
        assert (more.chosen[way][:4] == places).all()
    assert (few.regret("best") == 0).all()


def test_a_choice_overfits_or_underfits_where_a_larger_or_smaller_lambda_is_better():
    found = choices(6)
    for way in ("hold_out", "smallest", "best"):
        over, under = found.overfits(way, 0.01), found.underfits(way, 0.01)
        assert ((over | under) == (found.regret(way) > 0.01)).all()
    assert not found.underfits("smallest", 0.0).any()
    assert not (found.overfits("best", 0.0) | found.underfits("best", 0.0)).any()


def test_beyond_the_ends_of_the_grid_the_risk_hardly_moves():
    found = choices(50)
    assert PENALTIES[0] < PENALTIES[-1]
    assert np.abs(found.risks[:, [0, -1]] - found.limits).max() < 0.01


@given(seed=st.integers(0, 99), rate=st.floats(0.01, 0.5), penalty=st.floats(0.01, 1.0))
@settings(max_examples=30, deadline=None)
def test_without_data_the_source_takes_the_same_amount_from_all_weights(seed, rate, penalty):
    w = np.random.default_rng(seed).standard_normal(8)
    moved = source_step(w, 0.0, np.zeros((3, 8)), np.zeros(3), rate, penalty)
    assert np.abs(moved - w) == pytest.approx(np.full(8, rate * penalty))
    assert (np.sign(w - moved) == np.sign(w)).all()


def test_no_way_goes_below_the_least_objective_and_steps_never_raise_it():
    found = ways(4)
    for above in found.above.values():
        assert (above > -1e-9).all()
    steps = np.diff(found.above["proximal"], axis=1)
    assert (steps < 1e-9).all()


def test_samples_by_slope_have_the_moments_of_a_correlated_gaussian():
    covariance = np.array([[2.0, 0.6], [0.6, 0.5]])
    precision = np.linalg.inv(covariance)
    states, accepted = sample_by_slope(
        lambda w: ((w @ precision) * w).sum(axis=1) / 2,
        lambda w: w @ precision,
        np.zeros((50, 2)),
        step=0.3,
        length=8,
        n=400,
        warm_up=50,
        generator=np.random.default_rng(0),
    )
    flat = states.reshape(-1, 2)
    assert accepted > 0.8
    assert np.cov(flat.T) == pytest.approx(covariance, abs=0.08)
    assert flat.mean(axis=0) == pytest.approx(np.zeros(2), abs=0.05)


def test_training_without_remedy_leaves_what_no_row_shows():
    draws = Draws(range(2), 1.0)
    X, y = draw_sparse_linear(draws.seeds, 20)
    start, end = draws.start(), train(X, y, draws.start())
    _, _, right = np.linalg.svd(X, full_matrices=True)
    unseen = right[:, 20:]
    across = (unseen @ (end.weights - start.weights)[..., None])[..., 0]
    assert across == pytest.approx(np.zeros_like(across), abs=1e-12)
    masked = train(X, y, start, dropout=0.3)
    assert np.abs(unseen @ (masked.weights - start.weights)[..., None]).max() > 0.01


def test_inputs_that_a_smaller_model_does_not_see_weigh_nothing():
    model = Draws(range(1), 1.0).model("inputs", 5)
    assert (model.weights[:, 5:] == 0).all()
    assert (model.weights[:, :5] != 0).all()


def test_no_strength_was_chosen_at_an_end_beyond_which_there_is_more():
    for (start, remedy), chosen in chosen_strengths().items():
        levels = STRENGTHS[remedy]
        assert list(levels) == sorted(set(levels))
        assert grid_edge(remedy, chosen, levels, limits=LIMITS.get(remedy, ())) == (), start
