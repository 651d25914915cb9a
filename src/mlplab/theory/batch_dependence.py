"""How an example's outputs under batch norm vary with the rest of its mini-batch."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property
from typing import Any

import numpy as np
from numpy.typing import NDArray

from mlplab.errors import ConfigError
from mlplab.specs import MLP, Run
from mlplab.specs.keyed import philox

Array = NDArray[np.float64]


def among_mates(z: Array, mean: Array, variance: Array, n_mates: int, eps: float = 0.0) -> Array:
    """Return the normalised value of z in a batch with mates of this mean and variance.

    With B = n_mates + 1 the batch has mean m + (z - m) / B and variance
    (1 - 1/B) (v + (z - m)^2 / B), so that the value is

        (1 - 1/B) (z - m) / sqrt((1 - 1/B) (v + (z - m)^2 / B) + eps).

    Args:
        z: values of examples, of any shape that fits mean and variance.
        mean: of the mates, m.
        variance: of the mates, with divisor n_mates, v.
        n_mates: how many, at least 0.
        eps: what the norm adds to the variance.

    Returns:
        Normalised values; 0 where nothing differs.

    >>> float(among_mates(np.array(3.0), np.array(1.0), np.array(0.0), n_mates=1))  # 1 and 3
    1.0
    """
    size = n_mates + 1
    share = n_mates / size
    apart = z - mean
    scale = np.sqrt(share * (variance + apart**2 / size) + eps)
    return np.asarray(np.divide(share * apart, scale, out=np.zeros_like(scale), where=scale > 0))


@dataclass(frozen=True, eq=False)
class NormedNet:
    """A network of one hidden layer with a norm, in float64; U units, I features, C outputs.

    Attributes:
        first, last: weights (U, I), (C, U).
        bias, gain: after the norm, (U,).
        offset: bias of the outputs, (C,).
        mean, variance: running statistics of batch norm, (U,); of layer norm, none.
        activation: as a network's spec writes it.
    """

    first: Array
    last: Array
    bias: Array
    gain: Array
    offset: Array
    mean: Array | None
    variance: Array | None
    activation: str

    @classmethod
    def of(cls, run: Run, weights: Mapping[str, NDArray[Any]]) -> NormedNet:
        """Take the weights that a run left.

        Raises:
            ConfigError: not one hidden layer, or no norm.
        """
        net = run.net
        if not isinstance(net, MLP) or len(net.hidden) != 1 or net.norm == "none":
            raise ConfigError(f"network: expected one hidden layer with a norm; got {net!r}")
        part = {name: np.asarray(array, dtype=np.float64) for name, array in weights.items()}
        return cls(
            part["layers.0.weight"],
            part["layers.1.weight"],
            part["layers.0.bias"],
            part["layers.0.gain"],
            part["layers.1.bias"],
            part.get("layers.0.mean"),
            part.get("layers.0.variance"),
            net.activation,
        )

    @cached_property
    def eps(self) -> float:
        """What the engine adds to variances."""
        from mlplab.engine.norms import EPS

        return EPS

    def values(self, inputs: Array) -> Array:
        """Return what the norm is applied to: inputs (N, I) to (N, U)."""
        return inputs @ self.first.T

    def scores(self, normal: Array) -> Array:
        """Return the outputs (..., C) of normalised values (..., U)."""
        return self._hidden(normal) @ self.last.T + self.offset

    def evaluated(self, z: Array) -> Array:
        """Return the outputs (N, C) of values (N, U) as they are after training."""
        if self.mean is None or self.variance is None:
            return self.scores(self._over(z, axis=1))
        return self.scores((z - self.mean) / np.sqrt(self.variance + self.eps))

    def settled(self, z: Array, pool: Array) -> Array:
        """Return the outputs (N, C) of values (N, U) in an endless batch of values (J, U)."""
        return self.scores((z - pool.mean(0)) / np.sqrt(pool.var(0) + self.eps))

    def in_batches(self, z: Array) -> Array:
        """Return the outputs (K, B, C) of K batches of values (K, B, U) as in training."""
        return self.scores(self._over(z, axis=2 if self.mean is None else 1))

    def _over(self, z: Array, axis: int) -> Array:
        apart = z - z.mean(axis, keepdims=True)
        variance = (apart**2).mean(axis, keepdims=True)
        return np.asarray(apart / np.sqrt(variance + self.eps))

    def _hidden(self, normal: Array) -> Array:
        import torch

        from mlplab.theory.differentiable import differentiable

        y = torch.from_numpy(normal * self.gain + self.bias)
        return np.asarray(differentiable(self.activation)(y).numpy())

    def _slope(self, normal: Array) -> Array:
        import torch

        from mlplab.theory.differentiable import differentiable

        with torch.enable_grad():
            y = torch.from_numpy(normal * self.gain + self.bias).requires_grad_()
            differentiable(self.activation)(y).sum().backward()  # type: ignore[no-untyped-call]
        assert y.grad is not None
        return np.asarray(y.grad.numpy())


def scores_among_mates(
    net: NormedNet, z: Array, pool: Array, size: int, n_batches: int, seed: int
) -> Array:
    """Score each example in random batches: itself and size - 1 mates drawn independently.

    Args:
        net: with batch norm.
        z: values of the examples, (E, U).
        pool: values that mates are drawn from, with replacement, (J, U).
        size: of a batch, at least 2.
        n_batches: how many, K; each example meets the same mates.
        seed: of the draw.

    Returns:
        Outputs in training mode, (K, E, C).

    Cost: O(K (size + E C) U).
    """
    out = []
    for batch in range(n_batches):
        chosen = philox(seed, "batch mates", size, batch).integers(len(pool), size=size - 1)
        mates = pool[chosen]
        normal = among_mates(z, mates.mean(0), mates.var(0), size - 1, net.eps)
        out.append(net.scores(normal))
    return np.stack(out)


def spread_of_first_order(net: NormedNet, z: Array, pool: Array) -> Array:
    """Return sqrt(B) times the standard deviation of outputs over batches, for large B, (E, C).

    By the delta method: a mate with value z' moves a unit's normalised value t of an example by
    -(d + t (d^2 - v) / (2 s^2)) / (s B), where d = z' - mean and s^2 = v + eps, and outputs
    linearly; independent mates add their variances.

    Args:
        net: with batch norm.
        z: values of the examples, (E, U).
        pool: values that mates are drawn from, (J, U).

    Cost: 4 E C U J flop.
    """
    mean, variance = pool.mean(0), pool.var(0)
    scale = np.sqrt(variance + net.eps)
    t = (z - mean) / scale
    d = (pool - mean) / scale
    square = d**2 - variance / scale**2
    through = net._slope(t) * net.gain
    found = []
    for row in net.last:
        along = through * row
        # An output at a time: all at once would be (E, C, J).
        found.append((along @ d.T + (along * t / 2) @ square.T).std(1))
    return np.stack(found, axis=1)
