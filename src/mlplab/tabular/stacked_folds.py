"""One task for all folds: their prepared rows one below the other, so that they train together."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Literal

import numpy as np
import numpy.typing as npt

from mlplab.data import Task, task_from_arrays
from mlplab.errors import ConfigError, DataError
from mlplab.specs import Block, Own
from mlplab.tabular.folds import PreparedFold
from mlplab.tabular.preparation import TargetKind

if TYPE_CHECKING:
    import pandas as pd

Array = npt.NDArray[np.float64]


@dataclass(frozen=True, eq=False, slots=True)
class StackedFolds:
    """Folds that can train in one experiment, though each has numbers of its own for every row.

    Attributes:
        task: its pool holds, fold by fold, the training rows and then the held-out ones.
        blocks: the `rows` of each fold's runs, to be varied: `vary={"rows": stacked.blocks}`.
        names: of the features; what a fold did not know of (a level of a category) is 0 in it.
        folds: as they were prepared, with their fitted preparers.
    """

    task: Task
    blocks: tuple[Block, ...]
    names: tuple[str, ...]
    folds: tuple[PreparedFold, ...]

    @property
    def by_seed(self) -> Own:
        """The `rows` of runs of which seed s trains on fold s, as one arm.

        Raises:
            ConfigError: the folds are not of one size.
        """
        sizes = {(block.n, block.valid) for block in self.blocks}
        if len(sizes) > 1:
            raise ConfigError(
                "by_seed: expected folds of one size; got (training, held out) "
                f"{', '.join(map(str, sorted(sizes)))}; vary rows over the blocks instead"
            )
        ((n, valid),) = sizes
        return Own(n=n, valid=valid)

    def inputs(self, fold: int, frame: pd.DataFrame) -> Array:
        """Return further rows as a fold's runs must see them, (N, F), such as those to predict.

        Raises:
            DataError: the frame does not fit the preparer.
        """
        one = self.folds[fold]
        return _aligned(one, np.asarray(one.fitted.transform(frame), np.float64), self.names)


def stack_folds(
    folds: Iterable[PreparedFold],
    y: Any,
    *,
    name: str = "folds",
    kind: TargetKind | None = None,
    dtype: Literal["float32", "float64"] = "float32",
) -> StackedFolds:
    """Put prepared folds below one another: one task, one program, and every fold its own rows.

    Features are matched by name, in the order in which folds show them.

    Args:
        folds: from `prepare_folds`.
        y: one target per row of the frame that was prepared, (N,) or (N, O).
        name: of the task.
        kind: of the target; None takes whole numbers, texts and yes/no for classes.
        dtype: of inputs and targets.

    Raises:
        DataError: no fold, or rows that have no target.

    Cost: memory of folds x rows x features.

    >>> import pandas as pd
    >>> from mlplab.tabular import infer_schema, prepare_folds, preparer
    >>> frame = pd.DataFrame({"zone": ["A", "B", "B", "C"]})
    >>> folds = [([0, 1], [2, 3]), ([2, 3], [0, 1])]
    >>> prepared = prepare_folds(preparer(infer_schema(frame)), frame, [0.5] * 4, folds)
    >>> stacked = stack_folds(prepared, [1.5, 2.5, 3.5, 4.5])
    >>> stacked.names, stacked.blocks[1].start
    (('zone_A', 'zone_B', 'zone_C'), 4)
    >>> stacked.task.inputs[4:].tolist()
    [[0.0, 1.0, 0.0], [0.0, 0.0, 1.0], [0.0, 0.0, 0.0], [0.0, 1.0, 0.0]]
    """
    parts = tuple(folds)
    if not parts:
        raise DataError("folds: expected at least one; got none")
    targets = np.asarray(y)
    last = max(
        int(rows.max()) for one in parts for rows in (one.train_rows, one.held_rows) if len(rows)
    )
    if last >= len(targets):
        raise DataError(f"y: expected a target for row {last}; got {len(targets)} targets")
    names = tuple(dict.fromkeys(name for one in parts for name in one.names))
    inputs, rows, blocks, start = [], [], [], 0
    for one in parts:
        inputs += [_aligned(one, one.train, names), _aligned(one, one.held, names)]
        rows += [one.train_rows, one.held_rows]
        blocks.append(Block(start=start, n=len(one.train_rows), valid=len(one.held_rows)))
        start += len(one.train_rows) + len(one.held_rows)
    task = task_from_arrays(
        np.concatenate(inputs), targets[np.concatenate(rows)], name=name, kind=kind, dtype=dtype
    )
    return StackedFolds(task, tuple(blocks), names, parts)


def _aligned(fold: PreparedFold, values: Array, names: tuple[str, ...]) -> Array:
    """Put a fold's features where all folds have them."""
    if fold.names == names:
        return values
    places = {name: place for place, name in enumerate(names)}
    out = np.zeros((len(values), len(names)))
    # Levels that a fold has not seen are columns of zeros: their weights get no gradient from it.
    out[:, [places[name] for name in fold.names]] = values.reshape(len(values), len(fold.names))
    return out
