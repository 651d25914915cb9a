"""Wrong input gets one clear line, in every solver; the names handed out are pinned."""

from __future__ import annotations

import numpy as np
import pytest

from mlplab.errors import ConfigError, DataError
from mlplab.theory import linear

X, Y = np.ones((2, 3, 2)), np.ones((2, 3))
TAKE_BOTH = {
    "normal": linear.solve_normal_equations,
    "qr": linear.solve_qr,
    "svd": linear.solve_svd,
    "exact": linear.solve_exactly,
    "ridge": lambda X, y: linear.ridge_path(X, y, 1.0),
    "leave": lambda X, y: linear.leave_one_out_errors(X, y, 1.0),
    "gcv": lambda X, y: linear.generalised_cross_validation(X, y, 1.0),
    "lasso": lambda X, y: linear.lasso_path(X, y, 1.0),
    "descend": lambda X, y: linear.descend_lasso(X, y, 1.0, steps=1),
    "flow": lambda X, y: linear.descent_path(X, y, 1, rate=0.1),
    "posterior": lambda X, y: linear.posterior(X, y, sigma=1.0, tau=1.0),
    "evidence": lambda X, y: linear.log_evidence(X, y, sigma=1.0, taus=1.0),
    "largest": linear.largest_penalty,
    "rate": linear.largest_lasso_rate,
    "laplace": lambda X, y: linear.sample_laplace(
        X, y, sigma=1.0, scale=1.0, n=1, generator=np.random.default_rng(0)
    ),
}


@pytest.mark.parametrize("solve", TAKE_BOTH.values(), ids=TAKE_BOTH)
def test_arrays_that_do_not_fit_are_named(solve):
    hole = X.copy()
    hole[1, 2, 0] = np.nan
    wrong = [
        (X[0], Y, r"X: expected the shape \(runs, rows, columns\); got \(3, 2\).*pass X\[None\]"),
        (X[:, :0], Y[:, :0], r"X: expected at least one run, one row.*got shape \(2, 0, 2\)"),
        (X, Y[:1], r"y: expected the shape \(2, 3\) \(runs, rows\) that X has; got \(1, 3\)"),
        (hole, Y, r"X: expected finite numbers; got nan at \(1, 2, 0\)"),
        (X, Y * np.inf, r"y: expected finite numbers; got inf at \(0, 0\)"),
        ([[["a"]]], [[1.0]], "X: expected an array of numbers"),
        ([[[1.0], [1.0, 2.0]]], [[1.0]], "X: expected an array of numbers"),
    ]
    for inputs, targets, match in wrong:
        with pytest.raises(DataError, match=match):
            solve(inputs, targets)


@pytest.mark.parametrize("measure", [linear.condition_number, linear.largest_stable_rate])
def test_inputs_alone_are_checked_too(measure):
    with pytest.raises(DataError, match="X: expected the shape"):
        measure(X[0])
    with pytest.raises(DataError, match="X: expected the shape"):
        linear.degrees_of_freedom([1.0], 0.0)


@pytest.mark.parametrize(
    ("call", "match"),
    [
        (
            lambda: linear.ridge_path(X, Y, -0.5),
            "penalties: expected finite numbers from 0; got -0.5",
        ),
        (lambda: linear.ridge_path(X, Y, [0.1, np.nan]), "penalties: .* from 0; got nan"),
        (lambda: linear.ridge_path(X, Y, []), r"penalties: expected one number or a list .*\(0,\)"),
        (lambda: linear.lasso_path(X, Y, 0.0), "penalties: expected finite numbers above 0; got 0"),
        (lambda: linear.lasso_path(X, Y, 1.0, l2=-1.0), "l2: expected a finite number from 0"),
        (
            lambda: linear.descend_lasso(X, Y, 1.0, steps=-1),
            "steps: expected a whole number from 0",
        ),
        (lambda: linear.descend_lasso(X, Y, 1.0, steps=1, rate=0.0), "rate: expected"),
        (lambda: linear.descend_lasso(X, Y, 1.0, steps=1, method="x"), "method: expected subgrad"),
        (lambda: linear.descent_path(X, Y, 1, rate=-1.0), "rate: expected a finite number above 0"),
        (
            lambda: linear.descent_path(X, Y, 1.5, rate=1.0),
            r"steps: expected whole numbers; got 1\.5",
        ),
        (lambda: linear.descent_path(X, Y, -1, rate=1.0), "steps: expected finite numbers from 0"),
        (
            lambda: linear.posterior(X, Y, sigma=0.0, tau=1.0),
            "sigma: expected a finite number above",
        ),
        (lambda: linear.log_evidence(X, Y, sigma=1.0, taus=[0.0]), "taus: expected finite numbers"),
        (lambda: linear.gaussian_penalty(1.0, -1.0, 5), "tau: expected a finite number above 0"),
        (lambda: linear.laplace_penalty(1.0, 1.0, 0), "n_rows: expected a finite number above 0"),
        (
            lambda: linear.sample_laplace(
                X, Y, sigma=1.0, scale=1.0, n=0, generator=np.random.default_rng(0)
            ),
            "n: expected a whole number from 1; got 0",
        ),
        (
            lambda: linear.posterior(X, Y, sigma=1.0, tau=1.0).sample(0, np.random.default_rng(0)),
            "n: expected a whole number from 1; got 0",
        ),
    ],
)
def test_settings_out_of_range_are_named(call, match):
    with pytest.raises(ConfigError, match=match):
        call()


def test_models_refuse_other_columns_and_starts_other_shapes():
    models = linear.solve_svd(X, Y)
    with pytest.raises(
        DataError, match=r"X: expected \(2, 2\) runs and columns; got .*\(2, 4, 3\)"
    ):
        models.predict(np.ones((2, 4, 3)))
    with pytest.raises(DataError, match=r"start: expected finite weights of shape \(2, 2\)"):
        linear.descent_path(X, Y, 1, rate=0.1, start=np.ones(2))
    with pytest.raises(DataError, match="expected at least 2 rows to leave one out; got 1"):
        linear.leave_one_out_errors(X[:, :1], Y[:, :1], 1.0)
    with pytest.raises(DataError, match="found: expected the shape"):
        linear.digits_right(np.ones(2), np.ones(3))


def test_the_names_handed_out():
    expected = """
        Descent FLOAT64_DIGITS LassoPath LinearModels Posterior Spectrum condition_number
        degrees_of_freedom descend_lasso descent_filters descent_path digits_expected digits_right
        elastic_net_alpha gaussian_penalty generalised_cross_validation laplace_penalty
        largest_lasso_rate largest_penalty largest_stable_rate lasso_path leave_one_out_errors
        log_evidence matching_penalty penalty_of_weight_decay posterior ridge_alpha ridge_filters
        ridge_path sample_laplace soft_threshold solve_exactly solve_normal_equations solve_qr
        solve_svd spectrum
    """
    assert sorted(linear.__all__) == sorted(expected.split())
