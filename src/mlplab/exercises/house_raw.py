"""What exercise 4.10.6 tells: features as they are, why training suffers, and what survives."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import TYPE_CHECKING, Any

import numpy as np

from mlplab.draw import band_lines
from mlplab.exercises.house_scores import (
    SCORE,
    WORDS,
    Array,
    fold_claim,
    fold_scores,
    fold_strips,
    score_claim,
    score_table,
)
from mlplab.exercises.house_tables import houses, own_fold, published_features
from mlplab.exercises.measured import Measured
from mlplab.exercises.registry import Checked, Findings
from mlplab.exercises.wording import measured_values
from mlplab.experiment import Arm, Runs

if TYPE_CHECKING:
    import pandas as pd

    from mlplab.draw import Figure

PRINTED = (0.917394, 1.143458)
"""The source's score by 5 folds without standardisation: held out, and of training rows."""
LAST = 50
"""Epochs at the end over which jumps are measured."""
_TWICE = float(np.log(2.0))  # as a difference of logarithms
_RAW, _STANDARD = "raw", "scaled"
_WORDS = WORDS | {_RAW: "原样", _STANDARD: "标准化", "features": "特征", "fold": "折"}


def prove(condition: str, stable: str) -> Sequence[Checked]:
    """Compute both numbers from the singular values, in float64."""
    raw, standard = (_curvature(kind) for kind in (False, True))
    ratio, rates = raw["condition"] / standard["condition"], standard["rate"] / raw["rate"]
    return (
        Checked(
            condition, ratio > 1e3, f"{raw['condition']:.2g} against {standard['condition']:.2g}"
        ),
        Checked(stable, rates > 1e6, f"{raw['rate']:.2g} against {standard['rate']:.2g}"),
    )


def _curvature(standardised: bool) -> dict[str, float]:
    """Return condition number, stable rate and scales of gradients of the training table.

    The condition number leaves out the directions in which the features are dependent: levels of
    one category add up to 1, and no row shows anything there.
    """
    prices = houses().prices
    X = published_features(standardised)[: len(prices)]
    with_ones = np.column_stack([X, np.ones(len(X))])
    singular = np.linalg.svd(with_ones, compute_uv=False)
    seen = singular[singular > singular[0] * len(X) * np.finfo(float).eps]
    slopes = np.abs(X.T @ (prices - prices.mean())) / len(X)
    slopes = slopes[slopes > 0]
    return {
        "condition": float(seen[0] / seen[-1]),
        # Of the mean of (z - y)^2 / 2; 2 / curvature.
        "rate": float(2 * len(X) / singular[0] ** 2),
        "slopes": float(slopes.max() / np.median(slopes)),
    }


def _jumps(runs: Runs, arm: Arm) -> Array:
    """Return the standard deviation of each fold's score over the last epochs, (J,)."""
    found = []
    for cell in runs.cells:
        if cell.arm == arm:
            history = runs.outcomes[cell.key].history["valid_house_score"]
            found.append(float(np.std(history[-LAST:])))
    return np.array(found)


def _diverged(runs: Runs, arm: Arm) -> Array:
    cells = [cell for cell in runs.cells if cell.arm == arm]
    return np.array([float(runs.outcomes[cell.key].status == "diverged") for cell in cells])


def measure(
    runs: Mapping[str, Runs], higher: str, jumps: str, diverges: str, falling: str, huber: str
) -> Sequence[Measured]:
    """Return the claims of 4.10.6 with one number per fold."""
    raw, standard = runs["raw"], runs["standardised"]
    adam, slower, rounded, _, stable, beyond = raw.arms[:6]
    scores = fold_scores(raw, adam)
    unsteady = np.log(_jumps(raw, adam) / _jumps(standard, standard.arms[0]))
    more = _diverged(raw, beyond) - _diverged(raw, stable)
    return (
        score_claim(higher, scores, fold_scores(standard, standard.arms[0]), "higher"),
        fold_claim(
            jumps,
            unsteady,
            "higher",
            matters=_TWICE,
            metric=f"log of the ratio of standard deviations over {LAST} epochs",
        ),
        fold_claim(diverges, more, "higher", matters=0.1, metric="share of diverged runs"),
        score_claim(falling, fold_scores(raw, slower), scores, "lower"),
        score_claim(huber, fold_scores(raw, rounded), scores, "lower"),
    )


