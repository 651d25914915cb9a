"""Finished runs as stacks of second-order models: which, on which rows, how many at a time."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import TYPE_CHECKING, Any, Literal

from numpy.typing import NDArray

from mlplab.errors import ConfigError
from mlplab.theory.second_order import (
    check_network,
    likeness,
    rows_of,
    runs_at_once,
    second_order_of,
    widths_of,
)

if TYPE_CHECKING:
    import numpy as np

    from mlplab.engine.curvature.row_portions import RowPortions
    from mlplab.experiment import Runs
    from mlplab.experiment.arms import Arm
    from mlplab.experiment.design import Cell
    from mlplab.experiment.progress import ProgressOption

Split = Literal["train", "valid"]


class RunStacks:
    """The runs of some arms, and their models at their last weights.

    Attributes:
        cells: arm, seed and run, in the order of the experiment.
        n_rows: that each run's loss is a mean over; the most, where they differ.
        least_params: numbers that the smallest network learns.
    """

    def __init__(
        self,
        runs: Runs,
        arms: Sequence[Arm | Mapping[str, Any] | str] | None,
        n_rows: int | None,
        split: Split,
    ) -> None:
        """Choose runs and rows.

        Raises:
            ConfigError: no such arm, or none; a module; no such split, or no rows.
        """
        self._runs, self._split = runs, split
        arms = [arms] if isinstance(arms, str) else arms
        chosen = runs.arms if arms is None else [runs.experiment.find(arm) for arm in arms]
        self.cells = tuple(cell for cell in runs.cells if cell.arm in chosen)
        if not self.cells:
            raise ConfigError("arms: expected at least one; got none")
        for cell in self.cells:
            check_network(cell.run)
        task = runs.experiment.data
        self._rows = {cell.key: rows_of(cell.run, task, split, n_rows) for cell in self.cells}
        self.n_rows = max(map(len, self._rows.values()))
        self.least_params = min(runs.outcomes[cell.key].n_params for cell in self.cells)

    def models(
        self, n_vectors: int, progress: ProgressOption
    ) -> Iterator[tuple[Sequence[Cell], RowPortions]]:
        """Yield runs that are alike, with their model, stack by stack; diverged ones are left out.

        Args:
            n_vectors: per run, for which stacks leave room.
            progress: while weights that were not kept are trained again.
        """
        task, outcomes = self._runs.experiment.data, self._runs.outcomes
        ended = [cell for cell in self.cells if outcomes[cell.key].status == "finished"]
        weights = self._weights(ended, progress)
        alike: dict[Any, list[Cell]] = {}
        for cell in ended:
            alike.setdefault(likeness(cell.run, len(self._rows[cell.key])), []).append(cell)
        for group in alike.values():
            first = group[0].key
            n_params = sum(value.size for value in weights[first].values())
            widths = widths_of(weights[first])
            size = runs_at_once(len(self._rows[first]), widths, n_params, n_vectors)
            for start in range(0, len(group), size):
                portion = group[start : start + size]
                yield (
                    portion,
                    second_order_of(
                        [cell.run for cell in portion],
                        [weights[cell.key] for cell in portion],
                        task,
                        [self._rows[cell.key] for cell in portion],
                        self._split,
                    ),
                )

    def _weights(
        self, cells: Sequence[Cell], progress: ProgressOption
    ) -> dict[str, dict[str, NDArray[np.generic]]]:
        from mlplab.experiment.weights import run_weights, unpack_weights

        blobs = run_weights(cells, self._runs, progress)
        return {cell.key: unpack_weights(blob) for cell, blob in zip(cells, blobs, strict=True)}
