"""Each method's formula against another way to the same numbers."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.optimize import minimize
from scipy.spatial.distance import cdist
from sklearn.linear_model import LogisticRegression
from sklearn.metrics.pairwise import rbf_kernel

from mlplab.shift.correction import least_squares, likelihood, mean_matching
from mlplab.shift.correction.kernels import BLOCK, Kernels
from mlplab.shift.correction.mixture import mixture_shares
from mlplab.shift.correction.odds import calibrate


def tables(n: int, m: int, columns: int = 2, seed: int = 0) -> tuple[np.ndarray, np.ndarray]:
    rng = np.random.default_rng(seed)
    return rng.normal(size=(n, columns)), rng.normal(0.4, 0.9, size=(m, columns))


def test_kernels_in_blocks_equal_scikit_learns() -> None:
    train, target = tables(BLOCK + 50, 7)
    kernels = Kernels(target, 1.3)
    theirs = rbf_kernel(train, target, gamma=1 / (2 * 1.3**2))
    np.testing.assert_allclose(np.concatenate(list(kernels.blocks(train))), theirs, atol=1e-12)
    products, means = kernels.moments(train)
    np.testing.assert_allclose(products, theirs.T @ theirs / len(train))
    np.testing.assert_allclose(means, theirs.mean(0))
    np.testing.assert_allclose(kernels.combine(train, means), theirs @ means)


@settings(max_examples=25, deadline=None, derandomize=True)
@given(
    n=st.integers(3, 15),
    m=st.integers(3, 15),
    relative=st.sampled_from([0.0, 0.1, 0.5]),
    ridge=st.sampled_from([0.01, 0.3]),
    seed=st.integers(0, 99),
)
def test_leaving_pairs_out_in_closed_form_equals_fitting_anew(
    n: int, m: int, relative: float, ridge: float, seed: int
) -> None:
    train, target = tables(n, m, seed=seed)
    kernels = Kernels(target, 1.0)
    n_pairs = min(n, m)
    quick = least_squares.leave_one_out(
        (kernels.moments(train), kernels.moments(target)),
        (kernels(train[:n_pairs]), kernels(target[:n_pairs])),
        (n, m),
        relative=relative,
        ridge=ridge,
    )
    losses = []
    for i in range(n_pairs):
        moments = (
            kernels.moments(np.delete(train, i, 0)),
            kernels.moments(np.delete(target, i, 0)),
        )
        coefficients = least_squares.solve(moments, relative, ridge)
        at_x = max(float(kernels(train[[i]])[0] @ coefficients), 0)
        at_y = max(float(kernels(target[[i]])[0] @ coefficients), 0)
        losses.append(relative / 2 * at_y**2 + (1 - relative) / 2 * at_x**2 - at_y)
    assert quick == pytest.approx(np.mean(losses), rel=1e-6, abs=1e-9)


def test_least_squares_solves_its_problem() -> None:
    train, target = tables(40, 30, 1)
    kernels = Kernels(target[:3], 2.0)
    moments = kernels.moments(train), kernels.moments(target)
    coefficients = least_squares.solve(moments, 0.0, 0.1)

    def objective(c: np.ndarray) -> float:
        fit = np.mean(kernels.combine(train, c) ** 2) / 2 - np.mean(kernels.combine(target, c))
        return float(fit + 0.1 / 2 * c @ c)

    np.testing.assert_allclose(coefficients, minimize(objective, np.zeros(3)).x, atol=1e-4)


def test_relative_ratios_stay_below_their_bound() -> None:
    train, target = tables(300, 300, 1)
    ratios, _ = least_squares.least_squares_ratios(
        train, 5 + 0.1 * target, relative=0.5, n_centres=50, rng=np.random.default_rng(0)
    )
    assert ratios.max() <= 2.2


@settings(max_examples=20, deadline=None, derandomize=True)
@given(m=st.integers(3, 30), parts=st.integers(2, 6), seed=st.integers(0, 99))
def test_shares_of_a_mixture_equal_scipys_constrained_maximum(
    m: int, parts: int, seed: int
) -> None:
    densities = np.random.default_rng(seed).exponential(size=(m, parts))
    shares = mixture_shares(densities)
    theirs = minimize(
        lambda b: -np.log(densities @ b).mean(),
        np.full(parts, 1 / parts),
        method="SLSQP",
        bounds=[(1e-9, 1)] * parts,
        constraints={"type": "eq", "fun": lambda b: b.sum() - 1},
        options={"ftol": 1e-12, "maxiter": 500},
    )
    assert shares.sum() == pytest.approx(1)
    assert shares.min() >= 0
    assert np.log(densities @ shares).mean() >= -theirs.fun - 1e-6


def test_kliep_meets_its_constraint_and_beats_other_ratios_of_its_kind() -> None:
    train, target = tables(400, 300, 1)
    ratios, found = likelihood.likelihood_ratios(
        train, target, n_centres=30, rng=np.random.default_rng(0), widths=[1.0]
    )
    assert ratios.mean() == pytest.approx(1, abs=1e-9)
    assert ratios.min() >= 0
    even = Kernels(target[:30], found["width"]).combine(train, np.ones(30))
    true = np.exp(0.4 * train[:, 0])
    assert np.corrcoef(ratios, true)[0, 1] > np.corrcoef(even, true)[0, 1]


def test_mean_matching_equals_scipys_quadratic_programme() -> None:
    train, target = tables(25, 20, 1)
    width, ridge, most = 1.0, 0.05, 1.5
    values, _ = mean_matching.matched_means(
        train, target, n_centres=60, rng=np.random.default_rng(0),
        width=width, ridge=ridge, most=most,
    )  # fmt: skip
    n, slack = len(train), 1 / np.sqrt(len(train))
    own = np.exp(-cdist(train, train, "sqeuclidean") / 2)
    cross = np.exp(-cdist(train, target, "sqeuclidean") / 2).mean(1)

    def objective(w: np.ndarray) -> float:
        return float(w @ own @ w / 2 / n**2 - cross @ w / n + ridge * ((w - 1) ** 2).mean() / 2)

    def slope(w: np.ndarray) -> np.ndarray:
        return np.asarray(own @ w / n**2 - cross / n + ridge * (w - 1) / n)

    theirs = minimize(
        objective,
        np.ones(n),
        jac=slope,
        method="SLSQP",
        bounds=[(0, most)] * n,
        constraints=[
            {"type": "ineq", "fun": lambda w: slack - (w.mean() - 1)},
            {"type": "ineq", "fun": lambda w: slack + (w.mean() - 1)},
        ],
        options={"ftol": 1e-14, "maxiter": 1000},
    )
    np.testing.assert_allclose(values, theirs.x, atol=2e-3)
    assert objective(values) <= theirs.fun + 1e-6
    assert (values < 1e-9).any() or (values > most - 1e-9).any()  # the box is felt


@settings(max_examples=60, deadline=None, derandomize=True)
@given(
    values=st.lists(st.floats(-5, 5), min_size=1, max_size=20),
    most=st.floats(1, 4),
    slack=st.floats(0, 0.5),
)
def test_projection_is_feasible_and_no_feasible_point_is_nearer(
    values: list[float], most: float, slack: float
) -> None:
    given_point = np.array(values)
    nearest = mean_matching.project(given_point, most, slack)
    assert nearest.min() >= 0
    assert nearest.max() <= most
    assert abs(nearest.mean() - 1) <= slack + 1e-9
    rng = np.random.default_rng(0)
    for _ in range(20):
        other = mean_matching.project(rng.normal(1, 1, len(values)), most, slack)
        # the angle at the nearest point of a convex set is never acute
        assert (given_point - nearest) @ (other - nearest) <= 1e-6


def test_calibration_equals_a_logistic_regression_on_the_logits() -> None:
    rng = np.random.default_rng(0)
    is_target = np.repeat([0, 1], [3000, 1000])
    logits = 2 * (is_target - 0.5 + rng.normal(size=4000))
    slope, level = calibrate(logits, is_target, "platt")
    theirs = LogisticRegression(C=1e9, class_weight="balanced").fit(logits[:, None], is_target)
    assert slope == pytest.approx(theirs.coef_[0, 0], rel=0.01)
    assert level == pytest.approx(theirs.intercept_[0], abs=0.01)
    theirs = LogisticRegression(C=1e9, class_weight="balanced", fit_intercept=False)
    theirs.fit(logits[:, None], is_target)
    assert calibrate(logits, is_target, "temperature") == (
        pytest.approx(theirs.coef_[0, 0], rel=0.01), 0.0,
    )  # fmt: skip
    assert calibrate(logits, is_target, "none") == (1.0, 0.0)


def test_logits_that_say_the_opposite_say_nothing() -> None:
    is_target = np.repeat([0, 1], 50)
    assert calibrate(1.0 - 2 * is_target, is_target, "platt") == (0.0, 0.0)
