"""What exercise 4.10.5 tells: the source's network and small ones, alone and together."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import TYPE_CHECKING, Any

import numpy as np

from mlplab.draw import Quantity, band_lines
from mlplab.exercises.house_scores import (
    FOLD_BAND,
    SCORE,
    WORDS,
    Array,
    fold_claim,
    fold_interval,
    fold_scores,
    fold_strips,
    score_claim,
    score_table,
)
from mlplab.exercises.house_submission import NAME, ensemble_outputs, mean_price, submission
from mlplab.exercises.house_tables import CENTRE, houses, prepared, schema_of
from mlplab.exercises.measured import Measured
from mlplab.exercises.registry import Findings
from mlplab.exercises.wording import measured_values
from mlplab.experiment import Runs
from mlplab.experiment.progress import ProgressCallback
from mlplab.experiment.weights import run_weights
from mlplab.specs import Module

if TYPE_CHECKING:
    from mlplab.draw import Figure

KAGGLE = 0.14961
"""What the source reports of its submission."""
_LABELS = {
    "source": "the source's network",
    "ensemble": "small networks, together",
    "single": "one small network",
    "linear": "linear, trained alike",
    "little_decay": "decay 0.01",
    "no_dropout": "without dropout",
    "constant_rate": "constant rate",
    "standardised": "the chapter's preparation",
}
_ZH = ("原答案的网络", "小网络集成", "单个小网络", "线性，同样训练", "衰减 0.01", "不用暂退")
_WORDS = WORDS | dict(zip(_LABELS.values(), (*_ZH, "固定学习率", "书中的预处理"), strict=True))
_EXACT = {"en": "as the source has it", "zh": "与原答案完全相同"}
_LIKE = {
    "en": "with a ReLU between its last two maps, which the source leaves out and which lets it "
    "train in a fraction of the time",
    "zh": "最后两层之间加了原答案没有的 ReLU，这样训练时间短得多",
}
_MEMBERS = "networks in the ensemble"


def member_errors(runs: Runs) -> Array:
    """Return what each network says too much of each held-out log price, (J, M, H)."""
    by_fold: list[Array] = []
    task = runs.experiment.data
    for arm in runs.arms:
        cells = [cell for cell in runs.cells if cell.arm == arm]
        rows = task.split(0, arm.run.rows).valid
        inputs, wanted = np.asarray(task.inputs[rows]), task.targets[rows, 0]
        outputs = [
            np.asarray(runs.setup.backend.predict(cell.run, blob, inputs, 1.0), np.float64)[:, 0]
            for cell, blob in zip(cells, run_weights(cells, runs), strict=True)
        ]
        by_fold.append(np.stack(outputs) - wanted)
    return np.stack(by_fold)


def _rms(errors: Array) -> Array:
    return np.asarray(np.sqrt(np.mean(errors**2, axis=-1)))


def _ways(runs: Mapping[str, Runs]) -> dict[str, Array]:
    errors = member_errors(runs["small networks"])
    variants = runs["variants"]
    found = {
        "source": fold_scores(runs["source"]),
        "ensemble": _rms(errors.mean(axis=1)),
        "single": _rms(errors).mean(axis=1),
    }
    # A quick answer tries the first two only.
    names = ("linear", "little_decay", "no_dropout", "constant_rate")
    for name, arm in zip(names, variants.arms, strict=False):
        found[name] = fold_scores(variants, arm, "valid_rmse")
    found["standardised"] = fold_scores(runs["standardised"], metric="valid_rmse")
    return found


def measure(
    runs: Mapping[str, Runs], clearly: str, kaggle: str, alone: str, together: str, deep: str
) -> Sequence[Measured]:
    """Return the claims of 4.10.5 with one number per fold."""
    ways = _ways(runs)
    return (
        score_claim(clearly, ways["ensemble"], ways["source"], "lower"),
        fold_claim(kaggle, np.log(ways["ensemble"] / KAGGLE), "lower"),
        score_claim(alone, ways["single"], ways["source"], "lower"),
        score_claim(together, ways["ensemble"], ways["single"], "lower"),
        score_claim(deep, ways["single"], ways["linear"], "lower"),
    )


def tell(
    runs: Mapping[str, Runs], claims: Sequence[Measured], progress: ProgressCallback | None = None
) -> Findings:
    """Collect what the page of 4.10.5 says and shows, and write the submission."""
    from mlplab.tabular import Schema, conform, stack_folds

    ways, errors = _ways(runs), member_errors(runs["small networks"])
    params = runs["submission"].experiment.data.params
    whole = stack_folds(
        prepared(0, params["features"], params["preparation"]), houses().prices, kind="regression"
    )
    schema = Schema(columns=schema_of(params["features"]).features)
    inputs = whole.inputs(0, conform(houses().test, schema))
    outputs = ensemble_outputs(runs["submission"], inputs, progress)
    prices = mean_price(outputs, lambda one: np.exp(one + CENTRE))
    content, n_rows = submission(prices)
    best = fold_interval(ways["ensemble"])
    run, source = (runs[name].experiment.base for name in ("small networks", "source"))
    values: dict[str, Any] = {
        "n_folds": len(ways["source"]),
        "n_members": errors.shape[1],
        "n_features": runs["small networks"].experiment.data.n_features,
        "hidden": "-".join(map(str, run.mlp.hidden)),
        "dropout": run.mlp.dropout[0],
        "rate": run.optim.lr,
        "decay": run.optim.weight_decay,
        "epochs": run.fit.epochs,
        "batch": run.fit.batch_size,
        "low": float(best.low),
        "high": float(best.high),
        "kaggle": KAGGLE,
        "n_submitted": n_rows,
        "median_price": float(np.median(prices)),
        "correlation": _correlation(errors),
        "source_net": _EXACT if isinstance(source.net, Module) else _LIKE,
        "gain": 100 * (1 - float(ways["ensemble"].mean() / ways["source"].mean())),
    }
    values |= {f"score_{name}": float("nan") for name in _LABELS}
    values |= {f"score_{name}": float(scores.mean()) for name, scores in ways.items()}
    names = ("clearly", "kaggle", "alone", "together", "deep")
    values |= measured_values(names, claims)
    labelled = {_LABELS[name]: scores for name, scores in ways.items()}
    figures = (_strips(labelled, values), _by_members(errors, values))
    return Findings(values, figures, {"Scores over folds": score_table(labelled)}, {NAME: content})


def _correlation(errors: Array) -> float:
    """Return the mean correlation of two members' errors on the same rows."""
    found = []
    for fold in errors:
        if len(fold) > 1:
            table = np.corrcoef(fold)
            found.append(float(table[np.triu_indices(len(table), 1)].mean()))
    return float(np.mean(found)) if found else float("nan")


