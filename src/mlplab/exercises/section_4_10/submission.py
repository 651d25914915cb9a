"""A submission for the house prices: made of runs on all rows, checked, as a file's content."""

from __future__ import annotations

import tempfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from mlplab.data.house_prices import TARGET
from mlplab.exercises.section_4_10.tables import houses
from mlplab.experiment import Runs
from mlplab.experiment.progress import ProgressCallback
from mlplab.experiment.weights import run_weights

Array = NDArray[np.float64]
NAME = "submission.csv"


def ensemble_outputs(runs: Runs, inputs: Array, progress: ProgressCallback | None = None) -> Array:
    """Return what each run of an experiment with one arm says of further rows, (R, N).

    Weights that were not kept are trained again, to the same bits.
    """
    blobs = run_weights(runs.cells, runs, progress)
    outputs: list[Any] = [
        runs.setup.backend.predict(cell.run, blob, inputs.astype(np.float32), 1.0)
        for cell, blob in zip(runs.cells, blobs, strict=True)
    ]
    return np.stack([np.asarray(one, np.float64)[:, 0] for one in outputs])


def submission(prices: Array) -> tuple[bytes, int]:
    """Return a submission's content and its number of rows, as `check_submission` counts them.

    Raises:
        DataError: not one finite price above 0 for each row without a price.
    """
    from mlplab.tabular import check_submission, write_submission

    ids = houses().test["Id"].tolist()
    with tempfile.TemporaryDirectory() as folder:
        path = write_submission(Path(folder) / NAME, ids, prices, target=TARGET, positive=True)
        n_rows = check_submission(path, ids, target=TARGET, positive=True)
        return path.read_bytes(), n_rows


def mean_price(outputs: Array, to_price: Callable[[Array], Array]) -> Array:
    """Return one price per row: the geometric mean of what the runs say, (N,)."""
    logs = np.log(np.maximum(to_price(outputs), 1.0))
    return np.asarray(np.exp(logs.mean(axis=0)))
