"""Shares of classes: closed forms, other solvers, and regions that cover."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.optimize import minimize

from mlplab.bench.shift_correction import CLASSES, coverage
from mlplab.errors import ConfigError, DataError
from mlplab.shift import label_shift
from mlplab.shift.correction.likelihood_priors import fit_calibration

METHODS = ("mlls", "em", "bbse")


def one_hot(places: np.ndarray, n_classes: int) -> np.ndarray:
    return np.asarray(np.eye(n_classes)[places])


def drawn(method: str = "mlls", seed: int = 0, **settings: Any) -> Any:
    """Shares of a world of three classes, stretched and tilted."""
    world, rng = CLASSES[2], np.random.default_rng(seed)
    valid, labels = world.draw(rng, [1 / 3] * 3, 600)
    target, _ = world.draw(rng, world.priors, 500)
    return label_shift(valid, labels, target, method, **settings)  # type: ignore[arg-type]


def test_bbse_is_exact_on_a_known_confusion_matrix() -> None:
    # P(predicted | class) is (0.8, 0.2) and (0.3, 0.7); the target has shares 0.25 and 0.75.
    guesses = np.repeat([0, 1, 0, 1], [80, 20, 30, 70])
    labels = np.repeat([0, 1], [100, 100])
    seen = np.repeat([0, 1], [425, 575])  # 0.25 * 0.8 + 0.75 * 0.3 = 0.425
    found = label_shift(one_hot(guesses, 2), labels, one_hot(seen, 2), "bbse")
    np.testing.assert_allclose(found.priors, [0.25, 0.75])
    np.testing.assert_allclose(found.weights, [0.5, 1.5])
    np.testing.assert_allclose(found.weights_of([1, 0, 1]), [1.5, 0.5, 1.5])
    # the delta method by hand, for two classes: one number
    middle = 0.425 * 0.575 / 1000 + (0.25**2 * 0.16 + 0.75**2 * 0.21) / 100
    reach = 1.959964 * np.sqrt(middle) / 0.5
    np.testing.assert_allclose(found.high - found.priors, reach, rtol=1e-5)


def test_em_is_the_maximum_of_the_likelihood_and_the_fixed_point_of_saerens() -> None:
    rng = np.random.default_rng(0)
    world = CLASSES[1]
    valid, labels = world.draw(rng, [0.5, 0.25, 0.25], 400)
    target, _ = world.draw(rng, world.priors, 300)
    found = label_shift(valid, labels, target, "em")
    ratios = target / found.source_priors
    theirs = minimize(
        lambda p: -np.log(ratios @ p).mean(), np.full(3, 1 / 3), method="SLSQP",
        bounds=[(1e-9, 1)] * 3, constraints={"type": "eq", "fun": lambda p: p.sum() - 1},
        options={"ftol": 1e-14},
    )  # fmt: skip
    np.testing.assert_allclose(found.priors, theirs.x, atol=1e-4)
    posterior = ratios * found.priors
    posterior /= posterior.sum(1, keepdims=True)
    np.testing.assert_allclose(posterior.mean(0), found.priors, atol=1e-7)


def test_mlls_undoes_what_stretches_and_tilts_probabilities() -> None:
    rng = np.random.default_rng(0)
    valid, labels = CLASSES[1].draw(rng, [1 / 3] * 3, 500)
    target, _ = CLASSES[1].draw(rng, [0.6, 0.3, 0.1], 400)

    def distorted(p: np.ndarray) -> np.ndarray:
        q = p**2 * np.exp([0.0, 0.5, 1.0])
        return np.asarray(q / q.sum(1, keepdims=True))

    plain = label_shift(valid, labels, target)
    other = label_shift(distorted(valid), labels, distorted(target))
    np.testing.assert_allclose(plain.priors, other.priors, atol=1e-4)
    np.testing.assert_allclose(plain.low, other.low, atol=1e-3)
    scales = [found.calibration["inverse_temperature"] for found in (plain, other)]
    assert scales[0] == pytest.approx(2 * scales[1], rel=1e-3)


def test_calibration_equals_scipys_maximum() -> None:
    rng = np.random.default_rng(0)
    valid, labels = CLASSES[2].draw(rng, [1 / 3] * 3, 300)
    logits = np.log(valid + 1e-12)

    def loss(of: np.ndarray) -> float:
        z = of[0] * logits + np.array([0, of[1], of[2]])
        z = z - z.max(1, keepdims=True)
        return float(np.mean(np.log(np.exp(z).sum(1)) - z[np.arange(300), labels]))

    theirs = minimize(loss, [1.0, 0, 0], method="Nelder-Mead", options={"xatol": 1e-7})
    scale, bias = fit_calibration(logits, labels)
    np.testing.assert_allclose([scale, *bias[1:]], theirs.x, atol=1e-3)


@settings(max_examples=15, deadline=None, derandomize=True)
@given(seed=st.integers(0, 1000), method=st.sampled_from(METHODS))
def test_permuting_classes_permutes_everything(seed: int, method: Any) -> None:
    world, rng = CLASSES[1], np.random.default_rng(seed)
    valid, labels = world.draw(rng, [1 / 3] * 3, 300)
    target, _ = world.draw(rng, world.priors, 300)
    order = rng.permutation(3)
    found = label_shift(valid, labels, target, method)
    other = label_shift(valid[:, order], np.argsort(order)[labels], target[:, order], method)
    np.testing.assert_allclose(other.priors, found.priors[order], atol=1e-4)
    np.testing.assert_allclose(other.high, found.high[order], atol=1e-3)


@pytest.mark.parametrize("method", METHODS)
def test_no_shift_leaves_weights_near_1(method: Any) -> None:
    rng = np.random.default_rng(0)
    # The classifier takes classes as equally frequent, and "em" believes it.
    shares = [1 / 3] * 3 if method == "em" else [0.5, 0.3, 0.2]
    valid, labels = CLASSES[1].draw(rng, shares, 2000)
    target, _ = CLASSES[1].draw(rng, shares, 2000)
    found = label_shift(valid, labels, target, method)
    np.testing.assert_allclose(found.weights, 1, atol=0.2)
    assert found.covers(shares)
    assert not found.covers([0.1, 0.3, 0.6])


def test_regions_shrink_as_rows_come_and_grow_with_their_level() -> None:
    rng = np.random.default_rng(0)
    world = CLASSES[2]
    widths = []
    for n in (500, 8000):
        valid, labels = world.draw(rng, [1 / 3] * 3, n)
        target, _ = world.draw(rng, world.priors, n)
        found = label_shift(valid, labels, target)
        widths.append(found.high - found.low)
    np.testing.assert_allclose(widths[0] / widths[1], 4, rtol=0.4)
    wide, narrow = drawn(level=0.99), drawn(level=0.8)
    assert (wide.high - wide.low > narrow.high - narrow.low).all()
    assert wide.covers(wide.priors)
    assert not wide.covers([0.6, 0.6, 0.6])


@pytest.mark.parametrize("method", METHODS)
def test_regions_cover(method: str) -> None:
    covered, _ = coverage(CLASSES[1], method, 100)
    # three standard errors of 100 draws below 93 %: the slow test asks for more
    assert covered >= 0.86


@pytest.mark.slow
@pytest.mark.parametrize("world", CLASSES)
@pytest.mark.parametrize("method", ["mlls", "bbse"])
def test_regions_cover_93_to_97_of_100(world: Any, method: str) -> None:
    times = 1000
    covered, _ = coverage(world, method, times)
    reach = 3 * np.sqrt(0.07 * 0.93 / times)
    assert 0.93 - reach <= covered <= 0.97 + reach


def test_uncalibrated_probabilities_are_beyond_em() -> None:
    # The simulation must be able to find a method that does not cover.
    assert coverage(CLASSES[2], "em", 20)[0] < 0.5


def test_a_region_without_variance_holds_one_point() -> None:
    labels = np.repeat([0, 1], 50)
    found = label_shift(one_hot(labels, 2), labels, one_hot(np.zeros(80, int), 2), "bbse")
    assert found.covers([1.0, 0.0])
    assert not found.covers([0.9, 0.1])


def test_labels_may_be_words() -> None:
    rng = np.random.default_rng(0)
    valid, ids = CLASSES[1].draw(rng, [1 / 3] * 3, 300)
    words = np.array(["ape", "bee", "cat"])
    found = label_shift(valid, words[ids], valid)
    assert found.classes.tolist() == words.tolist()
    assert found.weights_of(["cat"])[0] == found.weights[2]
    with pytest.raises(DataError, match="'dog' is not among the classes"):
        found.weights_of(["dog"])


P = np.array([[0.7, 0.3], [0.4, 0.6], [0.2, 0.8], [0.9, 0.1]])
Y = [0, 1, 1, 0]


@pytest.mark.parametrize(
    ("change", "says"),
    [
        ({"valid": P[:, 0]}, r"probabilities_valid: expected rows x classes, \(N, C\)"),
        ({"valid": "x"}, "probabilities_valid: expected numbers; got 'x'"),
        ({"valid": 2 * P}, "probabilities_valid: expected rows that sum to 1; row 0 sums to 2"),
        ({"target": np.where(P == 0.7, np.nan, P)}, "probabilities_target: expected finite"),
        ({"target": P[:0]}, "probabilities_target: has no rows"),
        ({"target": np.full((3, 3), 1 / 3)}, "probabilities_target: expected 2 classes; got 3"),
        ({"labels": Y[:3]}, r"labels_valid: expected one per row, \(4,\); got \(3,\)"),
        ({"labels": [0, 0, 0, 0]}, "classes: expected 2, one per column; got 1"),
        ({"labels": [0, 1, 0, 0]}, "at least 2 rows of each class; class 1 has 1"),
        ({"method": "bbse", "valid": P[[0, 0, 0, 0]]}, "class 1 is never predicted; try method"),
    ],
)
def test_wrong_probabilities_are_one_line(change: dict[str, Any], says: str) -> None:
    asked = {"valid": P, "labels": Y, "target": P, "method": "mlls"} | change
    with pytest.raises(DataError, match=says):
        label_shift(asked["valid"], asked["labels"], asked["target"], asked["method"])


def test_wrong_settings_are_one_line() -> None:
    with pytest.raises(ConfigError, match="method: expected one of mlls, em, bbse; got 'mls'"):
        label_shift(P, Y, P, "mls")  # type: ignore[arg-type]
    with pytest.raises(ConfigError, match="level: expected a number between 0 and 1"):
        label_shift(P, Y, P, level=95)
