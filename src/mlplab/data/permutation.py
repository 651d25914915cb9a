"""One fixed random order of features, made from a number."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from mlplab.errors import ConfigError, shown
from mlplab.specs.keyed import philox


def feature_order(number: int, n_features: int) -> npt.NDArray[np.int64]:
    """Return which feature stands at each place, (n_features,), in the order of that number.

    Raises:
        ConfigError: no whole number from 0.

    >>> order = feature_order(7, 5)
    >>> sorted(order.tolist())
    [0, 1, 2, 3, 4]
    """
    if not isinstance(number, int) or isinstance(number, bool) or number < 0:
        raise ConfigError(f"permute: expected a whole number from 0; got {shown(number)}")
    return philox(number, "permuted features").permutation(n_features)
