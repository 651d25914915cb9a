"""What the mean of the source's noise, absent at test time, costs: it is put back."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np

from mlplab.exercises.measured import Measured, measured
from mlplab.exercises.profile import Profile
from mlplab.exercises.section_4_6.other_noise.design import WIDER, WIDTH, uniform
from mlplab.experiment import Runs
from mlplab.experiment.weights import run_weights

_MATTERS = 0.005


def measure(runs: Mapping[str, Runs], profile: Profile) -> Sequence[Measured]:
    """Compare the networks' validation accuracy with the mean put back and without, by seed."""
    source = runs["source"]
    step = 1 / source.experiment.data.n_valid
    metric = "valid accuracy"
    return (
        measured("back", gains(source, WIDTH), _MATTERS, "same", metric, step=step),
        measured("back_wide", gains(source, WIDER), _MATTERS, "higher", metric, step=step),
    )


def gains(runs: Runs, width: float) -> list[float]:
    """Return, for each finished network trained with s U(0, 1), what putting s/2 back gains."""
    from mlplab.engine import predict

    task, arm = runs.experiment.data, runs.experiment.find(uniform(width))
    cells = [
        cell
        for cell in runs.cells
        if cell.arm == arm and runs.outcomes[cell.key].status == "finished"
    ]
    found = []
    for cell, blob in zip(cells, run_weights(cells, runs, progress=False), strict=True):
        rows = task.split(cell.seed, cell.run.rows).valid
        right = [
            predict(cell.run, one, task.inputs[rows], task.input_scale).argmax(1)
            == task.targets[rows]
            for one in (with_constant(blob, width / 2), blob)
        ]
        found.append(float(np.mean(right[0]) - np.mean(right[1])))
    return found


def with_constant(blob: bytes, constant: float) -> bytes:
    """Return the weights of a network that adds a constant to every hidden output."""
    from safetensors.numpy import load, save

    state = dict(load(blob))
    for layer in range(1, sum(name.endswith(".weight") for name in state)):
        weight = state[f"layers.{layer}.weight"]
        state[f"layers.{layer}.bias"] = state[f"layers.{layer}.bias"] + constant * weight.sum(1)
    return bytes(save(state))
