"""First weights, drawn by the key (seed, layer, unit, input)."""

from __future__ import annotations

import math
from collections.abc import Callable
from functools import lru_cache, partial
from itertools import pairwise
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray

from mlplab.engine.buffers import zero_array
from mlplab.engine.repeats import check_repeats
from mlplab.errors import ConfigError, users_code
from mlplab.specs import Init
from mlplab.specs.init import INIT_FORMS
from mlplab.specs.keyed import philox
from mlplab.specs.plugins import find_plugin, register_plugin


def initial_weight(init: Init, seed: int, layer: int, n_out: int, n_in: int) -> NDArray[np.float64]:
    """Draw one layer's weights, (n_out, n_in), in float64.

    A narrower layer holds the first units of a wider one, input by input (up to the scale that
    `he` and `xavier` derive from the layer's size). Biases start at 0 and are not drawn.

    Raises:
        ConfigError: a user's function fails, or its weights have another shape.

    >>> wide = initial_weight(Init(kind="normal"), seed=3, layer=0, n_out=8, n_in=5)
    >>> narrow = initial_weight(Init(kind="normal"), seed=3, layer=0, n_out=2, n_in=4)
    >>> bool((wide[:2, :4] == narrow).all())
    True
    """
    draw: Callable[..., NDArray[np.float64]]
    draw = _remembered if n_out * n_in <= KEPT_SIZE else _draw_all
    match init.kind:
        case "zeros":
            return np.zeros((n_out, n_in))
        case "constant":
            return np.full((n_out, n_in), init.value)
        case "identity":
            return init.scale * np.eye(n_out, n_in)
        case "uniform" if init.low is not None and init.high is not None:
            width = init.high - init.low
            return init.low + _times(width, draw("uniform", seed, layer, n_out, n_in))
        case "uniform" | "he-uniform" | "xavier-uniform":
            bound = init.scale * math.sqrt(3 * _variance(init.kind, n_out, n_in))
            drawn = _times(2, draw("uniform", seed, layer, n_out, n_in))
            drawn -= 1
            return _times(bound, drawn)
        case "normal" | "he" | "xavier":
            factor = init.scale * math.sqrt(_variance(init.kind, n_out, n_in))
            return _times(factor, draw("normal", seed, layer, n_out, n_in))
        case "orthogonal":
            return init.scale * _orthogonal(draw("normal", seed, layer, n_out, n_in))
    function = find_plugin("init", init.kind)
    generator = philox(seed, f"{init.kind} weights", layer, 0)
    with users_code("init", init.kind):
        made = init.scale * np.asarray(function(generator, n_out, n_in), dtype=np.float64)
    if made.shape != (n_out, n_in):
        raise ConfigError(
            f"init {init.kind!r}: expected weights of shape {(n_out, n_in)}; got {made.shape}"
        )
    return made


@lru_cache(maxsize=1024)
def check_init(init: Init, widths: tuple[int, ...]) -> None:
    """Try a user's initialisation on the layers between these widths, before anything is trained.

    Raises:
        ConfigError: it fails, its weights have another shape, or others than its generator's.
    """
    if init.kind not in INIT_FORMS:
        for layer, (n_in, n_out) in enumerate(pairwise(widths)):
            check_repeats("init", init.kind, partial(initial_weight, init, 0, layer, n_out, n_in))


def register_init(name: str) -> Any:
    """Register a function (generator, n_out, n_in) -> weights (n_out, n_in) as an initialisation.

    The generator is a `numpy.random.Generator` of the run's seed and the layer. `Init.scale`
    multiplies the weights. The name is part of a run's key, the function's code is not: give a
    changed function a new name. Worker processes get it by pickling, so define it at the top of a
    module.

    >>> @register_init("laplace")
    ... def laplace(generator, n_out, n_in):
    ...     return generator.laplace(scale=(1 / n_in) ** 0.5, size=(n_out, n_in))
    >>> initial_weight(Init(kind="laplace"), seed=0, layer=0, n_out=2, n_in=3).shape
    (2, 3)
    """

    def register(function: Any) -> Any:
        register_plugin("init", name, function, INIT_FORMS)
        return function

    return register


def _variance(kind: str, n_out: int, n_in: int) -> float:
    """The variance of a weight at scale 1; a third for `uniform`, whose scale is its bound."""
    if kind.startswith("he"):
        return 2 / n_in
    if kind.startswith("xavier"):
        return 2 / (n_in + n_out)
    return 1 / 3 if kind == "uniform" else 1.0


def _orthogonal(drawn: NDArray[np.float64]) -> NDArray[np.float64]:
    """Return the orthonormal rows or columns nearest in order to a normal draw, (O, I).

    QR of the tall side, with the signs that make it uniform over all such matrices (Mezzadri 2007).
    """
    n_out, n_in = drawn.shape
    tall = torch.from_numpy(np.array(drawn if n_out >= n_in else drawn.T))
    q, r = torch.linalg.qr(tall)
    # LAPACK fixes no signs of r: without this the law would not be uniform (Haar).
    q = q * torch.sign(torch.diagonal(r))
    made: NDArray[np.float64] = (q if n_out >= n_in else q.t()).numpy()
    return made


def _draw_all(law: str, seed: int, layer: int, n_out: int, n_in: int) -> NDArray[np.float64]:
    generator = philox(seed, f"{law} weights", layer, 0)
    source = generator.bit_generator
    state: Any = source.state
    drawn = zero_array((n_out, n_in), "float64")
    for unit in range(n_out):
        # Moving one generator's counter costs a tenth of making a generator per unit.
        state["state"]["counter"][:] = (0, layer, unit, 0)
        state["buffer_pos"] = 4
        source.state = state
        if law == "normal":
            generator.standard_normal(out=drawn[unit])
        else:
            generator.random(out=drawn[unit])
    return drawn


def _times(factor: float, drawn: NDArray[np.float64]) -> NDArray[np.float64]:
    """Multiply in place, unless the array is remembered: a wide layer's draw may be all memory."""
    return np.multiply(drawn, factor, out=drawn if drawn.flags.writeable else None)


KEPT_SIZE = 2**18  # of a matrix: sixteen of them are 32 MB
KEPT_MATRICES = 16
_TOGETHER = 32  # inputs: arms of one seed that see a few more or less share what was drawn


@lru_cache(maxsize=KEPT_MATRICES)  # arms of one seed ask one after the other
def _draw_once(law: str, seed: int, layer: int, n_out: int, n_in: int) -> NDArray[np.float64]:
    drawn = _draw_all(law, seed, layer, n_out, n_in)
    drawn.setflags(write=False)
    return drawn


def forget_drawn() -> None:
    """Let go of the weights kept for further arms of a seed, where there will be none."""
    _draw_once.cache_clear()


def _remembered(law: str, seed: int, layer: int, n_out: int, n_in: int) -> NDArray[np.float64]:
    # More inputs than asked for: a unit's stream is a prefix of a longer one.
    return _draw_once(law, seed, layer, n_out, -(-n_in // _TOGETHER) * _TOGETHER)[:, :n_in]
