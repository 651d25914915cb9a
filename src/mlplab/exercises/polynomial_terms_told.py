"""What the page of exercise 4.4.2 says and shows."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import TYPE_CHECKING, Any

import numpy as np

from mlplab.draw import Figure, Quantity, Text, band_lines
from mlplab.exercises.measured import Measured
from mlplab.exercises.polynomial_draws import (
    VARIANCE,
    Array,
    N,
    geometric_lines,
    geometric_mean,
    n_draws,
)
from mlplab.exercises.polynomial_terms import (
    BEYOND,
    FEW,
    FRESH,
    HALF_WIDTH,
    MANY,
    SIZES,
    arms_by_data,
    arms_by_terms,
    descended,
    double_descent,
    epochs_for,
    interpolation,
    least,
)
from mlplab.exercises.profile import Profile
from mlplab.exercises.registry import Findings
from mlplab.exercises.uncertainty_bands import GEOMETRIC_SAYS
from mlplab.exercises.wording import measured_values
from mlplab.experiment import Runs

if TYPE_CHECKING:
    import pandas as pd

Lines = dict[tuple[str, float], Array]

CLAIMS = (
    "falls",
    "flat",
    "order",
    "noise",
    "rises",
    "milder",
    "eight",
    "hundred",
    "tiny",
    "least_data",
    "train_data",
    "train_steps",
    "fresh_data",
    "fresh_steps",
    "descent",
    "below",
)
_SGD, _STEPS, _LEAST = "SGD, 400 epochs", "SGD, 4,000 steps", "least squares"
_WORDS = {
    "SGD: training": "SGD：训练",
    "SGD: held out": "SGD：留出",
    "least squares: training": "最小二乘：训练",
    "least squares: held out": "最小二乘：留出",
    "1 term: SGD, 400 epochs": "1 项：SGD，400 轮",
    "4 terms: SGD, 400 epochs": "4 项：SGD，400 轮",
    "16 terms: SGD, 400 epochs": "16 项：SGD，400 轮",
    "16 terms: SGD, 4,000 steps": "16 项：SGD，4000 步",
    "16 terms: least squares": "16 项：最小二乘",
    "training examples": "训练样本数",
    "held out": "留出",
    "training": "训练",
    "terms": "项数",
    "examples": "样本数",
    "loss": "损失",
    "mean squared error": "均方误差",
    "curve": "曲线",
    "model": "模型",
}


def tell(runs: Mapping[str, Runs], profile: Profile, claims: Sequence[Measured]) -> Findings:
    """Collect values, figures and tables of 4.4.2 from the finished runs."""
    draws = n_draws(profile)
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
        "tiny": geometric_mean(descended(runs["tiny"], runs["tiny"].arms[0])[0]),
        "half_width": HALF_WIDTH,
        "few": FEW,
        "steps_least_100": geometric_mean(train[f"{MANY} terms: {_LEAST}", 100]),
        "steps_least_1000": geometric_mean(train[f"{MANY} terms: {_LEAST}", 1000]),
    }
    for terms in (3, 4, 20):
        for name, part in (("SGD", "sgd"), ("least squares", "least")):
            values[f"{part}_train_{terms}"] = geometric_mean(by_terms[f"{name}: training", terms])
            values[f"{part}_fresh_{terms}"] = geometric_mean(by_terms[f"{name}: held out", terms])
    for name, lines in (("train", train), ("fresh", fresh)):
        values[f"{name}_100"] = geometric_mean(lines[f"{MANY} terms: {_SGD}", 100])
        values[f"{name}_1000"] = geometric_mean(lines[f"{MANY} terms: {_SGD}", 1000])
        values[f"{name}_1000_steps"] = geometric_mean(lines[f"{MANY} terms: {_STEPS}", 1000])
    for terms in (4, 20, 25, 400):
        values[f"beyond_{terms}"] = float(np.log10(beyond[terms][1]).mean())
    values |= measured_values(CLAIMS, claims)
    figures = (
        *_terms_figures(by_terms, values),
        _zero_figure(kept, values),
        _data_figure(train, values, "train"),
        _data_figure(fresh, values, "fresh"),
        _beyond_figure(beyond, values),
    )
    tables = {
        "Losses by terms, geometric means": _table(by_terms, "terms"),
        "Losses along data, geometric means": _data_table(runs["data"]),
    }
    return Findings(values, tuple(replace(one, words=_WORDS) for one in figures), tables)


def _along_terms(runs: Runs) -> Lines:
    lines: Lines = {}
    for terms, arm in arms_by_terms(runs).items():
        for name, way in (("SGD", descended), ("least squares", least)):
            train, fresh = way(runs, arm)
            lines[f"{name}: training", terms] = train
            lines[f"{name}: held out", terms] = fresh
    return lines


def _along_data(runs: Runs, part: int) -> Lines:
    """Return training (0) or held-out (1) losses by model and number of examples."""
    lines: Lines = {}
    arms = arms_by_data(runs)
    for n in SIZES:
        for terms in (1, 4, MANY):
            name = f"{terms} term{'s' if terms > 1 else ''}: {_SGD}"
            lines[name, n] = descended(runs, arms[terms, n, 400])[part]
        lines[f"{MANY} terms: {_STEPS}", n] = descended(runs, arms[MANY, n, epochs_for(n)])[part]
        lines[f"{MANY} terms: {_LEAST}", n] = least(runs, arms[MANY, n, 400])[part]
    return lines


def _terms_figures(lines: Lines, values: Mapping[str, Any]) -> tuple[Figure, Figure]:
    numbers = {
        part: [values[f"{way}_{part}_{k}"] for way in ("sgd", "least") for k in (4, 20)]
        for part in ("train", "fresh")
    }
    a, b, c, d = numbers["train"]
    train: Text = {
        "en": f"From 4 to 20 terms SGD's training loss goes from {a:.3f} to {b:.3f}, the "
        f"least one from {c:.4f} to {d:.4f}",
        "zh": f"从 4 项到 20 项，SGD 的训练损失从 {a:.3f} 变为 {b:.3f}，最小的训练损失从 {c:.4f} "
        f"变为 {d:.4f}",
    }
    a, b, c, d = numbers["fresh"]
    fresh: Text = {
        "en": f"With 20 terms SGD's held-out loss is {b:.3f}, that of least squares {d:.1e}; with "
        f"4 terms they are {a:.3f} and {c:.3f}",
        "zh": f"20 项时，SGD 的留出损失为 {b:.3f}，最小二乘为 {d:.1e}；4 项时分别为 {a:.3f} 和 "
        f"{c:.3f}",
    }
    one, two = (
        band_lines(
            geometric_lines({place: v for place, v in lines.items() if place[0].endswith(part)}),
            name=name,
            title=title,
            x_title="terms",
            y=Quantity("mean squared error", False),
            caption=GEOMETRIC_SAYS,
            series_title="loss",
            ordered=False,
            log_y=True,
        )
        for name, title, part in (
            ("training-loss-by-terms", train, "training"),
            ("held-out-loss-by-terms", fresh, "held out"),
        )
    )
    return one, two


def _zero_figure(kept: Mapping[tuple[int, int], Array], values: Mapping[str, Any]) -> Figure:
    lines: Lines = {(f"n = {n}", terms): one for (n, terms), one in kept.items() if n <= FEW}
    return band_lines(
        geometric_lines(lines),
        name="terms-for-zero",
        title={
            "en": "The least training loss at n terms is a rounding error: "
            f"{values['rounding_8']:.0e} for 8 examples, {values['rounding_20']:.0e} for 20",
            "zh": "n 项时的最小训练损失只是舍入误差："
            f"8 个样本时为 {values['rounding_8']:.0e}，20 个时为 {values['rounding_20']:.0e}",
        },
        x_title="terms",
        y=Quantity("mean squared error", False),
        caption=GEOMETRIC_SAYS,
        series_title="examples",
        ordered=True,
        log_y=True,
    )


def _data_figure(lines: Lines, values: Mapping[str, Any], part: str) -> Figure:
    en, zh = {"train": ("training", "训练"), "fresh": ("held-out", "留出")}[part]
    if part == "fresh":
        # Up to 1e15 for few examples: it would hide all others, and stands in the table.
        lines = {place: one for place, one in lines.items() if not place[0].endswith(_LEAST)}
    first, last, same = (values[f"{part}_{name}"] for name in ("100", "1000", "1000_steps"))
    return band_lines(
        geometric_lines(lines),
        name=f"{part}-loss-by-data",
        title={
            "en": f"From 100 to 1,000 examples SGD's {en} loss with 16 terms goes from {first:.3f} "
            f"to {last:.3f}; at the same number of steps to {same:.3f}",
            "zh": f"从 100 到 1000 个样本，16 项时 SGD 的{zh}损失从 {first:.3f} 变为 {last:.3f}；"
            f"步数相同时变为 {same:.3f}",
        },
        x_title="training examples",
        y=Quantity("mean squared error", False),
        caption=GEOMETRIC_SAYS,
        series_title="model",
        ordered=False,
        log_x=True,
        log_y=True,
    )


def _beyond_figure(beyond: Mapping[int, tuple[Array, Array]], values: Mapping[str, Any]) -> Figure:
    lines: Lines = {("held out", terms): beyond[terms][1] for terms in BEYOND}
    # Below this a training loss is rounding, and would stretch the axis.
    lines |= {("training", t): beyond[t][0] for t in BEYOND if t < FEW}
    return band_lines(
        geometric_lines(lines),
        name="double-descent",
        title={
            "en": f"For 20 examples the held-out loss is 10^{values['beyond_25']:.1f} with 25 "
            f"terms and 10^{values['beyond_400']:.1f} with 400; with 4 it is "
            f"10^{values['beyond_4']:.1f}",
            "zh": f"20 个样本时，留出损失在 25 项时为 10^{values['beyond_25']:.1f}，400 项时为 "
            f"10^{values['beyond_400']:.1f}；4 项时为 10^{values['beyond_4']:.1f}",
        },
        x_title="terms",
        y=Quantity("mean squared error", False),
        caption=GEOMETRIC_SAYS,
        series_title="loss",
        ordered=False,
        log_x=True,
        log_y=True,
    )


def _table(lines: Lines, name: str) -> pd.DataFrame:
    import pandas as pd

    rows: dict[float, dict[str, Any]] = {}
    for (series, x), one in lines.items():
        rows.setdefault(x, {name: x})[series] = geometric_mean(one)
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
                f"{name}: held out": geometric_mean(fresh),
            }
        rows.append(row)
    return pd.DataFrame(rows)
