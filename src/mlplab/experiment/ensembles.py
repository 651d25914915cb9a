"""Ensembles of an arm's runs: what their mean says of examples, and how right it is."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any, final

import numpy as np
from numpy.typing import ArrayLike, NDArray

from mlplab.errors import ConfigError, DataError, StoreError
from mlplab.experiment.arms import Arm
from mlplab.experiment.design import Cell
from mlplab.experiment.progress import ProgressOption
from mlplab.experiment.results import Results
from mlplab.experiment.weights import run_weights
from mlplab.reading import read_whole


@final
@dataclass(frozen=True, eq=False, repr=False, slots=True)
class Ensembles:
    """Disjoint ensembles of an arm's runs, independent repetitions of one; see `Runs.ensembles`.

    Attributes:
        seeds: of the members of each.
    """

    seeds: tuple[tuple[int, ...], ...]
    _cells: tuple[tuple[Cell, ...], ...] = field(repr=False)
    _results: Results = field(repr=False)

    def __len__(self) -> int:
        return len(self.seeds)

    def __repr__(self) -> str:
        arm = self._cells[0][0].arm.label
        return f"Ensembles({len(self)} of {len(self.seeds[0])} runs of {arm!r})"

    def predict(
        self, X: ArrayLike, *, samples: int = 0, progress: ProgressOption = True
    ) -> NDArray[np.float64]:
        """Return what each ensemble says of new examples, (E, N, C) or (E, N, O).

        See `Best.predict`, which is this of all seeds together.

        Raises:
            ConfigError: samples of a network without noise, or fewer than 0; a run that diverged.
            DataError: X does not fit the task, or is not finite.
        """
        from scipy.special import softmax

        results = self._results
        task, backend = results.experiment.data, results.setup.backend
        inputs = _checked(X, task.n_features)
        total = np.zeros((len(self), len(inputs), task.n_outputs))
        for mean, cells in zip(total, self._cells, strict=True):
            for cell, blob in zip(cells, run_weights(cells, results, progress), strict=True):
                given = cell.run, blob, inputs, task.input_scale
                outputs = (
                    backend.predict_samples(*given, samples) if samples else backend.predict(*given)
                )
                scores = np.asarray(outputs, dtype=np.float64)
                if scores.shape[-1] != task.n_outputs:
                    raise StoreError(
                        f"run {cell.key}: its stored weights give {scores.shape[-1]} outputs; "
                        f"expected {task.n_outputs}"
                    )
                scores = softmax(scores, axis=-1) if task.kind == "classification" else scores
                mean += scores.mean(0) if samples else scores
            mean /= len(cells)
        return total

    def score_test(self, *, progress: ProgressOption = True) -> NDArray[np.float64]:
        """Score each ensemble on the test split, (E,): one logged look.

        Of classes the accuracy of the mean probabilities, of numbers the RMSE of the mean output.
        `stats.mean_interval` gives the interval of their mean over fresh ensembles.

        Raises:
            ConfigError: the task has no test split, or a run diverged.

        Cost: a forward pass per run.
        """
        results = self._results
        task = results.experiment.data
        if not task.n_test:
            raise ConfigError(f"score_test: {task.name} has no test split")
        rows = task.test_rows("score ensembles")
        said = self.predict(task.inputs[rows], progress=progress)
        n_runs, title = sum(map(len, self.seeds)), results.experiment.title
        results.setup.store.log_look("test", "score of disjoint ensembles", title, n_runs, False)
        if task.kind == "classification":
            return np.asarray((said.argmax(axis=2) == task.targets[rows]).mean(axis=1))
        return np.asarray(np.sqrt(np.square(said - task.targets[rows]).mean(axis=(1, 2))))


def ensembles_of(results: Results, arm: Arm, size: int | None = None) -> Ensembles:
    """Return an arm's runs in disjoint ensembles, in the order of their seeds; None is one of all.

    Raises:
        ConfigError: no whole number, or more members than the arm has runs.
    """
    cells = results.cells.of_arm(arm)
    n = len(cells) if size is None else read_whole("size", size)
    if n > len(cells):
        raise ConfigError(f"size: expected at most the {len(cells)} runs of the arm; got {n}")
    parts = tuple(tuple(cells[i : i + n]) for i in range(0, len(cells) - n + 1, n))
    seeds = tuple(tuple(cell.seed for cell in part) for part in parts)
    return Ensembles(seeds, parts, results)


def _checked(X: ArrayLike, n_features: int) -> NDArray[Any]:
    inputs = np.asarray(X)
    if inputs.ndim != 2 or inputs.shape[1] != n_features:
        raise DataError(f"X: expected (examples, {n_features} features); got shape {inputs.shape}")
    if inputs.dtype.kind not in "biuf":
        raise DataError(f"X: expected numbers; got {inputs.dtype}")
    if inputs.dtype.kind == "f" and not np.isfinite(inputs).all():
        bad = int(np.count_nonzero(~np.isfinite(inputs)))
        raise DataError(f"X: expected finite numbers; {bad} are not")
    return inputs
