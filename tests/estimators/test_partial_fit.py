"""Training that goes on: passes over the same rows are the epochs of one fit."""

from __future__ import annotations

import numpy as np
import pytest
from numpy.testing import assert_allclose
from sklearn.datasets import load_digits

from mlplab import MLPClassifier, MLPRegressor
from mlplab.errors import ConfigError, DataError
from mlplab.estimators.scale import SmoothClip
from mlplab.estimators.targets import Targets

rng = np.random.default_rng(0)
X = rng.normal(size=(150, 4))
y = X[:, 0] - X[:, 1] * X[:, 2]


@pytest.mark.parametrize(
    "setting",
    [
        {},
        {"optimizer": "sgd", "lr": 0.05},
        {"optimizer": "rmsprop"},
        {"ema": 0.9},
        {"norm": "batch"},
        {"activation": "prelu"},
        {"dropout": 0.0, "dtype": "float64"},
    ],
)
def test_three_passes_are_three_epochs(setting):
    settings = {"hidden": (24, 8), "batch_size": 32, "n_seeds": 3, "random_state": 1} | setting
    whole = MLPRegressor(**settings, epochs=3, schedule="constant").fit(X, y)
    parts = MLPRegressor(**settings)
    for _ in range(3):
        parts.partial_fit(X, y)
    assert parts.seeds_ == whole.seeds_
    assert parts.n_epochs_ == (3, 3, 3)
    assert_allclose(parts.predict(X), whole.predict(X), atol=1e-4)


def test_weights_of_samples_count():
    model = MLPRegressor((16,), batch_size=1000, dropout=0, dtype="float64", random_state=0)
    weights = np.tile([2.0, 1.0, 0.0], 50)
    model.partial_fit(X, y, weights).partial_fit(X, y, weights)
    again = np.repeat(np.arange(150), weights.astype(int))
    twin = MLPRegressor((16,), batch_size=1000, dropout=0, dtype="float64", random_state=0)
    twin.partial_fit(X[again], y[again]).partial_fit(X[again], y[again])
    assert_allclose(model.predict(X), twin.predict(X), atol=1e-9)


def test_it_learns_from_chunks_and_goes_on_after_a_fit():
    X, y = load_digits(return_X_y=True)
    model = MLPClassifier((64,), random_state=0)
    for start in range(0, 1400, 200):
        part = slice(start, start + 200)
        model.partial_fit(X[part], y[part], classes=np.arange(10))
    assert model.score(X[1400:], y[1400:]) > 0.7
    fitted = MLPClassifier((64,), epochs=2, random_state=0).fit(X[:1400], y[:1400])
    before = fitted.score(X[1400:], y[1400:])
    for _ in range(8):
        fitted.partial_fit(X[:1400], y[:1400])
    assert fitted.score(X[1400:], y[1400:]) > before


SLOPE = 3 * X[:, 0] + 7
TWOS = np.full(60, 2.0)


@pytest.mark.parametrize(
    "first",
    [
        lambda model, unit: model.partial_fit(X[:60], TWOS),
        lambda model, unit: model.partial_fit(X[:1], SLOPE[:1]),
        lambda model, unit: model.partial_fit(X[:60], TWOS).partial_fit(X[:60], unit * 4 * TWOS),
        lambda model, unit: model.partial_fit(X[:60], 0 * TWOS, np.arange(60.0)),
        lambda model, unit: model.set_params(epochs=2).fit(X, np.full(150, 2.0)),
    ],
    ids=["one value", "one row", "two values in turn", "weights", "fit"],
)
@pytest.mark.parametrize("unit", [1.0, 1e6])
def test_a_constant_first_chunk_is_no_end(first, unit):
    model = MLPRegressor((32,), n_seeds=2, lr=0.02, batch_size=32, dropout=0, random_state=0)
    first(model, unit)
    for _ in range(30):
        model.partial_fit(X, unit * SLOPE)
    assert model.score(X, unit * SLOPE) > 0.9


