"""What the page shows: the risk along lambda, the choices, and what they cost."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

import numpy as np

from mlplab.draw import Quantity
from mlplab.exercises.charts import line_chart
from mlplab.exercises.findings import Findings, Results
from mlplab.exercises.section_4_5.chosen_decay.choices import (
    N_FOLDS,
    N_HELD_OUT,
    N_MORE,
    PENALTIES,
    WAYS,
    Choices,
    choices,
)
from mlplab.exercises.section_4_5.chosen_decay.measure import MATTERS, n_draws
from mlplab.exercises.section_4_5.problem import N_TRAIN, Array
from mlplab.exercises.uncertainty_bands import DRAW_BAND

if TYPE_CHECKING:
    import pandas as pd

    from mlplab.draw import Figure


def tell(results: Results) -> Findings:
    """Collect what the page says and shows."""
    found = choices(n_draws(results.profile))
    mean = found.risks.mean(axis=0)
    flat = PENALTIES[mean <= mean.min() + MATTERS]
    values: dict[str, Any] = {
        "n_draws": n_draws(results.profile),
        "n_train": N_TRAIN,
        "n_held_out": N_HELD_OUT,
        "n_folds": N_FOLDS,
        "n_more": N_MORE,
        "n_penalties": len(PENALTIES),
        "matters": MATTERS,
        "flat_from": float(flat[0]),
        "flat_to": float(flat[-1]),
        "hit": float((found.chosen["hold_out"] == found.chosen["best"]).mean()),
        "best_risk": float(found.risk("best").mean()),
        "n_overfits": int(found.overfits("hold_out", MATTERS).sum()),
        "first": float(PENALTIES[0]),
        "last": float(PENALTIES[-1]),
        "limit_apart": float(np.abs(found.risks[:, [0, -1]] - found.limits).max()),
        "ways": {way: _way(found, way) for way in WAYS},
    }
    return Findings(
        values, (_risks(found), _chosen(found), _regrets(found)), {"ways": _table(found)}
    )


def _way(found: Choices, way: str) -> dict[str, float]:
    return {
        # Two digits as a plain number: 1000, not 1e+03.
        "median": float(f"{np.median(found.penalties(way)):.2g}"),
        "smallest": found.share_at(way, 0),
        "largest": found.share_at(way, -1),
        "overfits": float(found.overfits(way, MATTERS).mean()),
        "underfits": float(found.underfits(way, MATTERS).mean()),
        "regret": float(found.regret(way).mean()),
    }


def _risks(found: Choices) -> Figure:
    rows = [
        ("risk", float(penalty), *DRAW_BAND.of(found.risks[:, place].tolist()))
        for place, penalty in enumerate(PENALTIES)
    ]
    return line_chart(rows, "risk", x_title="lambda", y="risk", band=DRAW_BAND, log_x=True)


def _shares(name: str, numbers: Mapping[str, Array], at: Array, *, log_x: bool) -> Figure:
    """Draw, for every way, the share of draws whose number is at most x: both ends are seen."""
    rows = [
        (way, float(x), float((values <= x).mean())) for way, values in numbers.items() for x in at
    ]
    y = Quantity("share_of_draws", share=True)
    return line_chart(rows, name, x_title=f"{name}_up_to", y=y, series_title="way", log_x=log_x)


def _chosen(found: Choices) -> Figure:
    ways = ("hold_out", "folds", "one_out", "more", "best")
    numbers = {way: found.penalties(way) for way in ways}
    return _shares("chosen", numbers, PENALTIES, log_x=True)


def _regrets(found: Choices) -> Figure:
    ways = ("hold_out", "folds", "one_out", "more", "prior", "smallest")
    numbers = {way: found.regret(way) for way in ways}
    top = max(float(values.max()) for values in numbers.values())
    return _shares("regret", numbers, np.linspace(0.0, top, 61), log_x=False)


def _table(found: Choices) -> pd.DataFrame:
    import pandas as pd

    rows: list[dict[str, Any]] = []
    for way in WAYS:
        told, regret = _way(found, way), found.regret(way)
        mean, low, high = DRAW_BAND.of(regret.tolist())
        shares = {"within": float((regret <= MATTERS).mean())}
        spread = {"regret": mean, "regret_low": low, "regret_high": high}
        rows.append({"way": way, **told, **spread, **shares})
    return pd.DataFrame(rows)
