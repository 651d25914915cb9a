"""What exercise 4.10.4 tells: settings chosen by folds, and what their score then means."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

import numpy as np

from mlplab.draw import band_lines
from mlplab.exercises.house_scores import (
    LOG_BAND,
    SCORE,
    WORDS,
    Array,
    fold_strips,
    score_claim,
    score_table,
)
from mlplab.exercises.house_tables import N_INNER
from mlplab.exercises.measured import Measured
from mlplab.exercises.registry import Findings
from mlplab.exercises.wording import measured_values
from mlplab.experiment import Runs

if TYPE_CHECKING:
    import pandas as pd

    from mlplab.draw import Figure

CHAPTER = {"optim.lr": 5.0, "fit.batch_size": 64, "optim.weight_decay": 0.0}
SOURCE = {"optim.lr": 15.0, "fit.batch_size": 31, "optim.weight_decay": 0.0}
AT_EPOCH = 100
"""Of both the chapter's and the source's settings."""
EPOCHS = (25, 50, 100, 150, 200)
"""Numbers of epochs among which tuning chooses, as far as runs go."""
KAGGLE, PRINTED = 0.1504, 0.13678632
"""The source's score on Kaggle, and its best mean of training and held-out score."""
_LABELS = {
    "chapter": "the chapter's settings",
    "source": "the source's choice",
    "flat": "best of all on these folds",
    "nested": "chosen within each fold",
}
_ZH = ("书中的设置", "原答案的选择", "在这些折上最好的", "在每一折之内选择")
_WORDS = WORDS | dict(zip(_LABELS.values(), _ZH, strict=True)) | {"rate": "学习率"}


@dataclass(frozen=True, eq=False)
class Tuning:
    """Scores of settings: arms of the design, each at several epochs.

    Attributes:
        epochs: that a setting may have.
        folds: on the folds, (A, E, J); infinite where a run diverged.
        inner: the mean over each fold's inner folds, (A, E, J).
    """

    epochs: tuple[int, ...]
    folds: Array
    inner: Array

    @property
    def flat(self) -> tuple[int, int]:
        """The setting with the least mean over the folds: what tuning by k-fold reports."""
        return self._least(self.folds.mean(axis=-1))

    @property
    def chosen(self) -> list[tuple[int, int]]:
        """The setting that each fold's training rows alone would choose."""
        return [self._least(self.inner[..., j]) for j in range(self.inner.shape[-1])]

    @property
    def nested(self) -> Array:
        """Scores of these on the rows that had no part in the choice, (J,)."""
        return np.array([self.folds[arm, e, j] for j, (arm, e) in enumerate(self.chosen)])

    @staticmethod
    def _least(scores: Array) -> tuple[int, int]:
        arm, epoch = np.unravel_index(int(np.argmin(scores)), scores.shape)
        return int(arm), int(epoch)


def tuning(runs: Mapping[str, Runs]) -> Tuning:
    """Collect the scores of every setting on folds and inner folds."""
    outer, inner = _curves(runs["folds"]), _curves(runs["inner folds"])
    epochs = tuple(epoch for epoch in EPOCHS if epoch <= outer.shape[1])
    places = [epoch - 1 for epoch in epochs]
    parts = inner[:, places].reshape(len(inner), len(places), -1, N_INNER)
    return Tuning(epochs, outer[:, places], parts.mean(axis=-1))


def _curves(runs: Runs) -> Array:
    """Return the score of every arm, epoch and seed; infinite from where a run diverged."""
    places = {arm.label: place for place, arm in enumerate(runs.arms)}
    n_epochs = runs.experiment.base.fit.epochs
    scores = np.full((len(places), n_epochs, len(runs.experiment.seeds)), np.inf)
    for cell in runs.cells:
        history = runs.outcomes[cell.key].history.get("valid_house_score", ())
        column = runs.experiment.seeds.index(cell.seed)
        scores[places[cell.arm.label], : len(history), column] = history
    return np.where(np.isnan(scores), np.inf, scores)


def _fixed(runs: Runs, found: Tuning, factors: Mapping[str, Any]) -> Array:
    place = runs.arms.index(runs.experiment.find(factors))
    return np.asarray(found.folds[place, found.epochs.index(AT_EPOCH)])


def _ways(runs: Mapping[str, Runs], found: Tuning) -> dict[str, Array]:
    grid = runs["folds"]
    return {
        "chapter": _fixed(grid, found, CHAPTER),
        "source": _fixed(grid, found, SOURCE),
        "flat": np.asarray(found.folds[found.flat]),
        "nested": found.nested,
    }


def measure(
    runs: Mapping[str, Runs], tuned: str, source: str, as_good: str, optimistic: str, decay: str
) -> Sequence[Measured]:
    """Return the claims of 4.10.4 with one number per fold."""
    found = tuning(runs)
    ways = _ways(runs, found)
    with_decay = _fixed(runs["folds"], found, SOURCE | {"optim.weight_decay": 1.0})
    return (
        score_claim(tuned, ways["nested"], ways["chapter"], "lower"),
        score_claim(source, ways["source"], ways["chapter"], "lower"),
        score_claim(as_good, ways["nested"], ways["source"], "same"),
        score_claim(optimistic, ways["flat"], ways["nested"], "lower"),
        score_claim(decay, with_decay, ways["source"], "lower"),
    )


