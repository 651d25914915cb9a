"""Networks of all folds, trained together: one task per kind of inputs, every fold its own rows."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
import numpy.typing as npt

from mlplab.data import Task, task_from_arrays
from mlplab.specs import Block, Run
from mlplab.tabular.candidates import Candidate, batch_and_epochs
from mlplab.tabular.model_inputs import Encoder, Inputs, fit_encoder
from mlplab.tabular.scoring import TaskKind

if TYPE_CHECKING:
    import pandas as pd

    from mlplab.tabular.columns import Schema

Array = npt.NDArray[np.float64]
Rows = npt.NDArray[np.int64]
_DRAWINGS = 3
_TO_DEVIATION = 1.4826  # the deviation of a normal distribution over its median absolute value


@dataclass(frozen=True, eq=False)
class Table:
    """What is known of the training table.

    Attributes:
        features: as the schema says.
        schema: what the columns are.
        y: numbers as they are learnt (logarithms, say), or class ids, (N,).
        task: what is predicted.
        n_classes: 0 for numbers.
        fold_index: the fold that holds out each row, (N,).
    """

    features: pd.DataFrame
    schema: Schema
    y: npt.NDArray[Any]
    task: TaskKind
    n_classes: int
    fold_index: Rows

    @property
    def n_folds(self) -> int:
        """Number of folds, K."""
        return int(self.fold_index.max()) + 1

    def training_rows(self, fold: int) -> Rows:
        """Return the rows that a fold trains on."""
        return np.flatnonzero(self.fold_index != fold)

    def held_rows(self, fold: int) -> Rows:
        """Return the rows that a fold holds out."""
        return np.flatnonzero(self.fold_index == fold)


class FoldInputs:
    """A table as inputs of one kind: a fitted encoder per fold, and one task for all folds.

    Whatever is learnt for a fold (levels, scales, mean and deviation of the target, where targets
    are drawn in) is learnt of its training rows. The rows that it holds out are not in the task.

    Args:
        table: the training table.
        inputs: what is done to it.
        threads: None takes the cores.
    """

    def __init__(self, table: Table, inputs: Inputs, threads: int | None = None) -> None:
        self.inputs = inputs
        self.encoders: list[Encoder] = []
        self.held: list[Array] = []
        self.means = np.zeros(table.n_folds)
        self.deviations = np.ones(table.n_folds)
        self.blocks: list[Block] = []
        parts, targets, start = [], [], 0
        for fold in range(table.n_folds):
            rows = table.training_rows(fold)
            shown = table.features.iloc[rows]
            encoder = fit_encoder(shown, table.schema, inputs)
            self.encoders.append(encoder)
            parts.append(encoder.transform(shown))
            self.held.append(encoder.transform(table.features.iloc[table.held_rows(fold)]))
            y = table.y[rows]
            if table.task == "regression":
                self.means[fold] = y.mean()
                self.deviations[fold] = y.std() or 1.0
                y = (y - self.means[fold]) / self.deviations[fold]
            targets.append(y)
            self.blocks.append(Block(start=start, n=len(rows)))
            start += len(rows)
        width = max(1, *(part.shape[1] for part in parts))
        self.width = width
        self.task: Task = task_from_arrays(
            np.concatenate([_wide(part, width) for part in parts]),
            np.concatenate(targets),
            name="folds",
            kind=table.task,
            class_names=tuple(map(str, range(table.n_classes))) if table.n_classes else None,
        )
        if inputs.winsor and table.task == "regression":
            self.task = self._drawn_in(inputs.winsor, threads)

    def padded(self, values: Array) -> Array:
        """Return rows that a fold's encoder made, as its models see them."""
        return _wide(values, self.width)

    def _drawn_in(self, most: float, threads: int | None) -> Task:
        """The task with targets no further than `most` robust deviations from a linear fit.

        Huber's modified residuals: the fit is repeated with the targets that it has drawn in. Each
        fold's fit is of its own training rows.
        """
        from mlplab.engine import predict

        given = self.task.targets[:, 0].astype(np.float64)
        y, x = given, self.task.inputs
        batch, epochs = batch_and_epochs(min(block.n for block in self.blocks))
        linear = Candidate(inputs=self.inputs, decay=0.03, l1=0.1, batch=batch, epochs=epochs)
        for _ in range(_DRAWINGS):
            fitted = np.array(given)
            # a fold whose fit diverged keeps its targets
            for _, net in train_networks(self, [linear], [0], threads=threads):
                block = self.blocks[net.fold]
                rows = slice(block.start, block.start + block.n)
                fitted[rows] = predict(net.run, net.weights, x[rows])[:, 0]
            residuals = given - fitted
            y = np.array(given)
            for block in self.blocks:
                rows = slice(block.start, block.start + block.n)
                own = residuals[rows]
                edge = most * _TO_DEVIATION * float(np.median(np.abs(own - np.median(own))))
                y[rows] = fitted[rows] + np.clip(own, -edge, edge)
            self.task = task_from_arrays(x, y, name="folds", kind="regression")
        return self.task


@dataclass(frozen=True, eq=False)
class FoldNetwork:
    """One network of one fold.

    Attributes:
        fold: that held out the rows which it may be judged by.
        run: how it was trained.
        weights: safetensors bytes.
    """

    fold: int
    run: Run
    weights: bytes


def train_networks(
    inputs: FoldInputs,
    candidates: Sequence[Candidate],
    seeds: Sequence[int],
    *,
    threads: int | None,
    stop: Callable[[], bool] = lambda: False,
    progressed: Callable[[float], None] = lambda epochs: None,
) -> Iterator[tuple[int, FoldNetwork]]:
    """Train each candidate with each seed on each fold; yield (candidate, network) as they end.

    Args:
        inputs: that all candidates have.
        candidates: to be trained.
        seeds: of the networks.
        threads: None takes the cores.
        stop: asked after each event; once true, what is not finished is given up.
        progressed: told the run-epochs that were made.
    """
    from mlplab.engine import Ended, Progressed
    from mlplab.execute import execute

    known: dict[str, list[tuple[int, int, Run]]] = {}
    runs = []
    for index, candidate in enumerate(candidates):
        for seed in seeds:
            for fold, block in enumerate(inputs.blocks):
                run = candidate.run(block.n).replace(rows=block, seed=seed)
                known.setdefault(run.key, []).append((index, fold, run))
                runs.append(run)
    events = execute(runs, inputs.task, workers=threads, keep_weights=True)
    try:
        for event in events:
            if isinstance(event, Progressed):
                progressed(event.run_epochs)
            elif isinstance(event, Ended) and event.weights is not None:
                for index, fold, run in known[event.outcome.key]:
                    yield index, FoldNetwork(fold, run, event.weights)
            if stop():
                return
    finally:
        events.close()  # type: ignore[attr-defined]


def _wide(values: Array, width: int) -> Array:
    """Fill up with zeros: folds may know different levels."""
    out = np.zeros((len(values), width))
    out[:, : values.shape[1]] = values
    return out
