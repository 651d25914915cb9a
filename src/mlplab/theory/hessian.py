"""A finished run's whole Hessian, where a computer holds it, and its products where none does."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Literal

import numpy as np
from numpy.typing import NDArray

from mlplab.data import Task
from mlplab.errors import ConfigError
from mlplab.hints import expected
from mlplab.specs import Run
from mlplab.theory.plane import Weights
from mlplab.theory.second_order import (
    MATRICES,
    Matrix,
    check_network,
    computing,
    product_of,
    rows_of,
    second_order_of,
)

if TYPE_CHECKING:
    from scipy.sparse.linalg import LinearOperator

    from mlplab.engine.curvature.row_portions import RowPortions

_COLUMNS_FLOATS = 2**22  # of the values that belong to columns computed at a time: 32 MB each


def hessian(
    run: Run,
    weights: Weights,
    task: Task,
    *,
    matrix: Matrix = "hessian",
    n_rows: int | None = 1024,
    split: Literal["train", "valid"] = "train",
    most_bytes: int = 2**31,
) -> NDArray[np.float64]:
    """Return the Hessian of a run's loss by all P numbers that it learns, (P, P).

    Rows and columns stand layer by layer: weight (row by row of its matrix), bias, then gain and
    slope where there are any. For the loss that is meant, and for kinks, see `curvature`.

    Args:
        run: whose network, loss and rows are taken.
        weights: from `Runs.weights`.
        task: the data.
        matrix: `hessian` or `gauss-newton`.
        n_rows: of the split, the first ones; None is all.
        split: `train` or `valid`.
        most_bytes: that the matrix may take.

    Raises:
        ConfigError: a larger matrix, a module, or no rows; the line says what to do.
        DataError: weights that do not fit the task.

    Cost: P products, each about twice a gradient, many at a time; 8 P^2 bytes.

    >>> from mlplab.data import load_task
    >>> from mlplab.specs import MLP, TaskRef
    >>> digits = load_task("digits")
    >>> linear = {"layers.0.weight": np.zeros((10, 64)), "layers.0.bias": np.zeros(10)}
    >>> made = hessian(Run(net=MLP(hidden=())), linear, digits)
    >>> made.shape, bool(np.allclose(made, made.T)), bool(np.linalg.eigvalsh(made)[0] > -1e-9)
    ((650, 650), True, True)
    """
    import torch

    n = sum(np.size(value) for name, value in weights.items() if _is_learned(name))
    if 8 * n * n > most_bytes:
        most = int((most_bytes / 8) ** 0.5)
        raise ConfigError(
            f"hessian: {n:,} numbers make a matrix of {_size(8 * n * n)}; expected at most "
            f"{_size(most_bytes)} ({most:,} numbers); theory.curvature finds its largest "
            "eigenvalues without it, theory.hessian_operator multiplies by it"
        )
    model = _model(run, weights, task, matrix, n_rows, split)
    made = torch.empty(n, n, dtype=torch.float64)
    with computing(model):
        product = product_of(model, matrix)
        at_once = max(1, _COLUMNS_FLOATS // (model.n_values + n))
        for start in range(0, n, at_once):
            stop = min(n, start + at_once)
            unit = torch.zeros(1, stop - start, n, dtype=torch.float64)
            unit[0, range(stop - start), range(start, stop)] = 1.0
            made[start:stop] = product(unit)[0]
    return np.asarray(made.numpy())


def hessian_operator(
    run: Run,
    weights: Weights,
    task: Task,
    *,
    matrix: Matrix = "hessian",
    n_rows: int | None = 1024,
    split: Literal["train", "valid"] = "train",
) -> LinearOperator:
    """Return a run's Hessian as scipy's `LinearOperator`, which is never formed.

    `operator @ v` is one product, about twice a gradient; scipy's `eigsh`, `cg` and `minres` take
    the operator as they take a matrix. Arguments and errors are those of `hessian`.

    >>> from mlplab.data import load_task
    >>> from mlplab.specs import MLP, TaskRef
    >>> linear = {"layers.0.weight": np.zeros((10, 64)), "layers.0.bias": np.zeros(10)}
    >>> operator = hessian_operator(Run(net=MLP(hidden=())), linear, load_task("digits"))
    >>> operator.shape, (operator @ np.ones(650)).shape
    ((650, 650), (650,))
    """
    import torch
    from scipy.sparse.linalg import LinearOperator

    model = _model(run, weights, task, matrix, n_rows, split)
    n = model.n_params

    def times(columns: NDArray[Any]) -> NDArray[np.float64]:
        vectors = torch.from_numpy(np.ascontiguousarray(columns.reshape(n, -1).T, np.float64))
        with computing(model):
            made = product_of(model, matrix)(vectors.unsqueeze(0))[0]
        return np.asarray(made.numpy().T.reshape(columns.shape))

    return LinearOperator((n, n), matvec=times, rmatvec=times, matmat=times, dtype=np.float64)


def _model(
    run: Run, weights: Weights, task: Task, matrix: str, n_rows: int | None, split: str
) -> RowPortions:
    if matrix not in MATRICES:
        raise ConfigError(f"matrix: {expected(matrix, MATRICES)}")
    check_network(run)
    rows = rows_of(run, task, split, n_rows)
    return second_order_of([run], [weights], task, [rows], split)


def _is_learned(name: str) -> bool:
    """Whether it is none of batch norm's running statistics."""
    return not name.endswith((".mean", ".variance"))


def _size(n_bytes: int) -> str:
    """A size in the unit that suits it.

    >>> _size(800), _size(2**31)
    ('800 B', '2.15 GB')
    """
    power = min(4, (len(str(n_bytes)) - 1) // 3)
    return f"{n_bytes / 1000**power:.3g} {('B', 'kB', 'MB', 'GB', 'TB')[power]}"
