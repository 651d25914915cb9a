"""Bounds on the eigenvalues of A B: by algebra where both commute, by random matrices elsewhere."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from mlplab.exercises.findings import Checked
from mlplab.theory import product_eigenvalue_bounds, singular_value_bounds

Array = NDArray[np.float64]

_N = 2000
_ROUNDING = 1e-7  # of the bound: an eigenvalue that is nearly double has half the digits
SWAP, SIGN = ((0, 1), (1, 0)), ((1, 0), (0, -1))
NILPOTENT = ((0, 10), (0, 0))


def prove() -> Sequence[Checked]:
    """Decide the source's bound, and what holds without its conditions."""
    corners = _products_are_means_of_corners()
    source = corners and _inner_corners_are_not_extreme()
    real, outside = _symmetric_pairs()
    return (
        Checked("source_bound", source),
        Checked("indefinite", _definite_falls_below()),
        Checked("corners", real["excess"] < _ROUNDING, facts=real, n_cases=4 * _N),
        Checked("complex", _eigenvalues(SWAP, SIGN) == {"-I", "I"}, facts={"share": outside}),
        Checked("singular", *_chains()),
        Checked("nilpotent", _nilpotent()),
    )


def _products_are_means_of_corners() -> bool:
    """Whether x y, for x from a to b and y from c to d, is a weighted mean of ac, ad, bc, bd.

    In a common basis the eigenvalues of A B are such products.
    """
    import sympy

    a, b, c, d, s, t = sympy.symbols("a b c d s t", real=True)
    weights = ((1 - s) * (1 - t), (1 - s) * t, s * (1 - t), s * t)
    mean = sum(w * p for w, p in zip(weights, (a * c, a * d, b * c, b * d), strict=True))
    product = (a + s * (b - a)) * (c + t * (d - c))
    return bool(sympy.expand(product - mean) == 0 and sympy.expand(sum(weights) - 1) == 0)


def _inner_corners_are_not_extreme() -> bool:
    """Whether, with both spectra around 0, ad and bc are at most 0, ac and bd at least 0."""
    import sympy

    a, c = sympy.symbols("a c", nonpositive=True)
    b, d = sympy.symbols("b d", nonnegative=True)
    signs = (a * d).is_nonpositive, (b * c).is_nonpositive
    return bool(all((*signs, (a * c).is_nonnegative, (b * d).is_nonnegative)))


def _definite_falls_below() -> bool:
    """Whether an eigenvalue of A A, A = diag(1, 2), lies below the source's bound."""
    import sympy

    low, high = sympy.Integer(1), sympy.Integer(2)
    square = sympy.diag(low, high) ** 2
    return bool(min(square.eigenvals()) < min(low * high, high * low))


def _eigenvalues(*factors: Sequence[Sequence[int]]) -> set[str]:
    import sympy

    product = sympy.prod([sympy.Matrix(one) for one in factors])
    return {str(value) for value in product.eigenvals()}


def _nilpotent() -> bool:
    """Whether factors without an eigenvalue but 0 have a product with the eigenvalue 100."""
    turned = tuple(zip(*NILPOTENT, strict=True))
    alone = _eigenvalues(NILPOTENT) | _eigenvalues(turned)
    return alone == {"0"} and "100" in _eigenvalues(NILPOTENT, turned)


def _symmetric_pairs() -> tuple[dict[str, float], float]:
    """Return how far eigenvalues pass the corners, and in how many pairs some are complex."""
    rng = np.random.default_rng(0)
    excess, n_complex = -1.0, 0
    for n in (2, 3, 5, 8):
        drawn = rng.standard_normal((2, _N, n, n))
        A, B = drawn + np.swapaxes(drawn, -1, -2)
        low, high = product_eigenvalue_bounds(A, B)
        found = np.linalg.eigvals(A @ B)
        size = np.maximum(abs(low), abs(high))[:, None]
        over = np.maximum(found.real - high[:, None], low[:, None] - found.real) / size
        excess = max(excess, float(over.max()))
        n_complex += int((abs(found.imag) > _ROUNDING * size).any(axis=1).sum())
    return {"excess": excess, "rounding": _ROUNDING, "n_drawn": 4 * _N}, n_complex / (4 * _N)


def _chains() -> tuple[bool, str, dict[str, float], int]:
    """Whether singular values and moduli of eigenvalues of products lie within their bounds."""
    rng = np.random.default_rng(1)
    worst = -1.0
    for n, depth in ((2, 2), (3, 4), (6, 3), (10, 8)):
        chain = list(rng.standard_normal((depth, _N, n, n)))
        low, high = singular_value_bounds(chain)
        product = chain[0]
        for factor in chain[1:]:
            product = product @ factor
        stretch = np.linalg.svd(product, compute_uv=False)
        moduli = abs(np.linalg.eigvals(product))
        over = max((stretch[:, 0] / high).max(), (moduli.max(axis=1) / high).max()) - 1
        # Small ones are known to within the rounding of the largest.
        under = max(
            ((low - one) / stretch[:, 0]).max() for one in (stretch[:, -1], moduli.min(axis=1))
        )
        worst = max(worst, float(over), float(under))
    return worst < _ROUNDING, "", {"rounding": _ROUNDING}, 4 * _N
