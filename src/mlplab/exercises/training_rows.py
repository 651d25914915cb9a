"""How many examples runs were trained on."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from mlplab.experiment import Runs


def n_train(runs: Runs) -> int:
    """Return the training rows of an experiment's base run."""
    return len(runs.experiment.data.split(0, runs.experiment.base.rows).train)
