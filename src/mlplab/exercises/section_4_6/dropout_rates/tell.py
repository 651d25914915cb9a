"""What the grid of rates tells: values for the text, figures, tables."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

import numpy as np

from mlplab.draw import (
    heat_map,
    interaction_plot,
    learning_curves,
    main_effects,
    paired_differences,
)
from mlplab.draw.words import UNTITLED
from mlplab.exercises.findings import Findings, Results
from mlplab.exercises.grid_edges import GridEdge, grid_edge
from mlplab.exercises.section_4_6.dropout_rates.design import RATES
from mlplab.exercises.section_4_6.dropout_rates.layers import (
    LAYERS,
    layer_effects,
    layer_steps,
    rate_grid,
)
from mlplab.exercises.section_4_6.dropout_rates.measure import MATTERS
from mlplab.exercises.section_4_6.dropout_rates.swings import last_swing
from mlplab.exercises.section_4_6.setting import CHAPTER_RATES
from mlplab.exercises.told import summary_table
from mlplab.exercises.training_rows import n_train
from mlplab.exercises.tuned import best_per_level
from mlplab.exercises.uncertainty_bands import T_BAND

if TYPE_CHECKING:
    import pandas as pd

    from mlplab.draw import Figure
    from mlplab.experiment import Effects, Runs

_METRICS = ("train_loss", "test_accuracy")
_COLUMNS = ["metric", "rates of", "largest difference", "effect", "low", "high", "verdict"]


def tell(results: Results) -> Findings:
    """Collect what the page says and shows."""
    grid, pairs, choice = (results.runs[name] for name in ("grid", "swap", "choice"))
    chosen = chosen_rates(choice)
    none, chapter, swapped = pairs.values("test_accuracy")
    change = swapped - chapter
    fallen = results.runs["falling rate"].values("test_accuracy")
    effects = {metric: layer_effects(grid, metric, MATTERS) for metric in _METRICS}
    steps = {metric: layer_steps(rate_grid(grid, metric)) for metric in _METRICS}
    values: dict[str, Any] = {
        "n_seeds": len(grid.experiment.seeds),
        "n_pairs": len(pairs.experiment.seeds),
        "n_choice_seeds": len(choice.experiment.seeds),
        "epochs": grid.experiment.base.fit.epochs,
        "n_train": n_train(grid),
        "n_arms": len(grid.arms),
        "rate": float(grid.experiment.base.optim.lr),
        "swing": last_swing(grid),
        "highest": RATES[-1],
        "test_none": float(np.nanmean(none)),
        "test_chapter": float(np.nanmean(chapter)),
        "test_swapped": float(np.nanmean(swapped)),
        "spread": float(np.nanstd(chapter, ddof=1)),
        "pair_spread": float(np.nanstd(change, ddof=1)),
        "falling_spread": float(np.nanstd(fallen[2] - fallen[1], ddof=1)),
        "n_lower": int((change < 0).sum()),
        "chosen_first": chosen[0],
        "chosen_second": chosen[1],
        "step": {
            metric: {"first": float(first.mean()), "second": float(second.mean())}
            for metric, (first, second) in steps.items()
        },
        "together": effects["test_accuracy"].largest[-1].verdict,
        "together_loss": effects["train_loss"].largest[-1].verdict,
        "n_intervals": effects["test_accuracy"].found.n_intervals,
    }
    tables = {
        "grid": _with_layers(summary_table({"grid": grid}, _METRICS)),
        "effects": _table(effects),
    }
    return Findings(values, _figures(results, effects, chosen), tables, edges=_edges_of(chosen))


def chosen_rates(choice: Runs) -> tuple[float, float]:
    """Return the rates that validation rows chose."""
    (found,) = best_per_level(choice, []).values()
    first, second = found["net.dropout"]
    return first, second


def _edges_of(chosen: tuple[float, float]) -> tuple[GridEdge, ...]:
    """As `edges_of` the grid, for a factor that is two numbers; no rate is below 0."""
    return tuple(
        edge
        for name, rate in zip(LAYERS, chosen, strict=True)
        for edge in grid_edge(name, rate, RATES, limits=(0.0,))
    )


def _with_layers(frame: pd.DataFrame, column: str = "dropout") -> pd.DataFrame:
    """Put a column for each layer in place of that of both."""
    rates = [_pair(value) for value in frame[column]]
    layers = {name: [pair[place] for pair in rates] for place, name in enumerate(LAYERS)}
    return frame.drop(columns=column).assign(**layers)[[*LAYERS, *frame.columns.drop(column)]]


def _pair(value: Any) -> tuple[float, float]:
    first, second = value.split(", ") if isinstance(value, str) else value
    return float(first), float(second)


def _figures(
    results: Results, effects: Mapping[str, Effects], chosen: tuple[float, float]
) -> tuple[Figure, ...]:
    import pandas as pd

    grid, verdicts = results.runs["grid"], results.verdicts
    last = _with_layers(grid.frame(last=True), "net.dropout")
    test = heat_map(
        last,
        LAYERS[1],
        LAYERS[0],
        "test_accuracy",
        chosen=chosen[::-1],
        band=T_BAND,
        name="test-accuracy",
    )
    loss = interaction_plot(last, *LAYERS, "train_loss", title=UNTITLED, name="loss-by-rates")
    layers = main_effects(
        effects["train_loss"].frame(), "train_loss", title=UNTITLED, name="layers"
    )
    labels = {verdicts[key].id: label for key, label in _labels().items()}
    differences = paired_differences(
        pd.concat([results.runs[name].pairs() for name in ("swap", "falling rate")]),
        [verdicts[key] for key in _labels()],
        labels=labels,
        name="pairs",
    )
    course = _with_layers(grid.frame(), "net.dropout")
    same = course[course[LAYERS[0]] == course[LAYERS[1]]]
    curves = learning_curves(
        same.assign(rate=same[LAYERS[0]]), "train_loss", by="rate", band=T_BAND, name="loss-curves"
    )
    return test, differences, loss, layers, curves


def _labels() -> dict[str, str]:
    """Claims on test accuracy: key -> what is subtracted from what."""
    chapter, swapped = (
        f"({first:g}, {second:g})" for first, second in (CHAPTER_RATES, CHAPTER_RATES[::-1])
    )
    of_swap, of_chapter = f"{swapped} − {chapter}", f"{chapter} − (0, 0)"
    return {
        "swap": of_swap,
        "falling_swap": f"{of_swap}, falling rate",
        "chapter": of_chapter,
        "falling_chapter": f"{of_chapter}, falling rate",
    }


def _table(effects: Mapping[str, Effects]) -> pd.DataFrame:
    """The largest effect of each layer, and of both together, on two metrics."""
    import pandas as pd

    rows = []
    for metric, found in effects.items():
        for one in found.largest:
            steps = [f"({level:g} − {baseline:g})" for level, baseline in one.levels]
            names, step = " × ".join(one.factors), " × ".join(steps)
            rows.append((metric, names, step, one.mean, *one.interval, one.says))
    return pd.DataFrame(rows, columns=_COLUMNS)
