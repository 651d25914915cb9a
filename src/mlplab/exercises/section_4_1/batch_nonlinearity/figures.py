"""What is shown of batch norm's dependence on the batch."""

from __future__ import annotations

from typing import TYPE_CHECKING

from mlplab.draw import (
    SEED_RANGE,
    Band,
    Figure,
    Quantity,
    band_lines,
    metric_by_factor,
    spread_strips,
)
from mlplab.exercises.uncertainty_bands import T_BAND

if TYPE_CHECKING:
    import pandas as pd

# Their words stand in the captions.
_RANGE = Band("", SEED_RANGE.of)


def by_size(frame: pd.DataFrame) -> Figure:
    """Draw test accuracy against batch size, a line per norm."""
    return metric_by_factor(
        frame,
        "fit.batch_size",
        "test_accuracy",
        series="norm",
        band=T_BAND,
        name="accuracy-by-batch-size",
        log=True,
    )


def gaps(found: pd.DataFrame) -> Figure:
    """Draw validation accuracy by where mean and variance come from."""
    shown = found[found["norm"] == "batch"].groupby(["series", "size"], sort=False)["accuracy"]
    lines = shown.agg(["mean", "min", "max"]).reset_index()
    return band_lines(
        lines.rename(columns={"size": "x", "min": "low", "max": "high"}),
        name="training-and-evaluation",
        x_title="batch size in training",
        y=Quantity("validation accuracy", True),
        series_title="statistics from",
        log_x=True,
    )


def spread(found: pd.DataFrame) -> Figure:
    """Draw the measured spread over batches beside its first-order approximation."""
    import pandas as pd

    parts = []
    for column, name in (("measured", "measured"), ("law", "first-order approximation")):
        part = found.groupby("size")[column].agg(["mean", "min", "max"]).reset_index()
        parts.append(part.assign(series=name))
    lines = pd.concat(parts, ignore_index=True)
    return band_lines(
        lines.rename(columns={"size": "x", "min": "low", "max": "high"}),
        name="spread-by-batch-size",
        x_title="batch size",
        y=Quantity("spread over batches / spread over images", True),
        series_title="curve",
        log_x=True,
        log_y=True,
    )


def one_image(found: pd.DataFrame) -> Figure:
    """Draw the probability that one image gets in random batches."""
    return spread_strips(
        found,
        "batch size",
        "probability",
        measure=Quantity("probability of the image's class", True),
        band=_RANGE,
        name="one-image",
    )
