"""Networks of all folds, trained together: one task per kind of inputs, every fold its own rows."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import closing, nullcontext
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

import numpy as np
import numpy.typing as npt

from mlplab.data import Task, task_from_arrays
from mlplab.experiment.keeper import Keeper
from mlplab.specs import Block, Run, TaskRef
from mlplab.store import Store
from mlplab.tabular.candidates import Candidate, batch_and_epochs
from mlplab.tabular.model_inputs import Encoder, Inputs, fit_encoder
from mlplab.tabular.scoring import TaskKind
from mlplab.tabular.screening import strongest_columns

if TYPE_CHECKING:
    import pandas as pd

    from mlplab.tabular.columns import Schema

Array = npt.NDArray[np.float64]
Rows = npt.NDArray[np.int64]
# Repeated, since the first fit still follows what it should draw in; each fits all folds.
_DRAWINGS = 3
_TO_DEVIATION = 1.4826  # the deviation of a normal distribution over its median absolute value
# Cells of a fold that levels of categories may make: 5,000 levels of 100,000 rows would take 4 GB.
_MOST_LEVEL_CELLS, _FEWEST_LEVELS = 12_000_000, 20


class OutOfTimeError(Exception):
    """The time ended before inputs were made; nothing of them is of use."""


@dataclass(frozen=True)
class Trainer:
    """Where networks are trained and kept; none of it changes a result.

    Attributes:
        store: finished networks; None keeps none.
        device: `cpu`, `cuda`, `mps`.
        threads: None takes the cores.
        title: under which the store lists the networks and their data.
    """

    store: Store | None = None
    device: str = "cpu"
    threads: int | None = None
    title: str = "fit of a table"


@dataclass(frozen=True, eq=False)
class TrainingTable:
    """What is known of the training table.

    Attributes:
        features: as the schema says.
        schema: what the columns are.
        y: numbers as they are learnt (logarithms, say), or class ids, (N,).
        task: what is predicted.
        n_classes: 0 for numbers.
        fold_index: the fold that holds out each row, (N,).
        most_rows: that a fold trains on, drawn at random; None: all.
        most_columns: that a fold is shown, those that go with its targets most; None: all.
    """

    features: pd.DataFrame
    schema: Schema
    y: npt.NDArray[Any]
    task: TaskKind
    n_classes: int
    fold_index: Rows
    most_rows: int | None = None
    most_columns: int | None = None

    @property
    def n_folds(self) -> int:
        """Number of folds, K."""
        return int(self.fold_index.max()) + 1

    def training_rows(self, fold: int) -> Rows:
        """Return the rows that a fold trains on."""
        rows = np.flatnonzero(self.fold_index != fold)
        if self.most_rows is None or len(rows) <= self.most_rows:
            return rows
        # A smaller sample is part of a larger one.
        drawn = np.random.default_rng([fold, len(rows)]).permutation(len(rows))
        return rows[np.sort(drawn[: self.most_rows])]

    def held_rows(self, fold: int) -> Rows:
        """Return the rows that a fold holds out."""
        return np.flatnonzero(self.fold_index == fold)

    def schema_of(self, fold: int) -> Schema:
        """Return what a fold is shown of the columns, found in its training rows."""
        if self.most_columns is None:
            return self.schema
        rows = self.training_rows(fold)
        shown, y = self.features.iloc[rows], self.y[rows]
        kept = set(strongest_columns(shown, self.schema, y, self.task, self.most_columns))
        columns = tuple(c for c in self.schema.columns if c.name in kept)
        return type(self.schema)(columns=columns)

    @property
    def most_levels(self) -> int:
        """How many levels of a category may have a feature each."""
        n_rows = max(len(self.training_rows(fold)) for fold in range(self.n_folds))
        n_wide = max(1, sum(column.kind == "category" for column in self.schema.features))
        return max(_FEWEST_LEVELS, _MOST_LEVEL_CELLS // (n_rows * n_wide))

    def sampled(self, most_rows: int) -> TrainingTable:
        """Return the table of which folds train on no more rows than this."""
        return replace(self, most_rows=most_rows)

    def screened(self, most_columns: int) -> TrainingTable:
        """Return the table of which folds are shown no more columns than this."""
        return replace(self, most_columns=most_columns)


class FoldInputs:
    """A table as inputs of one kind: a fitted encoder per fold, and one task for all folds.

    Whatever is learnt for a fold (levels, scales, mean and deviation of the target, where targets
    are drawn in) is learnt of its training rows. The rows that it holds out are not in the task.

    Args:
        table: the training table.
        inputs: what is done to it.
        stop: asked now and then.

    Raises:
        OutOfTimeError: `stop` was true before all was done.
    """

    def __init__(
        self, table: TrainingTable, inputs: Inputs, stop: Callable[[], bool] = lambda: False
    ) -> None:
        self.inputs = inputs
        self.encoders: list[Encoder] = []
        self.held: list[Array] = []
        self.means = np.zeros(table.n_folds)
        self.deviations = np.ones(table.n_folds)
        self.blocks: list[Block] = []
        parts, targets, start = [], [], 0
        most_levels = table.most_levels
        for fold in range(table.n_folds):
            if stop():
                raise OutOfTimeError
            rows = table.training_rows(fold)
            shown = table.features.iloc[rows]
            encoder = fit_encoder(shown, table.schema_of(fold), inputs, most_levels)
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

    def padded(self, values: Array) -> Array:
        """Return rows that a fold's encoder made, as its models see them."""
        return _wide(values, self.width)

    @property
    def draws(self) -> int:
        """How many fits of all folds `draw_in` needs."""
        return _DRAWINGS if self.inputs.winsor and self.task.kind == "regression" else 0

    def draw_in(
        self,
        trainer: Trainer,
        stop: Callable[[], bool] = lambda: False,
        *,
        epochs_share: float = 1.0,
    ) -> None:
        """Move targets no further than `winsor` robust deviations from a linear fit.

        Huber's modified residuals: the fit is repeated with the targets that it has drawn in. Each
        fold's fit is of its own training rows.

        Args:
            trainer: of the fits.
            stop: asked now and then.
            epochs_share: of the usual epochs.

        Raises:
            OutOfTimeError: `stop` was true before all was done.
        """
        if not self.draws:
            return
        from mlplab.engine import predict

        most = self.inputs.winsor
        given = self.task.targets[:, 0].astype(np.float64)
        y, x = given, self.task.inputs
        batch, epochs = batch_and_epochs(min(block.n for block in self.blocks))
        epochs = max(1, round(epochs * epochs_share))
        linear = Candidate(inputs=self.inputs, decay=0.03, l1=0.1, batch=batch, epochs=epochs)
        for _ in range(_DRAWINGS):
            fitted = np.array(given)
            # a fold whose fit diverged keeps its targets
            for _, net in train_networks(self, [linear], [0], trainer, stop=stop):
                block = self.blocks[net.fold]
                rows = slice(block.start, block.start + block.n)
                fitted[rows] = predict(net.run, net.weights, x[rows])[:, 0]
            if stop():
                raise OutOfTimeError
            residuals = given - fitted
            y = np.array(given)
            for block in self.blocks:
                rows = slice(block.start, block.start + block.n)
                own = residuals[rows]
                edge = most * _TO_DEVIATION * float(np.median(np.abs(own - np.median(own))))
                y[rows] = fitted[rows] + np.clip(own, -edge, edge)
            self.task = task_from_arrays(x, y, name="folds", kind="regression")


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
    trainer: Trainer,
    *,
    n_folds: int | None = None,
    stop: Callable[[], bool] = lambda: False,
    progressed: Callable[[float], None] = lambda epochs: None,
) -> Iterator[tuple[int, FoldNetwork]]:
    """Train each candidate with each seed on each fold; yield (candidate, network) as they end.

    Networks that the trainer's store has are taken from it; those that end are kept there.

    Args:
        inputs: that all candidates have.
        candidates: to be trained.
        seeds: of the networks.
        trainer: where they are trained and kept.
        n_folds: only the first so many; None: all.
        stop: asked after each event; once true, what is not finished is given up.
        progressed: told the run-epochs that were made.
    """
    from mlplab.engine import Ended, Progressed, provenance
    from mlplab.engine.events import Checkpointed
    from mlplab.execute import execute

    task = TaskRef(name="folds", content=inputs.task.content)
    known: dict[str, list[tuple[int, int, Run]]] = {}
    todo: dict[str, Run] = {}
    for index, candidate in enumerate(candidates):
        for seed in seeds:
            for fold, block in enumerate(inputs.blocks[:n_folds]):
                run = candidate.run(block.n).replace(rows=block, seed=seed)
                whole = run.replace(task=task)
                known.setdefault(whole.key, []).append((index, fold, run))
                todo[whole.key] = whole
    if trainer.store is not None and known:
        trainer.store.put_membership(trainer.title, trainer.title, task.content, known)
    kept = _kept(trainer.store, todo)
    for key, weights in kept.items():
        del todo[key]
        for index, fold, run in known[key] if weights is not None else ():
            yield index, FoldNetwork(fold, run, weights or b"")
    if not todo:
        return
    store, origin = trainer.store, provenance(trainer.device)
    states = {} if store is None else store.checkpoints(todo, origin.id)
    texts = lambda keys: {key: todo[key].text for key in keys}  # noqa: E731
    keeping = nullcontext() if store is None else Keeper(store, origin, texts)
    events = execute(
        list(todo.values()),
        inputs.task,
        workers=trainer.threads,
        device=trainer.device,
        resume=states,
        keep_weights=True,
    )
    # Events end before the keeper: what the last ones brought is written then.
    with keeping as keeper, closing(events):
        for event in events:
            if isinstance(event, Progressed):
                progressed(event.run_epochs)
            elif isinstance(event, Checkpointed) and keeper is not None:
                keeper.keep_checkpoint(event)
            elif isinstance(event, Ended):
                if keeper is not None:
                    keeper.keep(event)
                for index, fold, run in known[event.outcome.key] if event.weights else ():
                    yield index, FoldNetwork(fold, run, event.weights or b"")
            if stop():
                return


def _kept(store: Store | None, runs: Mapping[str, Run]) -> dict[str, bytes | None]:
    """Return the weights of the runs that a store has, None of those that diverged."""
    if store is None:
        return {}
    outcomes = store.get(runs)
    weights = store.weights([key for key, one in outcomes.items() if one.status != "diverged"])
    return {
        key: weights.get(key)
        for key, one in outcomes.items()
        if one.status == "diverged" or key in weights
    }


def _wide(values: Array, width: int) -> Array:
    """Fill up with zeros: folds may know different levels."""
    out = np.zeros((len(values), width))
    # One task for all folds, so that the engine trains them together in one call.
    out[:, : values.shape[1]] = values
    return out
