"""What the page shows: users, market, stale model, and what a model learns from its own clicks."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import fields
from typing import TYPE_CHECKING, Any

import numpy as np

from mlplab.exercises.charts import line_chart, strip_chart
from mlplab.exercises.findings import Findings, Results
from mlplab.exercises.section_4_9.search_engine.clicks import Array
from mlplab.exercises.section_4_9.search_engine.outcomes import (
    ALPHA,
    BASE,
    CHANGE,
    EXPLORED,
    LATE,
    LOOPS,
    SPELL,
    flipped,
    history,
    inequality,
    kept_errors,
    n_seeds,
    pair,
    reactions,
    recovered,
    shift_p,
    varied,
)
from mlplab.exercises.section_4_9.search_engine.ranking import log_loss
from mlplab.exercises.section_4_9.search_engine.simulation import History
from mlplab.exercises.uncertainty_bands import T_BAND

if TYPE_CHECKING:
    import pandas as pd

    from mlplab.draw import Figure

_SHOWN_FROM = CHANGE - 10
_EVERY = range(2, BASE.days, 3)
_VARIED = ("left", "long_queries", "price", "stale")


def tell(results: Results) -> Findings:
    """Collect what the page says and shows."""
    seeds = n_seeds(results.profile)
    changed, control = pair(seeds)
    loops = {name: history(how, seeds) for name, how in LOOPS.items()}
    last = slice(-LATE, None)
    values: dict[str, Any] = {
        "n_engines": seeds,
        "change_day": CHANGE,
        "n_days": BASE.days - CHANGE,
        "explored": EXPLORED,
        "alpha": ALPHA,
        "spell": SPELL,
        "n_users": BASE.users,
        "effects": {n: float(v.mean()) for n, v in reactions(changed, control).items()},
        "at_once": float(flipped(changed.places[CHANGE - 1], changed.places[CHANGE]).mean()),
        "long_after": float(changed.detailed[last].mean()),
        "long_control": float(control.detailed[last].mean()),
        "found_before": float(changed.found[CHANGE - LATE : CHANGE].mean()),
        "found_after": float(changed.found[CHANGE : CHANGE + LATE].mean()),
        "alarms": {
            name: float((shift_p(one, CHANGE - SPELL, CHANGE) < ALPHA).mean())
            for name, one in (("changed", changed), ("control", control))
        },
        "learned": {name: float(recovered(one).mean()) for name, one in loops.items()},
        "errors": {name: float(kept_errors(one).mean()) for name, one in loops.items()},
        "gini": {name: float(inequality(one, last).mean()) for name, one in loops.items()},
        "found": {name: float(one.found[last].mean()) for name, one in loops.items()},
    }
    figures = (
        _by_day(
            {"changed": changed, "control": control},
            lambda one: one.stayed[CHANGE:],
            "users-by-day",
            "stayed",
            range(CHANGE, BASE.days),
            "engine",
        ),
        _searches(changed, control),
        _market(changed, control),
        _losses(changed, control),
        _by_day(
            loops,
            # On the first day there is nothing to recover yet, and the axis would begin at 0.
            lambda one: np.stack([recovered(one, day) for day in _EVERY]),
            "relevance-by-day",
            "recovered",
            _EVERY,
            "training",
        ),
        strip_chart(
            {name: kept_errors(one).tolist() for name, one in loops.items()},
            "errors-kept",
            group="training",
            measure="kept",
            band=T_BAND,
        ),
    )
    tables = {"parameters": _parameters(), "sensitivity": _sensitivity(seeds, changed, control)}
    return Findings(values, figures, tables)


def _rows(series: str, numbers: Array, days: Iterable[int]) -> list[tuple[Any, ...]]:
    """Return rows of a line chart from numbers by day and seed, (D, R)."""
    return [
        (series, day, *T_BAND.of(each.tolist()), len(each))
        for day, each in zip(days, numbers, strict=True)
    ]


def _by_day(
    engines: Mapping[str, History],
    of: Callable[[History], Array],
    name: str,
    y: str,
    days: Sequence[int],
    series: str,
) -> Figure:
    rows = [row for one, what in engines.items() for row in _rows(one, of(what), days)]
    return line_chart(rows, name, x_title="day", y=y, band=T_BAND, series_title=series)


def _searches(changed: History, control: History) -> Figure:
    rows = []
    for series, one in (("changed", changed), ("control", control)):
        for part, numbers in (("found", one.found), ("long", one.detailed)):
            rows += _rows(f"{part}, {series}", numbers[_SHOWN_FROM:], range(_SHOWN_FROM, BASE.days))
    return line_chart(
        rows, "searches-by-day", x_title="day", y="share", band=T_BAND, series_title="searches"
    )


def _market(changed: History, control: History) -> Figure:
    parts: Mapping[str, Callable[[History], Array]] = {
        "revenue": lambda one: one.revenue,
        "price": lambda one: one.price,
        "bids": lambda one: one.bids.mean(axis=2),
        "budgets": lambda one: one.budgets.mean(axis=2),
    }
    rows = []
    for series, of in parts.items():
        ratio = np.log(of(changed) / of(control))
        rows += _rows(series, ratio[_SHOWN_FROM:], range(_SHOWN_FROM, BASE.days))
    return line_chart(
        rows, "market-by-day", x_title="day", y="log_ratio", band=T_BAND, series_title="quantity"
    )


def _losses(changed: History, control: History) -> Figure:
    """By what the model of the change exceeds the one trained up to the day before, each day."""

    def excess(one: History) -> Array:
        return np.stack(
            [
                log_loss(one.scores[CHANGE], one.shown[day], one.clicks[day])
                - log_loss(one.scores[day], one.shown[day], one.clicks[day])
                for day in range(CHANGE, BASE.days)
            ]
        )

    engines = {"changed": changed, "control": control}
    days = range(CHANGE, BASE.days)
    return _by_day(engines, excess, "stale-by-day", "excess", days, "engine")


def _parameters() -> pd.DataFrame:
    import pandas as pd

    rows = [
        # Words are looked up by what a cell says: a name alone may be another word of the page.
        {"parameter": f"parameter {one.name}", "value": getattr(BASE, one.name)}
        for one in fields(BASE)
    ]
    return pd.DataFrame(rows).astype({"value": object})


def _sensitivity(seeds: int, changed: History, control: History) -> pd.DataFrame:
    import pandas as pd

    found: dict[tuple[str, float | None], Mapping[str, Array]] = {
        ("as stated", None): reactions(changed, control)
    }
    for (name, value), numbers in varied(seeds).items():
        found[f"varied {name}", value] = numbers
    rows = []
    for (name, setting), numbers in found.items():
        row: dict[str, Any] = {"parameter": name, "value": setting}
        for outcome in _VARIED:
            mean, low, _ = T_BAND.of(numbers[outcome].tolist())
            row[outcome] = f"{mean:.3f} ± {mean - low:.3f}"
        rows.append(row)
    return pd.DataFrame(rows)
