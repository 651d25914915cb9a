"""What the tellings of several exercises share."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    import pandas as pd

    from mlplab.experiment import ArmSummary, Runs, TestScore


def means(runs: Runs, metric: str) -> dict[str, float]:
    """Return each arm's mean of a metric, by the arm's label; NaN where no run is sound."""
    return {one.arm: float(one.mean) for one in runs.summary(metric)}


def fresh_values(fresh: TestScore) -> dict[str, float]:
    """Return the values that tell of a score on fresh seeds: its mean, interval and seeds."""
    low, high = fresh.interval or (float("nan"), float("nan"))
    return {
        "fresh": fresh.mean,
        "fresh_low": low,
        "fresh_high": high,
        "n_fresh": fresh.n_seeds,
    }


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
        named = {} if len(experiments) == 1 else {setting: name}
        for arm, cells in summary_cells(runs, metrics):
            factors = {p.rsplit(".", 1)[-1]: _cell(value) for p, value in arm.factors.items()}
            rows.append({**named, **factors, **cells})
    return pd.DataFrame(rows)


def summary_cells(
    runs: Runs, metrics: Sequence[str]
) -> Iterator[tuple[ArmSummary, dict[str, Any]]]:
    """Yield each arm with the cells of its row: mean and ends of each metric, seeds, failures."""
    for parts in zip(*(runs.summary(metric) for metric in metrics), strict=True):
        cells: dict[str, Any] = {}
        for metric, part in zip(metrics, parts, strict=True):
            low, high = part.interval or (None, None)
            cells |= {metric: part.mean, f"{metric} low": low, f"{metric} high": high}
        yield parts[0], {**cells, "seeds": parts[0].n_seeds, "failed": parts[0].n_failed}


def _cell(value: Any) -> Any:
    return ", ".join(map(str, value)) if isinstance(value, tuple | list) else value
