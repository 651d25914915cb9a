"""What the page shows: errors by width, over epochs, and by both."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from mlplab.draw import Quantity, heat_map, metric_by_factor
from mlplab.exercises.beyond.double_descent.design import (
    NARROW,
    NARROWEST,
    NOISES,
    THRESHOLD,
    WIDE,
)
from mlplab.exercises.beyond.double_descent.measure import BEST, LAST, PEAK, errors
from mlplab.exercises.charts import line_chart
from mlplab.exercises.findings import Findings, Results
from mlplab.exercises.told import summary_table
from mlplab.exercises.training_rows import n_train
from mlplab.exercises.uncertainty_bands import T_BAND

if TYPE_CHECKING:
    import pandas as pd

    from mlplab.draw import Figure
    from mlplab.experiment import Runs

_SHOWN = (1, 2, 3, 5, 8, 10, 15, 20, 30, 50, 70, 100, 150, 200, 300)
_FITS = 0.01  # training errors below count as none
_POINTS = {"narrow": NARROW, "peak": THRESHOLD, "wide": WIDE}


def tell(results: Results) -> Findings:
    """Collect what the page says and shows."""
    many = results.runs["many"]
    data, base = many.experiment.data, many.experiment.base
    long = results.runs["long"]
    course = errors(long, WIDE)
    mean = course.mean(axis=0)
    stop = int(mean[1:].argmin()) + 1
    values: dict[str, Any] = {
        "n_seeds": len(many.experiment.seeds),
        "n_train": n_train(many),
        "n_test": data.n_test,
        "epochs": base.fit.epochs,
        "n_long": len(long.experiment.seeds),
        "long_epochs": long.experiment.base.fit.epochs,
        "n_weights": _n_weights(data.n_features, THRESHOLD, data.n_outputs),
        "stop": stop,
        "stop_error": float(mean[stop]),
    }
    for part, (start, end) in {"best": BEST, "high": PEAK, "last": LAST}.items():
        values[f"epoch_{part}"] = (start + end - 1) // 2
        values[f"course_{part}"] = float(course[:, start:end].mean())
    for part in ("narrow", "peak"):
        early = errors(many, _POINTS[part])[:, slice(*BEST)]
        values[f"{part}_early"] = float(early.mean())
    for name in ("none", "many"):
        frame = _with_errors(results.runs[name], last=True)
        by_width = frame.groupby("net.hidden")[["train_error_rate", "test_error_rate"]].mean()
        for part, width in _POINTS.items():
            values[f"{name}_{part}"] = float(by_width["test_error_rate"][width])
            values[f"{name}_{part}_train"] = float(by_width["train_error_rate"][width])
        fits = by_width.index[by_width["train_error_rate"] < _FITS]
        values[f"{name}_fits"] = int(fits.min()) if len(fits) else 0
        values["widest"] = int(by_width.index.max())
        values[f"{name}_widest"] = float(by_width["test_error_rate"].iloc[-1])
        values[f"{name}_narrowest"] = float(by_width["test_error_rate"][NARROWEST])
        values[f"{name}_least"] = float(by_width["test_error_rate"].min())
    settings = {
        f"{100 * rate:g} %": results.runs[name]
        for name, rate in NOISES.items()
        if name in results.runs
    }
    table = summary_table(settings, ["train_accuracy", "test_accuracy"], "replaced")
    figures = (
        _by_width(settings, "test_error_rate", "test-error-by-width"),
        _by_width(settings, "train_error_rate", "training-error-by-width"),
        _over_epochs(many, long),
        _by_both(many),
    )
    return Findings(values, figures, {"accuracy": table})


def _n_weights(n_features: int, width: int, n_outputs: int) -> int:
    return (n_features + 1) * width + (width + 1) * n_outputs


def _with_errors(runs: Runs, *, last: bool) -> pd.DataFrame:
    frame = runs.frame(last=last)
    return frame.assign(
        train_error_rate=1 - frame["train_accuracy"], test_error_rate=1 - frame["test_accuracy"]
    )


def _by_width(settings: dict[str, Runs], metric: str, name: str, *, log_y: bool = False) -> Figure:
    import pandas as pd

    frames = [_with_errors(runs, last=True).assign(replaced=key) for key, runs in settings.items()]
    return metric_by_factor(
        pd.concat(frames, ignore_index=True),
        "net.hidden",
        metric,
        series="replaced",
        band=T_BAND,
        log=True,
        name=name,
    )


def _over_epochs(many: Runs, long: Runs) -> Figure:
    courses = {width: errors(many, width) for width in (NARROW, THRESHOLD)}
    courses[WIDE] = errors(long, WIDE)
    rows = []
    for width, course in courses.items():
        for epoch in (*_SHOWN, *range(400, course.shape[1], 100)):
            if epoch < course.shape[1]:
                numbers = course[:, epoch].tolist()
                rows.append((width, epoch, *T_BAND.of(numbers), len(numbers)))
    return line_chart(
        rows,
        "test-error-over-epochs",
        x_title="epoch",
        y=Quantity("test error rate", share=True),
        band=T_BAND,
        series_title="hidden units",
        log_x=True,
    )


def _by_both(runs: Runs) -> Figure:
    frame = _with_errors(runs, last=False)
    frame = frame[frame["epoch"].isin(_SHOWN)]
    return heat_map(
        frame,
        "epoch",
        "net.hidden",
        "test_error_rate",
        band=T_BAND,
        name="test-error-by-width-and-epoch",
    )