def tell(
    runs: Mapping[str, Runs],
    claims: Sequence[Measured],
    raw_arms: Mapping[str, Mapping[str, Any]],
    standard_arms: Mapping[str, Mapping[str, Any]],
) -> Findings:
    """Collect what the page of 4.10.6 says and shows."""
    ways = {
        f"{kind}, {name}": fold_scores(one, arm)
        for key, kind, names in (
            ("raw", _RAW, raw_arms),
            ("standardised", _STANDARD, standard_arms),
        )
        for one in [runs[key]]
        for name, arm in zip(names, one.arms, strict=False)
    }
    raw, standard = _curvature(False), _curvature(True)
    adam_raw, adam_standard = ways[f"{_RAW}, Adam 5"], ways[f"{_STANDARD}, Adam 5"]
    numbers = houses().features.select_dtypes("number")
    means = {
        name: float(scores[np.isfinite(scores)].mean())
        for name, scores in ways.items()
        if np.isfinite(scores).all()
    }
    best = min((name for name in means if name.startswith(_RAW)), key=means.__getitem__)
    values: dict[str, Any] = {
        "n_folds": len(adam_raw),
        "printed": PRINTED[0],
        "printed_train": PRINTED[1],
        "raw": float(adam_raw.mean()),
        "raw_least": float(adam_raw.min()),
        "raw_most": float(adam_raw.max()),
        "standard": float(adam_standard.mean()),
        "standard_least": float(adam_standard.min()),
        "standard_most": float(adam_standard.max()),
        "falling": means[f"{_RAW}, Adam 5, falling"],
        "huber": means[f"{_RAW}, Adam 5, Huber"],
        "absolute": means[f"{_RAW}, Adam 5, absolute"],
        "sgd": float(np.nanmean(ways[f"{_RAW}, SGD 1e-9"])),
        "sgd_standard": float(np.nanmean(ways[f"{_STANDARD}, SGD 0.01"])),
        "n_diverged": int(_diverged(runs["raw"], runs["raw"].arms[5]).sum()),
        "best_raw": means[best],
        "best_raw_name": {"en": best, "zh": _chinese(best)},
        "largest": float(numbers.max().max()),
        # A held-out house that is priced below 1 counts as 1.
        "one_house": float(np.log(houses().prices).mean() / np.sqrt(own_fold().valid)),
        "jumps_raw": float(_jumps(runs["raw"], runs["raw"].arms[0]).mean()),
        "jumps_standard": float(_jumps(runs["standardised"], runs["standardised"].arms[0]).mean()),
    }
    for name, found in (("raw", raw), ("standard", standard)):
        values |= {f"{name}_{key}": value for key, value in found.items()}
    names = ("higher", "jumps", "diverges", "falling", "huber")
    values |= measured_values(names, claims)
    words = _WORDS | {name: _chinese(name) for name in ways}
    figures = (_strips(ways, values, words), _course(runs, values))
    return Findings(values, figures, {"Scores over folds": score_table(ways)})


def _chinese(name: str) -> str:
    for english, chinese in (
        (_RAW, _WORDS[_RAW]),
        (_STANDARD, _WORDS[_STANDARD]),
        ("falling", "递减的学习率"),
        ("Huber", "Huber 损失"),
        ("absolute", "绝对值损失"),
        ("momentum", "动量"),
        ("clipped", "梯度裁剪"),
        (", ", "，"),
    ):
        name = name.replace(english, chinese)
    return name


def _strips(
    ways: Mapping[str, Array], values: Mapping[str, Any], words: Mapping[str, str]
) -> Figure:
    return fold_strips(
        ways,
        name="ways",
        title={
            "en": f"On features as they are Adam at rate 5 scores {values['raw']:.2f}, with a "
            f"falling rate {values['falling']:.2f}; standardised {values['standard']:.2f}",
            "zh": f"特征原样时，学习率为 5 的 Adam 得分 {values['raw']:.2f}，学习率递减时 "
            f"{values['falling']:.2f}；标准化时 {values['standard']:.2f}",
        },
        words=words,
        caption={
            "en": "One dot per fold; diverged runs have none.",
            "zh": "每点为一折；发散的训练没有点。",
        },
    )


def _course(runs: Mapping[str, Runs], values: Mapping[str, Any]) -> Figure:
    drawn = _fold_course(runs["raw"], _RAW, 0), _fold_course(runs["standardised"], _STANDARD, 0)
    import pandas as pd

    figure = band_lines(
        pd.concat(drawn, ignore_index=True),
        name="course",
        title={
            "en": f"Over the last {LAST} epochs the score on one fold jumps by "
            f"{values['jumps_raw']:.2g} without standardisation, {values['jumps_standard']:.2g} "
            "with it (standard deviation, mean over folds)",
            "zh": f"最后 {LAST} 轮中，单折得分的跳动（标准差，各折平均）在不标准化时为 "
            f"{values['jumps_raw']:.2g}，标准化时为 {values['jumps_standard']:.2g}",
        },
        x_title="epochs",
        y=SCORE,
        caption={"en": "Adam at rate 5, the first fold.", "zh": "学习率为 5 的 Adam，第一折。"},
        series_title="features",
        ordered=False,
        log_y=True,
    )
    return replace(figure, words=_WORDS)


def _fold_course(runs: Runs, name: str, seed: int) -> pd.DataFrame:
    import pandas as pd

    arm = runs.arms[0]
    cell = next(one for one in runs.cells if one.arm == arm and one.seed == seed)
    history = runs.outcomes[cell.key].history["valid_house_score"]
    rows = [(name, epoch, score, np.nan, np.nan) for epoch, score in enumerate(history, start=1)]
    return pd.DataFrame(rows, columns=["series", "x", "mean", "low", "high"])
