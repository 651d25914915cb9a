"""Linear models trained long enough end where scikit-learn and linear algebra say."""

from __future__ import annotations

import numpy as np
import pytest
from sklearn.linear_model import ElasticNet, Lasso
from tests.engine.population import of, trained

from mlplab.data import task_from_arrays
from mlplab.engine import program
from mlplab.engine.weights import unpack_weights
from mlplab.specs import MLP, SGD, Fit

NATIVE = True
N, INPUTS = 80, 9
RNG = np.random.default_rng(3)
X = RNG.standard_normal((N, INPUTS)) @ (
    np.eye(INPUTS) + 0.2 * RNG.standard_normal((INPUTS, INPUTS))
)
Y = X @ np.array([2.0, -1.0, 0.5, 0, 0, 0, 0, 0.1, 0]) + 0.7 + 0.3 * RNG.standard_normal(N)
TASK = task_from_arrays(X, Y, dtype="float64")


@pytest.fixture(params=["loops", "stacks"], autouse=True)
def way(request, monkeypatch):
    """Train in compiled loops, and in stacks."""
    if request.param == "stacks":
        monkeypatch.setattr(program, "is_native", lambda *_: False)


def ends(*optims: SGD, rows: int = N, epochs: int = 4000):
    """Weights (I,) and bias of a linear model by each optimiser, trained in batches of `rows`."""
    fit = Fit(epochs=epochs, batch_size=rows, dtype="float64", loss="squared")
    runs = [of(TASK, net=MLP(hidden=()), optim=optim, fit=fit) for optim in optims]
    found = trained(runs, TASK)
    out = []
    for run in runs:
        ((weight, bias),) = unpack_weights(found[run.key].weights)
        out.append((weight.numpy()[0].copy(), float(bias[0])))
    return out


def objective(weight, bias, l1, l2):
    """Mean squared error with both penalties."""
    error = np.square(X @ weight + bias - Y).mean()
    return error + l1 * np.abs(weight).sum() + l2 / 2 * np.square(weight).sum()


def test_without_penalty_it_is_least_squares():
    ((weight, bias),) = ends(SGD(lr=0.1))
    exact = np.linalg.lstsq(np.column_stack([X, np.ones(N)]), Y, rcond=None)[0]
    np.testing.assert_allclose([*weight, bias], exact, atol=1e-9)


def test_l1_reaches_the_lassos_objective_with_true_zeros():
    penalties = (0.05, 0.3, 1.0)
    found = ends(*(SGD(lr=0.1, l1=l1) for l1 in penalties))
    for l1, (weight, bias) in zip(penalties, found, strict=True):
        # scikit-learn halves the mean squared error, and with it the penalty.
        oracle = Lasso(alpha=l1 / 2, tol=1e-12, max_iter=100_000).fit(X, Y)
        best = objective(oracle.coef_, oracle.intercept_, l1, 0.0)
        assert objective(weight, bias, l1, 0.0) == pytest.approx(best, abs=1e-6)
        assert ((weight == 0.0) == (oracle.coef_ == 0.0)).all()
        assert (weight == 0.0).any()


def test_both_penalties_reach_the_elastic_nets_objective():
    l1, l2 = 0.2, 0.4
    ((weight, bias),) = ends(SGD(lr=0.1, l1=l1, weight_decay=l2, decay_biases=False))
    alpha = l1 / 2 + l2 / 2
    oracle = ElasticNet(alpha=alpha, l1_ratio=l1 / 2 / alpha, tol=1e-12, max_iter=100_000)
    oracle.fit(X, Y)
    best = objective(oracle.coef_, oracle.intercept_, l1, l2)
    assert objective(weight, bias, l1, l2) == pytest.approx(best, abs=1e-6)
    assert ((weight == 0.0) == (oracle.coef_ == 0.0)).all()


def test_a_bias_is_shrunk_with_the_weights_or_not_at_all():
    l2 = 0.8
    both, weights_alone = ends(
        SGD(lr=0.1, weight_decay=l2), SGD(lr=0.1, weight_decay=l2, decay_biases=False)
    )
    ones = np.column_stack([X, np.ones(N)])
    for (weight, bias), shrunk in ((both, 1.0), (weights_alone, 0.0)):
        penalty = l2 / 2 * np.diag([*np.ones(INPUTS), shrunk])
        exact = np.linalg.solve(ones.T @ ones / N + penalty, ones.T @ Y / N)
        np.testing.assert_allclose([*weight, bias], exact, atol=1e-9)


def test_smaller_rates_bring_minibatches_nearer_to_least_squares():
    exact = np.linalg.lstsq(np.column_stack([X, np.ones(N)]), Y, rcond=None)[0]
    found = ends(SGD(lr=0.05), SGD(lr=0.02), SGD(lr=0.005), rows=8, epochs=3000)
    far = [np.linalg.norm([*(weight - exact[:-1]), bias - exact[-1]]) for weight, bias in found]
    assert far == sorted(far, reverse=True)
    assert far[-1] < 0.2 * far[0]
