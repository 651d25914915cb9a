"""What the depths' runs tell: values for the text, figures, tables."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from mlplab.draw import metric_by_factor
from mlplab.exercises.findings import Findings, Results
from mlplab.exercises.grid_edges import edges_of
from mlplab.exercises.section_4_2.hidden_layers.design import HE, PUBLISHED
from mlplab.exercises.signals import signal_figures, signal_frame
from mlplab.exercises.told import summary_table
from mlplab.exercises.training_rows import n_train
from mlplab.exercises.uncertainty_bands import T_BAND
from mlplab.experiment import Runs
from mlplab.specs import MLP

if TYPE_CHECKING:
    import pandas as pd

_NORMAL, _HE = "N(0, 0.01²)", "He"
_NAMES = {"normal": _NORMAL, "he": _HE}


def tell(results: Results) -> Findings:
    """Collect what the page says and shows."""
    one_rate, own = results.runs["one rate"], results.runs["own rate"]
    frame, own_frame = _last(one_rate), _last(own)
    mean = frame.groupby(["initialisation", "layers"])["test_accuracy"].mean()
    by_own = own_frame.groupby(["initialisation", "layers"])
    own_mean, own_rate = by_own["test_accuracy"].mean(), by_own["optim.lr"].first()
    signals = _signals(one_rate)
    size = signals.set_index(["what", "series", "x"])["mean"].sort_index()
    deepest = int(signals["x"].max())
    values: dict[str, Any] = {
        "n_seeds": len(one_rate.experiment.seeds),
        "epochs": one_rate.experiment.base.fit.epochs,
        "n_train": n_train(one_rate),
        "published_1": float(mean[_NORMAL, 1]),
        "published_2": float(mean[_NORMAL, 2]),
        "published_4": float(mean[_NORMAL, 4]),
        "he_1": float(mean[_HE, 1]),
        "he_4": float(mean[_HE, 4]),
        **{
            f"{name}_{what}_{depth}": float(table[init, depth])
            for name, init in (("published", _NORMAL), ("he", _HE))
            for what, table in (("own", own_mean), ("rate", own_rate))
            for depth in (1, 4)
        },
        "n_stuck": _stuck(one_rate),
        "n_own_stuck": _stuck(own),
        "n_published": int((frame["initialisation"] == _NORMAL).sum()),
        "shrinks": _ratio(size["activation", _NORMAL], deepest),
        "he_ratio": _ratio(size["activation", _HE], deepest),
        "gradient_ratio": float(size["gradient", _HE, 1] / size["gradient", _NORMAL, 1]),
    }
    by_depth = metric_by_factor(
        frame,
        "layers",
        "test_accuracy",
        series="initialisation",
        band=T_BAND,
        name="accuracy-by-depth",
    )
    at_own = metric_by_factor(
        own_frame,
        "layers",
        "test_accuracy",
        series="initialisation",
        band=T_BAND,
        name="accuracy-at-own-rates",
    )
    tables = {
        "by-depth": summary_table(
            {"one rate": one_rate, "own rate": own},
            ["train_loss", "valid_accuracy", "test_accuracy"],
        ),
        "signals": signals,
    }
    edges = edges_of(results.runs["rates"], ["net.init", "net.hidden"])
    return Findings(values, (by_depth, at_own, *signal_figures(signals)), tables, edges=edges)


def _last(runs: Runs) -> pd.DataFrame:
    frame = runs.frame(last=True)
    nets = {arm.label: arm.run.mlp for arm in runs.arms}
    frame["layers"] = [len(nets[label].hidden) for label in frame["arm"]]
    frame["initialisation"] = [_NAMES[nets[label].init.kind] for label in frame["arm"]]
    return frame


def _stuck(runs: Runs) -> int:
    """Runs from the published weights that never left chance, or diverged."""
    kinds = {arm.label: arm.run.mlp.init.kind for arm in runs.arms}
    return sum(n.failures for label, n in runs.failures().items() if kinds[label] == "normal")


def _ratio(by_layer: pd.Series, deepest: int) -> float:
    return float(by_layer[1] / by_layer[deepest])


def _signals(runs: Runs) -> pd.DataFrame:
    """Sizes by layer of a network with four hidden layers, at both initialisations."""
    base = runs.experiment.base
    inits = {_NORMAL: PUBLISHED, _HE: HE}
    return signal_frame(
        {name: base.replace(net=MLP(hidden=(256,) * 4, init=init)) for name, init in inits.items()},
        runs.experiment.data,
    )
