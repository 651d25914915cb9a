"""Scalar functions of a matrix, with the gradients that are known of them."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

if TYPE_CHECKING:
    from torch import Tensor

Array = NDArray[np.float64]
LARGEST = 6
"""Rows and columns of random matrices, at most."""


@dataclass(frozen=True)
class MatrixFunction:
    """A scalar function f of an n x m matrix X.

    Attributes:
        of: f, in torch.
        gradient: the n x m matrix that is claimed to be its gradient.
    """

    of: Callable[[Tensor, Tensor, Tensor], Tensor]
    gradient: Callable[[Array, Array, Array], Array]


def _log_sum(x: Tensor, a: Tensor, b: Tensor) -> Tensor:
    return x.flatten().logsumexp(0)


def _softmax(x: Array, a: Array, b: Array) -> Array:
    powers = np.exp(x - x.max())
    return np.asarray(powers / powers.sum())


# a has as many entries as X has rows, b as many as it has columns.
FUNCTIONS: Mapping[str, MatrixFunction] = {
    "aᵀXb": MatrixFunction(lambda x, a, b: a @ x @ b, lambda x, a, b: np.outer(a, b)),
    "‖X‖²": MatrixFunction(lambda x, a, b: (x * x).sum(), lambda x, a, b: 2 * x),
    "‖Xb − a‖²": MatrixFunction(
        lambda x, a, b: ((x @ b - a) ** 2).sum(), lambda x, a, b: 2 * np.outer(x @ b - a, b)
    ),
    "Σ tanh X": MatrixFunction(lambda x, a, b: x.tanh().sum(), lambda x, a, b: 1 - np.tanh(x) ** 2),
    "log Σ exp X": MatrixFunction(_log_sum, _softmax),
    "aᵀXXᵀa": MatrixFunction(
        lambda x, a, b: a @ x @ x.T @ a, lambda x, a, b: 2 * np.outer(a, a @ x)
    ),
}


def draw(rng: np.random.Generator, n: int, m: int) -> tuple[Array, Array, Array]:
    """Draw X (n, m), a (n,) and b (m,)."""
    return rng.standard_normal((n, m)), rng.standard_normal(n), rng.standard_normal(m)


def value(function: MatrixFunction, x: Array, a: Array, b: Array) -> float:
    """Return f(X)."""
    import torch

    return float(function.of(*(torch.from_numpy(one.copy()) for one in (x, a, b))))


def autograd(function: MatrixFunction, x: Array, a: Array, b: Array) -> Array:
    """Return the gradient by X as torch's autograd finds it."""
    import torch

    leaf = torch.tensor(x, requires_grad=True)
    with torch.enable_grad():
        function.of(leaf, torch.from_numpy(a), torch.from_numpy(b)).backward()  # type: ignore[no-untyped-call]
    assert leaf.grad is not None
    return leaf.grad.numpy()


def differences(function: MatrixFunction, x: Array, a: Array, b: Array, step: float) -> Array:
    """Return a difference quotient for each entry of X: there are n m of them, and no more."""
    found = np.empty_like(x)
    for place in np.ndindex(*x.shape):
        way = np.zeros_like(x)
        way[place] = step
        ahead, behind = value(function, x + way, a, b), value(function, x - way, a, b)
        found[place] = (ahead - behind) / (2 * step)
    return found
