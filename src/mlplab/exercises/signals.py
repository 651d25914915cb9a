"""Sizes of activations and gradients at the first weights, as a tidy table for figures."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING

from mlplab.specs import Run

if TYPE_CHECKING:
    import pandas as pd

    from mlplab.data import Task


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
