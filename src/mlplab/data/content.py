"""What a task holds, as one hash."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping
from typing import Any

import numpy as np
import numpy.typing as npt


def content_hash(facts: Mapping[str, Any], arrays: Mapping[str, npt.NDArray[Any] | None]) -> str:
    """Hash facts and arrays: the hex SHA-256 over JSON, names, dtypes, shapes and bytes.

    Equal on machines of either byte order; an array of None counts as absent.

    Cost: about 0.1 s for Fashion-MNIST's 55 MB.

    >>> import numpy as np
    >>> rows = np.arange(3)
    >>> content_hash({}, {"rows": rows}) == content_hash({}, {"rows": rows.astype(">i8")})
    True
    """
    total = hashlib.sha256(json.dumps(facts, sort_keys=True).encode())
    for name in sorted(arrays):
        array = arrays[name]
        if array is None:
            continue
        little = array.dtype.newbyteorder("<") if array.dtype.byteorder == ">" else array.dtype
        # No copy for little-endian arrays in C order, which all tasks hold.
        plain = np.ascontiguousarray(array, dtype=little)
        total.update(f"\n{name} {plain.dtype.str} {plain.shape}\n".encode())
        total.update(plain.data.cast("B") if plain.size else b"")
    return total.hexdigest()
