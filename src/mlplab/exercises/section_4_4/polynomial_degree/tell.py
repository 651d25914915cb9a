"""Losses along terms and along data: values, figures, tables."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from mlplab.draw import Figure
from mlplab.exercises.findings import Findings, Results
from mlplab.exercises.section_4_4.arms import arms_by_terms
from mlplab.exercises.section_4_4.polynomial_degree.losses import (
    BEYOND,
    FEW,
    HALF_WIDTH,
    MANY,
    SIZES,
    arms_by_data,
    descended,
    double_descent,
    epochs_for,
    interpolation,
    least,
)
from mlplab.exercises.section_4_4.polynomial_draws import (
    VARIANCE,
    Array,
    N,
    geometric_chart,
    geometric_mean,
    n_draws,
)
from mlplab.exercises.section_4_4.published import EPOCHS, FRESH
from mlplab.experiment import Runs

if TYPE_CHECKING:
    import pandas as pd

Lines = dict[tuple[str, float], Array]

_SGD, _STEPS, _LEAST = "SGD, 400 epochs", "SGD, 4,000 steps", "least squares"


def tell(results: Results) -> Findings:
    """Collect the losses of SGD and of least squares."""
    runs, draws = results.runs, n_draws(results.profile)
    by_terms = _along_terms(runs["terms"])
    train, fresh = _along_data(runs["data"], 0), _along_data(runs["data"], 1)
    beyond, kept = double_descent(draws), interpolation(draws)
    values: dict[str, Any] = {
        "n_seeds": len(runs["terms"].experiment.seeds),
        "n_data": len(runs["data"].experiment.seeds),
        "n_draws": draws,
        "n_fresh": FRESH,
        "variance": VARIANCE,
        "expected_4": VARIANCE * (1 - 4 / N),
        "expected_20": VARIANCE * (1 - 20 / N),
        "rounding_8": geometric_mean(kept[8, 8]),
        "rounding_20": geometric_mean(kept[20, 20]),
        "rounding_100": geometric_mean(kept[100, 100]),
        "tiny_loss": geometric_mean(descended(runs["tiny"], runs["tiny"].arms[0])[0]),
        "half_width": HALF_WIDTH,
        "few": FEW,
        "steps_least_100": geometric_mean(train[f"{MANY} terms: {_LEAST}", 100]),
        "steps_least_1000": geometric_mean(train[f"{MANY} terms: {_LEAST}", 1000]),
    }
    for terms in (3, 4, 20):
        for name, part in (("SGD", "sgd"), ("least squares", "least")):
            values[f"{part}_train_{terms}"] = geometric_mean(by_terms[f"{name}: training", terms])
            values[f"{part}_fresh_{terms}"] = geometric_mean(by_terms[f"{name}: test", terms])
    for name, lines in (("train", train), ("fresh", fresh)):
        values[f"{name}_100"] = geometric_mean(lines[f"{MANY} terms: {_SGD}", 100])
        values[f"{name}_1000"] = geometric_mean(lines[f"{MANY} terms: {_SGD}", 1000])
        values[f"{name}_1000_steps"] = geometric_mean(lines[f"{MANY} terms: {_STEPS}", 1000])
    for terms in (4, 20, 25, 400):
        values[f"beyond_{terms}"] = geometric_mean(beyond[terms][1])
    figures = (
        _lines(_part(by_terms, "training"), "training-loss-by-terms", "terms", "loss"),
        _lines(_part(by_terms, "test"), "held-out-loss-by-terms", "terms", "loss"),
        _zero_figure(kept),
        _lines(train, "train-loss-by-data", "training examples", "model", log_x=True),
        # Up to 1e15 for few examples: it would hide all others, and stands in the table.
        _lines(
            {place: one for place, one in fresh.items() if not place[0].endswith(_LEAST)},
            "fresh-loss-by-data",
            "training examples",
            "model",
            log_x=True,
        ),
        _beyond_figure(beyond),
    )
    tables = {"by-terms": _table(by_terms), "by-data": _data_table(runs["data"])}
    return Findings(values, figures, tables)


def _along_terms(runs: Runs) -> Lines:
    lines: Lines = {}
    for terms, arm in arms_by_terms(runs).items():
        for name, way in (("SGD", descended), ("least squares", least)):
            train, fresh = way(runs, arm)
            lines[f"{name}: training", terms] = train
            lines[f"{name}: test", terms] = fresh
    return lines


def _along_data(runs: Runs, part: int) -> Lines:
    """Return training (0) or held-out (1) losses by model and number of examples."""
    lines: Lines = {}
    arms = arms_by_data(runs)
    for n in SIZES:
        for terms in (1, 4, MANY):
            name = f"{terms} term{'s' if terms > 1 else ''}: {_SGD}"
            lines[name, n] = descended(runs, arms[terms, n, EPOCHS])[part]
        lines[f"{MANY} terms: {_STEPS}", n] = descended(runs, arms[MANY, n, epochs_for(n)])[part]
        lines[f"{MANY} terms: {_LEAST}", n] = least(runs, arms[MANY, n, EPOCHS])[part]
    return lines


def _part(lines: Lines, part: str) -> Lines:
    return {place: one for place, one in lines.items() if place[0].endswith(part)}


def _lines(lines: Lines, name: str, x: str, series: str, *, log_x: bool = False) -> Figure:
    return geometric_chart(
        lines,
        name,
        x_title=x,
        y="mean squared error",
        series_title=series,
        ordered=series == "examples",
        log_x=log_x,
    )


def _zero_figure(kept: Mapping[tuple[int, int], Array]) -> Figure:
    lines: Lines = {(f"n = {n}", terms): one for (n, terms), one in kept.items() if n <= FEW}
    return _lines(lines, "terms-for-zero", "terms", "examples")


def _beyond_figure(beyond: Mapping[int, tuple[Array, Array]]) -> Figure:
    lines: Lines = {("test", terms): beyond[terms][1] for terms in BEYOND}
    # Below this a training loss is rounding, and would stretch the axis.
    lines |= {("training", t): beyond[t][0] for t in BEYOND if t < FEW}
    return _lines(lines, "double-descent", "terms", "loss", log_x=True)


def _table(lines: Lines) -> pd.DataFrame:
    import pandas as pd

    rows: dict[float, dict[str, Any]] = {}
    for (series, x), one in lines.items():
        rows.setdefault(x, {"terms": x})[series] = geometric_mean(one)
    return pd.DataFrame(rows.values())


def _data_table(runs: Runs) -> pd.DataFrame:
    import pandas as pd

    rows = []
    for (terms, n, epochs), arm in sorted(arms_by_data(runs).items()):
        parts = {"SGD": descended(runs, arm), "least squares": least(runs, arm)}
        row: dict[str, Any] = {"terms": terms, "examples": n, "epochs": epochs}
        for name, (train, fresh) in parts.items():
            row |= {
                f"{name}: training": geometric_mean(train),
                f"{name}: test": geometric_mean(fresh),
            }
        rows.append(row)
    return pd.DataFrame(rows)