def tell(runs: Mapping[str, Runs], claims: Sequence[Measured]) -> Findings:
    """Collect what the page of 4.10.4 says and shows."""
    found = tuning(runs)
    ways, grid = _ways(runs, found), runs["folds"]
    arm, epoch = found.flat
    best = grid.arms[arm].factors
    inner = [found.inner[a, e, j] for j, (a, e) in enumerate(found.chosen)]
    values: dict[str, Any] = {
        "n_folds": len(ways["nested"]),
        "n_inner": N_INNER,
        "n_settings": found.folds[..., 0].size,
        "n_runs": sum(len(one) for one in runs.values()),
        "best_rate": best["optim.lr"],
        "best_batch": best["fit.batch_size"],
        "best_decay": best["optim.weight_decay"],
        "best_epochs": found.epochs[epoch],
        "n_chosen": len(set(found.chosen)),
        "n_agree": sum(one == found.flat for one in found.chosen),
        "inner": float(np.mean(inner)),
        "optimism": float((ways["nested"] - ways["flat"]).mean()),
        "kaggle": KAGGLE,
        "printed": PRINTED,
    }
    values |= {f"score_{name}": float(scores.mean()) for name, scores in ways.items()}
    names = ("tuned", "source", "as_good", "optimistic", "decay")
    values |= measured_values(names, claims)
    labelled = {_LABELS[name]: scores for name, scores in ways.items()}
    tables = {
        "Scores over folds": score_table(labelled),
        "Every setting": _settings(grid, found),
        "Chosen within each fold": _chosen(grid, found),
    }
    return Findings(values, (_strips(labelled, values), _rates(grid, values)), tables)


def _settings(grid: Runs, found: Tuning) -> pd.DataFrame:
    import pandas as pd

    rows = []
    for place, arm in enumerate(grid.arms):
        for e, epochs in enumerate(found.epochs):
            rows.append(
                _words_of(arm.factors)
                | {
                    "epochs": epochs,
                    "score on folds": float(found.folds[place, e].mean()),
                    "on inner folds": float(found.inner[place, e].mean()),
                }
            )
    return pd.DataFrame(rows).sort_values("score on folds", ignore_index=True)


def _chosen(grid: Runs, found: Tuning) -> pd.DataFrame:
    import pandas as pd

    rows = []
    for fold, (arm, e) in enumerate(found.chosen):
        rows.append(
            {"fold": fold}
            | _words_of(grid.arms[arm].factors)
            | {
                "epochs": found.epochs[e],
                "on inner folds": float(found.inner[arm, e, fold]),
                "on its held-out rows": float(found.folds[arm, e, fold]),
            }
        )
    return pd.DataFrame(rows)


def _words_of(factors: Mapping[str, Any]) -> dict[str, Any]:
    return {
        "rate": factors["optim.lr"],
        "batch size": factors["fit.batch_size"],
        "decay": factors["optim.weight_decay"],
    }


def _strips(labelled: Mapping[str, Array], values: Mapping[str, Any]) -> Figure:
    return fold_strips(
        labelled,
        name="tuned",
        title={
            "en": f"Tuning reports {values['score_flat']:.4f}; chosen without the rows that judge, "
            f"settings score {values['score_nested']:.4f}; the chapter's "
            f"{values['score_chapter']:.4f}",
            "zh": f"调参报告 {values['score_flat']:.4f}；不用评判的样本来选择时，得分 "
            f"{values['score_nested']:.4f}；书中的设置 {values['score_chapter']:.4f}",
        },
        words=_WORDS,
    )


def _rates(grid: Runs, values: Mapping[str, Any]) -> Figure:
    import pandas as pd

    curves, rows = _curves(grid), []
    for place, arm in enumerate(grid.arms):
        factors = arm.factors
        if (factors["fit.batch_size"], factors["optim.weight_decay"]) == (31, 0.0):
            for epoch in range(10, curves.shape[1] + 1, 10):
                scores = curves[place, epoch - 1]
                sound = scores[np.isfinite(scores)].tolist()
                if sound:
                    rows.append((factors["optim.lr"], epoch, *LOG_BAND.of(sound), len(sound)))
    figure = band_lines(
        pd.DataFrame(rows, columns=["series", "x", "mean", "low", "high", "n_seeds"]),
        name="rates",
        title={
            "en": f"Batch 31, no decay: the source's rate 15 for {AT_EPOCH} epochs scores "
            f"{values['score_source']:.4f}",
            "zh": f"批量 31、无衰减：原答案的学习率 15、{AT_EPOCH} 轮，得分 "
            f"{values['score_source']:.4f}",
        },
        x_title="epochs",
        y=SCORE,
        caption=LOG_BAND.says,
        series_title="rate",
        log_y=True,
    )
    return replace(figure, words=_WORDS)
