"""What equal weights do to one step, and why the loss has no hills: by algebra and by descent."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from mlplab.exercises.findings import Checked

_CLASSES = range(2, 7)
_N = 60
_STEPS = 200
_ROUNDING = 1e-10


def prove() -> Sequence[Checked]:
    """Decide what the source says of a step, and what convexity says of the end."""
    apart = _largest_difference()
    return (
        Checked("same_update", _updates_are_equal()),
        Checked("convex", _linear_is_convex() and _softmax_is_convex()),
        Checked("shift", apart < _ROUNDING, facts={"apart": apart, "steps": _STEPS}, n_cases=_N),
    )


def _updates_are_equal() -> bool:
    """Whether both weights of one example's linear regression get the same step from w = (c, c)."""
    import sympy

    c, y, x1, x2, w1, w2 = sympy.symbols("c y x1 x2 w1 w2", real=True)
    loss = (w1 * x1 + w2 * x2 - y) ** 2
    one, two = (sympy.diff(loss, w).subs({w1: c, w2: c}) for w in (w1, w2))
    return bool(sympy.simplify(one - two) == 0)


def _linear_is_convex() -> bool:
    """Whether v^T X^T X v is the square of the norm of X v, for X of any shape."""
    import sympy

    n, m = sympy.symbols("n m", integer=True, positive=True)
    X, v = sympy.MatrixSymbol("X", n, m), sympy.MatrixSymbol("v", m, 1)
    return bool((v.T * X.T * X * v) == ((X * v).T * (X * v)).doit())


def _softmax_is_convex() -> bool:
    """Whether v^T H v is a sum of p_i p_j (v_i - v_j)^2 over pairs, H = diag(p) - p p^T.

    H is the second derivative of log sum exp by the logits; these are linear in the weights.
    """
    import sympy

    for n in _CLASSES:
        z, v = sympy.symbols(f"z:{n}", real=True), sympy.symbols(f"v:{n}", real=True)
        total = sum(map(sympy.exp, z))
        # exp(z_i) as symbols: sympy then only has to cancel fractions.
        e = sympy.symbols(f"e:{n}", positive=True)
        named = dict(zip(map(sympy.exp, z), e, strict=True))
        second = sympy.hessian(sympy.log(total), z).subs(named)
        p = [one / sum(e) for one in e]
        pairs = sum(p[i] * p[j] * (v[i] - v[j]) ** 2 for i in range(n) for j in range(i + 1, n))
        form = (sympy.Matrix(v).T * second * sympy.Matrix(v))[0]
        if sympy.cancel(sympy.together(form - pairs)) != 0:
            return False
    return True


def _largest_difference() -> float:
    """How far apart descents from c and from 0 are, once c is taken off: softmax, full batches."""
    rng = np.random.default_rng(0)
    worst = 0.0
    for n_classes, n_inputs in rng.integers(2, 12, (_N, 2)):
        X = rng.standard_normal((30, n_inputs))
        Y = np.eye(n_classes)[rng.integers(0, n_classes, 30)]
        c = rng.uniform(-3, 3)
        W = np.zeros((2, n_inputs, n_classes))
        W[0] += c
        for _ in range(_STEPS):
            z = X @ W
            p = np.exp(z - z.max(axis=-1, keepdims=True))
            p /= p.sum(axis=-1, keepdims=True)
            W -= 0.5 * X.T @ (p - Y) / len(X)
        worst = max(worst, float(abs(W[0] - c - W[1]).max()))
    return worst
