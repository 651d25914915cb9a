"""What the page shows: losses by epoch from each start, and where they end."""

from __future__ import annotations

from typing import Any

from mlplab.draw import learning_curves
from mlplab.exercises.findings import Findings, Results
from mlplab.exercises.told import means, summary_table
from mlplab.exercises.training_rows import n_train
from mlplab.exercises.uncertainty_bands import T_BAND
from mlplab.experiment import Runs


def tell(results: Results) -> Findings:
    """Collect what the page says and shows."""
    runs = results.runs
    values: dict[str, Any] = {
        "n_seeds": len(runs["softmax"].experiment.seeds),
        "epochs": runs["softmax"].experiment.base.fit.epochs,
        "n_rows": n_train(runs["softmax"]),
        "softmax_test": _by_init(runs["softmax"], "test_accuracy"),
        "softmax_train": _by_init(runs["softmax"], "train_loss"),
        "hidden_test": _by_init(runs["hidden layer"], "test_accuracy"),
        "linear_train": _by_init(runs["linear"], "train_loss"),
        "surplus_test_rmse": _by_init(runs["surplus"], "test_rmse"),
    }
    figures = tuple(
        learning_curves(
            runs[name].frame(), "train_loss", by="net.init", band=T_BAND, name=figure, log_y=log_y
        )
        for name, figure, log_y in (
            ("softmax", "softmax-loss", False),
            ("hidden layer", "hidden-loss", False),
            ("linear", "linear-loss", True),
        )
    )
    tables = {
        "ends": summary_table(
            {name: runs[name] for name in ("softmax", "hidden layer")},
            ["train_loss", "test_accuracy"],
        ),
        "linear": summary_table(
            {name: runs[name] for name in ("linear", "surplus")}, ["train_loss", "test_rmse"]
        ),
    }
    return Findings(values, figures, tables)


def _by_init(runs: Runs, metric: str) -> dict[str, float]:
    """The means by kind of start: equal, zero, drawn."""
    names = {"constant": "equal", "zeros": "zero", "normal": "drawn"}
    found = means(runs, metric)
    return {names[arm.run.mlp.init.kind]: found[arm.label] for arm in runs.arms}
