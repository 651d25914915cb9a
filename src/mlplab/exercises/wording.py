"""Words and numbers that several exercises tell alike."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

from mlplab.draw.words import VERDICT_WORDS
from mlplab.exercises.measured import Measured, decide_measured

if TYPE_CHECKING:
    import pandas as pd

    from mlplab.experiment import Runs
    from mlplab.specs import Verdict


def verdict_values(name: str, verdict: Verdict) -> dict[str, Any]:
    """Return a verdict as placeholders: `NAME`, `NAME_effect`, `NAME_low`, `NAME_high`."""
    low, high = verdict.interval or (math.nan, math.nan)
    effect = math.nan if verdict.effect is None else verdict.effect
    return {
        name: VERDICT_WORDS[verdict.verdict],
        f"{name}_effect": effect,
        f"{name}_low": low,
        f"{name}_high": high,
    }


def measured_values(names: Sequence[str], claims: Sequence[Measured]) -> dict[str, Any]:
    """Return the verdicts on all measured claims of an exercise as placeholders `verdict_NAME`.

    Args:
        names: one per claim.
        claims: as `Results.measured` has them.

    >>> claim = Measured("b needs more runs", (3.0, 4.0, 2.0, 3.0, 4.0), 1.0, "higher", "runs")
    >>> measured_values(["more"], [claim])["verdict_more"]["en"]
    'supported'
    """
    values: dict[str, Any] = {}
    for name, verdict in zip(names, decide_measured(claims), strict=True):
        values |= verdict_values(f"verdict_{name}", verdict)
    return values


def means(runs: Runs, metric: str) -> dict[str, float]:
    """Return each arm's mean of a metric, by the arm's label; NaN where no run is sound."""
    return {one.arm: float(one.mean) for one in runs.summary(metric)}


def summary_table(
    experiments: Mapping[str, Runs], metrics: Sequence[str], setting: str = "setting"
) -> pd.DataFrame:
    """Return one row per arm: its factors, and mean, ends, seeds and failures of each metric.

    Args:
        experiments: what each is called in the column `setting` -> its runs.
        metrics: those that all of them recorded.
        setting: the title of that column; left out where there is one experiment.
    """
    import pandas as pd

    rows = []
    for name, runs in experiments.items():
        for parts in zip(*(runs.summary(metric) for metric in metrics), strict=True):
            row: dict[str, Any] = {} if len(experiments) == 1 else {setting: name}
            row |= {path.rsplit(".", 1)[-1]: value for path, value in parts[0].factors.items()}
            for metric, part in zip(metrics, parts, strict=True):
                row[metric] = part.mean
                row[f"{metric} low"], row[f"{metric} high"] = part.interval or (None, None)
            row["seeds"], row["failed"] = parts[0].n_seeds, parts[0].n_failed
            rows.append(row)
    return pd.DataFrame(rows)


def list_words(words: Sequence[str], language: str = "en") -> str:
    """Return words as a list in a sentence.

    >>> list_words(["a", "b"]), list_words([])
    ('a, b', '–')
    """
    return ("、" if language == "zh" else ", ").join(words) or "–"