def _strips(labelled: Mapping[str, Array], values: Mapping[str, Any]) -> Figure:
    return fold_strips(
        labelled,
        name="models",
        title={
            "en": f"{values['n_members']} small networks together score "
            f"{values['score_ensemble']:.3f}, the source's network {values['score_source']:.3f}, "
            f"a linear model trained alike {values['score_linear']:.3f}",
            "zh": f"{values['n_members']} 个小网络的集成得分 {values['score_ensemble']:.3f}，"
            f"原答案的网络 {values['score_source']:.3f}，"
            f"同样训练的线性模型 {values['score_linear']:.3f}",
        },
        words=_WORDS,
    )


def _by_members(errors: Array, values: Mapping[str, Any]) -> Figure:
    import pandas as pd

    n_members = errors.shape[1]
    rows = []
    for m in range(1, n_members + 1):
        scores = _rms(errors[:, :m].mean(axis=1))
        rows.append((_LABELS["ensemble"], m, *FOLD_BAND.of(scores.tolist()), len(scores)))
    figure = band_lines(
        pd.DataFrame(rows, columns=["series", "x", "mean", "low", "high", "n_seeds"]),
        name="members",
        title={
            "en": f"Members' errors correlate by {values['correlation']:.2f}, so that "
            f"{n_members} networks score {values['score_ensemble']:.3f} where one scores "
            f"{values['score_single']:.3f}",
            "zh": f"成员误差的相关系数为 {values['correlation']:.2f}，因此 {n_members} 个网络得分 "
            f"{values['score_ensemble']:.3f}，单个为 {values['score_single']:.3f}",
        },
        x_title=_MEMBERS,
        y=Quantity(SCORE.name, False),
        caption=FOLD_BAND.says,
    )
    return replace(figure, words=_WORDS | {_MEMBERS: "集成中的网络数"})
