"""Has the data shifted, does it matter, and what to do about it."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from mlplab.shift.correction.correct import correct
    from mlplab.shift.correction.label_shift import LabelShift, label_shift
    from mlplab.shift.correction.weights import Weights, effective_rows, weighted_risk
    from mlplab.shift.correction.worth_weighting import WeightingAdvice, worth_weighting
    from mlplab.shift.encoding import Encoded, EncodedColumn, encode

# Where each name lives: it is loaded when it is first asked for.
_HOMES = {
    "Encoded": "encoding",
    "EncodedColumn": "encoding",
    "LabelShift": "correction.label_shift",
    "WeightingAdvice": "correction.worth_weighting",
    "Weights": "correction.weights",
    "correct": "correction.correct",
    "effective_rows": "correction.weights",
    "encode": "encoding",
    "label_shift": "correction.label_shift",
    "weighted_risk": "correction.weights",
    "worth_weighting": "correction.worth_weighting",
}

__all__ = [
    "Encoded",
    "EncodedColumn",
    "LabelShift",
    "WeightingAdvice",
    "Weights",
    "correct",
    "effective_rows",
    "encode",
    "label_shift",
    "weighted_risk",
    "worth_weighting",
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
