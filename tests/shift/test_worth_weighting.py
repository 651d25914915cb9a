"""Whether weighting helps: it does where a model is too stiff, and not where it fits."""

from __future__ import annotations

from typing import Any

import numpy as np
import pandas as pd
import pytest
from sklearn.dummy import DummyClassifier
from sklearn.linear_model import LinearRegression, LogisticRegression
from sklearn.neighbors import KNeighborsRegressor
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler

from mlplab import MLPRegressor
from mlplab.errors import ConfigError, DataError
from mlplab.shift import correct, worth_weighting


def shimodaira(n: int = 1500, seed: int = 0) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """x and y of the training population, and the true ratio to the target's."""
    rng = np.random.default_rng(seed)
    x = rng.normal(0.5, 0.5, n)
    y = x**3 - x + 0.3 * rng.normal(size=n)
    log_ratio = -0.5 * (x / 0.3) ** 2 - np.log(0.3) + 0.5 * ((x - 0.5) / 0.5) ** 2 + np.log(0.5)
    return x[:, None], y, np.exp(log_ratio)


def test_a_line_through_a_cubic_is_worth_weighting_and_its_target_risk_falls() -> None:
    x, y, ratios = shimodaira()
    found = worth_weighting(LinearRegression(), x, y, ratios)
    assert found.answer == "weight"
    assert found.exponent > 0
    # what was advised is so on target rows
    rng = np.random.default_rng(1)
    new = rng.normal(0, 0.3, (4000, 1))
    labels = new[:, 0] ** 3 - new[:, 0] + 0.3 * rng.normal(size=4000)
    plain = LinearRegression().fit(x, y)
    weighted = LinearRegression().fit(x, y, sample_weight=ratios**found.exponent)
    risks = [np.mean((labels - model.predict(new)) ** 2) for model in (plain, weighted)]
    assert risks[1] < 0.9 * risks[0]
    assert found.risks[0.0] == pytest.approx(risks[0], rel=0.2)
    assert found.risks[found.exponent] == pytest.approx(risks[1], rel=0.2)


def test_a_model_that_fits_is_not_worth_weighting() -> None:
    x, _, ratios = shimodaira()
    y = 2 * x[:, 0] + 0.3 * np.random.default_rng(1).normal(size=len(x))
    found = worth_weighting(LinearRegression(), x, y, ratios, matters=0.05)
    assert found.answer == "don't"
    assert found.exponent == 0
    assert "no weights lower the estimated target risk" in found.reason


def test_equal_weights_are_never_worth_it_and_differ_in_nothing() -> None:
    x, y, _ = shimodaira(300)
    found = worth_weighting(LinearRegression(), x, y, np.ones(300))
    assert found.answer == "don't"
    assert all((gains == 0).all() for gains in found.differences.values())


def test_few_rows_cannot_tell() -> None:
    x, y, ratios = shimodaira(25)
    assert worth_weighting(LinearRegression(), x, y, ratios).answer == "undecided"


def test_the_risk_is_the_importance_weighted_mean_over_held_out_folds() -> None:
    x, y, ratios = shimodaira(100)
    found = worth_weighting(LinearRegression(), x, y, ratios, n_repeats=1, exponents=[1.0])
    from sklearn.model_selection import KFold

    weights, by_hand = ratios / ratios.mean(), []
    for train, held in KFold(5, shuffle=True, random_state=0).split(x):
        model = LinearRegression().fit(x[train], y[train], sample_weight=weights[train])
        by_hand.append(np.mean(weights[held] * (y[held] - model.predict(x[held])) ** 2))
    assert found.risks[1.0] == pytest.approx(np.mean(by_hand))


def test_a_declined_correction_is_not_worth_it_and_trains_nothing() -> None:
    x, y, _ = shimodaira(200)
    weights = correct(x, x + 50, "ulsif")
    found = worth_weighting(None, x, y, weights)
    assert found.answer == "don't"
    assert "of the target rows lie outside" in found.reason
    assert found.risks == {}


def test_classifiers_pipelines_and_frames_are_taken() -> None:
    x, _, ratios = shimodaira(300)
    frame = pd.DataFrame({"x": x[:, 0], "twice": 2 * x[:, 0]})
    labels = np.where(x[:, 0] + 0.3 * np.random.default_rng(0).normal(size=300) > 0.4, "yes", "no")
    model = make_pipeline(StandardScaler(), LogisticRegression())
    done: list[tuple[int, int]] = []
    found = worth_weighting(
        model, frame, labels, ratios, progress=lambda n, of: done.append((n, of))
    )
    assert found.answer in ("don't", "undecided")
    assert 0 < found.risks[0.0] < 1
    assert done[-1] == (30, 30)


def test_populations_of_networks_are_taken() -> None:
    x, y, ratios = shimodaira(120)
    model = MLPRegressor(hidden=(8,), epochs=3, n_seeds=2, progress=False)
    found = worth_weighting(model, x, y, ratios, n_repeats=1)
    assert set(found.risks) == {0.0, 0.5, 1.0}
    again = worth_weighting(model, x, y, ratios, n_repeats=1)
    assert again.risks == found.risks


def test_a_loss_of_ones_own_is_given_predictions() -> None:
    x, y, ratios = shimodaira(100)
    found = worth_weighting(
        LinearRegression(), x, y, ratios, loss=lambda truth, guess: np.abs(truth - guess)
    )
    squared = worth_weighting(LinearRegression(), x, y, ratios)
    assert found.risks[0.0] > squared.risks[0.0]


@pytest.mark.parametrize(
    ("change", "problem", "says"),
    [
        ({"exponents": []}, ConfigError, "exponents: expected one or more"),
        ({"exponents": [2.0]}, ConfigError, "above 0 and at most 1; got 2.0"),
        ({"n_folds": 2, "n_repeats": 1}, ConfigError, "5 differences or more; got 2 x 1"),
        ({"exponents": 3}, ConfigError, "exponents: expected one or more.* got 3"),
        ({"n_folds": None}, ConfigError, "n_folds: expected a whole number from 2; got None"),
        ({"seed": -1}, ConfigError, "seed: expected at least 0; got -1"),
        ({"matters": "0"}, ConfigError, "matters: expected a number above 0; got '0'"),
        ({"inputs": 3}, DataError, "inputs: expected an array or a frame; got int"),
        ({"matters": 0}, ConfigError, "matters: expected a number above 0"),
        ({"model": KNeighborsRegressor()}, ConfigError, "fit takes sample_weight; got KNeigh"),
        ({"loss": lambda a, b: 1.0}, ConfigError, "loss: expected finite numbers"),
        ({"targets": np.ones(3)}, DataError, "targets: expected one per row"),
        ({"weights": -np.ones(100)}, DataError, "weights: expected finite numbers, none negative"),
        (
            {"model": DummyClassifier(), "targets": np.arange(100) == 0},
            DataError,
            "at least 5 rows of each class, one per fold; the rarest has 1",
        ),
    ],
)
def test_mistakes_are_one_line(change: dict[str, Any], problem: Any, says: str) -> None:
    x, y, ratios = shimodaira(100)
    asked: dict[str, Any] = {"model": LinearRegression(), "targets": y, "weights": ratios} | change
    model, targets, weights = (asked.pop(name) for name in ("model", "targets", "weights"))
    x = asked.pop("inputs", x)
    with pytest.raises(problem, match=says):
        worth_weighting(model, x, targets, weights, **asked)
