"""First weights, drawn by the key (seed, layer, unit, input)."""

from __future__ import annotations

import math
from collections.abc import Callable
from functools import lru_cache
from typing import Any

import numpy as np
from numpy.typing import NDArray

from mlplab.specs import Init
from mlplab.specs.keyed import philox


def initial_weight(init: Init, seed: int, layer: int, n_out: int, n_in: int) -> NDArray[np.float64]:
    """Draw one layer's weights, (n_out, n_in), in float64.

    A narrower layer holds the first units of a wider one, input by input (up to the scale that
    `he` and `xavier` derive from the layer's size). Biases start at 0 and are not drawn.

    >>> wide = initial_weight(Init(kind="normal"), seed=3, layer=0, n_out=8, n_in=5)
    >>> narrow = initial_weight(Init(kind="normal"), seed=3, layer=0, n_out=2, n_in=4)
    >>> bool((wide[:2, :4] == narrow).all())
    True
    """
    draw: Callable[..., NDArray[np.float64]]
    draw = _remembered if n_out * n_in <= _KEPT_SIZE else _draw
    match init.kind:
        case "zeros":
            return np.zeros((n_out, n_in))
        case "uniform":
            return init.scale * (2 * draw("uniform", seed, layer, n_out, n_in) - 1)
        case "normal":
            factor = init.scale
        case "he":
            factor = init.scale * math.sqrt(2 / n_in)
        case "xavier":
            factor = init.scale * math.sqrt(2 / (n_in + n_out))
    return factor * draw("normal", seed, layer, n_out, n_in)


def _draw(law: str, seed: int, layer: int, n_out: int, n_in: int) -> NDArray[np.float64]:
    generator = philox(seed, f"{law} weights", layer, 0)
    source = generator.bit_generator
    state: Any = source.state
    drawn = np.empty((n_out, n_in))
    for unit in range(n_out):
        # Moving one generator's counter costs a tenth of making a generator per unit.
        state["state"]["counter"][:] = (0, layer, unit, 0)
        state["buffer_pos"] = 4
        source.state = state
        if law == "normal":
            generator.standard_normal(out=drawn[unit])
        else:
            generator.random(out=drawn[unit])
    drawn.setflags(write=False)
    return drawn


_KEPT_SIZE = 2**18  # of a matrix: sixteen of them are 32 MB
_remembered = lru_cache(maxsize=16)(_draw)  # arms of one seed ask one after the other
