"""The settings of the source's two tables (4.2.4): its figures beside the same settings here."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING

import numpy as np

from mlplab.draw import metric_by_factor
from mlplab.exercises.uncertainty_bands import T_BAND
from mlplab.experiment import Runs

if TYPE_CHECKING:
    import pandas as pd

    from mlplab.draw import Figure

# hidden layers, batch size -> the test accuracy that the source's two tables give at rate 0.1
PUBLISHED: Mapping[tuple[tuple[int, ...], int], float] = {
    ((32,), 256): 0.8459,
    ((256,), 128): 0.8629,
    ((256,), 64): 0.8769,
    ((256,), 32): 0.8865,
    ((512,), 16): 0.8824,
    ((512, 256), 256): 0.8854,
    ((256, 128), 128): 0.8822,
    ((512, 256), 64): 0.8811,
    ((512, 256), 32): 0.8837,
    ((512, 256), 16): 0.8789,
}
PRINTED = {((512,), 16): 0.8697, ((512, 256), 256): 0.838}
"""What the source's own code printed, once each, beside the tables."""
SOURCE_RATE = 0.1
SOURCE_BEST = ((256,), 32)
SOURCE_SECOND = ((512,), 16)
SOURCE_BEST_OF_TWO = ((512, 256), 256)


def mean_of(beside: pd.DataFrame, setting: tuple[tuple[int, ...], int]) -> float:
    """Return the mean here of hidden layers and batch size."""
    hidden, batch = setting
    found = beside[(beside["hidden"] == units(hidden)) & (beside["batch_size"] == batch)]
    return float(found["test_accuracy"].iloc[0])


def units(hidden: Sequence[int]) -> str:
    """Return hidden layers as tables show them.

    >>> units((512, 256))
    '512-256'
    """
    return "-".join(map(str, hidden))


def beside_figures(published: Sequence[Runs]) -> pd.DataFrame:
    """Return the source's figures beside mean, interval and range of the same settings."""
    import pandas as pd

    rows = []
    found = (
        (runs.experiment.find(one.arm).run, one, values)
        for runs in published
        for one, values in zip(
            runs.summary("test_accuracy"), runs.values("test_accuracy"), strict=True
        )
    )
    for run, one, values in found:
        setting = (run.mlp.hidden, run.fit.batch_size)
        figure = PUBLISHED[setting]
        low, high = one.interval or (float("nan"), float("nan"))
        least, largest = float(np.nanmin(values)), float(np.nanmax(values))
        rows.append(
            {
                "hidden": units(run.mlp.hidden),
                "batch_size": run.fit.batch_size,
                "published": figure,
                "printed": PRINTED.get(setting, float("nan")),
                "test_accuracy": one.mean,
                "low": low,
                "high": high,
                "least": least,
                "largest": largest,
                "in_interval": low <= figure <= high,
                "in_range": least <= figure <= largest,
                "seeds": one.n_seeds,
                "failed": one.n_failed,
            }
        )
    return pd.DataFrame(rows)


def published_figure(published: Sequence[Runs], beside: pd.DataFrame) -> Figure:
    """Draw every seed of every setting, and the source's figure beside them."""
    import pandas as pd

    frame = pd.concat([one.frame(last=True) for one in published], ignore_index=True)
    runs = {cell.key: cell.run for one in published for cell in one.cells}
    frame["setting"] = [
        f"{units(runs[key].mlp.hidden)}, {runs[key].fit.batch_size}" for key in frame["key"]
    ]
    source = pd.DataFrame(
        {
            "setting": [
                f"{hidden}, {batch}"
                for hidden, batch in zip(beside["hidden"], beside["batch_size"], strict=True)
            ],
            "test_accuracy": beside["published"],
            "seed": 0,
            "figures": "the source's tables",
        }
    )
    shown = pd.concat(
        [frame[["setting", "seed", "status", "test_accuracy"]].assign(figures="here"), source],
        ignore_index=True,
    )
    return metric_by_factor(
        shown,
        "setting",
        "test_accuracy",
        series="figures",
        band=T_BAND,
        name="published-settings",
    )
