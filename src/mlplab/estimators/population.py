"""The networks of an estimator: trained as one population, and asked one by one."""

from __future__ import annotations

import warnings
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field, replace
from typing import Any

import numpy as np
from numpy.typing import NDArray
from sklearn.exceptions import ConvergenceWarning

from mlplab.data import Task
from mlplab.engine import Ended, Progressed, predict
from mlplab.errors import ConfigError
from mlplab.execute import execute
from mlplab.experiment.progress import ProgressCallback, Tally
from mlplab.specs import Run


@dataclass(frozen=True, eq=False)
class Member:
    """One network of an estimator.

    Attributes:
        run: how it was trained, and with which seed.
        weights: safetensors bytes.
        epochs: how many it was trained for.
        history: metric -> its value after each epoch.
    """

    run: Run
    weights: bytes
    epochs: int
    history: dict[str, list[float]] = field(default_factory=dict)

    def outputs(self, inputs: NDArray[Any]) -> NDArray[np.float64]:
        """Return logits or numbers, (N, O), of scaled inputs.

        In float64, whatever it was trained in: a row's outputs then do not depend on its
        companions, to 1e-12 or so.
        """
        from safetensors.numpy import load, save

        exact = {name: one.astype(np.float64) for name, one in load(self.weights).items()}
        return predict(self.run, save(exact), np.asarray(inputs, dtype=np.float64))


def with_output_unit(member: Member, unit: NDArray[np.float64]) -> Member:
    """Return a network whose outputs are this one's times `unit`, (O,)."""
    from safetensors.numpy import load, save

    tensors = load(member.weights)
    last = sum(name.endswith(".weight") for name in tensors) - 1
    for name in (f"layers.{last}.weight", f"layers.{last}.bias"):
        scaled = (tensors[name].T * unit).T
        tensors[name] = np.ascontiguousarray(scaled, dtype=tensors[name].dtype)
    return replace(member, weights=save(tensors))


def train_members(
    runs: Sequence[Run], task: Task, workers: int | None, report: ProgressCallback | None = None
) -> tuple[Member, ...]:
    """Train one network per run, all at once; those that diverge are left out with a warning.

    Args:
        runs: different ones.
        task: what they learn.
        workers: worker processes; None lets the engine choose.
        report: called with a `Progress`.

    Raises:
        ConfigError: a setting does not fit, or every network diverged.
    """
    by_key = {run.key: run for run in runs}
    found: dict[str, Member] = {}
    tally = Tally(report, 0, {run.key: run.fit.epochs for run in runs})
    for event in execute(runs, task, workers=workers, keep_weights=True):
        if isinstance(event, Progressed):
            tally.progressed(event.run_epochs)
        if not isinstance(event, Ended):
            continue
        outcome = event.outcome
        tally.ended(outcome)
        if event.weights is not None:
            history = {name: list(values) for name, values in outcome.history.items()}
            found[outcome.key] = Member(
                by_key[outcome.key], event.weights, outcome.best_epoch or outcome.epochs, history
            )
    tally.show(now=True)
    members = tuple(found[run.key] for run in runs if run.key in found)
    refuse_diverged(len(runs) - len(members), len(runs), runs[0].optim.lr)
    return members


def refuse_diverged(n_diverged: int, n_all: int, lr: float) -> None:
    """Warn of networks that diverged; refuse if none is left."""
    if n_diverged == n_all:
        raise ConfigError(f"lr={lr:g}: every network diverged; try a lower lr, or clip_norm=1")
    if n_diverged:
        warnings.warn(
            f"{n_diverged} of {n_all} networks diverged at lr={lr:g} and were left out",
            ConvergenceWarning,
            stacklevel=4,
        )


def each_output(members: Sequence[Member], inputs: NDArray[Any]) -> Iterator[NDArray[np.float64]]:
    """Yield the outputs of each network, (N, O)."""
    for member in members:
        yield member.outputs(inputs)


def mean_and_spread(
    values: Iterator[NDArray[np.float64]], n: int
) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Return mean and standard deviation (n - 1 below) over networks of what each one says."""
    mean: Any = 0.0
    squares: Any = 0.0
    for k, value in enumerate(values, start=1):
        step = value - mean
        mean = mean + step / k
        squares = squares + step * (value - mean)
    return np.asarray(mean), np.sqrt(np.asarray(squares) / max(n - 1, 1))
