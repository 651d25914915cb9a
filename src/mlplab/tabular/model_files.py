"""Table models as files: JSON and safetensors in a zip; nothing in it is ever executed."""

from __future__ import annotations

import io
import math
import os
import tempfile
import zipfile
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal

import numpy as np
from pydantic import (
    BaseModel,
    ConfigDict,
    Field,
    StrictBool,
    StrictFloat,
    StrictInt,
    StrictStr,
    ValidationError,
)

from mlplab.errors import DataError, MlplabError
from mlplab.specs.base import explain
from mlplab.tabular.columns import Schema
from mlplab.tabular.model_inputs import Encoder
from mlplab.tabular.scoring import METRICS, TaskKind
from mlplab.tabular.shortcuts import SHORTCUTS, Shortcut
from mlplab.tabular.table_members import PARTS, Encoding, Tensors

if TYPE_CHECKING:
    from mlplab.tabular.table_model import TableModel

_NOTE, _TENSORS = "model.json", "arrays.safetensors"
_MOST_BYTES = {_NOTE: 2**28, _TENSORS: 2**33}
Cell = str | int | float | None


class _Encoding(BaseModel):
    model_config = ConfigDict(extra="forbid", allow_inf_nan=False)

    encoders: tuple[Encoder, ...]
    width: int = Field(ge=1, le=10_000_000)


class _Scores(BaseModel):
    model_config = ConfigDict(extra="forbid")

    metric: str
    why: str
    score: float
    optimistic: float
    folds: list[float]
    interval: tuple[float, float]
    nested: float | None


class _Note(BaseModel):
    """The JSON of a file."""

    model_config = ConfigDict(extra="forbid")

    format: Literal["mlplab-table-model-1"]
    task: TaskKind
    target: str
    table_schema: Schema
    classes: tuple[StrictBool | StrictInt | StrictFloat | StrictStr, ...]
    n_folds: int = Field(ge=2, le=100_000)
    cv: _Scores
    members: dict[str, list[Cell]]
    tried: dict[str, list[Cell]]
    seconds: float = Field(ge=0)
    logarithmic: bool
    bounds: tuple[float, float]
    encodings: list[_Encoding]
    parts: list[dict[str, Any]] = Field(min_length=1)
    shortcuts: list[tuple[str, dict[str, int]]] = []
    interrupted: bool = False


def save_table_model(model: TableModel, path: Path) -> None:
    """Write a table model; see `TableModel.save`."""
    from safetensors.numpy import save

    cv = model.cv
    tensors: Tensors = {
        "fold_index": model.fold_index,
        "out_of_fold": model.out_of_fold,
        "cv.out_of_fold": cv.out_of_fold,
        "weights": model.weights,
    }
    for place, encoding in enumerate(model.encodings):
        tensors[f"encodings.{place}.means"] = encoding.means
        tensors[f"encodings.{place}.deviations"] = encoding.deviations
    parts = []
    for place, part in enumerate(model.parts):
        said, own = part.note()
        parts.append({**said, "part": part.kind})
        tensors |= {f"parts.{place}.{name}": one for name, one in own.items()}
    note = _Note(
        format="mlplab-table-model-1",
        task=model.task,
        target=model.target,
        table_schema=model.schema,
        classes=model.classes,
        n_folds=model.n_folds,
        cv=_Scores(
            metric=cv.metric,
            why=cv.why,
            score=cv.score,
            optimistic=cv.optimistic,
            folds=cv.folds.tolist(),
            interval=cv.interval,
            nested=cv.nested,
        ),
        members=_cells(model.members),
        tried=_cells(model.tried),
        seconds=model.seconds,
        logarithmic=model.logarithmic,
        bounds=model.bounds,
        encodings=[_Encoding(encoders=e.encoders, width=e.width) for e in model.encodings],
        parts=parts,
        shortcuts=[(one.key, dict(one.values)) for one in model.shortcuts],
        interrupted=model.interrupted,
    )
    blob = io.BytesIO()
    with zipfile.ZipFile(blob, "w") as archive:
        archive.writestr(_NOTE, note.model_dump_json(), zipfile.ZIP_DEFLATED)
        packed = save({name: np.ascontiguousarray(one) for name, one in tensors.items()})
        archive.writestr(_TENSORS, packed, zipfile.ZIP_STORED)
    _write(path, blob.getvalue())


def load_table_model(path: str | Path) -> TableModel:
    """Read what `TableModel.save` wrote. Nothing in the file is executed, whoever made it.

    Args:
        path: of the file.

    Raises:
        DataError: it cannot be read, is damaged, or is no such file.
    """
    path = Path(path)
    try:
        return _restore(path)
    except OSError as problem:
        raise DataError(f"{path}: cannot be read ({problem.strerror or problem})") from None
    except ValidationError as problems:
        reason = explain(problems, _Note)[:300]
    except zipfile.BadZipFile:
        reason = "no zip, or a damaged one"
    except MlplabError as problem:
        reason = str(problem)
    except (ValueError, TypeError, KeyError, IndexError, AttributeError, OverflowError) as odd:
        reason = f"{type(odd).__name__}: {odd}"
    except (RecursionError, NotImplementedError, RuntimeError, EOFError, MemoryError) as odd:
        reason = f"{type(odd).__name__}: {odd}"
    except Exception as odd:
        # what safetensors and zlib raise for damage is no subclass of anything above
        if type(odd).__name__ not in ("SafetensorError", "error"):
            raise
        reason = str(odd)
    raise DataError(f"{path}: not a file of TableModel.save ({reason.splitlines()[0][:300]})")


