"""How much compiled loops do at a time: vectors of a unit, epochs of a call."""

from __future__ import annotations

from mlplab.engine.native.job import LANES
from mlplab.engine.program import Program

CALL_SECONDS = 0.2  # about as long as one call may take: progress, checkpoints and Ctrl-C wait
_FIRST_RATE = 5e9  # flop per second, until a call has been timed
_MOST_STEPS = 20_000  # of all vectors, whose settings lie in memory at once
_UNIT_SECONDS = 0.1  # about as long as all epochs of several vectors may take
_MOST_HISTORY = 4_000  # epochs of vectors that a call notes: 3 MB


def epoch_seconds(program: Program, n_vectors: int) -> float:
    """Guess how long an epoch takes, before one has been timed."""
    n_runs = n_vectors * LANES if program.n_layers == 1 else 1
    flop = program.flop_per_example * sum(program.batch_sizes)
    return flop * n_runs / _FIRST_RATE


def vectors_per_unit(program: Program, n_vectors: int, epochs: int, threads: int) -> int:
    """So many that a call is worth its while, and that each thread has some units to take.

    Args:
        program: of linear models.
        n_vectors: of all its runs.
        epochs: of the longest run.
        threads: that take units.
    """
    most = int(_UNIT_SECONDS / (epochs * epoch_seconds(program, 1)))
    return max(1, min(most, _MOST_HISTORY // epochs, n_vectors // (2 * threads)))


def epochs_per_call(program: Program, n_vectors: int, left: int, seconds: float) -> int:
    """Return how many of the `left` epochs, of so many seconds each, are trained in one call."""
    n_steps = len(program.batch_sizes) * n_vectors
    return max(1, int(min(left, CALL_SECONDS / max(seconds, 1e-9), _MOST_STEPS // n_steps)))
