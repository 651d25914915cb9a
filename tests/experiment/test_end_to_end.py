"""The whole line on digits with the real engine: design, store, workers, verdicts."""

from __future__ import annotations

import os
import re
import signal
import subprocess
import sys
from collections.abc import Generator
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest

import mlplab as ml
from mlplab.engine.events import Ended
from mlplab.errors import Interrupted
from mlplab.experiment import Experiment, Runs, this_machine
from mlplab.version import ENGINE_VERSION

RATES = [0.02, 0.1, 0.3]


@pytest.fixture(scope="module")
def experiment() -> Experiment:
    arms = [{"lr": rate} for rate in RATES]
    return ml.Experiment(
        task=ml.load_task("digits", valid=0.2),
        base=ml.Run(net=ml.MLP(hidden=(16,)), fit=ml.Fit(epochs=4, batch_size=64)),
        vary={"lr": RATES},
        seeds=6,
        claims=[
            ml.Difference(says="0.3 > 0.02", arm=arms[2], baseline=arms[0], expect="higher"),
            ml.Threshold(says="above chance", arm=arms[2], value=0.1, expect="higher"),
            ml.BestArm(says="0.3 is best", arm=arms[2], arms=tuple(arms)),
        ],
        name="rates on digits",
    )


@pytest.fixture(scope="module")
def runs(experiment: Experiment, tmp_path_factory: pytest.TempPathFactory) -> Runs:
    return experiment.run(tmp_path_factory.mktemp("store") / "runs.sqlite")


def test_the_claims_of_digits_are_decided(runs: Runs) -> None:
    difference, threshold, best = runs.verdicts()
    assert (difference.verdict, difference.size) == ("supported", "at least d")
    assert threshold.verdict == "supported"
    assert best.verdict in ("supported", "equivalent")
    assert runs.note == ""
    (provenance,) = runs.provenances.values()
    assert provenance is not None
    assert provenance.engine == ENGINE_VERSION


def test_remembered_runs_are_the_computed_ones(experiment: Experiment, runs: Runs) -> None:
    again = experiment.run(runs.setup.store)
    assert (runs.from_store, again.from_store) == (0, 18)
    pd.testing.assert_frame_equal(runs.frame(), again.frame())


def test_other_arms_seeds_and_workers_leave_a_runs_bits_alone(
    experiment: Experiment, runs: Runs
) -> None:
    few = Experiment(experiment.data, experiment.base, {"lr": [0.3, 0.5]}, seeds=[4, 7])
    frames = [
        few.run(":memory:", workers=workers).frame().drop(columns=["arm", "provenance"])
        for workers in (1, 2)
    ]
    pd.testing.assert_frame_equal(*frames)
    alone = frames[0].set_index(["key", "epoch"])
    among = runs.frame().drop(columns=["arm", "provenance"]).set_index(["key", "epoch"])
    shared = alone.index.intersection(among.index)
    assert len(shared) == 4
    pd.testing.assert_frame_equal(alone.loc[shared], among.loc[shared])


def test_the_ensemble_predicts_from_weights_trained_on_demand(runs: Runs) -> None:
    best, task = runs.best("valid_accuracy"), runs.experiment.data
    before = runs.frame()
    X, y = task.inputs[task.pool], task.targets[task.pool]
    probabilities = best.predict(X)
    assert probabilities.shape == (len(X), 10)
    assert probabilities.sum(axis=1) == pytest.approx(1.0)
    ensemble = (best.predict_class(X) == y).mean()
    members = before[(before.arm == best.arm.label) & (before.epoch == 4)]
    assert ensemble > members.train_accuracy.mean()
    pd.testing.assert_frame_equal(before, runs.experiment.run(runs.setup.store).frame())
    weights = runs.weights(best.arm, 0)
    assert sorted(array.shape for array in weights.values()) == [(10,), (10, 16), (16,), (16, 64)]


def test_the_chosen_arm_is_scored_with_fresh_seeds(runs: Runs) -> None:
    score = runs.best("valid_accuracy").score_test(5)
    assert score.seeds == (6, 7, 8, 9, 10)
    assert score.label == "fresh seeds"
    assert 0.5 < score.mean < 1.0


def test_a_run_of_an_absurd_rate_diverges_and_hurts_nobody(
    experiment: Experiment, runs: Runs
) -> None:
    wild = Experiment(experiment.data, experiment.base, {"lr": [0.3, 1e6]}, seeds=3)
    beside = wild.run(":memory:")
    assert beside.failures()["lr=1000000.0"].failures == 3
    calm = beside.frame().query("arm == 'lr=0.3'").drop(columns="provenance")
    alone = runs.frame().query("arm == 'lr=0.3' and seed < 3").drop(columns="provenance")
    pd.testing.assert_frame_equal(
        calm.dropna(axis=1, how="all").reset_index(drop=True),
        alone.dropna(axis=1, how="all").reset_index(drop=True),
        check_dtype=False,
    )


