"""What exercise 4.10.1 tells: the chapter's linear model over folds, and its submission."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import TYPE_CHECKING, Any

import numpy as np

from mlplab.draw import band_lines
from mlplab.exercises.house_scores import (
    LOG_BAND,
    SCORE,
    WORDS,
    Array,
    fold_interval,
    fold_scores,
    fold_strips,
    score_claim,
    score_table,
)
from mlplab.exercises.house_submission import NAME, ensemble_outputs, mean_price, submission
from mlplab.exercises.house_tables import (
    N_FOLDS,
    constant_scores,
    houses,
    published_features,
    shared_variance,
)
from mlplab.exercises.measured import Measured
from mlplab.exercises.registry import Checked, Findings
from mlplab.exercises.wording import measured_values
from mlplab.experiment import Runs
from mlplab.experiment.progress import ProgressCallback
from mlplab.stats import mean_interval

if TYPE_CHECKING:
    from mlplab.draw import Figure

PRINTED = 0.171037
"""What the source prints for these settings by 5 folds (there under 4.10.3)."""
SHOWN_AT = 100
_PUBLISHED, _OWN, _CONSTANT = "as the chapter", "training rows only", "best constant"
_WORDS = WORDS | {_PUBLISHED: "照书中做法", _OWN: "只用训练样本", _CONSTANT: "最好的常数"}


def prove(width: str) -> Sequence[Checked]:
    """Count the chapter's features."""
    n = published_features(True).shape[1]
    return (Checked(width, n == 330, f"{n} features of {len(published_features(True))} rows"),)


def _ways(runs: Mapping[str, Runs]) -> dict[str, Array]:
    published = runs["as published"]
    return {
        _CONSTANT: constant_scores(published.experiment.seeds),
        _PUBLISHED: fold_scores(published, epoch=SHOWN_AT),
        _OWN: fold_scores(runs["training rows only"]),
    }


def measure(runs: Mapping[str, Runs], constant: str, leak: str, enough: str) -> Sequence[Measured]:
    """Return the claims of 4.10.1 with one number per fold."""
    ways = _ways(runs)
    later = fold_scores(runs["as published"])
    return (
        score_claim(constant, ways[_PUBLISHED], ways[_CONSTANT], "lower"),
        score_claim(leak, ways[_OWN], ways[_PUBLISHED], "same"),
        score_claim(enough, ways[_PUBLISHED], later, "same"),
    )


def tell(
    runs: Mapping[str, Runs], claims: Sequence[Measured], progress: ProgressCallback | None = None
) -> Findings:
    """Collect what the page of 4.10.1 says and shows, and write the submission."""
    ways, published = _ways(runs), runs["as published"]
    scores = ways[_PUBLISHED]
    corrected, naive = fold_interval(scores), mean_interval(scores)
    whole = runs["submission"]
    outputs = ensemble_outputs(whole, published_features(True)[len(houses().prices) :], progress)
    prices = mean_price(outputs, lambda one: one)
    content, n_rows = submission(prices)
    epochs = np.array(
        [published.outcomes[c.key].history["valid_house_score"] for c in published.cells]
    )
    values: dict[str, Any] = {
        "n_folds": len(scores),
        "k": N_FOLDS,
        "n_rows": len(houses().prices),
        "n_features": published_features(True).shape[1],
        "constant": float(ways[_CONSTANT].mean()),
        "score": float(corrected.mean),
        "low": float(corrected.low),
        "high": float(corrected.high),
        "naive_low": float(naive.low),
        "naive_high": float(naive.high),
        "wider": float(corrected.se / naive.se),
        "shared": shared_variance(),
        "worst": float(scores.max()),
        "least": float(scores.min()),
        "own": float(ways[_OWN].mean()),
        "later": float(epochs[:, -1].mean()),
        "n_epochs": epochs.shape[1],
        "printed": PRINTED,
        "n_submitted": n_rows,
        "n_members": len(outputs),
        "lowest_price": float(prices.min()),
        "median_price": float(np.median(prices)),
        "highest_price": float(prices.max()),
    }
    values |= measured_values(("constant", "leak", "enough"), claims)
    return Findings(
        values,
        (_strips(ways, values), _curve(epochs, values)),
        {"Scores over folds": score_table(ways)},
        {NAME: content},
    )


def _strips(ways: Mapping[str, Array], values: Mapping[str, Any]) -> Figure:
    return fold_strips(
        ways,
        name="folds",
        title={
            "en": f"The linear model scores {values['score']:.3f}, the best constant "
            f"{values['constant']:.3f}; folds differ by more than the means' error bars show",
            "zh": f"线性模型得分 {values['score']:.3f}，最好的常数 {values['constant']:.3f}；"
            "各折之间的差异大于均值的误差棒",
        },
        words=_WORDS,
    )


def _curve(epochs: Array, values: Mapping[str, Any]) -> Figure:
    import pandas as pd

    n = epochs.shape[1]
    shown = list(range(5, n + 1, 5))
    rows = [(_PUBLISHED, e, *LOG_BAND.of(epochs[:, e - 1].tolist()), len(epochs)) for e in shown]
    figure = band_lines(
        pd.DataFrame(rows, columns=["series", "x", "mean", "low", "high", "n_seeds"]),
        name="epochs",
        title={
            "en": f"At rate 5 the score falls from {values['score']:.3f} after {SHOWN_AT} epochs "
            f"to {values['later']:.3f} after {n}",
            "zh": f"学习率为 5 时，得分从 {SHOWN_AT} 轮后的 {values['score']:.3f} 变为 {n} 轮后的 "
            f"{values['later']:.3f}",
        },
        x_title="epochs",
        y=SCORE,
        caption=LOG_BAND.says,
        log_y=True,
    )
    return replace(figure, words=_WORDS)
