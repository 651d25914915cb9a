"""What batch norm, layer norm and elementwise activations do to a batch, without training."""

from __future__ import annotations

from collections.abc import Sequence
from math import lgamma

import numpy as np
from numpy.typing import NDArray

from mlplab.exercises.findings import Checked
from mlplab.theory.batch_dependence import among_mates

_N = 2000
_TOLERANCE = 1e-9  # float64 rounding of sums over thousands
_N_LAWS = 20
_N_LAYERS = 100
_LANES = 32
_ACTIVATIONS = ("relu", "leaky-relu", "tanh", "sigmoid", "gelu", "silu", "elu", "softplus")
_NEAR_LIMIT = 0.01


def prove() -> Sequence[Checked]:
    """Check what batch norm loses, how far it can move a value, and how mates make it vary."""
    rng = np.random.default_rng(0)
    return _affine(rng), _two(rng), _bound(rng), _law(rng), _layer(rng), _elementwise(rng)


def normalised(batch: NDArray[np.float64]) -> NDArray[np.float64]:
    """Return (z - mean) / standard deviation over the last axis, as batch norm with eps = 0."""
    apart = batch - batch.mean(-1, keepdims=True)
    return np.asarray(apart / np.sqrt((apart**2).mean(-1, keepdims=True)))


def _affine(rng: np.random.Generator) -> Checked:
    there = back = apart = 0.0
    for size in rng.integers(2, 65, _N):
        batch = rng.standard_t(3, size)
        scale, shift = np.exp(rng.normal()), rng.normal()
        normal = normalised(batch)
        there = max(there, float(abs(normalised(scale * batch + shift) - normal).max()))
        # The batch's own spread and mean bring back what it was.
        back = max(back, float(abs(batch.std() * normal + batch.mean() - batch).max()))
        apart = max(apart, float(abs(normalised(-scale * batch + shift) + normal).max()))
    holds = max(there, back, apart) < _TOLERANCE
    return Checked("affine", holds, facts={"moved": there, "back": back}, n_cases=_N)


def _two(rng: np.random.Generator) -> Checked:
    import sympy

    a, b = sympy.symbols("a b", real=True)
    middle = (a + b) / 2
    variance = ((a - middle) ** 2 + (b - middle) ** 2) / 2
    algebra = sympy.simplify((a - middle) ** 2 - variance) == 0
    pairs = rng.standard_normal((_N, 2)) * 10.0 ** rng.uniform(-6, 6, (_N, 1))
    error = float(abs(normalised(pairs)[:, 0] - np.sign(pairs[:, 0] - pairs[:, 1])).max())
    holds = bool(algebra) and error < _TOLERANCE
    return Checked("two", holds, facts={"pairs": _N, "error": error})


def _bound(rng: np.random.Generator) -> Checked:
    import sympy

    # One value z apart from the mean m of B - 1 others with variance v, see `among_mates`.
    apart, v = sympy.symbols("apart v", nonnegative=True)
    others = sympy.Symbol("others", positive=True)
    whole = others + 1
    square = (1 - 1 / whole) * apart**2 / (v + apart**2 / whole)
    algebra = sympy.simplify(whole - 1 - square - others * v / (v + apart**2 / whole)) == 0
    worst = 0.0
    for size in rng.integers(2, 257, _N):
        heavy = rng.standard_cauchy(size) ** 3
        worst = max(worst, float(abs(normalised(heavy)).max() / np.sqrt(size - 1)))
    sizes = np.array([2, 3, 10, 256])
    reached = [
        float(
            among_mates(np.array(1e9), np.array(0.0), np.array(1.0), size - 1) / (size - 1) ** 0.5
        )
        for size in sizes
    ]
    holds = bool(algebra) and worst <= 1 + _TOLERANCE and min(reached) > 1 - 1e-6
    return Checked("bound", holds, facts={"batches": _N, "worst": worst})


