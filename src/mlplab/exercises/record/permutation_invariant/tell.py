"""What the search found, what the recipe reaches, and what each of its parts is worth."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

import numpy as np

from mlplab.draw.interval_rows import interval_rows
from mlplab.draw.words import quantity
from mlplab.exercises.charts import strip_chart
from mlplab.exercises.findings import Findings, Results
from mlplab.exercises.record.costs import core_hours, test_looks
from mlplab.exercises.record.permutation_invariant.design import BAR, STRETCH
from mlplab.exercises.record.permutation_invariant.parts import without_each
from mlplab.exercises.record.permutation_invariant.rounds import ROUNDS
from mlplab.exercises.record.permutation_invariant.search import LEVELS, factors
from mlplab.exercises.record.recipe import BINS, RECIPE
from mlplab.exercises.record.recipe_table import recipe_table
from mlplab.exercises.training_rows import n_train
from mlplab.exercises.uncertainty_bands import T_BAND
from mlplab.experiment.arms import show_value
from mlplab.stats import mean_interval, screen

if TYPE_CHECKING:
    import pandas as pd

    from mlplab.draw import Figure
    from mlplab.experiment import Runs

_DOCUMENTED = (0.8946, 0.90)
"""Test accuracies of single runs of fully connected networks, as published."""

_CODED = ("levels", "bins")
_SCREENED = {
    "en": "Mean over the eight runs with the change less mean over the eight without it. Bars: "
    "intervals that hold together with 95 %, their width from what main effects leave over.",
    "zh": "有该改动的八次运行的均值，减去没有该改动的八次的均值。横条：同时成立的概率为 95 % 的"
    "区间，宽度由主效应之外的变动估计。",
}
_PARTS = {
    "en": "The recipe less the recipe without the part, seed by seed: mean, and intervals that "
    "hold together with 95 %.",
    "zh": "同一种子下，完整配方减去缺少该部分的配方：均值，以及同时成立的概率为 95 % 的区间。",
}


def tell(results: Results) -> Findings:
    """Collect what the page says and shows."""
    runs, profile = results.runs, results.profile
    recipe, permuted, search = runs["recipe"], runs["permuted"], runs["search"]
    effects, parts = _effects(search), _parts(runs["parts"], runs["without bins"])
    (mean,), (shuffled,) = (one.summary("test_accuracy") for one in (recipe, permuted))
    low, high = mean.interval or (float("nan"), float("nan"))
    searched = search.values("valid_accuracy")[:, 0]
    tried = _tried(runs)
    looks = test_looks(recipe, profile)
    values: dict[str, Any] = {
        "small": profile.effort == 0,
        "n_seeds": len(recipe.experiment.seeds),
        "n_part_seeds": len(runs["parts"].experiment.seeds),
        "epochs": recipe.experiment.base.fit.epochs,
        "n_train": n_train(recipe),
        "n_inputs": recipe.experiment.data.n_features,
        "n_search_train": n_train(search),
        "n_valid": search.experiment.data.n_valid,
        "mean": mean.mean,
        "low": low,
        "high": high,
        "documented_low": _DOCUMENTED[0],
        "documented_high": _DOCUMENTED[1],
        "bar_at": BAR,
        "stretch_at": STRETCH,
        "seeds_sd": float(np.nanstd(recipe.values("test_accuracy")[0], ddof=1)),
        "shuffled": shuffled.mean,
        "n_permuted": len(permuted.experiment.seeds),
        "first_valid": float(searched[0]),
        "best_valid": float(np.nanmax(searched)),
        "screen_epochs": search.experiment.base.fit.epochs,
        "n_rounds": len(ROUNDS),
        "n_tried": sum(len(tried_of.changes) for tried_of in ROUNDS.values()),
        "rounds": _rounds(tried),
        "is_best": _is_best(runs),
        "n_bins": BINS,
        "n_bins_seeds": len(runs["bins"].experiment.seeds),
        **{f"{name}_valid": runs[name].summary("valid_accuracy")[0].mean for name in _CODED},
        "n_before": len(runs["before bins"].experiment.seeds),
        "before": runs["before bins"].summary("test_accuracy")[0].mean,
        "part_epochs": runs["parts"].experiment.base.fit.epochs,
        **_sorted("change", effects),
        **_sorted("part", parts),
        "n_parts": len(parts),
        "n_looks": int(looks["looks"].sum()),
        "n_looked": int(looks["runs"].sum()),
        "core_hours": core_hours(runs.values()),
    }
    accuracies = {
        "as they are": recipe.values("test_accuracy")[0].tolist(),
        "permuted": permuted.values("test_accuracy")[0].tolist(),
    }
    strips = strip_chart(
        accuracies,
        "fresh-seeds",
        group="pixels",
        measure=quantity("test_accuracy"),
        band=T_BAND,
    )
    figures = (
        strips,
        _intervals(effects, "effects", "change", _SCREENED),
        _intervals(parts, "parts", "part", _PARTS),
    )
    tables = {
        "recipe": recipe_table(recipe.experiment.base, BINS),
        "search": _arms(search),
        "rounds": tried,
        "parts": parts.rename(columns={"mean": "worth"}),
        "looks": looks,
    }
    return Findings(values, figures, tables)


def _effects(search: Runs) -> pd.DataFrame:
    """Main effects on validation accuracy; without intervals where a run failed."""
    import pandas as pd

    scores = search.values("valid_accuracy")[:, 0]
    names = [factor.name for factor in factors(search.experiment.base)]
    if np.isfinite(scores).all():
        found = screen(scores, LEVELS)
        mean, low, high = found.effect, found.low, found.high
    else:
        high_mean, low_mean = (
            np.array([np.nanmean(scores[column == level]) for column in LEVELS.T])
            for level in (1, -1)
        )
        mean = high_mean - low_mean
        low = high = np.full(len(mean), np.nan)
    return pd.DataFrame({"change": names, "mean": mean, "low": low, "high": high})


def _parts(runs: Runs, without_bins: Runs) -> pd.DataFrame:
    """What each part adds to validation accuracy; seeds with a failed run are left out."""
    import pandas as pd

    names = [*without_each(runs.experiment.base), "bins"]
    scores = np.vstack([one.values("valid_accuracy") for one in (runs, without_bins)])
    sound = scores[:, np.isfinite(scores).all(axis=0)]
    n_valid = runs.experiment.data.n_valid
    found = mean_interval(sound[0] - sound[1:], claims=len(names), n_test=n_valid)
    return pd.DataFrame(
        {"part": names, "mean": found.mean, "low": found.low, "high": found.high}
    ).sort_values("mean", ascending=False, ignore_index=True)


def _sorted(column: str, found: pd.DataFrame) -> dict[str, list[str]]:
    """The names of what is shown to help, shown to harm, and not shown to do either."""
    helps, harms = found["low"] > 0, found["high"] < 0
    return {
        f"{column}s_that_help": found.loc[helps, column].tolist(),
        f"{column}s_that_harm": found.loc[harms, column].tolist(),
        f"{column}s_not_told": found.loc[~helps & ~harms, column].tolist(),
    }


def _arms(search: Runs) -> pd.DataFrame:
    """The sixteen runs: which changes each has, and its validation accuracy."""
    import pandas as pd

    columns: dict[str, Any] = {
        factor.name: np.where(LEVELS[:, place] > 0, "✓", "")
        for place, factor in enumerate(factors(search.experiment.base))
    }
    return pd.DataFrame({**columns, "valid_accuracy": search.values("valid_accuracy")[:, 0]})


def _tried(runs: Mapping[str, Runs]) -> pd.DataFrame:
    """The rounds of single changes: one row for each run, the round's start first."""
    import pandas as pd

    rows = [
        {
            "round": name,
            "change": _change(changes),
            "valid_accuracy": accuracy.mean,
            "valid_loss": loss.mean,
        }
        for name, tried in ROUNDS.items()
        for changes, accuracy, loss in zip(
            [{}, *tried.changes],
            runs[name].summary("valid_accuracy"),
            runs[name].summary("valid_loss"),
            strict=True,
        )
    ]
    return pd.DataFrame(rows)


