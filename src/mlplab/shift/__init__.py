"""Has the data shifted, does it matter, and what to do about it."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from mlplab.shift.detection.columns import ColumnShift
    from mlplab.shift.detection.detect import detect, detectable_auc
    from mlplab.shift.detection.report import Detection, ShiftVerdict
    from mlplab.shift.encoding import Encoded, EncodedColumn, encode

# Where each name lives: it is loaded when it is first asked for.
_HOMES = {
    "ColumnShift": "detection.columns",
    "Detection": "detection.report",
    "Encoded": "encoding",
    "EncodedColumn": "encoding",
    "ShiftVerdict": "detection.report",
    "detect": "detection.detect",
    "detectable_auc": "detection.detect",
    "encode": "encoding",
}

__all__ = [
    "ColumnShift",
    "Detection",
    "Encoded",
    "EncodedColumn",
    "ShiftVerdict",
    "detect",
    "detectable_auc",
    "encode",
]


def __getattr__(name: str) -> Any:
    if name not in _HOMES:
        raise AttributeError(f"module 'mlplab.shift' has no attribute {name!r}")
    from importlib import import_module

    value = getattr(import_module(f"mlplab.shift.{_HOMES[name]}"), name)
    globals()[name] = value
    return value


def __dir__() -> list[str]:
    return sorted(__all__)
