"""Calibration against scikit-learn, simulation and closed forms."""

from __future__ import annotations

import numpy as np
import pytest
from scipy.special import log_softmax, softmax
from sklearn.metrics import log_loss

from mlplab.errors import ConfigError
from mlplab.stats import calibration, fit_temperature


def drawn(n, classes=4, scale=1.5, seed=0):
    """Logits, and classes drawn from their softmax: calibrated by construction."""
    rng = np.random.default_rng(seed)
    logits = scale * rng.standard_normal((n, classes))
    cumulated = softmax(logits, axis=1).cumsum(1)
    truth = (rng.random((n, 1)) > cumulated).sum(1).clip(max=classes - 1)
    return logits, truth


class TestCalibration:
    def test_losses_are_scikit_learns(self):
        logits, truth = drawn(500)
        p = softmax(logits, axis=1)
        found = calibration(p, truth)
        assert found.nll == pytest.approx(log_loss(truth, p))
        one_hot = np.eye(4)[truth]
        assert found.brier == pytest.approx(((p - one_hot) ** 2).sum(1).mean())

    def test_bins_are_scikit_learns(self):
        from sklearn.calibration import calibration_curve

        logits, truth = drawn(3000, classes=2)
        p = softmax(logits, axis=1)
        found = calibration(p, truth, n_bins=20)
        right = (p.argmax(1) == truth).astype(int)
        observed, probability = calibration_curve(right, p.max(1), n_bins=20)
        np.testing.assert_allclose(found.observed, observed)
        np.testing.assert_allclose(found.probability, probability)
        shares = found.counts / found.n
        assert found.ece == pytest.approx(float((shares * abs(observed - probability)).sum()))

    @pytest.mark.parametrize("n", [200, 2000])
    def test_calibrated_probabilities_miss_by_chance_as_much_as_is_said(self, n):
        found = []
        for seed in range(300):
            logits, truth = drawn(n, seed=seed)
            found.append(calibration(softmax(logits, axis=1), truth))
        errors = np.array([one.ece for one in found])
        said = np.mean([one.ece_if_calibrated for one in found])
        # Bins of one or two examples are not normal: within a tenth.
        assert errors.mean() == pytest.approx(said, rel=0.1)
        assert errors.mean() > 10 * errors.std() / np.sqrt(len(errors))

    def test_certain_and_right_is_no_error(self):
        found = calibration(np.eye(3), [0, 1, 2])
        assert (found.ece, found.ece_if_calibrated, found.nll, found.brier) == (0, 0, 0, 0)

    def test_certain_and_wrong_is_all_of_it(self):
        found = calibration(np.eye(2), [1, 0])
        assert (found.ece, found.brier) == (1, 2)

    def test_intervals_of_the_bins_are_exact(self):
        logits, truth = drawn(60)
        bins = calibration(softmax(logits, axis=1), truth, n_bins=5).bins()
        assert (bins["low"] <= bins["observed"]).all()
        assert (bins["observed"] <= bins["high"]).all()
        assert bins["n"].sum() == 60

    def test_one_bin_is_confidence_against_accuracy(self):
        logits, truth = drawn(60)
        p = softmax(logits, axis=1)
        gap = abs(p.max(1).mean() - (p.argmax(1) == truth).mean())
        assert calibration(p, truth, n_bins=1).ece == pytest.approx(gap)


class TestTemperature:
    @pytest.mark.parametrize("factor", [0.25, 1.0, 3.0])
    def test_finds_what_logits_were_multiplied_with(self, factor):
        logits, truth = drawn(20_000, seed=1)
        assert fit_temperature(factor * logits, truth) == pytest.approx(factor, rel=0.03)

    def test_is_where_the_likelihood_is_largest(self):
        logits, truth = drawn(300, scale=4.0, seed=2)
        truth[:40] = (truth[:40] + 1) % 4  # overconfident
        best = fit_temperature(logits, truth)

        def nll(temperature):
            picked = log_softmax(logits / temperature, axis=1)
            return -picked[np.arange(len(truth)), truth].mean()

        assert best > 1
        assert nll(best) < min(nll(best * 1.01), nll(best / 1.01))

    @pytest.mark.parametrize(
        ("logits", "says"),
        [
            (np.eye(3), "every class is predicted with certainty"),
            (-np.eye(3), "at chance"),
            (np.full((3, 3), np.inf), "expected finite numbers"),
        ],
    )
    def test_no_finite_one_is_one_line(self, logits, says):
        with pytest.raises(ConfigError, match=says):
            fit_temperature(logits, [0, 1, 2])


@pytest.mark.parametrize(
    ("scores", "classes", "says"),
    [
        ([0.1, 0.9], [0], r"expected \(N, C\)"),
        ([[0.1, 0.9]], [2], "expected 1 whole numbers from 0 to 1"),
        ([[0.1, 0.9]], [0, 1], "expected 1 whole numbers"),
        ([[0.1, 0.8]], [0], "that sum to 1"),
        ([[-0.1, 1.1]], [0], "from 0 that sum to 1"),
    ],
)
def test_what_is_no_probability_is_one_line(scores, classes, says):
    with pytest.raises(ConfigError, match=says):
        calibration(scores, classes)
