"""What a file of a table model holds: JSON and safetensors in a zip; nothing is ever executed."""

from __future__ import annotations

import io
import math
import zipfile
from pathlib import Path
from typing import Any, Literal

import numpy as np
from pydantic import BaseModel, ConfigDict, Field, StrictBool, StrictFloat, StrictInt, StrictStr

from mlplab.atomic import atomic_file
from mlplab.errors import DataError
from mlplab.tabular.columns import Schema
from mlplab.tabular.model_inputs import Encoder
from mlplab.tabular.scoring import TaskKind
from mlplab.tabular.table_members import Tensors

_NOTE, _TENSORS = "model.json", "arrays.safetensors"
# A zip of a few kilobytes may unpack to any size: what claims more is refused before it is read.
_MOST_BYTES = {_NOTE: 2**28, _TENSORS: 2**33}
# Notes of models shrink to a fifth, a bomb to a thousandth.
_MOST_TIMES, _FREE_BYTES = 100, 2**20
Cell = str | int | float | None


class EncodingNote(BaseModel):
    """The encoders of every fold."""

    model_config = ConfigDict(extra="forbid", allow_inf_nan=False)

    encoders: tuple[Encoder, ...]
    width: int = Field(ge=1, le=10_000_000)


class ScoresNote(BaseModel):
    """What `CrossValidation` holds, but for its arrays of rows."""

    model_config = ConfigDict(extra="forbid")

    metric: str
    why: str
    score: float
    optimistic: float
    folds: list[float]
    interval: tuple[float, float]
    nested: float | None


class ModelNote(BaseModel):
    """The JSON of a file."""

    model_config = ConfigDict(extra="forbid")

    format: Literal["mlplab-table-model-1"]
    task: TaskKind
    target: str
    table_schema: Schema
    classes: tuple[StrictBool | StrictInt | StrictFloat | StrictStr, ...]
    n_folds: int = Field(ge=2, le=100_000)
    cv: ScoresNote
    members: dict[str, list[Cell]]
    tried: dict[str, list[Cell]]
    seconds: float = Field(ge=0)
    logarithmic: bool
    bounds: tuple[float, float]
    encodings: list[EncodingNote]
    parts: list[dict[str, Any]] = Field(min_length=1)
    shortcuts: list[tuple[str, dict[str, int]]] = []
    interrupted: bool = False


def write_model_file(path: Path, note: ModelNote, tensors: Tensors) -> None:
    """Write one file; it appears whole or not at all."""
    from safetensors.numpy import save

    blob = io.BytesIO()
    with zipfile.ZipFile(blob, "w") as archive:
        archive.writestr(_NOTE, note.model_dump_json(), zipfile.ZIP_DEFLATED)
        packed = save({name: np.ascontiguousarray(one) for name, one in tensors.items()})
        archive.writestr(_TENSORS, packed, zipfile.ZIP_STORED)
    # Private: a model holds words of the table it was made from.
    with atomic_file(path, 0o600) as draft:
        draft.write_bytes(blob.getvalue())


def read_model_file(path: Path) -> tuple[ModelNote, Tensors]:
    """Read one file.

    Raises:
        DataError: an entry is too large, or a number is not finite.
        Exception: of zipfile, pydantic or safetensors, where the file is damaged.
    """
    from safetensors.numpy import load

    with zipfile.ZipFile(path) as archive:
        note = ModelNote.model_validate_json(_entry(archive, _NOTE))
        tensors: Tensors = load(_entry(archive, _TENSORS))
    for name, tensor in tensors.items():
        if tensor.dtype.kind not in "biuf" or not np.isfinite(tensor).all():
            raise DataError(f"{name}: expected finite numbers")
    return note, tensors


def plain_cells(frame: Any) -> dict[str, list[Cell]]:
    """Return a frame's columns as plain values; None where a number is not finite."""
    plain = {str(name): frame[name].tolist() for name in frame.columns}
    return {
        name: [None if isinstance(one, float) and not math.isfinite(one) else one for one in cells]
        for name, cells in plain.items()
    }


def _entry(archive: zipfile.ZipFile, name: str) -> bytes:
    info = archive.getinfo(name)
    large = info.file_size > _MOST_BYTES[name]
    if large or info.file_size > _FREE_BYTES + _MOST_TIMES * info.compress_size:
        raise DataError(f"{name}: {info.file_size} bytes are too many")
    return archive.read(info)
