"""What exercise 4.3.1 tells of its runs: values for the text, figures, tables."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from mlplab.draw import heat_map, metric_by_factor
from mlplab.exercises.profile import Profile
from mlplab.exercises.registry import Findings
from mlplab.exercises.uncertainty_bands import T_BAND
from mlplab.exercises.wording import list_words, summary_table, verdict_values
from mlplab.experiment import Runs
from mlplab.experiment.progress import ProgressCallback


def tell(
    grid: Runs,
    hot: Runs,
    finalists: Runs,
    profile: Profile,
    progress: ProgressCallback | None = None,
) -> Findings:
    """Collect what the page of 4.3.1 says and shows; the chosen one's test score is fresh."""
    is_best, better = finalists.verdicts()
    (heat,) = hot.verdicts()
    best = finalists.best("valid_accuracy")
    fresh = best.score_test(seeds=profile.pick(5, 10), progress=progress)
    low, high = fresh.interval or (float("nan"), float("nan"))
    frame = grid.frame(last=True)
    frame["width"] = frame["net.hidden"].astype(int)
    diverged = frame[frame["status"] == "diverged"]
    candidates = is_best.details.get("candidates", best.candidates)
    assert isinstance(candidates, Sequence)
    values: dict[str, Any] = {
        "n_seeds": len(finalists.experiment.seeds),
        "n_grid_seeds": len(grid.experiment.seeds),
        "n_arms": len(grid.arms),
        "n_runs": len(grid),
        "n_finalists": len(finalists.arms),
        "epochs": grid.experiment.base.fit.epochs,
        "n_train": len(grid.experiment.data.split(0, grid.experiment.base.rows).train),
        "n_diverged": len(diverged),
        "least_diverging": float(diverged["optim.lr"].min()) if len(diverged) else float("nan"),
        "n_hot": len(hot),
        "n_hot_diverged": sum(one.status == "diverged" for one in hot.outcomes.values()),
        "chosen_width": best.arm.run.mlp.hidden[0],
        "chosen_rate": best.arm.run.optim.lr,
        "chosen_valid": best.mean,
        "candidates": list_words([_setting(finalists, str(label)) for label in candidates]),
        "optimism": best.optimism,
        "fresh": fresh.mean,
        "fresh_low": low,
        "fresh_high": high,
        "n_fresh": fresh.n_seeds,
    }
    for name, verdict in {"best": is_best, "better": better, "hot": heat}.items():
        values |= verdict_values(f"verdict_{name}", verdict)
    by_width = heat_map(
        frame,
        "optim.lr",
        "width",
        "valid_accuracy",
        chosen=(values["chosen_rate"], values["chosen_width"]),
        title={
            "en": f"The rate decides, the width refines: the choice is {values['chosen_width']} "
            f"units at rate {values['chosen_rate']:g}",
            "zh": f"学习率定大局，宽度作微调：选中 {values['chosen_width']} 个单元与学习率 "
            f"{values['chosen_rate']:g}",
        },
        name="width-and-rate",
    )
    final = finalists.frame(last=True)
    final["setting"] = [
        f"{width}, {rate:g}"
        for width, rate in zip(final["net.hidden"], final["optim.lr"], strict=True)
    ]
    shown = metric_by_factor(
        final,
        "setting",
        "valid_accuracy",
        title={
            "en": f"On {values['n_seeds']} fresh seeds, these may be the best: "
            f"{values['candidates']}",
            "zh": f"在 {values['n_seeds']} 个新种子上，最佳者可能是：{values['candidates']}",
        },
        band=T_BAND,
        name="finalists",
    )
    tables = {
        "Finalists on fresh seeds": summary_table(
            {"": finalists}, ["valid_accuracy", "test_accuracy"]
        ),
        "The grid": summary_table({"": grid}, ["train_loss", "valid_accuracy"]),
    }
    return Findings(values, (by_width, shown), tables)


def _setting(runs: Runs, label: str) -> str:
    run = runs.experiment.find(label).run
    return f"({run.mlp.hidden[0]}, {run.optim.lr:g})"
