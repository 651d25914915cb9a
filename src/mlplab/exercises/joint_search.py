"""What exercise 4.2.4 tells of its runs: the best setting, the source's tables, the cost."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import TYPE_CHECKING, Any

import numpy as np

from mlplab.draw import heat_map
from mlplab.exercises.profile import Profile
from mlplab.exercises.published_settings import (
    PRINTED,
    PUBLISHED,
    SOURCE_BEST,
    SOURCE_BEST_OF_TWO,
    beside_figures,
    mean_of,
    published_figure,
    units,
)
from mlplab.exercises.registry import Findings
from mlplab.exercises.search_table import METRIC, Grid, grid_of
from mlplab.exercises.wording import list_words, summary_table, verdict_values
from mlplab.experiment import Runs
from mlplab.experiment.progress import ProgressCallback
from mlplab.stats import selection_optimism

if TYPE_CHECKING:
    import pandas as pd

    from mlplab.draw import Figure


def ranked_places(grid: Grid) -> list[tuple[int, ...]]:
    """Return every setting of the table at its best epoch, the best mean over seeds first."""
    mean = grid.scores.mean(axis=-1)
    epochs = mean.argmax(axis=-1)
    places = [(*place, int(epochs[place])) for place in np.ndindex(epochs.shape)]
    return sorted(places, key=lambda place: -float(mean[place]))


def tell(
    table: Runs,
    published: Sequence[Runs],
    finalists: Runs,
    profile: Profile,
    progress: ProgressCallback | None = None,
) -> Findings:
    """Collect what the page of 4.2.4 says and shows; the chosen one's test score is fresh."""
    grid = grid_of(table)
    batches, layers = published[0].verdicts()
    is_best, better = finalists.verdicts()
    best = finalists.best(METRIC)
    fresh = best.score_test(seeds=profile.pick(5, 10), progress=progress)
    fresh_low, fresh_high = fresh.interval or (float("nan"), float("nan"))
    flat = grid.scores.reshape(-1, grid.n_seeds)
    chosen_by_table = selection_optimism(flat)
    beside = beside_figures(published)
    candidates = is_best.details.get("candidates", best.candidates)
    assert isinstance(candidates, Sequence)
    costs = _costs({"table": [table], "published settings": published, "finalists": [finalists]})
    run = best.arm.run
    values: dict[str, Any] = {
        "n_seeds": len(finalists.experiment.seeds),
        "n_finalists": len(finalists.arms),
        "n_settings": int(grid.scores[..., 0].size),
        "n_table_runs": len(table),
        "n_table_seeds": grid.n_seeds,
        "n_failed": grid.failed,
        "n_train_table": _n_train(table),
        "n_train": _n_train(finalists),
        "n_train_published": _n_train(published[0]),
        "epochs": published[0].experiment.base.fit.epochs,
        "n_published": len(beside),
        "n_published_seeds": _n_seeds(published),
        "n_within": int(beside["figure inside the interval"].sum()),
        "n_in_range": int(beside["figure inside the range of seeds"].sum()),
        "seed_range": float((beside["largest"] - beside["least"]).max()),
        "published_best": PUBLISHED[SOURCE_BEST],
        "here_best": mean_of(beside, SOURCE_BEST),
        "published_two": PUBLISHED[SOURCE_BEST_OF_TWO],
        "here_two": mean_of(beside, SOURCE_BEST_OF_TWO),
        "printed_two": PRINTED[SOURCE_BEST_OF_TWO],
        "chosen_rate": run.optim.lr,
        "chosen_width": run.mlp.hidden[0],
        "chosen_layers": len(run.mlp.hidden),
        "chosen_batch": run.fit.batch_size,
        "chosen_epochs": run.fit.epochs,
        "chosen_valid": best.mean,
        "candidates": {
            one: list_words([_setting(finalists, str(label), one) for label in candidates], one)
            for one in ("en", "zh")
        },
        "optimism": best.optimism,
        "table_optimism": chosen_by_table.optimism,
        "fresh": fresh.mean,
        "fresh_low": fresh_low,
        "fresh_high": fresh_high,
        "n_fresh": fresh.n_seeds,
        "run_epochs": int(costs["run-epochs"].sum()),
        "flop": float(costs["flop"].sum()),
        "seconds": float(costs["seconds of one core"].sum()),
        "source_run_epochs": 2 * 5 * 5 * 6 * 10,
    }
    for name, verdict in {
        "batches": batches,
        "layers": layers,
        "best": is_best,
        "better": better,
    }.items():
        values |= verdict_values(f"verdict_{name}", verdict)
    figures = (*_heat_maps(table, grid, values), published_figure(published, beside, values))
    tables = {
        "Finalists on fresh seeds": summary_table({"": finalists}, [METRIC, "test_accuracy"]),
        "The source's tables and the same settings here": beside,
        "What it cost": costs,
    }
    return Findings(values, figures, tables)


