"""What the activations' runs tell: values for the text, figures, tables."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from mlplab.draw import critical_differences, learning_curves, metric_by_factor
from mlplab.exercises.findings import Findings, Results
from mlplab.exercises.grid_edges import edges_of
from mlplab.exercises.told import means, summary_table
from mlplab.exercises.training_rows import n_train
from mlplab.exercises.uncertainty_bands import T_BAND

if TYPE_CHECKING:
    import pandas as pd


_PRINTED_LOSS, _SOURCE_EPOCHS = 0.5010, 10  # of sigmoid, from one run on all images


def tell(results: Results) -> Findings:
    """Collect what the page says and shows."""
    import pandas as pd

    same, rates, own = (results.runs[name] for name in ("same rate", "rates", "own rate"))
    usual_rate = float(same.experiment.base.optim.lr)
    frame = same.frame(last=True)
    test = frame.groupby("net.activation")["test_accuracy"].mean()
    own_frame = own.frame(last=True)
    usual = (own_frame["net.activation"] == "relu") & (own_frame["optim.lr"] == usual_rate)
    tuned = own_frame[~usual] if len(own.arms) > test.size else own_frame
    own_test = tuned.groupby("net.activation")["test_accuracy"].mean()
    own_rate = tuned.groupby("net.activation")["optim.lr"].first()
    values: dict[str, Any] = {
        "n_seeds": len(same.experiment.seeds),
        "epochs": same.experiment.base.fit.epochs,
        "n_train": n_train(same),
        "rate": usual_rate,
        "sigmoid_loss": means(same, "train_loss")["activation=sigmoid"],
        "source_loss": _PRINTED_LOSS,
        "source_epochs": _SOURCE_EPOCHS,
        "n_rate_seeds": len(rates.experiment.seeds),
        "spread": float(test.max() - test.min()),
        "own_spread": float(own_test.max() - own_test.min()),
        **_ends(tuned),
    }
    for name in ("relu", "tanh", "sigmoid", "gelu"):
        values[f"test_{name}"] = float(test[name])
        values[f"own_{name}_accuracy"] = float(own_test[name])
        values[f"rate_{name}"] = float(own_rate[name])
    both = [frame.assign(rate="0.1 for all"), tuned.assign(rate="each its own")]
    by_activation = metric_by_factor(
        pd.concat(both, ignore_index=True),
        "net.activation",
        "test_accuracy",
        series="rate",
        band=T_BAND,
        name="accuracy-by-activation",
    )
    course = same.frame()
    curves = learning_curves(
        course[course["net.activation"].isin(("relu", "tanh", "sigmoid", "gelu"))],
        "train_loss",
        by="net.activation",
        band=T_BAND,
        name="training-loss",
    )
    apart = critical_differences(
        tuned,
        "valid_accuracy",
        by="net.activation",
        n_test=len(own.experiment.data.split(0, own.experiment.base.rows).valid),
        name="told-apart",
    )
    table = summary_table(
        {"same rate": same, "own rate": own}, ["train_loss", "valid_accuracy", "test_accuracy"]
    )
    edges = edges_of(results.runs["rates"], ["net.activation"])
    figures = (by_activation, apart, curves)
    return Findings(values, figures, {"by-activation": table}, edges=edges)


def _ends(tuned: pd.DataFrame) -> dict[str, str]:
    """The activations with the highest and the lowest validation accuracy of those that ended."""
    lost = tuned.loc[tuned["status"].ne("finished"), "net.activation"]
    sound = tuned[~tuned["net.activation"].isin(lost)]
    ranked = sound.groupby("net.activation")["valid_accuracy"].mean().sort_values()
    return {"lowest": str(ranked.index[0]), "highest": str(ranked.index[-1])}