def _law(rng: np.random.Generator) -> Checked:
    sizes = (80, 160, 320)
    plain = extrapolated = 0.0
    for _ in range(_N_LAWS):
        mates, chances = rng.normal(size=3), 0.2 + 0.4 * rng.dirichlet((1, 1, 1))
        d = mates - chances @ mates
        sigma = (chances @ d**2) ** 0.5
        t = float(rng.uniform(-2, 2))
        z = float(chances @ mates + t * sigma)
        skew, kurtosis = chances @ (d / sigma) ** 3, chances @ (d / sigma) ** 4
        limit = 1 + skew * t + (kurtosis - 1) * t**2 / 4
        one, two, four = (n * spread_exactly(z, mates, chances, n) ** 2 for n in sizes)
        unit = 1 + t**2
        plain = max(plain, float(abs(four - limit)) / unit)
        # The distance from the limit is a series in 1/B; this takes its first two terms away.
        left = float(abs((one - 6 * two + 8 * four) / 3 - limit)) / unit
        extrapolated = max(extrapolated, left)
    facts = {"sizes": sizes, "left": extrapolated, "plain": plain}
    return Checked("law", bool(extrapolated < _NEAR_LIMIT), facts=facts, n_cases=_N_LAWS)


def spread_exactly(
    z: float, mates: NDArray[np.float64], chances: NDArray[np.float64], size: int
) -> float:
    """Return the standard deviation of z's normalised value over all batches of a size.

    Args:
        z: the example's value.
        mates: three values a mate may have.
        chances: of each.
        size: of the batch, the example included.

    Cost: O(size^2).
    """
    n = size - 1
    first, second = (part.ravel() for part in np.meshgrid(np.arange(n + 1), np.arange(n + 1)))
    kept = first + second <= n
    counts = np.stack([first[kept], second[kept], n - first[kept] - second[kept]])
    logs = np.array([lgamma(k + 1) for k in range(n + 1)])
    weight = np.exp(logs[n] - logs[counts].sum(0) + np.log(chances) @ counts)
    mean = mates @ counts / n
    variance = np.maximum(mates**2 @ counts / n - mean**2, 0.0)
    value = among_mates(np.full(len(mean), z), mean, variance, n)
    centre = weight @ value
    return float(np.sqrt(weight @ (value - centre) ** 2))


def _layer(rng: np.random.Generator) -> Checked:
    import torch

    from mlplab.engine.norms import BatchNorm, LayerNorm

    moved = {"batch": 0.0, "layer": 0.0}
    for _ in range(_N_LAYERS):
        width, size = int(rng.integers(2, 300)), int(rng.integers(2, _LANES + 1))
        bias = torch.from_numpy(rng.standard_normal((1, width)))
        norms: dict[str, BatchNorm | LayerNorm] = {
            "batch": BatchNorm(1, width, _LANES, bias),
            "layer": LayerNorm(1, width, _LANES, bias),
        }
        example = torch.from_numpy(rng.standard_normal((1, width)))
        for name, norm in norms.items():
            norm.initialise(0)
            norm.gain[0] = torch.from_numpy(rng.standard_normal(width))
            seen = []
            for spread in (1.0, 100.0):
                h = torch.zeros(1, width, _LANES, dtype=torch.float64)
                h[:, :, :size] = torch.from_numpy(spread * rng.standard_normal((1, width, size)))
                h[:, :, 0] = example
                norm.forward(h, size)
                seen.append(h[:, :, 0].clone())
            moved[name] = max(moved[name], float((seen[0] - seen[1]).abs().max()))
    holds = moved["layer"] == 0.0 and moved["batch"] > 0.1
    return Checked("layer", holds, facts={"by_batch_norm": moved["batch"]}, n_cases=_N_LAYERS)


def _elementwise(rng: np.random.Generator) -> Checked:
    import torch

    from mlplab.engine.activations import activation

    moved = 0.0
    for name in _ACTIVATIONS:
        function = activation(name).forward
        for _ in range(_N_LAYERS):
            width = int(rng.integers(2, 300))
            example = torch.from_numpy(rng.standard_normal((1, width)))
            seen = []
            for spread in (1.0, 100.0):
                h = torch.from_numpy(spread * rng.standard_normal((1, width, _LANES)))
                h[:, :, 0] = example
                function(h)
                seen.append(h[:, :, 0].clone())
            moved = max(moved, float((seen[0] - seen[1]).abs().max()))
    facts = {"activations": _ACTIVATIONS}
    return Checked("elementwise", moved == 0.0, facts=facts, n_cases=len(_ACTIVATIONS) * _N_LAYERS)
