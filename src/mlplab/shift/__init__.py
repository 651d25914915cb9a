"""Has the data shifted, does it matter, and what to do about it."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from mlplab.shift.encoding import Encoded, EncodedColumn, encode

# Where each name lives: it is loaded when it is first asked for.
_HOMES = {
    "Encoded": "encoding",
    "EncodedColumn": "encoding",
    "encode": "encoding",
}

__all__ = ["Encoded", "EncodedColumn", "encode"]


def __getattr__(name: str) -> Any:
    if name not in _HOMES:
        raise AttributeError(f"module 'mlplab.shift' has no attribute {name!r}")
    from importlib import import_module

    value = getattr(import_module(f"mlplab.shift.{_HOMES[name]}"), name)
    globals()[name] = value
    return value


def __dir__() -> list[str]:
    return sorted(__all__)
