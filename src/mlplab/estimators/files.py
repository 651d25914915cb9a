"""Estimators as files: tensors and JSON in one safetensors file; nothing in it is ever executed."""

from __future__ import annotations

import json
import math
from itertools import pairwise
from pathlib import Path
from typing import Any, Literal

import numpy as np
from numpy.typing import NDArray
from pydantic import BaseModel, ConfigDict, Field, ValidationError
from safetensors import SafetensorError
from safetensors.numpy import load as load_tensors
from safetensors.numpy import save as save_tensors

from mlplab.atomic import atomic_file
from mlplab.devices import refuse_device
from mlplab.errors import ConfigError, DataError, StoreError
from mlplab.estimators.population import Member
from mlplab.estimators.scale import SmoothClip
from mlplab.estimators.seen import Seen
from mlplab.estimators.settings import run_of
from mlplab.estimators.targets import TRANSFORMS, Targets
from mlplab.specs import Custom
from mlplab.specs.complaints import explain

_NOTE = "mlplab-estimator"
# Histories of a million epochs fit; a damaged length must not be read as JSON.
_MOST_NOTE_BYTES = 50_000_000


class _Note(BaseModel):
    """The JSON of a file."""

    model_config = ConfigDict(extra="forbid", strict=True, allow_inf_nan=False)

    format: Literal[1]
    kind: str
    params: dict[str, Any]
    seeds: list[int] = Field(min_length=1)
    epochs: list[int]
    histories: list[dict[str, list[float | None]]]
    batch_size: int = Field(ge=1)
    n_features: int = Field(ge=1)
    feature_names: list[str] | None = None
    classes: list[str | bool | int | float] | None = None
    classes_dtype: str | None = None
    class_weight: list[tuple[str | bool | int | float, float]] | None = None
    transform: str | None = None
    one_target: bool | None = None


def save_estimator(model: Any, path: Path) -> None:
    """Write a fitted estimator; see `MLPEstimator.save`."""
    params = dict(model.get_params(deep=False))
    del params["progress"]  # how one watches is no part of a model
    weights = params.get("class_weight")
    pairs = None
    if isinstance(weights, dict):
        params["class_weight"] = None
        pairs = [[_plain(k), float(v)] for k, v in weights.items()]
    # a generator cannot be written, and has done its part: the seeds are kept
    if not isinstance(params["random_state"], int | np.integer | None):
        params["random_state"] = None
    classes = getattr(model, "classes_", None)
    targets = getattr(model, "targets_", None)
    names = getattr(model, "feature_names_in_", None)
    note = {
        "format": 1,
        "kind": type(model).__name__,
        "params": {name: _plain(value) for name, value in params.items()},
        "class_weight": pairs,
        "seeds": list(model.seeds_),
        "epochs": list(model.n_epochs_),
        "histories": [_finite(history) for history in model.history_],
        "batch_size": model.members_[0].run.fit.batch_size,
        "n_features": int(model.n_features_in_),
        "feature_names": None if names is None else [str(name) for name in names],
        "classes": None if classes is None else [_plain(label) for label in classes],
        "classes_dtype": None if classes is None else classes.dtype.str,
        "transform": None if targets is None else targets.transform,
        "one_target": None if targets is None else targets.one,
    }
    tensors = {
        "scaler.columns": model.scaler_.columns,
        "scaler.center": model.scaler_.center,
        "scaler.scale": model.scaler_.scale,
        **_seen_tensors("scaler", model.scaler_.seen),
    }
    if targets is not None:
        tensors |= {"targets.mean": targets.mean, "targets.deviation": targets.deviation}
        tensors |= _seen_tensors("targets", targets.seen) | {"targets.renewed": targets.renewed}
    if model.calibration_scores_ is not None:
        tensors["calibration.scores"] = model.calibration_scores_
    for index, member in enumerate(model.members_):
        for name, tensor in load_tensors(member.weights).items():
            tensors[f"members.{index}.{name}"] = tensor
    whole = {name: np.ascontiguousarray(tensor) for name, tensor in tensors.items()}
    # For the owner alone: class names and histories may tell of the data.
    with atomic_file(path, 0o600) as draft:
        draft.write_bytes(save_tensors(whole, {_NOTE: json.dumps(note, allow_nan=False)}))


