"""In which order a run sees its rows."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from mlplab.specs.keyed import philox


def order(seed: int, epoch: int, rows: NDArray[np.int64]) -> NDArray[np.int64]:
    """Return `rows` in one epoch's order: sorted by keys of (seed, epoch, example).

    An example's key does not depend on which others are there, so a smaller training set is seen
    in the order of the larger one with the missing examples left out.

    >>> whole = order(1, 0, np.arange(6))
    >>> part = order(1, 0, np.arange(3))
    >>> bool((whole[whole < 3] == part).all())
    True
    """
    # Raw words: sorting needs no floats, whose rounding would tie some keys.
    keys = philox(seed, "order", epoch).bit_generator.random_raw(int(rows.max()) + 1)
    # Stable: the compiled loops sort by parts and must break ties the same way.
    return rows[np.argsort(keys[rows], kind="stable")]
