"""`python -m mlplab.bench.memory.peak NAME --json`: train one setting, say what was predicted."""

from __future__ import annotations

import json
import os
import sys
import tempfile
from pathlib import Path

import numpy as np

import mlplab as ml
from mlplab.bench.memory.grid import GRID, Setting


def experiment_of(setting: Setting) -> ml.Experiment:
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
    kind = "regression" if setting.outputs else "classification"
    task = ml.task_from_arrays(X[:cut], y[:cut], *test, valid=setting.valid, kind=kind)
    fit = ml.Fit(**{"epochs": 1, "batch_size": 32, **setting.fit})
    base = ml.Run(net=setting.net, fit=fit, optim=setting.optim)
    return ml.Experiment(task, base, vary=setting.vary, seeds=setting.seeds)


def status(name: str) -> int:
    text = Path("/proc/self/status").read_text()
    return int(text.split(f"{name}:")[1].split()[0]) * 1024


def measure(setting: Setting) -> dict:
    from mlplab.engine.footprint import task_bytes

    experiment = experiment_of(setting)
    predicted = experiment.cost(workers=1).bytes - task_bytes(experiment.data)
    from mlplab.engine import lane

    if setting.checkpoints:
        lane.PAUSE_SECONDS = 0.0
    lane.FIRST_CHECKPOINT_SECONDS = 0.0 if setting.checkpoints else 1e9  # whatever the load
    with tempfile.TemporaryDirectory() as folder:
        base = status("VmRSS")
        Path("/proc/self/clear_refs").write_text("5")
        experiment.run(Path(folder) / "runs.db", workers=1, keep_weights=setting.keep_weights)
        peak = status("VmHWM")
    if os.environ.get("PARTS"):
        print(None, file=sys.stderr)
    return {"base": base, "peak": peak, "used": peak - base, "predicted": predicted}


if __name__ == "__main__":
    print(json.dumps(measure(GRID[sys.argv[1]])))
