"""What the source's noise is made of, what its mean does, and whose moments dropout has."""

from __future__ import annotations

from collections.abc import Sequence

from mlplab.exercises.findings import Checked
from mlplab.specs.keyed import philox

_N_STEPS = 200


def prove() -> Sequence[Checked]:
    """Decide the exact statements by algebra, and that on a step by automatic differentiation."""
    error = bias_step_error()
    return (
        Checked("parts", _parts()),
        Checked("bias", _bias()),
        Checked("bias_rate", error < 1e-9, facts={"error": error}, n_cases=_N_STEPS),
        Checked("moments", _moments()),
    )


def _parts() -> bool:
    import sympy

    s, u = sympy.symbols("s u", positive=True)
    mean = sympy.integrate(s * u, (u, 0, 1))
    variance = sympy.integrate((s * u - mean) ** 2, (u, 0, 1))
    return bool(mean == s / 2 and sympy.simplify(variance - s**2 / 12) == 0)


def _bias() -> bool:
    import sympy

    m, n = sympy.symbols("m n", integer=True, positive=True)
    c = sympy.Symbol("c", real=True)
    weight, h = sympy.MatrixSymbol("W", m, n), sympy.MatrixSymbol("h", n, 1)
    bias, ones = sympy.MatrixSymbol("b", m, 1), sympy.OneMatrix(n, 1)
    added = weight * (h + c * ones) + bias
    in_bias = weight * h + (bias + c * weight * ones)
    return bool((added - in_bias).expand() == sympy.ZeroMatrix(m, 1))


def _moments() -> bool:
    import sympy

    p = sympy.Symbol("p", positive=True)
    outcomes = ((p, sympy.Integer(0)), (1 - p, 1 / (1 - p)))
    mean = sympy.simplify(sum(chance * factor for chance, factor in outcomes))
    variance = sympy.simplify(sum(chance * (factor - mean) ** 2 for chance, factor in outcomes))
    return bool(mean == 1 and sympy.simplify(variance - p / (1 - p)) == 0)


def bias_step_error() -> float:
    """Return the largest relative error of the factor by which a constant speeds a bias up.

    On random layers and examples: one step of SGD moves b + c W 1 by 1 + c sum(h + c) times what
    it moves b.
    """
    import torch
    from torch.nn.functional import cross_entropy

    draws = philox(0, "steps with a constant added")
    largest = 0.0
    for _ in range(_N_STEPS):
        n_in, c = int(draws.integers(1, 257)), float(draws.uniform(-1, 1))
        weight, bias, h, answer = (
            torch.from_numpy(draws.standard_normal(shape)).requires_grad_(True)
            for shape in ((10, n_in), (10,), (n_in,), (10,))
        )
        target = answer.detach().softmax(0)
        loss = cross_entropy(weight @ (h.detach().relu() + c) + bias, target)
        by_weight, by_bias = torch.autograd.grad(loss, (weight, bias))
        moved = by_bias + c * by_weight.sum(1)
        expected = by_bias * (1 + c * (h.detach().relu() + c).sum())
        scale = max(float(expected.abs().max()), float(by_bias.abs().max()))
        largest = max(largest, float((moved - expected).abs().max()) / scale)
    return largest
