"""What the expected error is, when it is least, and what 3 terms leave of a cubic."""

from __future__ import annotations

from collections.abc import Sequence

from mlplab.exercises.findings import Checked

_N_TERMS = 8


def prove() -> Sequence[Checked]:
    """Check by algebra the formula, where it is least, and the best 3 terms."""
    import sympy

    z = sympy.symbols("z", real=True)
    density = sympy.exp(-(z**2) / 2) / sympy.sqrt(2 * sympy.pi)
    moment = [
        sympy.integrate(z**k * density, (z, -sympy.oo, sympy.oo)) for k in range(2 * _N_TERMS - 1)
    ]

    def expected(polynomial: sympy.Expr, x: sympy.Symbol) -> sympy.Expr:
        powers = sympy.Poly(sympy.expand(polynomial), x).terms()
        return sum(c * moment[k] for (k,), c in powers)

    x, e, sigma = sympy.symbols("x e sigma")
    w, true = sympy.symbols("w:4"), sympy.symbols("v:4")
    apart = [a - b for a, b in zip(w, true, strict=True)]
    error = e - sum(d * x**i for i, d in enumerate(apart))
    # The noise has mean 0 and mean square sigma^2, and does not depend on x.
    whole = sympy.expand(error**2).subs(e**2, sigma**2).subs(e, 0)
    squares = sum(apart[i] * apart[j] * moment[i + j] for i in range(len(w)) for j in range(len(w)))
    same = sympy.expand(expected(whole, x) - sigma**2 - squares) == 0
    minors = [sympy.Matrix(k, k, lambda i, j: moment[i + j]).det() for k in range(1, _N_TERMS + 1)]
    superfactorials = [
        sympy.prod(sympy.factorial(i) for i in range(k)) for k in range(1, _N_TERMS + 1)
    ]
    left = expected((true[3] * x**3 / 6 - sum(w[i] * x**i for i in range(3))) ** 2, x)
    (best,) = sympy.solve([sympy.diff(left, one) for one in w[:3]], w[:3], dict=True)
    rest = sympy.expand(left.subs(best) - true[3] ** 2 / 6) == 0
    return (
        Checked("formula", bool(same)),
        Checked("positive", minors == superfactorials, facts={"n_terms": _N_TERMS}),
        Checked("floor", bool(rest)),
    )
