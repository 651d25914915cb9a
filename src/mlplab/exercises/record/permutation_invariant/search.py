"""The search: eight changes of the first recipe, each in half of sixteen runs."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from mlplab.specs import Run
from mlplab.stats import two_level_fraction

Changes = Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class Factor:
    """A change that half of the runs have: paths and values without it and with it."""

    name: str
    low: Changes
    high: Changes


LEVELS = two_level_fraction(4, [(1, 2, 3), (0, 2, 3), (0, 1, 2), (0, 1, 3)])
"""Levels by run and factor, -1 and 1: the last four factors are products of three of the first.

No main effect is confounded with an interaction of two factors (resolution IV).
"""


def factors(first: Run) -> tuple[Factor, ...]:
    """Return the changes in the order of the design's columns."""
    width = first.mlp.hidden[0]
    return (
        Factor(
            "input dropout",
            {"fit.input_noise": "none", "fit.input_strength": None},
            {"fit.input_noise": "dropout", "fit.input_strength": 0.2},
        ),
        Factor("mixup", {"fit.mixup": 0.0}, {"fit.mixup": 0.2}),
        Factor("less hidden dropout", {"net.dropout": 0.5}, {"net.dropout": 0.3}),
        Factor("no label smoothing", {"fit.label_smoothing": 0.1}, {"fit.label_smoothing": 0.0}),
        Factor("higher rate", {"optim.lr": 0.002}, {"optim.lr": 0.005}),
        Factor("more decay", {"optim.weight_decay": 0.01}, {"optim.weight_decay": 0.1}),
        Factor("SiLU", {"net.activation": "relu"}, {"net.activation": "silu"}),
        Factor(
            "third layer",
            {"net.hidden": (width, width), "net.residual": False},
            {"net.hidden": (width, width, width), "net.residual": True},
        ),
    )


def arms(first: Run) -> list[dict[str, Any]]:
    """Return the sixteen arms, in the order of the design's rows."""
    rows = []
    for levels in LEVELS:
        arm: dict[str, Any] = {}
        for factor, level in zip(factors(first), levels, strict=True):
            arm |= factor.high if level > 0 else factor.low
        rows.append(arm)
    return rows
