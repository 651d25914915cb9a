"""Extreme eigenvalues of many symmetric matrices at once, known by their products alone."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass

import torch
from torch import Tensor

Product = Callable[[Tensor], Tensor]
"""(R, P) -> (R, P): each run's matrix times its own vector."""

_CHECKED_EVERY = 5  # steps: small eigenproblems for every one would cost as much as the products


@dataclass(frozen=True)
class Ritz:
    """Approximate eigenpairs of each run's matrix.

    Attributes:
        values: (R, K), from the end that was asked for inwards.
        vectors: (R, K, P), of length 1.
        residuals: ||A v - value v||, (R, K): an eigenvalue lies within this distance.
        scale: the largest size of a Ritz value, (R,): a lower bound of the matrix's norm.
        n_products: of each run's matrix with a vector.
    """

    values: Tensor
    vectors: Tensor
    residuals: Tensor
    scale: Tensor
    n_products: int


def lanczos(
    product: Product,
    start: Tensor,
    k: int = 1,
    *,
    largest: bool = True,
    tolerance: float = 1e-6,
    most: int = 200,
) -> Ritz:
    """Return the K largest (or smallest) eigenvalues of each run's symmetric matrix.

    Lanczos's method with full reorthogonalisation: products fill an orthonormal basis Q of the
    Krylov space, in which the matrix A is tridiagonal; Q^T A Q has the Ritz values as eigenvalues.
    It ends when every residual is at most `tolerance` times the run's scale, or with `most`
    products; `residuals` say how far it came. A run whose space is exhausted begins another,
    orthogonal to it.

    Args:
        product: the matrices.
        start: (R, P), one random vector for each run.
        k: how many eigenvalues, at most P.
        largest: or smallest, by value and not by size.
        tolerance: on the residuals, as a share of the largest Ritz value's size.
        most: products, at least k.

    Cost: a product and 8 m P operations per run for step m; memory R x m x P numbers.

    Source: Lanczos (1950); Golub and Van Loan, Matrix Computations, chapter 10.

    >>> matrix = torch.diag(torch.tensor([1.0, 5.0, -9.0], dtype=torch.float64))
    >>> found = lanczos(lambda v: v @ matrix, torch.ones(1, 3, dtype=torch.float64))
    >>> round(float(found.values[0, 0]), 6)
    5.0
    """
    for inner, beta, basis in _krylov(product, start, max(k, most)):
        n = inner.shape[1]
        is_last = n == min(max(k, most), start.shape[1])
        if is_last or (n >= k and n % _CHECKED_EVERY == 0):
            ritz = _ritz(inner, beta, basis, k, largest)
            bound = tolerance * ritz.scale.unsqueeze(1)
            if is_last or bool((ritz.residuals <= bound).all()):
                return ritz
    raise AssertionError("a space of no dimension")


def quadrature(product: Product, start: Tensor, n_products: int) -> tuple[Tensor, Tensor]:
    """Return nodes and weights, (R, M), of the spectral measure that each start sees.

    For a unit vector v, v^T f(A) v is the mean of f over A's eigenvalues, weighted with the squares
    of v's parts along their eigenvectors. Gauss's rule of M nodes for this mean has the Ritz
    values as nodes, and the squares of the first entries of their vectors as weights: it is exact
    for polynomials f up to degree 2 M - 1.

    Args:
        product: the matrices.
        start: (R, P); random signs make the mean over starts that over all eigenvalues.
        n_products: M, at most P.

    Source: Golub and Welsch (1969); Ghorbani, Krishnan and Xiao (2019), arXiv 1901.10159.
    """
    last = start
    for inner, _, _ in _krylov(product, start, n_products):
        last = inner
    values, rotations = torch.linalg.eigh(last)
    return values, rotations[:, 0].square()


def _krylov(product: Product, start: Tensor, most: int) -> Iterator[tuple[Tensor, Tensor, Tensor]]:
    """Yield after each product Q^T A Q (R, m, m), the length of what leaves (R,), Q^T (R, m, P)."""
    n_runs, size = start.shape
    most = min(most, size)
    generator = torch.Generator().manual_seed(0)
    basis = start.new_zeros(n_runs, min(most, 32), size)
    basis[:, 0] = start / start.norm(dim=1, keepdim=True)
    inner = start.new_zeros(n_runs, most, most)
    scale = start.new_zeros(n_runs)
    for step in range(most):
        known = basis[:, : step + 1]
        w = product(known[:, step])
        inner[:, step, step] = (known[:, step] * w).sum(1)
        w, beta = _orthogonal(w, known)
        scale = torch.maximum(scale, torch.maximum(inner[:, step, step].abs(), beta))
        yield inner[:, : step + 1, : step + 1], beta, known
        if step + 1 == most:
            return
        length = beta
        exhausted = beta <= 1e-13 * scale + torch.finfo(w.dtype).tiny
        if bool(exhausted.any()):
            drawn = torch.randn(w.shape, generator=generator, dtype=w.dtype).to(w.device)
            fresh, fresh_length = _orthogonal(drawn, known)
            w = torch.where(exhausted.unsqueeze(1), fresh, w)
            length = torch.where(exhausted, fresh_length, beta)
            beta = torch.where(exhausted, torch.zeros_like(beta), beta)
        if step + 1 == basis.shape[1]:
            # Doubled as needed: most runs are done long before the last step.
            room = min(most, 2 * basis.shape[1]) - basis.shape[1]
            basis = torch.cat([basis, start.new_zeros(n_runs, room, size)], dim=1)
        basis[:, step + 1] = w / length.unsqueeze(1)
        inner[:, step, step + 1] = inner[:, step + 1, step] = beta


def _orthogonal(w: Tensor, known: Tensor) -> tuple[Tensor, Tensor]:
    """Return w without its parts along known directions, and its length, (R,)."""
    # Twice is enough (Kahan and Parlett): once leaves what rounding makes of a near-parallel w.
    for _ in range(2):
        shares = torch.bmm(known, w.unsqueeze(2))
        w = w - torch.bmm(known.transpose(1, 2), shares).squeeze(2)
    return w, w.norm(dim=1)


def _ritz(inner: Tensor, beta: Tensor, basis: Tensor, k: int, largest: bool) -> Ritz:
    values, rotations = torch.linalg.eigh(inner)
    places = torch.arange(k)
    places = values.shape[1] - 1 - places if largest else places
    chosen = rotations[:, :, places]
    # A Q = Q T + beta w e^T: what leaves the space is beta times a Ritz vector's last number.
    residuals = beta.unsqueeze(1) * chosen[:, -1].abs()
    vectors = torch.bmm(chosen.transpose(1, 2), basis)
    scale = values.abs().amax(1)
    return Ritz(values[:, places], vectors, residuals, scale, inner.shape[1])
