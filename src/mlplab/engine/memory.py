"""The memory model: bytes of a stack, and how many slots a budget holds."""

from __future__ import annotations

from mlplab.engine.program import Program

BUDGET_BYTES = 256 * 2**20
"""What one stack may take, unless told otherwise."""

CACHE_BYTES = 24 * 2**20
"""What a stack's weights and activations should fit, so that a step does not stream from memory."""

_STATES = {"sgd": 0, "momentum": 1, "adam": 4, "adamw": 4}  # moments, gradient and scratch


def slot_bytes(program: Program) -> int:
    """Return what one slot takes: weights, optimiser state, activations, deltas and masks."""
    size = 8 if program.dtype == "float64" else 4
    widths = program.padded_widths
    params = sum((i + 1) * o for i, o in zip(widths, widths[1:], strict=False))
    units = sum(widths[1:])
    buffers = 2 + (2 if program.has_dropout else 0)
    acts = buffers * units * program.lanes + 2 * widths[-1] * program.lanes
    return size * (params * (1 + _STATES[program.optimiser]) + acts)


def shared_bytes(program: Program) -> int:
    """Return what a stack takes besides its slots: the buffers that scoring uses."""
    size = 8 if program.dtype == "float64" else 4
    per_slot = program.score_lanes * sum(program.padded_widths[1:])
    n_slots = max(2, program.min_group, 2**22 // (program.score_lanes * max(program.widths[1:])))
    return size * (per_slot * n_slots + program.score_lanes * program.padded_widths[0])


def capacity(program: Program, budget_bytes: int = BUDGET_BYTES) -> int:
    """Return how many slots a stack of this program should have.

    As many as fit the cache, at least 16, and never more than the budget holds; at least 1.

    >>> from mlplab.engine.program import Program
    >>> small = Program((8, 4, 2), "relu", "cross-entropy", "sgd", 32, False, 320, "float32",
    ...                 False, ())
    >>> capacity(small) > 1000 > capacity(small, budget_bytes=2**20) > 1
    True
    """
    each = slot_bytes(program)
    fits = max(1, (budget_bytes - shared_bytes(program)) // each)
    return int(min(fits, max(16, CACHE_BYTES // each), 4096))
