"""Where the eigenvalues and singular values of a product of matrices can lie."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import ArrayLike, NDArray

from mlplab.errors import DataError

Array = NDArray[np.float64]


def product_eigenvalue_bounds(A: ArrayLike, B: ArrayLike) -> tuple[Array, Array]:
    """Bound the eigenvalues of A B, for symmetric A and B that need not commute.

    With eigenvalues from a to b of A, and from c to d of B: the smallest and the largest of the
    four products ac, ad, bc, bd. The real part of every eigenvalue lies between them, and no
    modulus exceeds the larger of theirs. If A and B commute, or one of them is semidefinite, all
    eigenvalues are real; otherwise they may be complex.

    Why: let t have a real part above all four, A be invertible, m and r the middle of c and d and
    half their distance. Then Re t / a_i lies outside of [c, d] for every eigenvalue a_i of A, so
    ||(t A^-1 - m) x|| > r ||x|| >= ||(B - m) x|| for every x, and B x = t A^-1 x has no solution.
    From below likewise, and a singular A is a limit of invertible ones.

    Args:
        A, B: (..., N, N), symmetric.

    Returns:
        The two bounds, (...).

    Raises:
        DataError: not square, not alike, not symmetric or not finite.

    Cost: two symmetric eigenvalue problems.

    >>> low, high = product_eigenvalue_bounds(np.diag([1.0, 2.0]), np.diag([-1.0, 3.0]))
    >>> float(low), float(high)
    (-2.0, 6.0)
    """
    ends = []
    for name, matrix in (("A", A), ("B", B)):
        checked = _square(name, matrix)
        apart = abs(checked - np.swapaxes(checked, -1, -2)).max(initial=0.0)
        if apart > 1e-12 * abs(checked).max(initial=0.0):
            raise DataError(f"{name}: expected a symmetric matrix; {name} and its transpose differ")
        values = np.linalg.eigvalsh(checked)
        ends.append(np.stack([values[..., 0], values[..., -1]]))
    _alike([np.asarray(A), np.asarray(B)])
    corners = (ends[0][:, None] * ends[1]).reshape(4, *ends[0].shape[1:])
    return corners.min(0), corners.max(0)


def singular_value_bounds(matrices: Sequence[ArrayLike]) -> tuple[Array, Array]:
    """Bound the singular values and the moduli of the eigenvalues of a product of square matrices.

    The products of their smallest and of their largest singular values: no matrix of the chain
    stretches a vector by less or by more.

    Args:
        matrices: of the chain, each (..., N, N).

    Returns:
        The two bounds, (...).

    Raises:
        DataError: none given, or not square, not alike or not finite.

    Cost: one singular value decomposition each.

    >>> low, high = singular_value_bounds([np.diag([1.0, 2.0]), np.diag([3.0, 0.5])])
    >>> float(low), float(high)
    (0.5, 6.0)
    """
    if not matrices:
        raise DataError("matrices: expected one at least; got none")
    checked = [_square(f"matrix {k}", matrix) for k, matrix in enumerate(matrices)]
    _alike(checked)
    values = [np.linalg.svd(matrix, compute_uv=False) for matrix in checked]
    low = np.prod([one[..., -1] for one in values], axis=0)
    high = np.prod([one[..., 0] for one in values], axis=0)
    return low, high


def _square(name: str, matrix: ArrayLike) -> Array:
    array = np.asarray(matrix, dtype=np.float64)
    if array.ndim < 2 or array.shape[-1] != array.shape[-2] or not array.shape[-1]:
        raise DataError(f"{name}: expected (..., N, N); got {array.shape}")
    if not np.isfinite(array).all():
        raise DataError(f"{name}: expected finite numbers; got {array[~np.isfinite(array)][0]}")
    return array


def _alike(arrays: Sequence[Array]) -> None:
    shapes = {array.shape for array in arrays}
    if len(shapes) > 1:
        raise DataError(f"matrices: expected one shape; got {', '.join(map(str, sorted(shapes)))}")