def _n_seeds(published: Sequence[Runs]) -> str:
    numbers = sorted({len(one.experiment.seeds) for one in published})
    return str(numbers[0]) if len(numbers) == 1 else f"{numbers[0]}–{numbers[-1]}"


def _n_train(runs: Runs) -> int:
    return len(runs.experiment.data.split(0, runs.experiment.base.rows).train)


def _setting(runs: Runs, label: str, language: str) -> str:
    run = runs.experiment.find(label).run
    published = {"en": ", as published", "zh": "，照原答案"}[language]
    mark = published if run.mlp.init.kind == "normal" else ""
    return f"({units(run.mlp.hidden)}, {run.fit.batch_size}, {run.optim.lr:g}{mark})"


def _costs(stages: Mapping[str, Sequence[Runs]]) -> pd.DataFrame:
    import pandas as pd

    rows = []
    for name, parts in stages.items():
        ended = [one for runs in parts for one in runs.outcomes.values()]
        rows.append(
            {
                "stage": name,
                "runs": len(ended),
                "run-epochs": sum(one.epochs for one in ended),
                "flop": sum(float(runs.experiment.cost().flop) for runs in parts),
                "seconds of one core": sum(one.seconds for one in ended),
            }
        )
    return pd.DataFrame(rows)


def _heat_maps(table: Runs, grid: Grid, values: Mapping[str, Any]) -> tuple[Figure, ...]:
    place = ranked_places(grid)[0]
    top = grid.setting(place)
    frame = table.frame()
    # A run that diverged earlier has no row of that epoch: its last one stands for it.
    frame = frame[frame["epoch"] <= top["epochs"]].groupby("key", sort=False).tail(1).copy()
    frame.loc[frame["diverged_epoch"] > top["epochs"], "status"] = "finished"
    hidden = {arm.label: arm.run.mlp.hidden for arm in table.arms}
    frame["width"] = [hidden[label][0] for label in frame["arm"]]
    frame["layers"] = [len(hidden[label]) for label in frame["arm"]]
    same_net = (frame["width"] == top["width"]) & (frame["layers"] == top["layers"])
    same_fit = (frame["optim.lr"] == top["rate"]) & (frame["fit.batch_size"] == top["batch size"])
    spread_fit, spread_net = (
        100 * float(part.groupby("arm")[METRIC].mean().pipe(lambda m: m.max() - m.median()))
        for part in (frame[same_net], frame[same_fit])
    )
    caption = {
        "en": f"{values['n_train_table']:,} training images, epoch {top['epochs']}; the rest as "
        "in the table's best setting.",
        "zh": f"{values['n_train_table']:,} 张训练图像，第 {top['epochs']} 轮；"
        "其余与表中最佳设置相同。",
    }
    maps = (
        heat_map(
            frame[same_net],
            "fit.batch_size",
            "optim.lr",
            METRIC,
            chosen=(top["batch size"], top["rate"]),
            title={
                "en": f"Rate and batch size: the best pair is {spread_fit:.1f} points above the "
                "median pair",
                "zh": f"学习率与批量大小：最佳组合比中位组合高 {spread_fit:.1f} 个百分点",
            },
            caption=caption,
            name="rate-and-batch-size",
        ),
        heat_map(
            frame[same_fit],
            "width",
            "layers",
            METRIC,
            chosen=(top["width"], top["layers"]),
            title={
                "en": f"Width and depth: the best pair is {spread_net:.1f} points above the "
                "median pair",
                "zh": f"宽度与深度：最佳组合比中位组合高 {spread_net:.1f} 个百分点",
            },
            caption=caption,
            name="width-and-depth",
        ),
    )
    return tuple(replace(one, words=_WORDS) for one in maps)


_WORDS = {"width": "宽度", "layers": "层数"}