def load_estimator(cls: Any, path: Path) -> Any:
    """Read a fitted estimator; see `MLPEstimator.load`."""
    refuse_device(path, f"a file of {cls.__name__}.save")
    try:
        blob = path.read_bytes()
    except OSError as problem:
        raise DataError(f"{path}: cannot be read ({problem.strerror})") from None
    try:
        return _restore(cls, blob)
    except ValidationError as problems:
        reason = explain(problems, _Note)[:300]
    except (ConfigError, DataError, StoreError, SafetensorError) as problem:
        reason = str(problem)
    except (ValueError, TypeError, KeyError, AttributeError, OverflowError, RecursionError) as odd:
        reason = f"{type(odd).__name__}: {odd}"
    raise DataError(f"{path}: not a file of {cls.__name__}.save ({reason.splitlines()[0]})")


def _restore(cls: Any, blob: bytes) -> Any:
    note, tensors = _read_note(blob), load_tensors(blob)
    if note.kind != cls.__name__:
        raise DataError(f"it holds a {note.kind}")
    for name, tensor in tensors.items():
        if tensor.dtype.kind not in "bf" or not np.isfinite(tensor).all():
            raise DataError(f"{name}: expected finite floats")
    params = dict(note.params)
    for name in ("hidden", "dropout"):
        if isinstance(params.get(name), list):
            params[name] = tuple(params[name])
    if isinstance(params.get("optimizer"), dict):
        params["optimizer"] = Custom(**params["optimizer"])
    if note.class_weight is not None:
        params["class_weight"] = dict(note.class_weight)
    unknown = sorted(set(params) ^ {*cls._get_param_names()} - {"progress"})
    if unknown:
        raise DataError(f"{unknown[0]}: a parameter that is unknown, or missing")
    model = cls(**params)
    model.n_features_in_ = note.n_features
    if note.feature_names is not None:
        if len(note.feature_names) != note.n_features:
            raise DataError("as many feature names as features expected")
        model.feature_names_in_ = np.array(note.feature_names, dtype=object)
    model.scaler_ = _scaler(tensors, note.n_features)
    n_outputs = _restore_outputs(model, note, tensors)
    scores = tensors.pop("calibration.scores", None)
    wanted = (n_outputs,) if note.classes is None else ()
    if scores is not None and (not scores.size or scores.shape[1:] != wanted):
        raise DataError("calibration.scores: of another shape")
    model.calibration_scores_ = scores
    model._progress = None
    model._take(_members(params, note, tensors, int(model.scaler_.columns.sum()), n_outputs))
    return model


def _read_note(blob: bytes) -> _Note:
    size = int.from_bytes(blob[:8], "little")
    if len(blob) < 8 or not 2 <= size <= min(len(blob) - 8, _MOST_NOTE_BYTES):
        raise DataError("no safetensors header")
    header = json.loads(blob[8 : 8 + size])
    return _Note.model_validate_json(header["__metadata__"][_NOTE])


def _scaler(tensors: dict[str, NDArray[Any]], n_features: int) -> SmoothClip:
    columns, center, scale = (tensors.pop(f"scaler.{n}") for n in ("columns", "center", "scale"))
    if columns.dtype != np.bool_ or columns.shape != (n_features,) or not columns.any():
        raise DataError("scaler.columns: expected true or false for each feature")
    n = int(columns.sum())
    if center.shape != (n,) or scale.shape != (n,) or (scale < 0).any():
        raise DataError("scaler: expected a center, and a scale from 0, for each used feature")
    return SmoothClip(columns, center, scale, _seen(tensors, "scaler", n))


def _seen_tensors(owner: str, seen: Seen) -> dict[str, NDArray[Any]]:
    return {f"{owner}.rows": seen.rows, f"{owner}.far": seen.far}


def _seen(tensors: dict[str, NDArray[Any]], owner: str, n: int) -> Seen:
    """Read what rows a scale of n columns has met; files from before do not say."""
    if f"{owner}.rows" not in tensors:
        return Seen()
    rows, far = tensors.pop(f"{owner}.rows"), tensors.pop(f"{owner}.far")
    if (
        rows.shape != far.shape
        or rows.shape not in ((n,), (1,))
        or not ((far >= 0) & (far <= rows + 1e-6 * rows)).all()
    ):
        raise DataError(f"{owner}: expected how many rows, and how many far ones, for each")
    return Seen(rows, far)


