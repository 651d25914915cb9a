"""What the page shows: the formulas beside a traced step, predictions beside peaks."""

from __future__ import annotations

from typing import Any

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
    return Findings(values, (), {"parts": parts, "compared": compared})
