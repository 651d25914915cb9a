"""The page of a search: the best so far, where it looked, its factors, the finalists."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from mlplab.draw import Figure, Text, band_lines, factor_name, quantity
from mlplab.draw.parallel import parallel_coordinates
from mlplab.draw.words import translate
from mlplab.pages.experiment_page import arm_labels, column_in_chinese, experiment_report
from mlplab.pages.report import Report, ReportTable
from mlplab.pages.trial_means import show_trial_means
from mlplab.pages.wording import say
from mlplab.search import SearchResult

if TYPE_CHECKING:
    import pandas as pd


def search_report(result: SearchResult, *, title: Text = "", command: str = "") -> Report:
    """Return the page of a search's result; see `report`."""
    finalists = experiment_report(result.runs, title=title, metric=result.metric, command=command)
    trials = result.frame()
    factors = [path for path in result.space.factors if path in trials.columns]
    share = quantity(result.metric).share
    optimism = f"{100 * result.search_optimism:+.2f}" if share else f"{result.search_optimism:+.3g}"
    label = arm_labels(result.runs)[result.best.arm.label]
    told = say(
        "searched",
        strategy=result.strategy,
        n=len(trials),
        spent=result.run_epochs,
        budget=result.budget,
        chosen=label,
        optimism="{optimism}",
    )
    figures, tables, section = show_trial_means(result)
    units = {"en": " pp", "zh": " 个百分点"}
    told = {
        one: text.replace("{optimism}", optimism + (units[one] if share else ""))
        for one, text in told.items()
    }
    words = {
        "en": {"n_seeds": "seeds", "run_epochs": "epochs, all runs", "spent": "epochs so far"}
        | {path: factor_name(path) for path in factors},
        "zh": {str(column): column_in_chinese(str(column)) for column in trials.columns},
    }
    assert isinstance(finalists.answer, dict)
    return replace(
        finalists,
        kind="search",
        answer={n: f"{told[n]}\n\n{text}" for n, text in finalists.answer.items()},
        figures=[
            _best_so_far(trials, result),
            parallel_coordinates(
                trials,
                factors,
                result.metric,
                higher_is_better=result.higher_is_better,
                title=say("where-looked", n=len(trials), chosen=label),
            ),
            *figures,
            *finalists.figures,
        ],
        tables={
            **finalists.tables,
            **tables,
            "trials": ReportTable(say("trials"), trials, words),
        },
        sections=[section, *finalists.sections],
        seconds=result.seconds,
        n_runs=result.n_runs,
        n_from_store=result.from_store,
    )


def _best_so_far(trials: pd.DataFrame, result: SearchResult) -> Figure:
    """The best score of the trials that trained longest, over what had been spent."""
    ended = trials[trials["epochs"] == trials["epochs"].max()]
    scores = ended[result.metric]
    best = scores.cummax() if result.higher_is_better else scores.cummin()
    line = ended.assign(series="best", x=ended["spent"], mean=best)
    name, value = quantity(result.metric).name, best.iloc[-1]
    reached = f"{value:.2%}" if quantity(result.metric).share else f"{value:.4g}"
    return band_lines(
        line[["series", "x", "mean"]].dropna(subset="mean"),
        name="best-so-far",
        title={
            "en": f"The best {name} found so far reaches {reached}",
            "zh": f"迄今最好的{translate(name, 'zh')}达到 {reached}",
        },
        x_title="epochs spent, all runs together",
        y=quantity(result.metric),
        caption=say("best-so-far"),
        data=trials,
    )
