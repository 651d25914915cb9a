"""What is told of a model follows from its predictions out of fold, and takes about its time."""

from __future__ import annotations

import itertools
from collections.abc import Callable

import numpy as np
import pandas as pd
import pytest

from mlplab.errors import ConfigError
from mlplab.tabular import TableModel, fit_table, infer_schema, timed_importance
from mlplab.tabular.explanation import explain, loss_of
from mlplab.tabular.scoring import METRICS, Scoring


def rows(n: int, seed: int) -> pd.DataFrame:
    rng = np.random.default_rng(seed)
    frame = pd.DataFrame(
        {
            "Id": [f"r{seed}-{i}" for i in range(n)],
            "signal": rng.normal(0, 1, n),
            "noise": rng.normal(0, 1, n),
            "zone": rng.choice(["north", "south"], n).astype(object),
        }
    )
    frame["y"] = np.exp(1 + frame["signal"] + rng.normal(0, 0.05, n))
    frame["high"] = np.where(frame["signal"] + rng.normal(0, 0.5, n) > 0, "yes", "no")
    frame.loc[::10, "zone"] = np.nan
    return frame


@pytest.fixture(scope="module")
def train() -> pd.DataFrame:
    return rows(90, 0)


def fitted(frame: pd.DataFrame, target: str, metric: str) -> tuple[TableModel, pd.DataFrame]:
    own = frame.drop(columns={"y", "high"} - {target})
    schema = infer_schema(own, target=target)
    model = fit_table(
        own, target, schema=schema, metric=metric, n_folds=3, minutes=0.02, configurations=1
    )
    return model, own


def ticking() -> Callable[[], float]:
    """A clock of which every look takes 10 ms, however busy the machine is."""
    looks = itertools.count()
    return lambda: 0.01 * next(looks)


@pytest.fixture(scope="module")
def numbers(train) -> tuple[TableModel, pd.DataFrame]:
    return fitted(train, "y", "log-rmse")


@pytest.fixture(scope="module")
def classes(train) -> tuple[TableModel, pd.DataFrame]:
    return fitted(train, "high", "log-loss")


def test_of_numbers_residuals_are_those_that_the_score_judges(numbers):
    model, train = numbers
    found = explain(model, train, seconds=2, clock=ticking())
    assert found.logarithmic
    assert np.sqrt((found.residuals["residual"] ** 2).mean()) == pytest.approx(model.cv.score)
    assert (found.residuals["fold"].to_numpy() == model.fold_index).all()
    worst = found.worst
    assert worst["residual"].abs().is_monotonic_decreasing
    assert worst["residual"].abs().iloc[0] == found.residuals["residual"].abs().max()
    assert (worst["Id"].to_numpy() == train["Id"].iloc[worst["row"]].to_numpy()).all()
    assert found.confusion is found.calibration is found.shift is None
    truth, said = train["y"].to_numpy(), model.out_of_fold
    assert found.base == pytest.approx(Scoring("log-rmse", "").score(truth, said))


def test_the_only_informative_column_is_the_most_important_and_is_followed(numbers):
    model, train = numbers
    found = explain(model, train, seconds=2, clock=ticking())
    assert found.importance["column"].iloc[0] == "signal"
    assert found.importance["low"].iloc[0] > 0
    assert set(found.importance["column"]) == {"signal", "noise", "zone"}
    rest = found.importance["rise"].iloc[1:].abs().max()
    assert found.importance["rise"].iloc[0] > 5 * rest
    curve = next(iter(found.dependence.values()))
    assert next(iter(found.dependence)) == "signal"
    middle = curve["mean"].iloc[2:-2]
    assert middle.is_monotonic_increasing
    assert 0 < found.dependence_rows <= len(train)


def test_of_classes_counts_and_probabilities_are_out_of_fold(classes):
    model, train = classes
    found = explain(model, train, seconds=2, clock=ticking())
    given = model.cv.out_of_fold
    said = np.array(model.classes)[given.argmax(axis=1)]
    truth = train["high"].to_numpy()
    counts = found.confusion.set_index(["true", "predicted"])["n"]
    assert counts["yes", "no"] == ((truth == "yes") & (said == "no")).sum()
    assert counts.sum() == len(train)
    assert found.calibration["n"].sum() == len(train)
    wrong = found.worst
    assert (wrong["target"] != wrong["predicted"]).all()
    assert (wrong["probability"] < 0.5).all()
    assert wrong["probability"].is_monotonic_increasing
    assert found.residuals is None


def test_gaps_and_other_rows_are_told(numbers):
    model, train = numbers
    alike, moved = rows(40, 7), rows(40, 8)
    moved["noise"] += 20
    found = explain(model, train, alike, seconds=2, clock=ticking())
    assert found.gaps["column"].tolist() == ["zone"]
    assert set(found.gap_map["column"]) == {"zone"}
    assert found.shift.detection.matters.interval[0] < 0.55
    other = explain(model, train, moved, seconds=2, clock=ticking()).shift.detection
    assert other.matters.size > 0.95
    assert other.shifted.verdict == "supported"
    assert other.seen_columns[0].name == "noise"
    assert other.changes["noise"].second > other.changes["noise"].first
    assert other.harmful is None


def test_little_time_takes_fewer_rows_and_says_so():
    train = rows(600, 3)
    model, own = fitted(train, "y", "rmse")
    found = explain(model, own, seconds=0.05, clock=ticking())
    assert found.importance["n_rows"].iloc[0] < 600
    assert found.dependence_rows < 600
    with pytest.raises(ConfigError, match="expected the 600 rows the model was fitted on; got 5"):
        explain(model, own.head(5))


@pytest.mark.parametrize("metric", METRICS)
def test_a_loss_is_larger_for_worse_predictions(metric):
    if METRICS[metric] == "classification":
        target = np.array([0, 1, 1])
        good, bad = np.array([[0.9, 0.1], [0.2, 0.8], [0.1, 0.9]]), np.full((3, 2), 0.5)
        bad[:, 0] += 0.1
        bad[:, 1] -= 0.1
    else:
        target = np.array([1.0, 2.0, 3.0])
        good, bad = target * 1.01, target * 2
    assert loss_of(metric)(target, good) < loss_of(metric)(target, bad)


def test_a_long_table_is_measured_on_a_sample_of_its_rows(numbers, monkeypatch):
    model, train = numbers
    monkeypatch.setattr(timed_importance, "_MOST_ROWS", 40)
    found = explain(model, train, seconds=5, clock=ticking())
    assert found.importance["n_rows"].max() == 40
    assert found.importance["column"].iloc[0] == "signal"
    assert len(found.residuals) == len(train)
