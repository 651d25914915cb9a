"""What the page shows: accuracy by start, spreads, and how rounding tells units apart."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from mlplab.draw import metric_by_factor
from mlplab.exercises.charts import line_chart
from mlplab.exercises.findings import Findings, Results
from mlplab.exercises.section_4_8.other_symmetries.design import (
    DROPOUT,
    N_UNITS,
    NOISE,
    ODD,
    STARTS,
    net,
)
from mlplab.exercises.section_4_8.other_symmetries.networks import AXES
from mlplab.exercises.section_4_8.other_symmetries.spreads import (
    APART,
    Array,
    rounding_spreads,
    trained_spreads,
)
from mlplab.exercises.uncertainty_bands import RANGE_BAND, T_BAND

if TYPE_CHECKING:
    import pandas as pd

    from mlplab.draw import Figure
    from mlplab.experiment import Runs


def tell(results: Results) -> Findings:
    """Collect what the page says and shows."""
    runs = results.runs["units"]
    frame = _last(runs)
    found = trained_spreads(runs)
    rounded = rounding_spreads(results.runs["rounding"])
    mean = frame.groupby(["kind", "start"])["test_accuracy"].mean()
    last = max(epochs for _, epochs in rounded)
    values: dict[str, Any] = {
        "n_seeds": len(runs.experiment.seeds),
        "epochs": runs.experiment.base.fit.epochs,
        "n_units": N_UNITS,
        "odd": ODD,
        "noise": NOISE,
        "rate": DROPOUT,
        "apart": APART,
        "gap": product_gap(N_UNITS),
        "odd_gap": product_gap(ODD),
        "test": {
            kind.split()[0]: {start: float(mean[kind, start]) for start in STARTS} for kind in AXES
        },
        "rounded": {
            kind.split()[0]: {
                "first": float(np.median(rounded[kind, 1])),
                "last": float(np.median(rounded[kind, last])),
            }
            for kind, epochs in rounded
            if epochs == 1
        },
    }
    accuracy = metric_by_factor(
        frame, "kind", "test_accuracy", series="start", band=T_BAND, name="accuracy-by-start"
    )
    return Findings(values, (accuracy, _rounding(rounded)), {"spreads": _table(frame, found)})


def product_gap(n_units: int) -> float:
    """How far outputs of equal units are apart, as a share: rounding of one product of images."""
    import torch

    drawn = torch.Generator().manual_seed(0)
    images, unit = torch.rand(32, 64, generator=drawn), torch.randn(64, generator=drawn)
    outputs = images @ unit.expand(n_units, 64).contiguous().T
    return float((outputs - outputs[:, :1]).abs().max() / outputs.abs().max())


def _last(runs: Runs) -> pd.DataFrame:
    frame = runs.frame(last=True)
    find = runs.experiment.find
    names = {
        find(net(kind, **settings)).label: (kind, start)
        for kind in AXES
        for start, settings in STARTS.items()
    }
    frame["kind"], frame["start"] = zip(*(names[label] for label in frame["arm"]), strict=True)
    return frame


def _rounding(rounded: dict[tuple[str, int], Array]) -> Figure:
    rows = []
    for (kind, epochs), found in rounded.items():
        # Equal bits have no logarithm.
        logs = np.log10(found[found > 0])
        if len(logs):
            rows.append((kind, epochs, *RANGE_BAND.of(logs.tolist()), len(logs)))
    return line_chart(
        rows,
        "rounding-by-epoch",
        x_title="epochs",
        y="log_spread",
        band=RANGE_BAND,
        series_title="units",
    )


def _table(frame: pd.DataFrame, found: dict[tuple[str, str], Array]) -> pd.DataFrame:
    import pandas as pd

    accuracy = frame.groupby(["kind", "start"])["test_accuracy"]
    rows = []
    for (kind, start), spread in found.items():
        numbers = accuracy.get_group((kind, start)).tolist()
        mean, low, high = T_BAND.of(numbers)
        rows.append(
            {
                "kind": kind,
                "start": start,
                "equal_bits": f"{int((spread == 0).sum())} / {len(spread)}",
                "spread": float(np.median(spread)),
                "test_accuracy": mean,
                "test_accuracy low": low,
                "test_accuracy high": high,
            }
        )
    return pd.DataFrame(rows)