def test_of_several_targets_the_constant_one_is_scaled_later():
    model = MLPRegressor((32,), n_seeds=2, lr=0.02, batch_size=32, dropout=0, random_state=0)
    both = np.stack([SLOPE, 1000 * X[:, 1]], axis=1)
    model.partial_fit(X, both * [1, 0])
    center = model.targets_.mean[0]
    for _ in range(30):
        model.partial_fit(X, both)
    assert model.targets_.mean[0] == center
    assert model.score(X, both) > 0.9


def test_a_feature_that_was_constant_is_scaled_when_it_varies(tmp_path):
    wide = X * [1, 1e5, 1, 1]
    model = MLPRegressor((32,), n_seeds=2, lr=0.02, batch_size=32, dropout=0, random_state=0)
    model.partial_fit(wide * [1, 0, 1, 1], X[:, 0])
    model.save(tmp_path / "model")
    model = MLPRegressor.load(tmp_path / "model")
    for _ in range(30):
        model.partial_fit(wide, X[:, 1])
    assert model.score(wide, X[:, 1]) > 0.9


NEARLY = 5 + 1e-3 * np.arange(150)
QUICK = {"hidden": (32,), "n_seeds": 2, "lr": 0.02, "batch_size": 32, "dropout": 0}


@pytest.mark.parametrize(
    "first",
    [
        lambda model: model.partial_fit(X[:20], NEARLY[:20]),
        lambda model: model.partial_fit(X[:20], 5 + 1e-9 * NEARLY[:20]),
        lambda model: model.partial_fit(X[:20], SLOPE[:20], np.arange(20.0)),
        lambda model: model.partial_fit(X[:20], NEARLY[:20], np.full(20, 1e4)),
        lambda model: [model.partial_fit(X[:20], NEARLY[:20]) for _ in range(8)],
        lambda model: model.set_params(epochs=2).fit(X, NEARLY),
        lambda model: model.set_params(ema=0.9).partial_fit(X[:20], NEARLY[:20]),
        lambda model: model.set_params(target_transform="asinh").partial_fit(X[:20], NEARLY[:20]),
    ],
    ids=["nearly constant", "but for 1e-9", "elsewhere", "heavy", "many", "fit", "ema", "asinh"],
)
@pytest.mark.parametrize("level", [100, 1e5])
def test_a_first_chunk_of_a_narrow_scale_is_no_end(first, level, tmp_path):
    model = MLPRegressor(**QUICK, random_state=0)
    first(model)
    model.save(tmp_path / "model")
    loaded = MLPRegressor.load(tmp_path / "model")
    loaded.partial_fit(X, SLOPE + level)
    for _ in range(15):
        model.partial_fit(X, SLOPE + level)
    assert loaded.targets_.mean == model.targets_.mean
    assert loaded.targets_.seen.rows < model.targets_.seen.rows
    assert model.score(X, SLOPE + level) > 0.9


def test_chunks_of_few_rows_find_the_scale():
    model = MLPRegressor(**QUICK, random_state=0).partial_fit(X[:20], NEARLY[:20])
    for start in np.arange(60) * 20 % 140:
        model.partial_fit(X[start : start + 20], 93 + SLOPE[start : start + 20])
    assert model.score(X, 93 + SLOPE) > 0.9


@pytest.mark.parametrize("setting", [{}, {"ema": 0.5}, {"hidden": ()}, {"norm": "batch"}])
def test_a_new_scale_keeps_what_predictions_differ_by(setting):
    both = np.stack([SLOPE, SLOPE], axis=1)
    model = MLPRegressor(**QUICK | setting, dtype="float64", random_state=0).partial_fit(X, both)
    before, moved = model.predict(X), both + np.array([0, 1e4])
    model._widen(X, moved, None)
    level = model.targets_.mean[1] - SLOPE.mean()
    assert level > 9000
    assert_allclose(model.predict(X), before + np.array([0, level]), rtol=1e-9)


def test_two_levels_in_turn_settle_on_one_scale():
    model = MLPRegressor(**QUICK, random_state=0).partial_fit(X[:20], NEARLY[:20])
    low = X[:, 0] < 0
    levels = np.where(low, 5 + 1e-3 * X[:, 1], 100 + X[:, 1])
    deviations = []
    for _ in range(20):
        for part in (~low, low):
            model.partial_fit(X[part], levels[part])
            deviations.append(model.targets_.deviation[0])
    assert len(set(deviations[2:])) == 1
    assert model.score(X, levels) > 0.5


