"""Sizes of activations and gradients at the first weights, as a tidy table for figures."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING

from mlplab.exercises.charts import line_chart
from mlplab.specs import Run

if TYPE_CHECKING:
    import pandas as pd

    from mlplab.data import Task
    from mlplab.draw import Figure


def signal_frame(runs: Mapping[str, Run], task: Task, n_seeds: int = 3) -> pd.DataFrame:
    """Return the sizes of activations and gradients by layer at the first weights, tidy.

    Columns: what (`activation` or `gradient`), series, x (layer from 1), mean, low, high (least
    and largest over seeds).
    """
    import numpy as np
    import pandas as pd

    from mlplab.specs import TaskRef
    from mlplab.theory import signal

    ref = TaskRef(**task.spec())
    rows = []
    for name, run in runs.items():
        found = [signal(run.replace(seed=s, task=ref), task, 512) for s in range(n_seeds)]
        for what in ("activation", "gradient"):
            sizes = np.array(
                [one.variance**0.5 if what == "activation" else one.weight_gradient
                 for one in found]
            )  # fmt: skip
            for layer, column in enumerate(sizes.T, start=1):
                rows.append((what, name, layer, column.mean(), column.min(), column.max()))
    return pd.DataFrame(rows, columns=["what", "series", "x", "mean", "low", "high"])


def signal_figures(signals: pd.DataFrame) -> tuple[Figure, ...]:
    """Draw the sizes of a `signal_frame` by layer, those of activations and of gradients."""
    units = {
        "activation": "standard deviation over examples",
        "gradient": "root mean square of the weights' gradient",
    }
    return tuple(
        line_chart(
            signals[signals["what"] == what].drop(columns="what"),
            f"{what}-by-layer",
            x_title="layer (the last one gives the outputs)",
            y=unit,
            series_title="initialisation",
            log_y=True,
        )
        for what, unit in units.items()
    )
