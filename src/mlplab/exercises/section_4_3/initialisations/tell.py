"""What the initialisations' runs tell: values for the text, figures, tables."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from mlplab.draw import metric_by_factor
from mlplab.exercises.findings import Findings, Results
from mlplab.exercises.section_4_3.initialisations.minima import minima
from mlplab.exercises.signals import signal_figures, signal_frame
from mlplab.exercises.told import fresh_values, means, summary_table
from mlplab.exercises.training_rows import n_train
from mlplab.exercises.uncertainty_bands import T_BAND

if TYPE_CHECKING:
    pass

_ROUNDING = 1e-12  # what cancels exactly leaves about 1e-19

_NAMES = {
    "normal": "N(0, 0.01²)",
    "identity": "identity",
    "uniform": "uniform(−1, 1)",
    "xavier": "Xavier",
    "he": "He",
    "orthogonal": "orthogonal",
    "constant": "constant 0.01",
    "zeros": "zeros",
}


def tell(results: Results) -> Findings:
    """Collect what the page says and shows; the chosen one's test score is fresh."""
    runs = results.runs["initialisations"]
    frame = runs.frame(last=True)
    kinds = {arm.label: arm.run.mlp.init.kind for arm in runs.arms}
    frame["initialisation"] = [_NAMES[kinds[label]] for label in frame["arm"]]
    best = runs.best("valid_accuracy")
    fresh = best.score_test(seeds=results.profile.pick(5, 10), progress=results.progress)
    candidates: Any = results.verdicts["identity_all"].details.get("candidates", best.candidates)
    signals = signal_frame(
        {_NAMES[arm.run.mlp.init.kind]: arm.run for arm in runs.arms}, runs.experiment.data
    )
    size = signals.set_index(["what", "series", "x"])["mean"].sort_index()
    he, normal, uniform = (_NAMES[kind] for kind in ("he", "normal", "uniform"))
    last = int(signals["x"].max())
    between, planes = minima(runs, next(label for label, kind in kinds.items() if kind == "he"))
    values: dict[str, Any] = {
        "n_seeds": len(runs.experiment.seeds),
        "epochs": runs.experiment.base.fit.epochs,
        "n_train": n_train(runs),
        "n_ways": len(runs.arms),
        "chosen": _NAMES[best.arm.run.mlp.init.kind],
        "chosen_valid": best.mean,
        "candidates": [_NAMES[kinds[str(label)]] for label in candidates],
        **fresh_values(fresh),
        **{f"test_{kinds[label]}": mean for label, mean in means(runs, "test_accuracy").items()},
        "gradient_ratio": float(size["gradient", he, 1] / size["gradient", normal, 1]),
        "output_small": float(size["activation", he, last] / size["activation", normal, last]),
        "output_wide": float(size["activation", uniform, last] / size["activation", he, last]),
        **between,
    }
    accuracy = metric_by_factor(
        frame,
        "initialisation",
        "test_accuracy",
        band=T_BAND,
        name="accuracy-by-initialisation",
    )
    tables = {
        "by-initialisation": summary_table(
            {"": runs}, ["train_loss", "valid_accuracy", "test_accuracy"]
        ),
        "signals": signals,
    }
    return Findings(
        values, (accuracy, *signal_figures(signals[signals["mean"] > _ROUNDING]), *planes), tables
    )
