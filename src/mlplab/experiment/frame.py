"""Runs as a tidy table: one row per run and epoch."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from mlplab.errors import DataError
from mlplab.experiment.design import Cell, Cells
from mlplab.specs import Outcome
from mlplab.specs.columns import Outcomes
from mlplab.specs.columns.outcomes import STATUSES

if TYPE_CHECKING:
    import pandas as pd


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

    Cost: 100,000 runs of 20 epochs in about 0.3 s, or 2 s with every epoch.
    """
    cells = Cells.of(cells)
    found = Outcomes.of(cells.keys, outcomes)
    rows = found.ended
    arms, arm_of = np.unique(cells.arm_of[rows], return_inverse=True)
    there = [cells.arms[arm] for arm in arms]
    says = {
        "key": Says(list(cells.keys.take(rows))),
        "arm": Says([arm.label for arm in there], arm_of),
        "seed": Says(cells.seeds[rows]),
    }
    for name in cells.arms[cells.arm_of[0]].factors if cells else ():
        says[name] = Says([arm.factors[name] for arm in there], arm_of)
    return fill_frame(says, found, rows, metrics_in_order([found.metric_names()]), last=last)


@dataclass(frozen=True, eq=False, slots=True)
class Says:
    """What a column says of some runs: their values, or few values and which of them each has."""

    values: Any
    which: NDArray[np.int64] | None = None

    def column(self, counts: NDArray[np.int64] | None) -> pd.Series[Any]:
        """Return the values of the runs, each as often as it is counted, if it is."""
        import pandas as pd

        values = pd.Series(self.values)
        which = self.which
        if counts is not None:
            which = np.repeat(np.arange(len(counts)) if which is None else which, counts)
        return values if which is None else values.take(which).reset_index(drop=True)


def fill_frame(
    says: Mapping[str, Says],
    outcomes: Outcomes,
    rows: NDArray[np.int64],
    metrics: Sequence[str],
    *,
    last: bool = False,
) -> pd.DataFrame:
    """Return what is said, epoch, status, diverged_epoch, provenance and metrics, as `make_frame`.

    Args:
        says: the first columns, a value or a place for each of the rows.
        outcomes: of which
        rows: are the places of the runs wanted; all of them have ended.
        metrics: the last columns.
        last: keep only each run's last epoch.

    Raises:
        DataError: a metric is called as another column.
    """
    import pandas as pd

    ends = outcomes.ends
    longest = np.zeros(len(rows), np.int64)
    for name in outcomes.metric_names():
        longest = np.maximum(longest, outcomes.lengths(name)[rows])
    n_epochs = np.maximum(ends.epochs[rows], longest)
    best = ends.best_epoch[rows]
    final = np.where(best > 0, best, n_epochs)
    lines = np.maximum(n_epochs, 1)  # of a run in the whole frame
    shown = np.where(longest > 0, lines, 1)  # of one that recorded nothing its end alone
    counts = None if last else shown
    starts = np.arange(len(rows)) if last else np.cumsum(shown) - shown
    size = len(rows) if last else int(shown.sum())
    epoch = final
    if not last:
        begin = np.where(longest > 0, 1, n_epochs)
        epoch = np.arange(size) - np.repeat(starts - begin, shown)
    epoch_or_none = ends.diverged_epoch[rows]
    diverged = pd.array(epoch_or_none, "Int64")
    diverged[epoch_or_none < 0] = pd.NA
    further = {
        "epoch": Says(epoch),
        "status": Says(STATUSES, ends.status[rows].astype(np.int64) - 1),
        "diverged_epoch": Says(diverged),
        "provenance": Says(outcomes.provenances, outcomes.origin[rows].astype(np.int64)),
    }
    columns = {name: said.column(counts) for name, said in says.items()}
    columns |= {n: said.column(None if n == "epoch" else counts) for n, said in further.items()}
    for name in metrics:
        if name in columns:
            raise DataError(f"metric {name!r}: a table of runs has another column of this name")
        values = np.full(size, np.nan)
        for some, numbers in outcomes.series(name, rows):
            n = numbers.shape[1]
            # Scored at the end only: one number, which is the last epoch's.
            before = lines[some] - n
            if last:
                at = np.where(final[some] > 0, final[some], lines[some]) - 1 - before
                there = at >= 0
                values[some[there]] = numbers[np.flatnonzero(there), at[there]]
            else:
                values[(starts[some] + before)[:, None] + np.arange(n)] = numbers
        columns[name] = pd.Series(values)
    frame = pd.DataFrame(columns)
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
