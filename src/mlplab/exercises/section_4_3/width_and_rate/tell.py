"""What the grid's runs tell: values for the text, figures, tables."""

from __future__ import annotations

from typing import Any

from mlplab.draw import heat_map, metric_by_factor
from mlplab.exercises.findings import Findings, Results
from mlplab.exercises.grid_edges import edges_of
from mlplab.exercises.told import fresh_values, summary_table
from mlplab.exercises.training_rows import n_train
from mlplab.exercises.uncertainty_bands import T_BAND
from mlplab.experiment import Runs

_PRINTED = 0.8533
"""Test accuracy that the source's code printed for 512 units at rate 0.1, as its best."""


def tell(results: Results) -> Findings:
    """Collect what the page says and shows; the chosen one's test score is fresh."""
    grid, hot, finalists = (results.runs[name] for name in ("grid", "hot", "finalists"))
    hot_failed, cool_failed = hot.failures().values()
    hottest = hot.table.outcomes(hot.arms[0])
    best = finalists.best("valid_accuracy")
    fresh = best.score_test(seeds=results.profile.pick(5, 10), progress=results.progress)
    frame = grid.frame(last=True)
    frame["width"] = frame["net.hidden"].astype(int)
    diverged = frame[frame["status"] == "diverged"]
    depths = results.runs["depths"].frame(last=True)
    layers = {arm.label: len(arm.run.mlp.hidden) for arm in results.runs["depths"].arms}
    depths["layers"] = depths["arm"].map(layers)
    by_depth = depths.groupby("layers")
    accuracy, rates = by_depth["test_accuracy"].mean(), by_depth["optim.lr"].first()
    values: dict[str, Any] = {
        "n_seeds": len(finalists.experiment.seeds),
        "n_grid_seeds": len(grid.experiment.seeds),
        "n_arms": len(grid.arms),
        "n_runs": len(grid),
        "n_finalists": len(finalists.arms),
        "epochs": grid.experiment.base.fit.epochs,
        "n_train": n_train(grid),
        "n_diverged": len(diverged),
        "least_diverging": float(diverged["optim.lr"].min()) if len(diverged) else float("nan"),
        "n_hot": len(hot.experiment.seeds),
        "n_hot_diverged": sum(one.status == "diverged" for one in hottest.values()),
        "n_hot_failed": hot_failed.failures,
        "n_cool_failed": cool_failed.failures,
        "chosen_width": best.arm.run.mlp.hidden[0],
        "chosen_rate": best.arm.run.optim.lr,
        "chosen_valid": best.mean,
        "candidates": [_setting(finalists, label) for label in best.candidates],
        **fresh_values(fresh),
        "printed_test": _PRINTED,
        "depths": [
            {"layers": n, "rate": float(rates[n]), "test": float(accuracy[n])}
            for n in sorted(layers.values())
        ],
        "deepest": max(layers.values()),
        "deepest_gain": float(accuracy[max(layers.values())] - accuracy[1]),
    }
    by_width = heat_map(
        frame,
        "optim.lr",
        "width",
        "valid_accuracy",
        chosen=(values["chosen_rate"], values["chosen_width"]),
        name="width-and-rate",
    )
    final = finalists.frame(last=True)
    final["setting"] = [
        f"{width}, {rate:g}"
        for width, rate in zip(final["net.hidden"], final["optim.lr"], strict=True)
    ]
    shown = metric_by_factor(final, "setting", "valid_accuracy", band=T_BAND, name="finalists")
    by_layers = metric_by_factor(
        depths, "layers", "test_accuracy", band=T_BAND, name="accuracy-by-layers"
    )
    tables = {
        "finalists": summary_table({"": finalists}, ["valid_accuracy", "test_accuracy"]),
        "depths": summary_table(
            {"": results.runs["depths"]}, ["train_loss", "valid_accuracy", "test_accuracy"]
        ),
        "grid": summary_table({"": grid}, ["train_loss", "valid_accuracy"]),
    }
    edges = (*edges_of(grid, []), *edges_of(results.runs["layers"], ["net.hidden"]))
    return Findings(values, (by_width, shown, by_layers), tables, edges=edges)


def _setting(runs: Runs, label: str) -> dict[str, Any]:
    run = runs.experiment.find(label).run
    return {"width": run.mlp.hidden[0], "rate": run.optim.lr}