def test_an_interrupt_keeps_what_is_finished(
    experiment: Experiment, runs: Runs, tmp_path: Path
) -> None:
    real = this_machine()

    def impatient(*args: Any, **settings: Any) -> Generator[Any, None, None]:
        n_ended = 0
        for event in real.execute(*args, **settings):
            yield event
            n_ended += isinstance(event, Ended)
            if n_ended == 7:
                raise KeyboardInterrupt

    place = tmp_path / "runs.sqlite"
    with pytest.raises(Interrupted, match="7 of 18 runs are finished"):
        experiment.run(place, backend=replace(real, execute=impatient))
    continued = experiment.run(place)
    assert continued.from_store == 7
    pd.testing.assert_frame_equal(continued.frame(), runs.frame())


SCRIPT = """
import mlplab as ml
task = ml.load_task("digits", valid=0.2)
base = ml.Run(net=ml.MLP(hidden=(16,)), fit=ml.Fit(batch_size=64))
experiment = ml.Experiment(task, base, {{"epochs": [1, 2, 100_000]}}, seeds=4)
try:
    print(experiment.run({where!r}, workers=2, progress=lambda p: print(p, flush=True)))
except ml.errors.Interrupted as stopped:
    print(stopped)
"""


def test_ctrl_c_stops_workers_and_keeps_what_is_finished(tmp_path: Path) -> None:
    where = str(tmp_path / "runs.sqlite")
    process = subprocess.Popen(
        [sys.executable, "-c", SCRIPT.format(where=where)],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        start_new_session=True,
    )
    assert process.stdout is not None
    while (line := process.stdout.readline()).startswith("0 of"):
        pass
    os.killpg(process.pid, signal.SIGINT)  # as a terminal does: workers hear it too
    out, err = process.communicate(timeout=30)
    assert "Traceback" not in err
    counts = re.search(r"interrupted: (\d+) of 12 runs are finished and kept", out)
    assert counts is not None, (line, out, err)
    assert 0 < int(counts[1]) == ml.Store(where).info().rows["outcomes"] <= 8


def test_cost_is_estimated_before_anything_runs(experiment: Experiment) -> None:
    cost = experiment.cost()
    assert cost.runs == 18
    n_train = round(0.8 * experiment.data.n_pool)
    forward_backward = 6 * (64 * 16 + 16 * 10)
    assert cost.flop > 0.5 * 18 * 4 * n_train * forward_backward
    assert cost.seconds > 0
    assert cost.bytes > 0


def test_a_users_metric_is_recorded(experiment: Experiment) -> None:
    @ml.metric("top_two")
    def top_two(targets: np.ndarray, outputs: np.ndarray) -> float:
        return float((np.argsort(outputs, axis=1)[:, -2:] == targets[:, None]).any(axis=1).mean())

    base = experiment.base.with_value("fit.measures", ("top_two", "grad_norm"))
    runs = Experiment(experiment.data, base, seeds=2).run(":memory:")
    frame = runs.frame(last=True)
    assert (frame.valid_top_two > frame.valid_accuracy).all()
    assert (frame.test_top_two > frame.test_accuracy).all()
    assert (frame.grad_norm > 0).all()


def test_every_fold_is_held_out_once(experiment: Experiment) -> None:
    base = experiment.base.with_value("fit.test", "never")
    task = experiment.data.with_valid(0)
    runs = Experiment(task, base, {"rows": ml.folds(3)}, seeds=2).run(":memory:")
    assert runs.values("valid_accuracy").shape == (3, 2)
    assert np.isfinite(runs.values("valid_accuracy")).all()
    assert "test_accuracy" not in runs.frame()


def test_a_finished_experiment_needs_no_torch(experiment: Experiment, runs: Runs) -> None:
    where = runs.setup.store.where
    code = f"""
import sys
import mlplab as ml
task = ml.load_task("digits", valid=0.2)
base = ml.Run(net=ml.MLP(hidden=(16,)), fit=ml.Fit(epochs=4, batch_size=64))
runs = ml.Experiment(task, base, {{"lr": {RATES}}}, seeds=6).run({where!r})
print(runs.from_store, "torch" in sys.modules)
"""
    done = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, check=True, timeout=60
    )
    assert done.stdout.split() == ["18", "False"]
