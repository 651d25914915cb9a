"""Estimates of how long encoding and training take on a table, from small pilot runs."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import replace

import numpy as np

from mlplab.tabular.candidates import Candidate, kinds_of_inputs
from mlplab.tabular.fold_networks import FoldInputs, Trainer, TrainingTable, train_networks
from mlplab.tabular.model_inputs import fit_encoder
from mlplab.tabular.time_budget import Budget

_COLUMNS, _EPOCHS, _TRY_SHARE = 24, 3, 0.08
_BESIDES = 2.0  # encoding is about half of what making inputs takes
_NOT_WORTH_A_TRY = 0.04  # of the time: what is expected to take less is not tried first


def seconds_per_column(table: TrainingTable, clock: Callable[[], float]) -> float:
    """Return what a column takes to become inputs of one fold, by some columns of the first."""
    usable = [c for c in table.schema.features if c.kind in ("number", "category", "date")]
    some = usable[:: max(1, len(usable) // _COLUMNS)][:_COLUMNS]
    schema = type(table.schema)(columns=tuple(some))
    frame = table.features[[column.name for column in some]].iloc[table.training_rows(0)]
    kind = kinds_of_inputs(table.task)[0]
    fit_encoder(frame.head(4), schema, kind)  # what is loaded by a first call is no measure
    start = clock()
    fit_encoder(frame, schema, kind, table.most_levels).transform(frame)
    return _BESIDES * (clock() - start) / len(some)


def seconds_per_wave(
    inputs: FoldInputs,
    wave: Sequence[Candidate],
    trainer: Trainer,
    budget: Budget,
    least: float,
) -> float:
    """Return what training a wave on all folds may take.

    The engine's estimate; where that is no small share of the time, few epochs of one candidate on
    one fold are trained first and say how far the estimate is off.
    """
    from mlplab.engine import plan_cost
    from mlplab.execute import default_workers

    workers = trainer.threads or default_workers()

    def estimate(candidates: Sequence[Candidate], folds: int) -> float:
        blocks = inputs.blocks[:folds]
        runs = [one.run(block.n).replace(rows=block) for one in candidates for block in blocks]
        return plan_cost(runs, inputs.task, min(workers, len(runs))).seconds

    whole = estimate(wave, len(inputs.blocks))
    if whole < _NOT_WORTH_A_TRY * budget.left(least=least):
        return whole
    _load(wave[0], inputs.task.kind)
    # How far it comes between what is told first and last leaves out what every call takes once.
    begin, most = budget.clock(), _TRY_SHARE * budget.left(least=least)
    marks, made = [(begin, 0.0)], 0.0

    def progressed(epochs: float) -> None:
        nonlocal made
        made += epochs
        marks.append((budget.clock(), made))

    def stop() -> bool:
        return budget.stop() or budget.clock() - begin > most

    short, unkept = wave[0].replace(epochs=_EPOCHS), replace(trainer, store=None)
    for _ in train_networks(
        inputs, [short], [0], unkept, n_folds=1, stop=stop, progressed=progressed
    ):
        pass
    if made <= 0:
        return whole * max(1.0, most / max(estimate([short], 1), 1e-9))
    first = marks[1] if marks[-1][1] > marks[1][1] else marks[0]
    epoch = (marks[-1][0] - first[0]) / (made - first[1])
    return whole * max(1.0, epoch / max(estimate([short], 1) / _EPOCHS, 1e-9))


def _load(candidate: Candidate, kind: str) -> None:
    """Let the engine load what a first training loads: that is no measure of a table."""
    from mlplab.data import task_from_arrays
    from mlplab.engine import train

    x = np.arange(32.0).reshape(16, 2)
    y = np.arange(16) % 2 if kind == "classification" else np.arange(16.0)
    task = task_from_arrays(x, y, name="small", kind=kind)  # type: ignore[arg-type]
    for _ in train([candidate.replace(epochs=1).run(16)], task):
        pass
