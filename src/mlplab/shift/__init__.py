"""Has the data shifted, does it matter, and what to do about it."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from mlplab.shift import features, images
    from mlplab.shift.correction.correct import correct
    from mlplab.shift.correction.label_shift import LabelShift, label_shift
    from mlplab.shift.correction.weights import Weights, effective_rows, weighted_risk
    from mlplab.shift.correction.worth_weighting import WeightingAdvice, worth_weighting
    from mlplab.shift.detection.columns import ColumnShift
    from mlplab.shift.detection.detect import detect, detectable_auc
    from mlplab.shift.detection.report import Detection, ShiftVerdict
    from mlplab.shift.encoding import Encoded, EncodedColumn, encode
    from mlplab.shift.features.image_features import Features, image_features
    from mlplab.shift.folder_task import image_task
    from mlplab.shift.images.cartoon import cartoon
    from mlplab.shift.images.folder import ImageFolder, image_folder
    from mlplab.shift.images.photographs import free_photographs

# Where each name lives: it is loaded when it is first asked for. Empty: a folder of that name.
_HOMES = {
    "ColumnShift": "detection.columns",
    "Detection": "detection.report",
    "Encoded": "encoding",
    "EncodedColumn": "encoding",
    "Features": "features",
    "ImageFolder": "images",
    "LabelShift": "correction.label_shift",
    "ShiftVerdict": "detection.report",
    "WeightingAdvice": "correction.worth_weighting",
    "Weights": "correction.weights",
    "cartoon": "images",
    "correct": "correction.correct",
    "detect": "detection.detect",
    "detectable_auc": "detection.detect",
    "effective_rows": "correction.weights",
    "encode": "encoding",
    "features": "",
    "free_photographs": "images",
    "image_features": "features",
    "image_folder": "images",
    "image_task": "folder_task",
    "images": "",
    "label_shift": "correction.label_shift",
    "weighted_risk": "correction.weights",
    "worth_weighting": "correction.worth_weighting",
}

__all__ = [
    "ColumnShift",
    "Detection",
    "Encoded",
    "EncodedColumn",
    "Features",
    "ImageFolder",
    "LabelShift",
    "ShiftVerdict",
    "WeightingAdvice",
    "Weights",
    "cartoon",
    "correct",
    "detect",
    "detectable_auc",
    "effective_rows",
    "encode",
    "features",
    "free_photographs",
    "image_features",
    "image_folder",
    "image_task",
    "images",
    "label_shift",
    "weighted_risk",
    "worth_weighting",
]


def __getattr__(name: str) -> Any:
    if name not in _HOMES:
        raise AttributeError(f"module 'mlplab.shift' has no attribute {name!r}")
    from importlib import import_module

    home = _HOMES[name]
    value = import_module(f"mlplab.shift.{home or name}")
    value = getattr(value, name) if home else value
    globals()[name] = value
    return value


def __dir__() -> list[str]:
    return sorted(__all__)
