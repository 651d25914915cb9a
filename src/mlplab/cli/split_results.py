"""What `mlplab split` shows: a table, a figure or a document."""

from __future__ import annotations

import os
from collections.abc import Sequence
from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING, Any

from mlplab.cli.documents import write_json
from mlplab.cli.screen import show_bytes, show_number, write, write_table

if TYPE_CHECKING:
    from mlplab.data import Task
    from mlplab.specs import Run
    from mlplab.theory.split import Training


def show_trainings(
    trainings: Sequence[Training],
    base: Run,
    task: Task,
    seconds: float,
    out: Path | None,
    as_json: bool,
) -> None:
    """Show trainings, the first of which is what the others are compared with.

    Args:
        trainings: of the same run.
        base: the run.
        task: its data.
        seconds: that all took.
        out: where a figure is drawn to; None draws none.
        as_json: one document instead of a table.
    """
    if out is not None:
        from mlplab.theory.split.chart import split_figure

        split_figure(trainings).save(out)
    differences = [_difference(training, trainings[0]) for training in trainings]
    if as_json:
        write_json(_document(trainings, differences, base, task, seconds))
        return
    from mlplab.theory.split.job import widths_of

    widths = ", ".join(map(str, widths_of(base, task)))
    write(
        f"{task.name}: {len(trainings[0].losses)} steps of batches of {base.fit.batch_size}, "
        f"layers of {widths} in {base.fit.dtype}; {os.cpu_count()} cores"
    )
    heads = ("way", "n", "loss differs", "memory", "sent", "formula", "step ms", "cpu ms")
    rows = [
        (
            training.way if len(training.parts) > 1 else "one process",
            str(len(training.parts)),
            "-" if training is trainings[0] else f"{difference:.1e}",
            "-" if training.memory_bytes is None else show_bytes(training.memory_bytes),
            show_bytes(training.sent_bytes),
            show_bytes(sum(part.formula_bytes for part in training.parts)),
            _milliseconds(training.step_seconds),
            _milliseconds(max((p.cpu_seconds or 0.0 for p in training.parts), default=None)),
        )
        for training, difference in zip(trainings, differences, strict=True)
    ]
    write_table(heads, rows, right=heads[1:], whole=heads)
    write(
        f"loss of the last batch: {show_number(trainings[0].losses[-1])}; differences are the "
        f"largest over steps, from {'one process' if len(trainings[0].parts) == 1 else 'the first'}"
    )
    write(
        "n: processes; memory: of the largest, above what it took before it had a network; sent: "
        "by all in a step, as counted, and by a formula; step and cpu: of the slowest, medians"
    )
    for training in trainings:
        if training.resumed_after:
            write(f"{training.way}: went on from step {training.resumed_after}")
    if out is not None:
        write(f"figure: {out}")


def _milliseconds(seconds: float | None) -> str:
    return "-" if seconds is None else show_number(seconds * 1000, 1)


def _difference(training: Training, first: Training) -> float:
    """The largest difference of a step's loss."""
    return max(abs(a - b) for a, b in zip(training.losses, first.losses, strict=True))


def _document(
    trainings: Sequence[Training],
    differences: Sequence[float],
    base: Run,
    task: Task,
    seconds: float,
) -> dict[str, Any]:
    return {
        "task": task.name,
        "hidden": base.mlp.hidden,
        "batch_size": base.fit.batch_size,
        "dtype": base.fit.dtype,
        "steps": len(trainings[0].losses),
        "cores": os.cpu_count(),
        "trainings": [
            {
                "way": training.way if len(training.parts) > 1 else "one",
                "processes": len(training.parts),
                "losses": training.losses,
                "largest_difference": difference,
                "memory_bytes": training.memory_bytes,
                "sent_bytes": training.sent_bytes,
                "formula_bytes": sum(part.formula_bytes for part in training.parts),
                "step_seconds": training.step_seconds,
                "microbatches": training.n_microbatches,
                "resumed_after": training.resumed_after,
                "parts": [asdict(part) for part in training.parts],
            }
            for training, difference in zip(trainings, differences, strict=True)
        ],
        "seconds": seconds,
    }
