"""What exercises 4.4.2 to 4.4.4 compute, against quadrature, torch, and limit cases."""

from __future__ import annotations

from itertools import pairwise

import numpy as np
import pytest
import torch
from hypothesis import example, given, settings
from hypothesis import strategies as st

from mlplab.data import load_task
from mlplab.data.draws import draw_polynomial
from mlplab.exercises.measured import decide_measured
from mlplab.exercises.section_4_4.arms import arms_by_terms, sound
from mlplab.exercises.section_4_4.feature_scaling import prove as powers
from mlplab.exercises.section_4_4.feature_scaling.features import (
    BASES,
    REMEDIES,
    remedy_task,
    sizes,
)
from mlplab.exercises.section_4_4.least_error import errors
from mlplab.exercises.section_4_4.least_error import prove as least_error
from mlplab.exercises.section_4_4.polynomial_degree import losses as polynomial_losses
from mlplab.exercises.section_4_4.polynomial_degree import prove as terms_proof
from mlplab.exercises.section_4_4.polynomial_degree.losses import descended, least
from mlplab.exercises.section_4_4.polynomial_draws import VARIANCE, N
from mlplab.exercises.section_4_4.published import FRESH
from mlplab.experiment import Experiment
from mlplab.specs import MLP, SGD, Fit, Init, Own, Run, TaskRef
from mlplab.theory.features import hermite

BASE = Run(
    net=MLP(hidden=(), init=Init(kind="zeros")),
    optim=SGD(lr=0.01),
    fit=Fit(batch_size=10, epochs=3, test="never"),
    rows=Own(n=N, valid=FRESH),
)


def run(terms, n_seeds=3, base=BASE, **params):
    task = TaskRef(name="polynomial", params={"n_train": (N + FRESH) * n_seeds} | params)
    experiment = Experiment(task, base, vary={"net.inputs": terms}, seeds=n_seeds)
    return experiment.run(":memory:", workers=1)


@pytest.fixture(scope="module")
def few_epochs():
    return run([2, 4, 12])


class TestTerms:
    def test_n_terms_fit_and_fewer_do_not(self):
        enough, fewer = terms_proof.prove()
        assert enough.holds
        assert not fewer.holds

    def test_no_run_ends_below_least_squares_on_its_rows(self, few_epochs):
        for arm in few_epochs.arms:
            train, _ = descended(few_epochs, arm)
            # Reported losses are of single precision.
            assert (train > least(few_epochs, arm)[0] * (1 - 1e-5)).all()

    def test_more_terms_never_raise_the_least_training_loss(self, few_epochs):
        losses = [least(few_epochs, arm)[0] for arm in arms_by_terms(few_epochs).values()]
        for fewer, more in pairwise(losses):
            assert (more <= fewer * (1 + 1e-9)).all()

    def test_least_squares_is_that_of_torch_on_the_same_rows(self, few_epochs):
        arm, task = few_epochs.arms[1], few_epochs.experiment.data
        _, fresh = least(few_epochs, arm)
        for seed in (0, 2):
            rows = task.split(seed, arm.run.rows)
            inputs = torch.tensor(task.inputs[:, :4].astype(np.float64))
            targets = torch.tensor(task.targets.astype(np.float64))
            w = torch.linalg.lstsq(inputs[rows.train.copy()], targets[rows.train.copy()]).solution
            error = torch.mean((inputs[rows.valid.copy()] @ w - targets[rows.valid.copy()]) ** 2)
            assert fresh[seed] == pytest.approx(error.item(), rel=1e-4)

    def test_training_losses_reach_rounding_at_n_terms_and_not_before(self):
        kept = polynomial_losses.interpolation(3)
        for n in (4, 8, 12):
            assert (kept[n, n] < 1e-15).all()
            assert (kept[n, n - 1] > 1e-9).all()

    def test_beyond_the_examples_every_solution_fits_and_fewer_draws_are_a_prefix(self):
        few, more = polynomial_losses.double_descent(2), polynomial_losses.double_descent(3)
        for terms, (train, fresh) in more.items():
            assert fresh[:2] == pytest.approx(few[terms][1], rel=1e-3)
            if terms >= 60:
                assert (train < 1e-8).all()

    @pytest.mark.parametrize("n", polynomial_losses.SIZES)
    def test_other_epochs_take_as_many_steps(self, n):
        steps = polynomial_losses.epochs_for(n) * n / 10
        assert steps == pytest.approx(4000, rel=0.01)

    def test_draws_on_which_a_run_diverged_are_not_left_out(self):
        rng = np.random.default_rng(0)
        losses = 1 + 0.01 * rng.standard_normal((2, 40))
        for n_failed, word in ((1, "supported"), (19, "undecided")):
            losses[0, :n_failed] = np.inf
            claim = sound("a", np.log10(losses[0] / losses[1]), 0.1, "same", "log10 of loss")
            (found,) = decide_measured([claim])
            assert found.verdict == word
            assert found.n_seeds == 40 - n_failed
        claim = sound("a", np.where(np.arange(40) < 3, np.nan, 0.5), 0.1, "same", "log10 of loss")
        assert claim.values[:3] == (0.0, 0.0, 0.0)
        assert claim.all_failed == 3
        assert "on 3 of them every run failed" in decide_measured([claim])[0].note


