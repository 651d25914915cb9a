"""What compiled loops measured in some epochs, as the histories and the ends of runs."""

from __future__ import annotations

from array import array
from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from mlplab.engine.score import mean_metrics
from mlplab.engine.training import Training


def note_epochs(
    trainings: Sequence[Training],
    sums: NDArray[np.float64],
    n_rows: Sequence[int],
    test_from: int,
    ended: Sequence[int],
    stopped: Sequence[int],
) -> None:
    """Add the epochs that runs have trained.

    Args:
        trainings: of the same program and epoch, (R,).
        sums: of loss, and of hits of classes, on the three splits, (3, 2, E, R).
        n_rows: of the three splits.
        test_from: the first epoch whose end scores the test split.
        ended: per run, the epoch after which it had diverged, or 0.
        stopped: per run, the epoch after which its patience was over, or 0.
    """
    first, n_epochs = trainings[0].epoch, sums.shape[2]
    counts = "accuracy" if trainings[0].program.classes else "rmse"
    for split, (losses, hits), n in zip(("train", "valid", "test"), sums, n_rows, strict=True):
        if not n:
            continue
        counted = hits if counts == "accuracy" else losses  # of squared errors
        for name, means in mean_metrics(losses.T, counted.T, n, counts).items():
            means[np.isnan(means)] = np.nan  # of one sign, which a checkpoint does not keep
            for training, values, end, stop in zip(trainings, means, ended, stopped, strict=True):
                values = values[: (end or stop or first + n_epochs) - first]
                if split == "test":  # a run whose patience is over is tested then, too
                    values[: max(0, min(test_from - first, len(values) - bool(stop)))] = np.nan
                seen = training.history.setdefault(f"{split}_{name}", array("d"))
                seen.frombytes(values.tobytes())
    for training, end, stop in zip(trainings, ended, stopped, strict=True):
        training.epoch = end or stop or first + n_epochs
        training.record_looks()
        if end:
            training.diverge()
        elif stop or training.epoch == training.run.fit.epochs:
            training.status = "finished"