def _restore(path: Path) -> TableModel:
    import pandas as pd
    from safetensors.numpy import load

    from mlplab.tabular.table_model import CrossValidation, TableModel

    with zipfile.ZipFile(path) as archive:
        note = _Note.model_validate_json(_entry(archive, _NOTE))
        tensors: Tensors = load(_entry(archive, _TENSORS))
    for name, tensor in tensors.items():
        if tensor.dtype.kind not in "biuf" or not np.isfinite(tensor).all():
            raise DataError(f"{name}: expected finite numbers")
    fold_index = tensors.pop("fold_index")
    n_rows = len(fold_index)
    if fold_index.shape != (n_rows,) or fold_index.dtype != np.int64 or not n_rows:
        raise DataError("fold_index: expected whole numbers, one per row")
    if fold_index.min() < 0 or fold_index.max() >= note.n_folds:
        raise DataError(f"fold_index: expected 0 to {note.n_folds - 1}")
    if METRICS.get(note.cv.metric) != note.task or (note.task == "regression") == bool(
        note.classes
    ):
        raise DataError(f"metric {note.cv.metric!r}: does not fit the task {note.task!r}")
    wide = (len(note.classes),) if note.classes else ()
    guesses = [tensors.pop(name) for name in ("out_of_fold", "cv.out_of_fold")]
    if any(one.shape != (n_rows, *wide) or one.dtype != np.float64 for one in guesses):
        raise DataError(f"out_of_fold: expected shape {(n_rows, *wide)}")
    weights = tensors.pop("weights")
    if weights.shape != (len(note.parts),) or weights.dtype != np.float64:
        raise DataError("weights: expected one per member")
    encodings = _encodings(note, tensors)
    parts = []
    for place, said in enumerate(note.parts):
        start = f"parts.{place}."
        own = {n.removeprefix(start): t for n, t in tensors.items() if n.startswith(start)}
        kind = PARTS.get(str(said.get("part")))
        if kind is None:
            raise DataError(f"parts: expected one of {', '.join(PARTS)}; got {said.get('part')!r}")
        part = kind.restore(said, own)
        if not 0 <= part.encoding < len(encodings) or part.n_folds != note.n_folds:
            raise DataError("parts: another number of folds or encodings")
        part.check(encodings[part.encoding].width, len(note.classes))
        parts.append(part)
    if unknown := [key for key, _ in note.shortcuts if key not in SHORTCUTS]:
        raise DataError(f"shortcuts: no {unknown[0]!r} is known")
    if not all(math.isfinite(bound) for bound in note.bounds):
        raise DataError("bounds: expected finite numbers")
    scores = note.cv.model_dump() | {"folds": np.array(note.cv.folds, dtype=np.float64)}
    return TableModel(
        task=note.task,
        metric=note.cv.metric,
        target=note.target,
        schema=note.table_schema,
        classes=note.classes,
        n_folds=note.n_folds,
        fold_index=fold_index,
        out_of_fold=guesses[0],
        cv=CrossValidation(**scores, out_of_fold=guesses[1]),
        members=pd.DataFrame(note.members),
        tried=pd.DataFrame(note.tried),
        seconds=note.seconds,
        logarithmic=note.logarithmic,
        bounds=note.bounds,
        encodings=encodings,
        parts=tuple(parts),
        weights=weights,
        shortcuts=tuple(Shortcut(key, values) for key, values in note.shortcuts),
        interrupted=note.interrupted,
    )


def _encodings(note: _Note, tensors: Tensors) -> tuple[Encoding, ...]:
    found = []
    for place, said in enumerate(note.encodings):
        names = ("means", "deviations")
        means, deviations = (tensors.pop(f"encodings.{place}.{name}") for name in names)
        if any(one.shape != (note.n_folds,) for one in (means, deviations)):
            raise DataError("encodings: expected a mean and a deviation per fold")
        if len(said.encoders) != note.n_folds:
            raise DataError(f"encodings: expected {note.n_folds} encoders")
        if any(len(encoder.names) > said.width for encoder in said.encoders):
            raise DataError("encodings: more features than the width")
        found.append(Encoding(said.encoders, said.width, means, deviations))
    return tuple(found)


def _entry(archive: zipfile.ZipFile, name: str) -> bytes:
    info = archive.getinfo(name)
    if info.file_size > _MOST_BYTES[name]:
        raise DataError(f"{name}: {info.file_size} bytes are too many")
    return archive.read(info)


def _cells(frame: Any) -> dict[str, list[Cell]]:
    """A frame's columns as plain values; None where a number is not finite."""
    plain = {str(name): frame[name].tolist() for name in frame.columns}
    return {
        name: [None if isinstance(one, float) and not math.isfinite(one) else one for one in cells]
        for name, cells in plain.items()
    }


def _write(path: Path, blob: bytes) -> None:
    """Write a file that appears whole or not at all."""
    path.parent.mkdir(parents=True, exist_ok=True)
    handle, draft = tempfile.mkstemp(dir=path.parent, prefix=".mlplab-")
    try:
        with os.fdopen(handle, "wb") as stream:
            stream.write(blob)
        os.replace(draft, path)
    except BaseException:
        Path(draft).unlink(missing_ok=True)
        raise
