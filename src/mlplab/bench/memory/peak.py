"""`python -m mlplab.bench.memory.peak NAME --json`: train one setting, say what was predicted."""

from __future__ import annotations

import json
import sys
import tempfile
from pathlib import Path
from typing import Literal

import numpy as np

import mlplab as ml
from mlplab.bench.memory.grid import GRID, Setting
from mlplab.bench.memory.held_out import HELD_OUT
from mlplab.theory.memory.measured import peak_above, without_checkpoints


def experiment_of(setting: Setting) -> ml.Experiment:
    """Return the population of a setting, on random data."""
    rng = np.random.default_rng(0)
    n = setting.rows + setting.test_rows
    X = rng.standard_normal((n, setting.features), dtype="f4")
    y = (
        rng.standard_normal((n, setting.outputs), dtype="f4")
        if setting.outputs
        else np.arange(n) % setting.classes
    )
    cut = setting.rows
    test = (X[cut:], y[cut:]) if setting.test_rows else ()
    kind: Literal["regression", "classification"] = (
        "regression" if setting.outputs else "classification"
    )
    task = ml.task_from_arrays(X[:cut], y[:cut], *test, valid=setting.valid, kind=kind)
    fit = ml.Fit(**{"epochs": 1, "batch_size": 32, **setting.fit})
    base = ml.Run(net=setting.net, fit=fit, optim=setting.optim)
    return ml.Experiment(task, base, vary=setting.vary, seeds=setting.seeds)


def predict(experiment: ml.Experiment, setting: Setting) -> int:
    """Return what its plan says, but that it knows of kept weights, and of checkpoints.

    A plan expects those by time, which is a matter of the load.
    """
    from mlplab.engine.footprint import Members, population_parts
    from mlplab.engine.program import AnyProgram
    from mlplab.engine.training import Splits, Training

    splits = Splits(experiment.data)
    members: dict[AnyProgram, list[Training]] = {}
    for cell in experiment.cells():
        training = Training.begin(cell.run, splits)
        members.setdefault(training.program, []).append(training)
    keeps = setting.checkpoints, setting.keep_weights
    parts = [Members(p, some, experiment.data, *keeps) for p, some in members.items()]
    return sum(population_parts(parts).parts.values())


def measure(setting: Setting) -> dict[str, int]:
    """Train a setting in this process; return its peak and what was predicted."""
    experiment = experiment_of(setting)
    experiment.cost(workers=1)  # a plan loads what is no run's
    predicted = predict(experiment, setting)
    from mlplab.engine import lane

    if setting.checkpoints:
        for name in ("PAUSE_SECONDS", "FIRST_CHECKPOINT_SECONDS"):
            setattr(lane, name, 0.0)
    else:
        without_checkpoints()
    with tempfile.TemporaryDirectory() as folder:
        place, keeps = Path(folder) / "runs.db", setting.keep_weights
        _, base, used = peak_above(lambda: experiment.run(place, workers=1, keep_weights=keeps))
    return {"base": base, "used": used, "predicted": predicted}


if __name__ == "__main__":
    print(json.dumps(measure((GRID | HELD_OUT)[sys.argv[1]])))
