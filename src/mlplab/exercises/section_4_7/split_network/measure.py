"""Memory and time of split trainings beside one process, one number for each round."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence

import numpy as np

from mlplab.exercises.measured import Measured, measured
from mlplab.exercises.profile import Profile
from mlplab.exercises.section_4_7.split_network.trainings import (
    FEW,
    ONE,
    Place,
    rounds,
)
from mlplab.experiment import Runs
from mlplab.theory.split import Training

_FACTOR = 0.1  # log10: a factor of 1.26


def measure(runs: Mapping[str, Runs], profile: Profile) -> Sequence[Measured]:
    """Compare two processes with one, round by round."""
    found = rounds(profile)
    large, small = found.large, found.small
    memory, seconds = "log10 of memory", "log10 of time of a step"
    return (
        measured(
            "tensor_memory", ratios(large, ("tensor", FEW), memory_of), _FACTOR, "lower", memory
        ),
        measured(
            "pipeline_memory", ratios(large, ("pipeline", FEW), memory_of), _FACTOR, "lower", memory
        ),
        measured("data_memory", ratios(large, ("data", FEW), memory_of), _FACTOR, "same", memory),
        measured("faster", ratios(large, ("data", FEW), seconds_of), _FACTOR, "lower", seconds),
        measured("slower", ratios(small, ("data", FEW), seconds_of), _FACTOR, "higher", seconds),
        measured(
            "work",
            ratios(large, ("data", FEW), work_of),
            _FACTOR,
            "lower",
            "log10 of processor time of a step",
        ),
    )


def ratios(
    trainings: Sequence[Mapping[Place, Training]],
    place: Place,
    of: Callable[[Training], float],
) -> list[float]:
    """Return the log10 of a quantity's ratio to that of one process, where both were trained."""
    return [float(np.log10(of(one[place]) / of(one[ONE]))) for one in trainings if place in one]


def memory_of(training: Training) -> float:
    """Return the memory of the largest process, in bytes; where none tells, what it holds."""
    held = max(sum(part.held_bytes.values()) for part in training.parts)
    return float(training.memory_bytes or held)


def seconds_of(training: Training) -> float:
    """Return the time of a step, by the clock."""
    return training.step_seconds or float("nan")


def work_of(training: Training) -> float:
    """Return the processor time that a step takes of the busiest process."""
    return max(part.cpu_seconds or float("nan") for part in training.parts)