def _restore_outputs(model: Any, note: _Note, tensors: dict[str, NDArray[Any]]) -> int:
    """Set what classifier or regressor know of their outputs; return how many there are."""
    if note.kind == "MLPClassifier":
        if note.classes is None or len(note.classes) < 2 or note.classes_dtype is None:
            raise DataError("classes: expected at least two")
        dtype = np.dtype(note.classes_dtype)
        if dtype.kind not in "biufUO":
            raise DataError(f"classes_dtype: expected a type of labels; got {dtype}")
        model.classes_ = np.array(note.classes, dtype="U" if dtype.kind == "U" else dtype)
        if len(np.unique(model.classes_)) != len(note.classes):
            raise DataError("classes: expected different ones")
        return len(note.classes)
    mean, deviation = tensors.pop("targets.mean"), tensors.pop("targets.deviation")
    if mean.ndim != 1 or not mean.size or mean.shape != deviation.shape or (deviation < 0).any():
        raise DataError("targets: expected a mean and a deviation for each")
    if note.transform not in TRANSFORMS or note.one_target is None:
        raise DataError(f"transform: expected one of {', '.join(TRANSFORMS)}")
    if note.one_target and len(mean) != 1:
        raise DataError("one_target: there are more")
    seen = _seen(tensors, "targets", len(mean))
    renewed = tensors.pop("targets.renewed", np.zeros(1, dtype=bool))
    if renewed.dtype != np.bool_ or renewed.shape not in ((len(mean),), (1,)):
        raise DataError("targets.renewed: expected true or false for each")
    model.targets_ = Targets(note.transform, mean, deviation, note.one_target, seen, renewed)
    model.n_outputs_ = len(mean)
    return len(mean)


def _members(
    params: dict[str, Any],
    note: _Note,
    tensors: dict[str, NDArray[Any]],
    n_in: int,
    n_out: int,
) -> tuple[Member, ...]:
    run = run_of(params, note.batch_size)
    run = run.with_value("fit.batch_size", note.batch_size)
    widths = (n_in, *run.mlp.hidden, n_out)
    if not len(note.seeds) == len(note.epochs) == len(note.histories):
        raise DataError("as many seeds, epochs and histories as networks expected")
    members = []
    for index, seed in enumerate(note.seeds):
        layers = {}
        for layer, (i, o) in enumerate(pairwise(widths)):
            shapes: dict[str, list[tuple[int, ...]]] = {"weight": [(o, i)], "bias": [(o,)]}
            if layer < len(widths) - 2:
                shapes |= _further(run.mlp.norm, run.mlp.activation, o)
            for name, allowed in shapes.items():
                full = f"layers.{layer}.{name}"
                tensor = tensors.pop(f"members.{index}.{full}")
                if tensor.shape not in allowed or tensor.dtype != np.dtype(run.fit.dtype):
                    raise DataError(f"members.{index}.{full}: expected shape {allowed[0]}")
                layers[full] = tensor
        history = {
            name: [math.nan if value is None else value for value in values]
            for name, values in note.histories[index].items()
        }
        blob = save_tensors(layers)
        members.append(Member(run.replace(seed=seed), blob, note.epochs[index], history))
    if tensors:
        raise DataError(f"{sorted(tensors)[0]}: a tensor that belongs nowhere")
    return tuple(members)


def _further(norm: str, activation: str, width: int) -> dict[str, list[tuple[int, ...]]]:
    names: list[str] = {"none": [], "layer": ["gain"], "batch": ["gain", "mean", "variance"]}[norm]
    out: dict[str, list[tuple[int, ...]]] = {name: [(width,)] for name in names}
    if activation.startswith("prelu"):
        out["slope"] = [(width,), (1,)]
    return out


def _plain(value: Any) -> Any:
    """Return a parameter or label as a JSON value.

    Raises:
        ConfigError: it has none.
    """
    if isinstance(value, np.generic):
        value = value.item()
    if isinstance(value, Custom):
        return value.model_dump(mode="json")
    if isinstance(value, list | tuple):
        return [_plain(one) for one in value]
    if value is None or isinstance(value, str | bool | int | float):
        return value
    raise ConfigError(f"save: {value!r} has no place in a file; expected numbers or text")


def _finite(history: dict[str, list[float]]) -> dict[str, list[float | None]]:
    return {
        name: [value if math.isfinite(value) else None for value in values]
        for name, values in history.items()
    }
