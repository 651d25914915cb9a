"""The largest eigenvalues of finished runs' Hessians: sharpness, for whole populations."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Literal, NamedTuple

import numpy as np
from numpy.typing import NDArray

from mlplab.errors import ConfigError
from mlplab.hints import expected
from mlplab.theory.run_stacks import RunStacks, Split
from mlplab.theory.second_order import MATRICES, Matrix, computing, product_of

if TYPE_CHECKING:
    import pandas as pd

    from mlplab.engine.curvature.row_portions import RowPortions
    from mlplab.experiment import Runs
    from mlplab.experiment.arms import Arm
    from mlplab.experiment.design import Cell
    from mlplab.experiment.progress import ProgressOption

End = Literal["largest", "smallest"]

_BASIS = 64  # vectors that a basis often needs


@dataclass(frozen=True, eq=False)
class Curvature:
    """Eigenvalues of each run's loss at its weights.

    Attributes:
        cells: arm, seed and run, in the order of the experiment.
        matrix: `hessian` or `gauss-newton`.
        end: `largest` or `smallest`.
        eigenvalues: (R, K), from that end inwards; NaN where a run has no weights, as it diverged.
        residuals: ||A v - value v||, (R, K): an eigenvalue lies within this distance.
        gradient_norms: of the loss at the weights, (R,): 0 at a minimum.
        n_products: matrix-vector products that each run took, (R,).
        n_rows: that the loss is a mean over.
    """

    cells: tuple[Cell, ...]
    matrix: Matrix
    end: End
    eigenvalues: NDArray[np.float64]
    residuals: NDArray[np.float64]
    gradient_norms: NDArray[np.float64]
    n_products: NDArray[np.int64]
    n_rows: int

    def frame(self) -> pd.DataFrame:
        """Return one row per run: key, arm, seed, the factors, eigenvalue_1, residual_1, ..."""
        import pandas as pd

        rows = []
        for place, cell in enumerate(self.cells):
            row = {"key": cell.key, "arm": cell.arm.label, "seed": cell.seed, **cell.arm.factors}
            for k, value in enumerate(self.eigenvalues[place], start=1):
                row[f"eigenvalue_{k}"] = float(value)
            for k, value in enumerate(self.residuals[place], start=1):
                row[f"residual_{k}"] = float(value)
            row["gradient_norm"] = float(self.gradient_norms[place])
            rows.append(row)
        return pd.DataFrame(rows)


def curvature(
    runs: Runs,
    *,
    arms: Sequence[Arm | Mapping[str, Any] | str] | None = None,
    k: int = 1,
    matrix: Matrix = "hessian",
    end: End = "largest",
    n_rows: int | None = 1024,
    split: Split = "train",
    tolerance: float = 1e-4,
    most: int = 200,
    progress: ProgressOption = True,
) -> Curvature:
    """Return the largest eigenvalues of the Hessian of each run's loss at its last weights.

    The first one is the sharpness: gradient descent with a rate above 2 / sharpness moves away from
    a minimum. The loss is the run's own mean over rows, as when it is scored: without label
    smoothing, noise and dropout, batch norm with its running statistics, in float64. Weight decay
    is left out; decay c would add c to each eigenvalue. Piecewise linear activations have second
    derivative 0 but at their kinks, where there is none: as autograd does, products leave the kinks
    out. The Gauss-Newton matrix leaves out all second derivatives of the network; it has no
    eigenvalue below 0 where the loss is convex in the outputs.

    Args:
        runs: finished, of MLPs; weights that were not kept are trained again.
        arms: their labels, or factor values over the base's; None is all.
        k: how many eigenvalues.
        matrix: `hessian` or `gauss-newton` (with cross-entropy, the Fisher information).
        end: of the spectrum: `largest` or `smallest`, by value.
        n_rows: of the split, the first ones; None is all.
        split: `train` or `valid`.
        tolerance: on residuals, as a share of the largest eigenvalue's size. The eigenvalue's own
            error is at most the residual, and about its square where the next one is far.
        most: products for each run; `residuals` say how far it came.
        progress: while weights are trained again.

    Raises:
        ConfigError: a module, a word that is not known, no rows, or more eigenvalues than weights.

    Cost: about twice a gradient for each product, and some 10 to 50 products for k = 1 (Lanczos's
    method). Runs of one architecture are one stack of about 512 MB; of
    more rows than two such portions hold, the rest is sent forward again for every product.

    Source: Pearlmutter (1994), Neural Computation 6; Ghorbani, Krishnan and Xiao (2019), arXiv
    1901.10159; Yao et al. (2020), PyHessian, arXiv 1912.07145.

    >>> from mlplab.experiment import Experiment
    >>> experiment = Experiment("digits", vary={"hidden": [8, 16]}, seeds=2)
    >>> runs = experiment.run(":memory:", workers=1, progress=False)
    >>> found = curvature(runs, k=2, n_rows=256)
    >>> found.eigenvalues.shape, bool((found.eigenvalues > 0).all())
    ((4, 2), True)
    """
    stacks = RunStacks(runs, arms, n_rows, split)
    _check(k, matrix, end, tolerance, most, stacks.least_params)
    ends: dict[str, _Ends] = {}
    for cells, model in stacks.models(_BASIS, progress):
        found = _eigenvalues(model, k, matrix, end, tolerance, most)
        ends |= dict(zip((cell.key for cell in cells), found, strict=True))
    none = _Ends(np.full(k, np.nan), np.full(k, np.nan), np.nan, 0)
    listed = [ends.get(cell.key, none) for cell in stacks.cells]
    return Curvature(
        stacks.cells,
        matrix,
        end,
        np.array([one.eigenvalues for one in listed]),
        np.array([one.residuals for one in listed]),
        np.array([one.gradient_norm for one in listed]),
        np.array([one.n_products for one in listed]),
        stacks.n_rows,
    )


class _Ends(NamedTuple):
    """What is found of one run."""

    eigenvalues: NDArray[np.float64]
    residuals: NDArray[np.float64]
    gradient_norm: float
    n_products: int


def _eigenvalues(
    model: RowPortions, k: int, matrix: Matrix, end: End, tolerance: float, most: int
) -> list[_Ends]:
    import torch

    from mlplab.engine.curvature.lanczos import lanczos

    # One start for all: companions, which decide when it ends, change no more than the tolerance.
    generator = torch.Generator().manual_seed(0)
    start = torch.randn(model.n_params, generator=generator, dtype=torch.float64)
    with computing(model):
        found = lanczos(
            product_of(model, matrix),
            start.expand(model.n_runs, -1),
            k,
            largest=end == "largest",
            tolerance=tolerance,
            most=most,
        )
        norms = model.gradient().norm(dim=1)
    values, residuals = found.values.numpy(), found.residuals.numpy()
    return [
        _Ends(*of_run, found.n_products)
        for of_run in zip(values, residuals, norms.tolist(), strict=True)
    ]


def _check(k: int, matrix: Matrix, end: End, tolerance: float, most: int, least: int) -> None:
    from mlplab.reading import read_whole

    if matrix not in MATRICES:
        raise ConfigError(f"matrix: {expected(matrix, MATRICES)}")
    if end not in ("largest", "smallest"):
        raise ConfigError(f"end: {expected(end, ('largest', 'smallest'))}")
    if not tolerance > 0:
        raise ConfigError(f"tolerance: expected a number above 0; got {tolerance}")
    if read_whole("k", k) > least:
        raise ConfigError(f"k: expected 1 to {least}, the numbers that a run learns; got {k}")
    if read_whole("most", most) < k:
        raise ConfigError(f"most: expected at least k={k} products; got {most}")
