"""What the depths' runs tell: values for the text, figures, tables."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from mlplab.draw import Figure, Quantity, band_lines, metric_by_factor
from mlplab.exercises.registry import Findings, Results
from mlplab.exercises.section_4_2.hidden_layers.design import HE, PUBLISHED
from mlplab.exercises.signals import signal_frame
from mlplab.exercises.told import UNTITLED
from mlplab.exercises.training_rows import n_train
from mlplab.exercises.uncertainty_bands import T_BAND
from mlplab.exercises.wording import summary_table
from mlplab.experiment import Runs
from mlplab.specs import MLP

if TYPE_CHECKING:
    import pandas as pd

_NORMAL, _HE = "N(0, 0.01²)", "He"
_NAMES = {"normal": _NORMAL, "he": _HE}


def tell(results: Results) -> Findings:
    """Collect what the page says and shows."""
    one_rate, own = results.runs["one rate"], results.runs["own rate"]
    frame = _with_depth(one_rate)
    frame["initialisation"] = frame["arm"].map(
        {arm.label: _NAMES[arm.run.mlp.init.kind] for arm in one_rate.arms}
    )
    own_frame = _with_depth(own)
    mean = frame.groupby(["initialisation", "layers"])["test_accuracy"].mean()
    own_mean = own_frame.groupby("layers")["test_accuracy"].mean()
    own_rate = own_frame.groupby("layers")["optim.lr"].first()
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
        "own_1": float(own_mean[1]),
        "own_4": float(own_mean[4]),
        "rate_1": float(own_rate[1]),
        "rate_4": float(own_rate[4]),
        "n_stuck": sum(
            count.failures
            for label, count in one_rate.failures().items()
            if one_rate.experiment.find(label).run.mlp.init.kind == "normal"
        ),
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
        title=UNTITLED,
        band=T_BAND,
        name="accuracy-by-depth",
    )
    tables = {
        "by-depth": summary_table(
            {"one rate": one_rate, "own rate": own},
            ["train_loss", "valid_accuracy", "test_accuracy"],
        ),
        "signals": signals,
    }
    return Findings(values, (by_depth, *_signal_figures(signals)), tables)


def _with_depth(runs: Runs) -> pd.DataFrame:
    frame = runs.frame(last=True)
    frame["layers"] = frame["arm"].map({a.label: len(a.run.mlp.hidden) for a in runs.arms})
    return frame


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


def _signal_figures(signals: pd.DataFrame) -> tuple[Figure, ...]:
    units = {
        "activation": Quantity("standard deviation over examples", False),
        "gradient": Quantity("root mean square of the weights' gradient", False),
    }
    return tuple(
        band_lines(
            signals[signals["what"] == what].drop(columns="what"),
            name=f"{what}-by-layer",
            title=UNTITLED,
            x_title="layer (the last one gives the outputs)",
            y=unit,
            series_title="initialisation",
            ordered=False,
            log_y=True,
        )
        for what, unit in units.items()
    )
