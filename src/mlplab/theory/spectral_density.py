"""The whole spectrum of finished runs' Hessians, estimated, and its trace."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from mlplab.errors import ConfigError
from mlplab.hints import expected
from mlplab.theory.run_stacks import RunStacks, Split
from mlplab.theory.second_order import MATRICES, Matrix, computing, product_of

if TYPE_CHECKING:
    from mlplab.experiment import Runs
    from mlplab.experiment.arms import Arm
    from mlplab.experiment.design import Cell
    from mlplab.experiment.progress import ProgressOption


@dataclass(frozen=True, eq=False)
class SpectralDensity:
    """Where the eigenvalues of each run's matrix lie, as random probes see it.

    Attributes:
        cells: arm, seed and run, in the order of the experiment.
        matrix: `hessian` or `gauss-newton`.
        nodes: Ritz values, (R, V, M): of V probes, M each; NaN where a run diverged.
        weights: of each node among a probe's, (R, V, M): their sum is 1.
        n_params: numbers that each run learns, (R,): the mean of eigenvalues times it is the trace.
    """

    cells: tuple[Cell, ...]
    matrix: Matrix
    nodes: NDArray[np.float64]
    weights: NDArray[np.float64]
    n_params: NDArray[np.int64]

    @property
    def trace(self) -> NDArray[np.float64]:
        """The sum of all eigenvalues, (R,): Hutchinson's estimate, mean over probes."""
        return np.asarray(self._traces().mean(axis=1))

    @property
    def trace_error(self) -> NDArray[np.float64]:
        """Standard error of `trace` over probes, (R,); NaN of one probe."""
        traces = self._traces()
        n = traces.shape[1]
        if n < 2:
            return np.full(len(traces), np.nan)
        return np.asarray(traces.std(axis=1, ddof=1) / np.sqrt(n))

    def density(self, at: ArrayLike, width: float) -> NDArray[np.float64]:
        """Return the density of eigenvalues at some places, (R, G), each node a normal curve.

        Args:
            at: (G,).
            width: standard deviation of the curves.

        Raises:
            ConfigError: a width that is not above 0.
        """
        if not width > 0:
            raise ConfigError(f"width: expected a number above 0; got {width}")
        places = np.asarray(at, dtype=np.float64)
        apart = (places - self.nodes[..., None]) / width
        curves = np.exp(-(apart**2) / 2) / (width * np.sqrt(2 * np.pi))
        return np.asarray((self.weights[..., None] * curves).sum(axis=2).mean(axis=1))

    def _traces(self) -> NDArray[np.float64]:
        return np.asarray((self.weights * self.nodes).sum(axis=2) * self.n_params[:, None])


def spectral_density(
    runs: Runs,
    *,
    arms: Sequence[Arm | Mapping[str, Any] | str] | None = None,
    matrix: Matrix = "hessian",
    n_probes: int = 4,
    n_products: int = 60,
    n_rows: int | None = 1024,
    split: Split = "train",
    progress: ProgressOption = True,
) -> SpectralDensity:
    """Estimate the density of all eigenvalues of each run's matrix, and its trace.

    Stochastic Lanczos quadrature: for a probe v of random signs, v^T f(A) v is on average the sum
    of f over all eigenvalues; Lanczos's method from v gives the nodes and weights of a Gauss rule
    for it. For the loss that is meant, and for kinks, see `curvature`.

    Args:
        runs: finished, of MLPs; weights that were not kept are trained again.
        arms: their labels, or factor values over the base's; None is all.
        matrix: `hessian` or `gauss-newton`.
        n_probes: random vectors; the error of the trace falls with their root.
        n_products: of each probe: nodes of its rule.
        n_rows: of the split, the first ones; None is all.
        split: `train` or `valid`.
        progress: while weights are trained again.

    Raises:
        ConfigError: a module, a word that is not known, no rows, no probe, or more products than
            the smallest network has numbers.

    Cost: n_probes x n_products products, each about twice a gradient, all runs at once.

    Source: Ghorbani, Krishnan and Xiao (2019), arXiv 1901.10159; Hutchinson (1989).

    >>> from mlplab.experiment import Experiment
    >>> runs = Experiment("digits", seeds=2).run(":memory:", workers=1, progress=False)
    >>> found = spectral_density(runs, n_probes=2, n_products=10, n_rows=128)
    >>> found.nodes.shape, bool((found.trace > 0).all())
    ((2, 2, 10), True)
    """
    import torch

    from mlplab.engine.curvature.lanczos import quadrature
    from mlplab.reading import read_whole

    if matrix not in MATRICES:
        raise ConfigError(f"matrix: {expected(matrix, MATRICES)}")
    stacks = RunStacks(runs, arms, n_rows, split)
    n_probes = read_whole("n_probes", n_probes)
    if read_whole("n_products", n_products) > stacks.least_params:
        raise ConfigError(
            f"n_products: expected 1 to {stacks.least_params}, the numbers that a run learns; "
            f"got {n_products}"
        )
    place_of = {cell.key: place for place, cell in enumerate(stacks.cells)}
    nodes, weights = np.full((2, len(stacks.cells), n_probes, n_products), np.nan)
    for cells, model in stacks.models(n_products, progress):
        places = [place_of[cell.key] for cell in cells]
        # The same probes for every run: what differs between runs is then not the probes.
        generator = torch.Generator().manual_seed(0)
        with computing(model):
            for probe in range(n_probes):
                signs = torch.randint(0, 2, (model.n_params,), generator=generator)
                start = (2.0 * signs.double() - 1).expand(model.n_runs, -1)
                rule = quadrature(product_of(model, matrix), start, n_products)
                nodes[places, probe], weights[places, probe] = (part.numpy() for part in rule)
    n_params = np.array([runs.outcomes[cell.key].n_params for cell in stacks.cells])
    return SpectralDensity(stacks.cells, matrix, nodes, weights, n_params)
