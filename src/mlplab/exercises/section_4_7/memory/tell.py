"""What the page shows: the formulas beside a traced step, predictions beside peaks."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from mlplab.exercises.charts import line_chart
from mlplab.exercises.findings import Findings, Results
from mlplab.exercises.section_4_7.memory.prove import traced
from mlplab.exercises.section_4_7.memory.settings import (
    BATCH,
    CASES,
    FEATURES,
    HIDDEN,
    OUTPUTS,
    peaks,
)
from mlplab.theory.memory import example_counts

if TYPE_CHECKING:
    from mlplab.draw import Figure

_BATCHES = (1, 4, 16, 64, 256, 1024, 4096)


def tell(results: Results) -> Findings:
    """Collect counts, the parts of a step, and predicted and measured memory."""
    import pandas as pd

    formula, step = example_counts(FEATURES, HIDDEN, OUTPUTS), traced()
    values: dict[str, Any] = {
        "batch": BATCH,
        "formula_train": formula.train_bytes / 1e6,
        "formula_predict": formula.predict_bytes / 1e6,
        "step_train": step.train_bytes / 1e6,
        "step_predict": step.predict_bytes / 1e6,
        "ratio": step.train_bytes / formula.train_bytes,
        "worst": 100 * max(abs(peak.error) for peak in peaks()),
    }
    parts = pd.DataFrame(
        [
            (name, step.train_parts[name] / 1e6, step.predict_parts[name] / 1e6)
            for name in step.train_parts
        ],
        columns=["part", "training, MB", "prediction, MB"],
    )
    compared = pd.DataFrame(
        [
            (
                case.name,
                case.n_runs,
                peak.predicted_bytes / 2**20,
                peak.used_bytes / 2**20,
                100 * peak.error,
            )
            for case, peak in zip(CASES, peaks(), strict=True)
        ],
        columns=["population", "runs", "predicted, MiB", "measured, MiB", "error, %"],
    )
    return Findings(values, (_by_batch(),), {"parts": parts, "compared": compared})


def _by_batch() -> Figure:
    """Draw what a step takes over its batch, beside the formulas for one example."""
    formula = example_counts(FEATURES, HIDDEN, OUTPUTS)
    rows: list[tuple[str, int, float]] = []
    for batch in _BATCHES:
        step = traced(batch)
        rows += [
            ("training", batch, step.train_bytes / 1e6),
            ("prediction", batch, step.predict_bytes / 1e6),
            ("training, formula", batch, formula.train_bytes / 1e6),
            ("prediction, formula", batch, formula.predict_bytes / 1e6),
        ]
    return line_chart(
        rows,
        "memory-by-batch",
        x_title="batch size",
        y="memory, MB",
        series_title="memory of",
        log_x=True,
        log_y=True,
    )
