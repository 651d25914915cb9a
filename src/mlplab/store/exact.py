"""Python values as compressed JSON, exactly: what is read equals what was written, in its type."""

from __future__ import annotations

import base64
import json
import struct
import zlib
from typing import Any

import numpy as np

from mlplab.store.packing import inflated

# Marks what JSON has no form for; a dictionary with such a key is written as pairs.
_MARK = "!"
_FORMAT = b"E1"
_KINDS = "biufcmMSU"
# Longer ones as hex: Python refuses to parse decimal integers of more than 4,300 digits.
_LONGEST_INT = 1 << 63


def pack_exact(value: Any) -> bytes:
    """Write a value that consists of None, bool, int, float, complex, str, bytes, list, tuple,
    dict, and numpy scalars and arrays.

    Floats keep every bit, NaN and infinities included; numpy's numbers keep their dtype.

    Raises:
        TypeError: it holds something else.

    >>> unpack_exact(pack_exact({"mean": 0.1, "seeds": (0, 1), 3: np.float32(0.5)}))
    {'mean': 0.1, 'seeds': (0, 1), 3: np.float32(0.5)}
    """
    text = json.dumps(_to_plain(value), allow_nan=False, separators=(",", ":"))
    return _FORMAT + zlib.compress(text.encode("ascii"), 6)


def unpack_exact(blob: bytes) -> Any:
    """Return what `pack_exact` wrote.

    Raises:
        ValueError: the blob is damaged, or not one of `pack_exact`'s.
    """
    if blob[: len(_FORMAT)] != _FORMAT:
        raise ValueError("damaged blob: it does not begin as remembered values do")
    try:
        return _from_plain(json.loads(inflated(blob[len(_FORMAT) :])))
    except (
        zlib.error,
        struct.error,
        LookupError,
        TypeError,
        AttributeError,
        OverflowError,
        RecursionError,
    ) as error:
        raise ValueError(f"damaged blob: {error}") from error


def _to_plain(value: Any) -> Any:
    kind = type(value)
    if value is None or kind is bool or kind is str:
        return value
    if kind is int:
        return value if abs(value) < _LONGEST_INT else {_MARK: "int", "x": hex(value)}
    if kind is float:
        return value if -np.inf < value < np.inf else {_MARK: "float", "x": _hex(value)}
    if kind is list:
        return [_to_plain(item) for item in value]
    if kind is tuple:
        return {_MARK: "tuple", "x": [_to_plain(item) for item in value]}
    if kind is dict:
        if _MARK not in value and all(type(key) is str for key in value):
            return {key: _to_plain(item) for key, item in value.items()}
        return {_MARK: "dict", "x": [[_to_plain(k), _to_plain(v)] for k, v in value.items()]}
    if kind is complex:
        return {_MARK: "complex", "x": [_hex(value.real), _hex(value.imag)]}
    if kind is bytes:
        return {_MARK: "bytes", "x": _to_text(value)}
    if isinstance(value, np.generic) and value.dtype.kind in _KINDS:
        return {_MARK: "scalar", "dtype": value.dtype.str, "x": _to_text(value.tobytes())}
    if kind is np.ndarray:
        return _array_to_plain(value)
    raise TypeError(f"cannot keep a {kind.__module__}.{kind.__qualname__} exactly")


def _array_to_plain(array: np.ndarray[Any, Any]) -> dict[str, Any]:
    shape = list(array.shape)
    # Object arrays hold pointers: their bytes mean nothing to another process.
    if array.dtype.kind == "O":
        return {_MARK: "objects", "shape": shape, "x": [_to_plain(one) for one in array.flat]}
    if array.dtype.kind not in _KINDS:
        raise TypeError(f"cannot keep an array of {array.dtype} exactly")
    data = _to_text(np.ascontiguousarray(array).tobytes())
    return {_MARK: "array", "dtype": array.dtype.str, "shape": shape, "x": data}


def _from_plain(plain: Any) -> Any:
    if isinstance(plain, list):
        return [_from_plain(item) for item in plain]
    if not isinstance(plain, dict):
        return plain
    mark = plain.get(_MARK)
    if mark is None:
        return {key: _from_plain(item) for key, item in plain.items()}
    x = plain["x"]
    match mark:
        case "tuple":
            return tuple(_from_plain(item) for item in x)
        case "dict":
            return {_from_plain(key): _from_plain(item) for key, item in x}
        case "int":
            return int(x, 16)
        case "float":
            return _unhex(x)
        case "complex":
            return complex(_unhex(x[0]), _unhex(x[1]))
        case "bytes":
            return _from_text(x)
        case "scalar":
            return np.frombuffer(_from_text(x), dtype=np.dtype(plain["dtype"]), count=1)[0]
        case "array":
            flat = np.frombuffer(_from_text(x), dtype=np.dtype(plain["dtype"]))
            return flat.reshape(plain["shape"]).copy()
        case "objects":
            objects = np.empty(len(x), dtype=object)
            for place, item in enumerate(x):
                objects[place] = _from_plain(item)
            return objects.reshape(plain["shape"])
    raise ValueError(f"damaged blob: unknown mark {mark!r}")


def _hex(value: float) -> str:
    return struct.pack("<d", value).hex()


def _unhex(text: str) -> float:
    (value,) = struct.unpack("<d", bytes.fromhex(text))
    return float(value)


def _to_text(data: bytes) -> str:
    return base64.b64encode(data).decode("ascii")


def _from_text(text: str) -> bytes:
    return base64.b64decode(text, validate=True)
