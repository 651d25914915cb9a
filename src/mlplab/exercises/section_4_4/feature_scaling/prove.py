"""How large powers of a standard normal x are, with and without 1/i!."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import pairwise

from mlplab.exercises.findings import Checked

_N_POWERS = 20


def prove() -> Sequence[Checked]:
    """Check the mean squares of powers by parts, and that 1/i! makes them fall."""
    import sympy

    x, i = sympy.symbols("x", positive=True), sympy.symbols("i", positive=True, integer=True)
    density = sympy.exp(-(x**2) / 2) / sympy.sqrt(2 * sympy.pi)
    # What is differentiated is 0 at both ends: E x^(2 i) = (2 i - 1) E x^(2 i - 2).
    apart = sympy.diff(-(x ** (2 * i - 1)) * density, x) / density
    apart -= x ** (2 * i) - (2 * i - 1) * x ** (2 * i - 2)
    # All powers here are even: the half line counts half.
    whole = sympy.integrate(density, (x, 0, sympy.oo)) == sympy.Rational(1, 2)
    products = [sympy.prod(2 * k - 1 for k in range(1, n + 1)) for n in range(_N_POWERS)]
    right = whole and sympy.simplify(apart) == 0
    right &= products == [sympy.factorial2(2 * k - 1) for k in range(_N_POWERS)]
    # From i to i + 1 the mean square grows 2 i + 1 times, its divisor (i + 1)^2 times.
    left = sympy.expand((i + 1) ** 2 - (2 * i + 1)) == i**2
    sizes = [one / sympy.factorial(k) ** 2 for k, one in enumerate(products)]
    falling = all(a > b for a, b in pairwise(sizes[1:])) and sizes[:2] == [1, 1]
    return (
        Checked("squares", bool(right), facts={"most": _N_POWERS - 1}),
        Checked("shrinks", bool(left) and bool(falling), facts={"most": _N_POWERS - 1}),
    )
