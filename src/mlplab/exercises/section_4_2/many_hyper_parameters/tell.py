"""What the table and its searches tell: runs needed, and how hyper-parameters interact."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from mlplab.draw import Quantity, heat_map, spread_strips
from mlplab.exercises.charts import line_chart
from mlplab.exercises.findings import Findings, Results
from mlplab.exercises.section_4_2.many_hyper_parameters.measure import (
    NEAR,
    STRATEGIES,
    expected_runs,
    is_near,
    runs_needed,
    section_of,
)
from mlplab.exercises.section_4_2.many_hyper_parameters.tuning import tuned_apart, tuned_jointly
from mlplab.exercises.section_4_2.search_table import (
    METRIC,
    NAMES,
    Grid,
    grid_of,
    n_repetitions,
    table_edges,
)
from mlplab.exercises.told import means
from mlplab.exercises.training_rows import n_train
from mlplab.exercises.uncertainty_bands import REPETITION_BAND
from mlplab.experiment import Runs
from mlplab.stats import Anova, functional_anova, without_noise

if TYPE_CHECKING:
    import pandas as pd

    from mlplab.draw import Figure

_CLIP = 0.05  # settings further than this from the best count as this far
_SHORT = {"batch size": "batch"}


def variance_parts(grid: Grid, *, clipped: bool) -> Anova:
    """Return the variance over the table by sets of hyper-parameters, without that of seeds.

    Args:
        grid: the table.
        clipped: settings far below the best count as 5 points below it, so that what breaks
            training does not drown what tunes it.
    """
    scores = grid.scores
    if clipped:
        scores = np.maximum(scores, scores.mean(axis=-1).max() - _CLIP)
    return without_noise(functional_anova(scores, [*NAMES, "seed"]), "seed")


def tell(results: Results) -> Findings:
    """Collect what the page says and shows."""
    table, fresh = results.runs["table"], results.runs["fresh"]
    grid = grid_of(table)
    needed = runs_needed(table, n_repetitions(results.profile))
    last = len(NAMES)
    whole, clipped = (variance_parts(grid, clipped=clip) for clip in (False, True))
    best_rates = _best_rate_by_batch(grid)
    test = list(means(fresh, "test_accuracy").values())
    largest = max((f for f in clipped.variances if len(f) == 2), key=clipped.variances.__getitem__)
    values: dict[str, Any] = {
        "n_settings": int(grid.scores[..., 0].size),
        "n_trained": len(table),
        "n_table_seeds": grid.n_seeds,
        "n_train": n_train(table),
        "n_repetitions": n_repetitions(results.profile),
        "n_seeds": len(fresh.experiment.seeds),
        "near": 100 * NEAR,
        "clip": 100 * _CLIP,
        "main": whole.order(1),
        "pairs": whole.order(2),
        "higher": 1 - whole.order(1) - whole.order(2),
        "clipped_main": clipped.order(1),
        "clipped_pairs": clipped.order(2),
        "clipped_higher": 1 - clipped.order(1) - clipped.order(2),
        "largest_pair": list(largest),
        "largest_pair_share": clipped.shares[largest],
        "small_batch": min(best_rates),
        "large_batch": max(best_rates),
        "rate_small": best_rates[min(best_rates)],
        "rate_large": best_rates[max(best_rates)],
        "joint": list(grid.setting(tuned_jointly(grid)).items()),
        "alone": list(grid.setting(tuned_apart(grid)).items()),
        "test_alone": test[0],
        "test_joint": test[-1],
    }
    for n in (1, last):
        near = is_near(section_of(grid, n))
        values |= {
            f"settings_{n}": int(near.size),
            f"near_{n}": int(near.sum()),
            f"expected_{n}": expected_runs(int(near.size), int(near.sum())),
        }
        values |= {f"{name}_{n}": float(needed[name, n].mean()) for name in STRATEGIES}
    figures = (_needed_figure(needed), _shares_figure(grid, clipped), _rates_figure(table))
    tables = _tables(grid, needed, whole, clipped)
    return Findings(values, figures, tables, edges=table_edges(grid))


def _best_rate_by_batch(grid: Grid) -> dict[int, float]:
    """Return each batch size's best rate at the chapter's width, depth and last epoch."""
    width, layers = grid.usual[2:]
    mean = grid.scores.mean(axis=-1)[:, :, width, layers, -1]
    rates = grid.levels["rate"]
    return {
        size: float(rates[int(np.argmax(mean[:, place]))])
        for place, size in enumerate(grid.levels["batch size"])
    }


def _needed_figure(needed: Mapping[tuple[str, int], NDArray[np.float64]]) -> Figure:
    rows = []
    for (name, n), runs in needed.items():
        centre, low, high = REPETITION_BAND.of(runs.tolist())
        rows.append((_LABELS[name], n, centre, max(low, 1.0), high, len(runs)))
    return line_chart(
        rows,
        "runs-needed",
        x_title="number of hyper-parameters that vary",
        y="runs until one is within half a point of the best",
        band=REPETITION_BAND,
        series_title="strategy",
        log_y=True,
    )


_LABELS = {"grid": "grid, in order", "random": "random", "tpe": "model (TPE)"}


def _shares_figure(grid: Grid, clipped: Anova) -> Figure:
    """Draw the largest parts of the variance, seed by seed."""
    import pandas as pd

    largest = sorted(clipped.variances, key=lambda f: -clipped.variances[f])[:8]
    floor = grid.scores.mean(axis=-1).max() - _CLIP
    rows = []
    for seed in range(grid.n_seeds):
        one = functional_anova(np.maximum(grid.scores[..., seed], floor), list(NAMES)).shares
        rows += [(_joined(factors), seed, one[factors]) for factors in largest]
    return spread_strips(
        pd.DataFrame(rows, columns=["hyper-parameters", "seed", "share"]),
        "hyper-parameters",
        "share",
        measure=Quantity("share of the variance", True),
        name="shares-of-variance",
    )


def _joined(factors: Sequence[str]) -> str:
    return " × ".join(_SHORT.get(name, name) for name in factors)


def _rates_figure(table: Runs) -> Figure:
    frame = table.frame(last=True)
    frame = frame[[hidden in ("256", 256, (256,)) for hidden in frame["net.hidden"]]]
    return heat_map(frame, "fit.batch_size", "optim.lr", METRIC, name="rate-and-batch-size")


def _tables(
    grid: Grid,
    needed: Mapping[tuple[str, int], NDArray[np.float64]],
    whole: Anova,
    clipped: Anova,
) -> dict[str, pd.DataFrame]:
    import pandas as pd

    rows = []
    for n in range(1, len(NAMES) + 1):
        near = is_near(section_of(grid, n))
        row: dict[str, Any] = {
            "varied": NAMES[n - 1] if n == 1 else f"+ {NAMES[n - 1]}",
            "settings": int(near.size),
            "near": int(near.sum()),
            "expected": expected_runs(int(near.size), int(near.sum())),
        }
        for name in STRATEGIES:
            centre, low, high = REPETITION_BAND.of(needed[name, n].tolist())
            row |= {_LABELS[name]: centre, f"{_LABELS[name]} low": low}
            row[f"{_LABELS[name]} high"] = high
        rows.append(row)
    shares = pd.DataFrame(
        {
            "set": [_joined(factors) for factors in whole.variances],
            "share": list(whole.shares.values()),
            "share near the top": list(clipped.shares.values()),
        }
    ).sort_values("share near the top", ascending=False, ignore_index=True)
    return {"runs-needed": pd.DataFrame(rows), "variance": shares}
