"""How much mates move what trained networks say of an image."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from mlplab.data import Task
from mlplab.exercises.profile import Profile
from mlplab.experiment import Runs
from mlplab.experiment.declaration import Declaration
from mlplab.experiment.design import Cell
from mlplab.experiment.progress import ProgressCallback
from mlplab.experiment.weights import run_weights, unpack_weights
from mlplab.specs import Run
from mlplab.specs.keyed import philox
from mlplab.theory.batch_dependence import NormedNet, scores_among_mates, spread_of_first_order

if TYPE_CHECKING:
    import pandas as pd

SIZES = (2, 4, 8, 16, 32, 64, 128, 256)
_N_EXAMPLES = 100
_N_BATCHES = 100

Labelled = tuple[NDArray[np.float64], NDArray[np.int64]]


@dataclass(frozen=True, eq=False)
class Member:
    """One trained network with a norm, and the images of its seed.

    Attributes:
        run: what was trained.
        norm: `batch` or `layer`.
        net: its weights.
        task: the data.
    """

    run: Run
    norm: str
    net: NormedNet
    task: Task

    @property
    def size(self) -> int:
        """Of the batches it was trained in."""
        return self.run.fit.batch_size

    @property
    def seed(self) -> int:
        """Of the run."""
        return self.run.seed

    @cached_property
    def valid(self) -> Labelled:
        """What the norm gets of validation images, (N, U), and their classes."""
        return self._labelled(self.task.split(self.seed, self.run.rows).valid)

    @property
    def train(self) -> Labelled:
        """The same of training images."""
        return self._labelled(self.task.split(self.seed, self.run.rows).train)

    def _labelled(self, rows: NDArray[Any]) -> Labelled:
        inputs = np.asarray(self.task.inputs[rows], dtype=np.float64) * self.task.input_scale
        return self.net.values(inputs), np.asarray(self.task.targets[rows], dtype=np.int64)


def cells_looked_into(
    cells: Sequence[Cell], experiment: Declaration, profile: Profile
) -> list[Cell]:
    """Return the first seeds' runs with a norm that the exercise looks into."""
    seeds = experiment.seeds[: profile.pick(2, 3)]
    return [cell for cell in cells if cell.seed in seeds and _looked_into(cell.run)]


def members(runs: Runs, profile: Profile, progress: ProgressCallback | None = None) -> list[Member]:
    """Return the first seeds' finished networks with a norm that the exercise looks into.

    These are batch norm's at every batch size, and layer norm's at 64. Weights that were not
    kept are trained again, to the same bits.
    """
    wanted = [
        cell
        for cell in cells_looked_into(runs.cells, runs.experiment, profile)
        if runs.outcomes[cell.key].status == "finished"
    ]
    blobs = run_weights(wanted, runs, progress)
    return [
        Member(
            cell.run,
            str(cell.run.value("net.norm")),
            NormedNet.of(cell.run, unpack_weights(blob)),
            runs.experiment.data,
        )
        for cell, blob in zip(wanted, blobs, strict=True)
    ]


def _looked_into(run: Run) -> bool:
    norm = run.value("net.norm")
    return bool(norm == "batch" or (norm == "layer" and run.fit.batch_size == 64))


def in_random_batches(one: Member, size: int) -> float:
    """Return the accuracy on validation images that are normalised in random batches.

    Images are taken in a random order, and again in another one until the last batch is full.
    """
    z, classes = one.valid
    rng = philox(one.seed, "random batches", size)
    n = -(-len(z) // size) * size
    order = np.concatenate([rng.permutation(len(z)) for _ in range(-(-n // len(z)))])[:n]
    scores = one.net.in_batches(z[order].reshape(-1, size, z.shape[1]))
    return float((scores.argmax(2) == classes[order].reshape(-1, size)).mean())


def wander(one: Member) -> pd.DataFrame:
    """Return, by batch size, how much scores of the same images differ over random batches.

    Columns: size, measured (standard deviation over batches as a share of that over images),
    law (the same by first order), flips (chance that two random batches give an image two
    classes).
    """
    import pandas as pd

    z, _ = one.valid
    examples = z[:_N_EXAMPLES]
    # Scores have no unit of their own: spreads are shares of that over images.
    unit = one.net.settled(z, z).var(0).mean() ** 0.5
    law = (spread_of_first_order(one.net, examples, z) ** 2).mean() ** 0.5
    rows = []
    for size in SIZES:
        scores = scores_among_mates(one.net, examples, z, size, _N_BATCHES, one.seed)
        shares = (scores.argmax(2)[..., None] == np.arange(scores.shape[2])).mean(0)
        rows.append(
            {
                "size": size,
                "seed": one.seed,
                "measured": scores.var(0, ddof=1).mean() ** 0.5 / unit,
                "law": law / size**0.5 / unit,
                "flips": (1 - (shares**2).sum(1)).mean(),
            }
        )
    return pd.DataFrame(rows)
