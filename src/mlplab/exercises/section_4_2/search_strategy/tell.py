"""What the replayed strategies tell: their regret at equal budget."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from mlplab.draw import Quantity, spread_strips
from mlplab.exercises.charts import line_chart
from mlplab.exercises.findings import Findings, Results
from mlplab.exercises.section_4_2.search_strategy.measure import (
    AXES,
    MATTERS,
    WAYS,
    coarse,
    n_trainings,
    regrets,
    relative_costs,
)
from mlplab.exercises.section_4_2.search_table import Grid, grid_of, n_repetitions, places_space
from mlplab.exercises.training_rows import n_train
from mlplab.exercises.uncertainty_bands import REPETITION_BAND

if TYPE_CHECKING:
    import pandas as pd

    from mlplab.draw import Figure

_DRAWN = ("source", "drawn", "grid", "random", "tpe", "halving")
_PARTS = {"quarter": 4, "half": 2, "whole": 1}  # of the budget
_REGRET = "regret (points of validation accuracy)"


def tell(results: Results) -> Findings:
    """Collect what the page says and shows."""
    table, profile = results.runs["table"], results.profile
    grid = grid_of(table)
    repetitions, trainings = n_repetitions(profile), n_trainings(profile)
    curves = regrets(table, repetitions, trainings)
    costs = relative_costs(table)
    order = sorted(AXES, key=lambda name: costs[name])
    end = {name: 100 * float(curve[:, -1].mean()) for name, curve in curves.items()}
    first = 100 * float(curves["source"][:, 0].mean())
    values: dict[str, Any] = {
        "n_repetitions": repetitions,
        "n_trainings": trainings,
        "run_epochs": trainings * grid.scores.shape[4],
        "n_settings": int(np.prod(grid.scores.shape[:4])),
        "n_trained": len(table),
        "n_table_seeds": grid.n_seeds,
        "epochs": grid.scores.shape[4],
        "n_train": n_train(table),
        "matters": 100 * MATTERS,
        "order": order,
        "largest_cost": costs[order[-1]],
        "first_source": first,
        "first_drawn": 100 * float(curves["drawn"][:, 0].mean()),
        "one_round": 1 + sum(len(grid.levels[name]) - 1 for name in AXES),
        "coarse": _n_coarse(grid, trainings),
    }
    values |= {f"end_{name}": mean for name, mean in end.items()}
    worst = max(curves, key=lambda name: float(np.quantile(curves[name][:, -1], 0.9)))
    values |= {
        "worst": WAYS[worst].label,
        "worst_tenth": 100 * float(np.quantile(curves[worst][:, -1], 0.9)),
    }
    figures = (_curves(curves, trainings, grid.scores.shape[4]), _ends(curves))
    return Findings(values, figures, {"regret": _table(curves)})


def _n_coarse(grid: Grid, trainings: int) -> int:
    lengths = dict(zip(AXES, grid.scores.shape, strict=False))
    return int(coarse(places_space(lengths), trainings, 0).size)


def _curves(curves: Mapping[str, NDArray[np.float64]], trainings: int, epochs: int) -> Figure:
    rows = []
    # The first trainings are far from anything: shown, they would flatten all the rest.
    first = max(0, trainings // 4 - 1)
    for name in _DRAWN:
        for place in range(first, curves[name].shape[1]):
            numbers = (100 * curves[name][:, place]).tolist()
            at = (place + 1) * epochs
            rows.append((WAYS[name].label, at, *REPETITION_BAND.of(numbers), len(numbers)))
    return line_chart(
        rows,
        "regret",
        x_title="run-epochs spent",
        y=_REGRET,
        band=REPETITION_BAND,
        series_title="strategy",
        height=380,
    )


def _ends(curves: Mapping[str, NDArray[np.float64]]) -> Figure:
    import pandas as pd

    rows = [(WAYS[n].label, r, v) for n, c in curves.items() for r, v in enumerate(100 * c[:, -1])]
    return spread_strips(
        pd.DataFrame(rows, columns=["strategy", "repetition", "regret"]),
        "strategy",
        "regret",
        measure=Quantity(_REGRET, False),
        band=REPETITION_BAND,
        name="regret-at-the-end",
    )


def _table(curves: Mapping[str, NDArray[np.float64]]) -> pd.DataFrame:
    import pandas as pd

    rows = []
    for name, curve in curves.items():
        row: dict[str, Any] = {"strategy": WAYS[name].label}
        for share, part in _PARTS.items():
            place = curve.shape[1] // part
            if place:
                centre, low, high = REPETITION_BAND.of((100 * curve[:, place - 1]).tolist())
                row |= {share: centre, f"{share} low": low, f"{share} high": high}
        row["near"] = float((curve[:, -1] <= MATTERS).mean())
        rows.append(row)
    return pd.DataFrame(rows)
