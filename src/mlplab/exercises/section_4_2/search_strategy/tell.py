"""What exercise 4.2.6 measures and tells: strategies at equal budget, replayed on one table."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from mlplab.draw import Quantity, band_lines, spread_strips
from mlplab.exercises.measured import Measured
from mlplab.exercises.profile import Profile
from mlplab.exercises.registry import Findings
from mlplab.exercises.regret import (
    AXES,
    MATTERS,
    WAYS,
    coarse,
    n_trainings,
    regrets,
    relative_costs,
)
from mlplab.exercises.search_table import NAMES_ZH, Grid, grid_of, n_repetitions, places_space
from mlplab.exercises.uncertainty_bands import REPETITION_BAND
from mlplab.exercises.wording import list_words, measured_values
from mlplab.experiment import Runs

if TYPE_CHECKING:
    import pandas as pd

    from mlplab.draw import Figure
_DRAWN = ("source", "drawn", "grid", "random", "tpe", "halving")
_REGRET = "regret (points of validation accuracy)"
_WORDS = {
    WAYS["source"].label: "坐标搜索（书中设置）",
    WAYS["drawn"].label: "坐标搜索（随机设置）",
    WAYS["grid"].label: "粗网格",
    WAYS["random"].label: "随机搜索",
    WAYS["tpe"].label: "模型（TPE）",
    WAYS["halving"].label: "减半（从头训练）",
    WAYS["paused"].label: "减半（接着训练）",
    "strategy": "策略",
    "run-epochs spent": "已用的训练轮次",
    _REGRET: "遗憾值（验证准确率，百分点）",
}


def tell(table: Runs, profile: Profile, claims: Sequence[Measured]) -> Findings:
    """Collect what the page of 4.2.6 says and shows."""
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
        "n_train": len(table.experiment.data.split(0, table.experiment.base.rows).train),
        "matters": 100 * MATTERS,
        "order": {
            "en": list_words(order),
            "zh": list_words([NAMES_ZH[name] for name in order], "zh"),
        },
        "dearest": costs[order[-1]],
        "first_source": first,
        "first_drawn": 100 * float(curves["drawn"][:, 0].mean()),
        "one_round": 1 + sum(len(grid.levels[name]) - 1 for name in AXES),
        "coarse": _n_coarse(grid, trainings),
    }
    values |= {f"end_{name}": mean for name, mean in end.items()}
    names = ("random", "grid", "tpe", "halving", "start")
    values |= measured_values(names, claims)
    for name in names:
        for part in ("effect", "low", "high"):
            values[f"verdict_{name}_{part}"] *= 100
    figures = (_curves(curves, values), _ends(curves, values))
    return Findings(values, figures, {"Regret in points of accuracy": _table(curves, grid)})


def _n_coarse(grid: Grid, trainings: int) -> int:
    lengths = dict(zip(AXES, grid.scores.shape, strict=False))
    return int(coarse(places_space(lengths), trainings, 0).size)


def _curves(curves: Mapping[str, NDArray[np.float64]], values: Mapping[str, Any]) -> Figure:
    import pandas as pd

    rows = []
    # The first trainings are far from anything: shown, they would flatten all the rest.
    first = max(0, values["n_trainings"] // 4 - 1)
    for name in _DRAWN:
        for place in range(first, curves[name].shape[1]):
            numbers = (100 * curves[name][:, place]).tolist()
            at = (place + 1) * values["epochs"]
            rows.append((WAYS[name].label, at, *REPETITION_BAND.of(numbers), len(numbers)))
    frame = pd.DataFrame(rows, columns=["series", "x", "mean", "low", "high", "n_seeds"])
    figure = band_lines(
        frame,
        name="regret",
        title={
            "en": f"After {values['run_epochs']} run-epochs the source's search is "
            f"{values['end_source']:.2f} points from the best, random search "
            f"{values['end_random']:.2f}",
            "zh": f"{values['run_epochs']} 个训练轮次之后，原答案的搜索离最优 "
            f"{values['end_source']:.2f} 个百分点，随机搜索 {values['end_random']:.2f} 个",
        },
        x_title="run-epochs spent",
        y=Quantity(_REGRET, False),
        caption=REPETITION_BAND.says,
        series_title="strategy",
        ordered=False,
        height=380,
    )
    return replace(figure, words=_WORDS)


def _ends(curves: Mapping[str, NDArray[np.float64]], values: Mapping[str, Any]) -> Figure:
    import pandas as pd

    rows = [(WAYS[n].label, r, v) for n, c in curves.items() for r, v in enumerate(100 * c[:, -1])]
    worst = max(curves, key=lambda name: float(np.quantile(curves[name][:, -1], 0.9)))
    figure = spread_strips(
        pd.DataFrame(rows, columns=["strategy", "repetition", "regret"]),
        "strategy",
        "regret",
        measure=Quantity(_REGRET, False),
        title={
            "en": f"One search in ten by “{WAYS[worst].label}” ends at least "
            f"{100 * np.quantile(curves[worst][:, -1], 0.9):.1f} points from the best",
            "zh": f"用“{_WORDS[WAYS[worst].label]}”，每十次搜索就有一次离最优至少 "
            f"{100 * np.quantile(curves[worst][:, -1], 0.9):.1f} 个百分点",
        },
        band=REPETITION_BAND,
        caption={"en": "One dot per repetition.", "zh": "每点为一次重复。"},
        name="regret-at-the-end",
    )
    return replace(figure, words=_WORDS)


def _table(curves: Mapping[str, NDArray[np.float64]], grid: Grid) -> pd.DataFrame:
    import pandas as pd

    rows = []
    for name, curve in curves.items():
        row: dict[str, Any] = {"strategy": WAYS[name].label}
        for place in sorted({curve.shape[1] // 4, curve.shape[1] // 2, curve.shape[1]} - {0}):
            centre, low, high = REPETITION_BAND.of((100 * curve[:, place - 1]).tolist())
            head = f"after {place * grid.scores.shape[4]} run-epochs"
            row |= {head: centre, f"{head} low": low, f"{head} high": high}
        row["within half a point at the end"] = float((curve[:, -1] <= MATTERS).mean())
        rows.append(row)
    return pd.DataFrame(rows)
