"""The moves that are tried, and the ones that validation rows choose."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from mlplab.experiment import Runs

SHIFTS = (0, 1, 2)
FLIPS = (False, True)

NO_OTHER_NOISE: Mapping[str, Any] = {
    "net.dropout": (),
    "fit.input_noise": "none",
    "fit.input_strength": None,
    "fit.mixup": 0.0,
}
"""Takes the recipe's own noise away: it was chosen for images that do not move."""

BESIDE: Mapping[str, Mapping[str, Any]] = {"moves": {}, "moves alone": NO_OTHER_NOISE}
"""Experiments that try every move: beside the recipe's noise, and in its place."""


def best_moves(runs: Mapping[str, Runs]) -> tuple[str, dict[str, Any]]:
    """Return which of `BESIDE`, and which moves, are best on validation rows, if any move is made.

    Args:
        runs: those of `BESIDE`.
    """
    tried = [
        (one.mean if one.n_seeds else 0.0, name, dict(one.factors))  # 0: all its runs failed
        for name in BESIDE
        for one in runs[name].summary("valid_accuracy")
        if any(one.factors.values())
    ]
    _, name, moves = max(tried, key=lambda row: row[0])
    return name, moves