class TestFeatures:
    def test_moments_and_their_fall_are_proved(self):
        assert all(one.holds for one in powers.prove())

    @pytest.mark.parametrize("name", REMEDIES)
    def test_a_draw_has_features_of_its_own_training_rows(self, name):
        raw = load_task("polynomial", n_train=2 * (N + FRESH), scaled=False)
        task = remedy_task(raw, name)
        rows = task.split(1, Own(n=N, valid=FRESH))
        x = raw.inputs[np.concatenate([rows.train, rows.valid]), 1].astype(np.float64)
        alone = BASES[name](x[None], N)[0]
        for part, place in ((rows.train, slice(0, N)), (rows.valid, slice(N, None))):
            assert task.inputs[part] == pytest.approx(alone[place], rel=1e-6)
            assert np.array_equal(task.targets[part], raw.targets[part])
        # What is held out moves no training feature.
        other = BASES[name](np.concatenate([x[:N], 3 * x[N:]])[None], N)[0]
        assert np.array_equal(other[:N], alone[:N])

    def test_rates_beyond_the_largest_stable_one_grow_and_below_shrink(self):
        found = sizes(2)["rate"]
        x, y = draw_polynomial([0, 1], N)
        for name in ("xⁱ / i!", "Legendre"):
            X, run = BASES[name](x, N)[0, :, :6], 0
            limit = found[name, 6][run]
            losses = {}
            for factor in (0.9, 1.1):
                w = np.zeros(6)
                for _ in range(400):
                    w -= factor * limit * 2 / N * X.T @ (X @ w - y[run])
                losses[factor] = np.square(X @ w - y[run]).mean()
            assert losses[0.9] < np.square(y[run]).mean() < losses[1.1]

    def test_the_first_gradient_is_that_of_autograd(self):
        found = sizes(2)["gradient"]
        x, y = draw_polynomial([0, 1], N)
        X = torch.tensor(BASES["xⁱ"](x, N)[1])
        w = torch.zeros(20, dtype=torch.float64, requires_grad=True)
        torch.mean((X @ w - torch.tensor(y[1])) ** 2).backward()
        assert found["xⁱ", 20][1] == pytest.approx(torch.linalg.norm(w.grad).item())


class TestLeastError:
    def test_formula_minors_and_misfit_are_proved(self):
        assert all(one.holds for one in least_error.prove())

    @given(
        st.lists(st.floats(-5, 5), min_size=1, max_size=6),
        st.lists(st.floats(-5, 5), min_size=1, max_size=6),
    )
    @example([0.0], [0.0, 1.0, 0.0])
    @example([0.0], [1.0, 0.0])
    @settings(max_examples=40, deadline=None)
    def test_the_error_is_the_integral_over_x(self, weights, coefficients):
        # Gauss and Hermite's rule is exact for polynomials of this degree.
        x, mass = np.polynomial.hermite_e.hermegauss(12)
        mass = mass / mass.sum()
        powers = np.cumprod([1.0, *range(1, 7)])
        true = sum(c * x**i / powers[i] for i, c in enumerate(coefficients))
        apart = hermite(x, len(weights)) @ np.array(weights) - true
        found = errors.true_error(np.array([weights]), coefficients)
        assert found[0] == pytest.approx((mass * apart**2).sum(), rel=1e-9, abs=1e-12)

    def test_three_terms_never_get_below_the_misfit_and_four_need_four_examples(self):
        found = errors.errors(20)
        for n in errors.SIZES:
            assert (found[4, 0.0, n][0] < errors.ROUNDING).all()
            assert (found[3, 0.0, n][0] > errors.MISFIT * (1 - 1e-9)).all()

    def test_losses_of_the_truth_spread_like_chi_squared(self):
        fresh = errors.fresh_losses(1000)
        for n, losses in fresh.items():
            assert losses.mean() == pytest.approx(VARIANCE, rel=5 * (2 / n / 1000) ** 0.5)
            assert losses.std() == pytest.approx(VARIANCE * (2 / n) ** 0.5, rel=0.15)

    def test_losses_after_an_epoch_are_those_of_a_run_that_ends_there(self):
        base = BASE.with_value("fit.dtype", "float64")
        params = {"noise": 0.0, "dtype": "float64", "n_terms": 4}
        long = run([4], base=base.with_value("fit.epochs", 6), **params)
        short = run([4], base=base, **params)
        ended = errors.held_out(long, 3)
        assert np.array_equal(ended, errors.held_out(short, 3))
        assert (errors.held_out(long, 6) < ended).all()