def test_a_feature_of_a_narrow_scale_is_scaled_anew():
    narrow, wide = X * [1, 1e-4, 1, 1] + [0, 7, 0, 0], X * [1, 1e3, 1, 1]
    model = MLPRegressor(**QUICK, random_state=0).partial_fit(narrow[:20], X[:20, 0])
    others = model.scaler_.center[[0, 2, 3]]
    for _ in range(30):
        model.partial_fit(wide, X[:, 1])
    assert model.scaler_.center[[0, 2, 3]].tolist() == others.tolist()
    assert model.score(wide, X[:, 1]) > 0.9


STREAMS = {
    "alike": (X, y),
    "heavy tails": (np.random.default_rng(1).standard_t(2, (150, 4)), X[:, 0] ** 3),
    "an outlier": (X, np.where(np.arange(150) == 140, 1e3, y)),
    "drift": (X + np.linspace(0, 2, 150)[:, None], y + np.linspace(0, 5, 150)),
    "zeros": (np.where(X > 1, X, 0), np.where(y > 0, y, 0)),
}


@pytest.mark.parametrize("stream", STREAMS)
@pytest.mark.parametrize("weights", [None, np.tile([0.5, 2, 1], 50)])
def test_ordinary_streams_keep_the_scale_of_the_first_rows(stream, weights, monkeypatch):
    inputs, numbers = STREAMS[stream]
    targets = np.stack([numbers, -10 * numbers], axis=1)

    def predictions():
        model = MLPRegressor((8,), n_seeds=2, random_state=0)
        for part in (slice(0, 60), slice(60, 110), slice(110, 150), slice(0, 60)):
            part_weights = None if weights is None else weights[part]
            model.partial_fit(inputs[part], targets[part], part_weights)
        return model.predict(inputs)

    found = predictions()
    for scale in (Targets, SmoothClip):
        monkeypatch.setattr(scale, "widened", lambda self, *_: self)
    assert found.tobytes() == predictions().tobytes()


@pytest.mark.parametrize("largest", [1e300, -1e200])
def test_targets_too_large_to_be_squared_are_named(largest):
    huge = np.where(np.arange(150) == 3, largest, y)
    model = MLPRegressor((8,), n_seeds=2, random_state=0)
    for train in (model.fit, model.partial_fit, model.partial_fit(X, y).partial_fit):
        with pytest.raises(DataError, match=r"^y: expected targets from -1e\+140 .* got -?1e"):
            train(X, huge)
    with pytest.raises(DataError, match=r"^y\[:, 1\]: expected"):
        MLPRegressor().fit(X, np.stack([y, huge], axis=1))
    assert np.isfinite(
        MLPRegressor(target_transform="asinh", epochs=1).fit(X, huge).predict(X)
    ).all()


def test_what_does_not_fit_gets_one_line():
    with pytest.raises(ConfigError, match="expected all labels at the first call"):
        MLPClassifier().partial_fit(X, y > 0)
    model = MLPClassifier(random_state=0).partial_fit(X, y > 0, classes=[False, True])
    with pytest.raises(ConfigError, match="expected the same labels"):
        model.partial_fit(X, y > 0, classes=[0, 1, 2])
    with pytest.raises(DataError, match="is not among the classes"):
        model.partial_fit(X, np.full(150, "a"))
    with pytest.raises(ConfigError, match="not known in partial_fit; give a dict"):
        MLPClassifier(class_weight="balanced").partial_fit(X, y > 0, classes=[False, True])
    with pytest.raises(ConfigError, match="partial_fit holds out no rows"):
        MLPRegressor(calibration=0.2).partial_fit(X, y)
    model = MLPRegressor(random_state=0).partial_fit(X, y)
    with pytest.raises(DataError, match="expected 1 targets per row; got 2"):
        model.partial_fit(X, np.stack([y, y], axis=1))
    with pytest.raises(DataError, match="have other layers"):
        model.set_params(hidden=(8,)).partial_fit(X, y)
