"""The whole line with modules: design, workers, store, frame, verdicts, best, predictions."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from tests.engine import made_modules  # noqa: F401  (registers them)

import mlplab as ml
from mlplab.errors import ConfigError
from mlplab.experiment import Experiment, Runs

WIDE, NARROW = {"net.settings.width": 32}, {"net.settings.width": 2}


@pytest.fixture(scope="module")
def experiment() -> Experiment:
    return ml.Experiment(
        task=ml.load_task("digits", valid=0.2),
        base=ml.Run(
            net=ml.Module(name="two-linear"),
            optim=ml.Adam(lr=0.01),
            fit=ml.Fit(epochs=3, batch_size=64),
        ),
        vary={"net.settings.width": [2, 9, 32]},
        seeds=5,
        claims=[ml.Difference(says="32 > 2", arm=WIDE, baseline=NARROW, expect="higher")],
        name="widths of a module",
    )


@pytest.fixture(scope="module")
def store(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("store") / "runs.sqlite"


@pytest.fixture(scope="module")
def runs(experiment: Experiment, store: Path) -> Runs:
    return experiment.run(store, workers=2)


def test_the_frame_has_the_setting_as_a_factor(experiment: Experiment, runs: Runs) -> None:
    frame = runs.frame(last=True)
    assert len(frame) == 15
    assert set(frame["net.settings.width"]) == {2, 9, 32}
    assert [arm.label for arm in experiment.design] == ["width=2", "width=9", "width=32"]
    means = frame.groupby("net.settings.width")["valid_accuracy"].mean()
    assert means[32] > 0.85 > means[2]


def test_verdicts(runs: Runs) -> None:
    (verdict,) = runs.verdicts()
    assert (verdict.verdict, verdict.n_seeds) == ("supported", 5)
    assert len(runs.compare("width", metric="valid_accuracy")) >= 2


def test_the_store_answers_the_second_time(experiment: Experiment, runs: Runs, store: Path) -> None:
    assert runs.from_store == 0
    again = experiment.run(store, workers=1)
    assert again.from_store == 15
    assert again.frame().equals(runs.frame())


def test_the_best_arm_predicts(experiment: Experiment, runs: Runs) -> None:
    best = runs.best("valid_accuracy")
    assert best.arm.label == "width=32"
    task = experiment.data
    rows = task.test_rows("test")
    right = best.predict_class(task.inputs[rows]) == task.targets[rows]
    assert right.mean() > 0.85


def test_weights_have_the_names_of_the_module(runs: Runs) -> None:
    weights = runs.weights(WIDE, 0)
    assert {name: array.shape for name, array in weights.items()} == {
        "0.weight": (32, 64), "0.bias": (32,), "2.weight": (10, 32), "2.bias": (10,),
    }  # fmt: skip


def test_modules_and_mlps_are_arms_of_one_experiment() -> None:
    nets = [ml.MLP(hidden=(9,)), ml.Module(name="digit-conv", settings={"channels": 2})]
    experiment = ml.Experiment("digits", ml.Run(fit=ml.Fit(epochs=1)), vary={"net": nets}, seeds=2)
    assert [arm.label for arm in experiment.design] == [
        "net=mlp(hidden=9)", "net=digit-conv(channels=2)",
    ]  # fmt: skip
    cost = experiment.cost()
    assert (cost.runs, cost.programs) == (4, 2)
    losses = experiment.run(":memory:", workers=1).frame(last=True)["train_loss"]
    assert len(losses) == 4
    assert np.isfinite(losses).all()


def test_a_setting_that_is_not_there_is_told_at_once() -> None:
    base = ml.Run(net=ml.Module(name="two-linear"))
    with pytest.raises(ConfigError, match="no setting 'depth'; did you mean 'width'"):
        ml.Experiment("digits", base, vary={"net.settings.depth": [1, 2]})
    with pytest.raises(ConfigError, match="no field 'hidden'"):
        ml.Experiment("digits", base, vary={"net.hidden": [8, 9]})
