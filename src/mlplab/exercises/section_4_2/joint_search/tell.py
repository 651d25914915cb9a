"""What the search's runs tell: the best setting, the source's tables, the cost."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

from mlplab.draw import heat_map
from mlplab.exercises.findings import Findings, Results
from mlplab.exercises.section_4_2.joint_search.published_settings import (
    PRINTED,
    PUBLISHED,
    SOURCE_BEST,
    SOURCE_BEST_OF_TWO,
    SOURCE_RATE,
    SOURCE_SECOND,
    beside_figures,
    mean_of,
    published_figure,
    units,
)
from mlplab.exercises.section_4_2.search_table import (
    METRIC,
    Grid,
    grid_of,
    ranked_places,
    table_edges,
)
from mlplab.exercises.told import fresh_values, summary_table
from mlplab.exercises.training_rows import n_train
from mlplab.experiment import Runs
from mlplab.stats import selection_optimism

if TYPE_CHECKING:
    import pandas as pd

    from mlplab.draw import Figure
    from mlplab.specs import Run


def tell(results: Results) -> Findings:
    """Collect what the page says and shows; the chosen one's test score is fresh."""
    table, finalists = results.runs["table"], results.runs["finalists"]
    published = [runs for name, runs in results.runs.items() if name.startswith("published")]
    grid = grid_of(table)
    best = finalists.best(METRIC)
    fresh = best.score_test(seeds=results.profile.pick(5, 10), progress=results.progress)
    beside = beside_figures(published)
    costs = _costs({"table": [table], "published": published, "finalists": [finalists]})
    heat_maps, spreads = _heat_maps(table, grid)
    values: dict[str, Any] = {
        "n_seeds": len(finalists.experiment.seeds),
        "n_finalists": len(finalists.arms),
        "n_settings": int(grid.scores[..., 0].size),
        "n_table_runs": len(table),
        "n_table_seeds": grid.n_seeds,
        "n_failed": grid.failed,
        "n_train_table": n_train(table),
        "n_train": n_train(finalists),
        "n_train_published": n_train(published[0]),
        "epochs": published[0].experiment.base.fit.epochs,
        "n_published": len(beside),
        "n_published_seeds": sorted({len(one.experiment.seeds) for one in published}),
        "n_within": int(beside["in_interval"].sum()),
        "n_in_range": int(beside["in_range"].sum()),
        "seed_range": float((beside["largest"] - beside["least"]).max()),
        "published_best": PUBLISHED[SOURCE_BEST],
        "here_best": mean_of(beside, SOURCE_BEST),
        "published_two": PUBLISHED[SOURCE_BEST_OF_TWO],
        "here_two": mean_of(beside, SOURCE_BEST_OF_TWO),
        "printed_two": PRINTED[SOURCE_BEST_OF_TWO],
        "published_second": PUBLISHED[SOURCE_SECOND],
        "printed_second": PRINTED[SOURCE_SECOND],
        "here_second": mean_of(beside, SOURCE_SECOND),
        "chosen": _setting(finalists, best.arm.label),
        "chosen_is_source": _is_source_best(best.arm.run),
        "chosen_valid": best.mean,
        "candidates": [
            _setting(finalists, str(label)) for label in _candidates(results, best.candidates)
        ],
        "optimism": best.optimism,
        "table_optimism": selection_optimism(grid.scores.reshape(-1, grid.n_seeds)).optimism,
        **fresh_values(fresh),
        "run_epochs": int(costs["run_epochs"].sum()),
        "flop": float(costs["flop"].sum()),
        "seconds": float(costs["seconds"].sum()),
        "source_run_epochs": 2 * 5 * 5 * 6 * 10,
        "source_epochs": 10,
        **spreads,
    }
    tables = {
        "finalists": summary_table({"": finalists}, [METRIC, "test_accuracy"]),
        "published": _in_words(beside),
        "cost": costs,
    }
    figures = (*heat_maps, published_figure(published, beside))
    return Findings(values, figures, tables, edges=table_edges(grid_of(table)))


def _candidates(results: Results, otherwise: Sequence[str]) -> Any:
    return results.verdicts["best"].details.get("candidates", otherwise)


def _in_words(beside: pd.DataFrame) -> pd.DataFrame:
    answers = {True: "yes", False: "no"}
    return beside.assign(**{n: beside[n].map(answers) for n in ("in_interval", "in_range")})


def _is_source_best(run: Run) -> bool:
    """Whether a run has the source's best setting, whatever its first weights."""
    return (run.mlp.hidden, run.fit.batch_size, run.optim.lr) == (*SOURCE_BEST, SOURCE_RATE)


def _setting(runs: Runs, label: str) -> dict[str, Any]:
    run = runs.experiment.find(label).run
    return {
        "units": units(run.mlp.hidden),
        "width": run.mlp.hidden[0],
        "layers": len(run.mlp.hidden),
        "batch": run.fit.batch_size,
        "rate": run.optim.lr,
        "epochs": run.fit.epochs,
        "published": run.mlp.init.kind == "normal",
    }


def _costs(stages: Mapping[str, Sequence[Runs]]) -> pd.DataFrame:
    import pandas as pd

    rows = []
    for name, parts in stages.items():
        ended = [one for runs in parts for one in runs.outcomes.values()]
        rows.append(
            {
                "stage": name,
                "runs": len(ended),
                "run_epochs": sum(one.epochs for one in ended),
                "flop": sum(float(runs.experiment.cost().flop) for runs in parts),
                "seconds": sum(one.seconds for one in ended),
            }
        )
    return pd.DataFrame(rows)


def _heat_maps(table: Runs, grid: Grid) -> tuple[tuple[Figure, ...], dict[str, Any]]:
    """Draw the table around its best setting; and how far the best pairs lie above the median."""
    top = grid.setting(ranked_places(grid)[0])
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
        float(part.groupby("arm")[METRIC].mean().pipe(lambda m: m.max() - m.median()))
        for part in (frame[same_net], frame[same_fit])
    )
    maps = (
        heat_map(
            frame[same_net],
            "fit.batch_size",
            "optim.lr",
            METRIC,
            chosen=(top["batch size"], top["rate"]),
            name="rate-and-batch-size",
        ),
        heat_map(
            frame[same_fit],
            "width",
            "layers",
            METRIC,
            chosen=(top["width"], top["layers"]),
            name="width-and-depth",
        ),
    )
    spreads = {"spread_fit": spread_fit, "spread_net": spread_net, "top_epoch": top["epochs"]}
    return maps, spreads