def _change(changes: Mapping[str, Any]) -> str:
    return ", ".join(f"{path.split('.')[-1]}={show_value(v)}" for path, v in changes.items())


def _is_best(runs: Mapping[str, Runs]) -> bool:
    """Whether each round began with the best of the one before, and the recipe is the last's."""
    starts = [tried.start for tried in ROUNDS.values()]
    for name, following in zip(ROUNDS, [*starts[1:], RECIPE], strict=True):
        scores = runs[name].values("valid_accuracy")[:, 0]
        best = int(np.nan_to_num(scores, nan=-1.0).argmax())
        if ROUNDS[name].recipes[best] != following:
            return False
    return True


def _rounds(tried: pd.DataFrame) -> list[dict[str, Any]]:
    """What each round began with, and the best of its changes."""
    said = []
    for _, rows in tried.groupby("round", sort=False):
        scores = rows["valid_accuracy"].fillna(0.0).to_numpy()
        best = 1 + int(scores[1:].argmax())
        said.append(
            {
                "n": len(rows) - 1,
                "start": scores[0],
                "change": rows["change"].iloc[best],
                "best": scores[best],
            }
        )
    return said


def _intervals(found: pd.DataFrame, name: str, label: str, caption: Mapping[str, str]) -> Figure:
    measure = quantity("valid_accuracy")
    numbers = found[["mean", "low", "high"]]
    return interval_rows(
        (numbers * measure.factor).assign(**{label: found[label]}),
        label,
        x_title=measure.difference,
        y_title=label,
        caption=caption,
        name=name,
        data=found,
    )
