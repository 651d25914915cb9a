"""Runs as a tidy table: one row per run and epoch."""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from mlplab.experiment.design import Cell
from mlplab.specs import Outcome

if TYPE_CHECKING:
    import pandas as pd


@dataclass(frozen=True, slots=True)
class Line:
    """A run, and what all its rows of a frame say of it."""

    says: Mapping[str, Any]
    outcome: Outcome


def make_frame(
    cells: Sequence[Cell], outcomes: Mapping[str, Outcome], *, last: bool = False
) -> pd.DataFrame:
    """Return key, arm, seed, factors, epoch, status, diverged_epoch, provenance and metrics.

    A run that diverged in its first epoch has one row, of epoch 0. A metric scored at the end
    only is NaN before.

    Args:
        cells: the design.
        outcomes: by key; a cell without one has no row.
        last: keep only each run's last epoch.

    Cost: 10,000 runs of 10 epochs in about 0.5 s.
    """
    lines = [
        Line(
            {"key": cell.key, "arm": cell.arm.label, "seed": cell.seed, **cell.arm.factors},
            outcomes[cell.key],
        )
        for cell in cells
        if cell.key in outcomes
    ]
    heads = ["key", "arm", "seed", *(cells[0].arm.factors if cells else ())]
    metrics = metrics_in_order(line.outcome.history for line in lines)
    return fill_frame(lines, heads, metrics, last=last)


def fill_frame(
    lines: Sequence[Line], heads: Sequence[str], metrics: Sequence[str], *, last: bool = False
) -> pd.DataFrame:
    """Return the heads, epoch, status, diverged_epoch, provenance and metrics, as `make_frame`."""
    import pandas as pd

    heads = [*heads, "epoch", "status", "diverged_epoch", "provenance"]
    columns: dict[str, list[Any]] = {name: [] for name in [*heads, *metrics]}
    for line in lines:
        outcome = line.outcome
        n_epochs = max([outcome.epochs, *map(len, outcome.history.values())])
        final = outcome.best_epoch or n_epochs
        epochs = [final] if last or not n_epochs else range(1, n_epochs + 1)
        n = len(epochs)
        columns["epoch"] += epochs
        constants = {
            **line.says,
            "status": outcome.status,
            "diverged_epoch": outcome.diverged_epoch,
            "provenance": outcome.provenance,
        }
        for name, value in constants.items():
            columns[name] += [value] * n
        for name in metrics:
            values = list(outcome.history.get(name, ()))
            # Scored at the end only: one number, which is the last epoch's.
            values = [math.nan] * (max(n_epochs, 1) - len(values)) + values
            columns[name] += [values[final - 1]] if last else values
    frame = pd.DataFrame({name: pd.Series(values) for name, values in columns.items()})
    return frame.astype({"diverged_epoch": "Int64", "epoch": "int64", "seed": "int64"})


def metrics_in_order(names: Iterable[Iterable[str]]) -> list[str]:
    """Return the metrics of several runs, each once: train, valid, test, then the others.

    >>> metrics_in_order([["test_loss", "grad_norm"], ["valid_loss", "test_loss"]])
    ['valid_loss', 'test_loss', 'grad_norm']
    """
    return sorted({name for of_run in names for name in of_run}, key=metric_place)


def metric_place(metric: str) -> tuple[int, str]:
    """Return what sorts metrics: by split, from training to test, then by name."""
    split = metric.partition("_")[0]
    order = ("train", "valid", "test")
    return (order.index(split) if split in order else len(order), metric)
