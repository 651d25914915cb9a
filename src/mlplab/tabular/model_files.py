"""Table models read from files, whoever made them: everything is checked, nothing executed."""

from __future__ import annotations

import math
import zipfile
from pathlib import Path

import numpy as np
from pydantic import ValidationError

from mlplab.devices import refuse_device
from mlplab.errors import DataError, MlplabError
from mlplab.reading import read_path
from mlplab.specs.complaints import explain
from mlplab.tabular.model_note import ModelNote, read_model_file
from mlplab.tabular.scoring import METRICS
from mlplab.tabular.shortcuts import SHORTCUTS, Shortcut
from mlplab.tabular.table_members import PARTS, Encoding, Tensors
from mlplab.tabular.table_model import CrossValidation, TableModel


def load_table_model(path: str | Path) -> TableModel:
    """Read what `TableModel.save` wrote. Nothing in the file is executed, whoever made it.

    Args:
        path: of the file.

    Raises:
        DataError: it cannot be read, is damaged, or is no such file.
    """
    path = read_path(path)
    refuse_device(path, "a file of TableModel.save")
    try:
        return _restore(path)
    except OSError as problem:
        raise DataError(f"{path}: cannot be read ({problem.strerror or problem})") from None
    except ValidationError as problems:
        reason = explain(problems, ModelNote)[:300]
    except zipfile.BadZipFile:
        reason = "no zip, or a damaged one"
    except MlplabError as problem:
        reason = str(problem)
    except (
        *(ValueError, TypeError, KeyError, IndexError, AttributeError, OverflowError),
        # `NotImplementedError`, a `RuntimeError`, is zipfile's for a compression it does not know.
        *(RuntimeError, EOFError, MemoryError),
    ) as odd:
        reason = f"{type(odd).__name__}: {odd}"
    except Exception as odd:
        # what safetensors and zlib raise for damage is no subclass of anything above
        if type(odd).__name__ not in ("SafetensorError", "error"):
            raise
        reason = str(odd)
    raise DataError(f"{path}: not a file of TableModel.save ({reason.splitlines()[0][:300]})")


def _restore(path: Path) -> TableModel:
    import pandas as pd

    note, tensors = read_model_file(path)
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


def _encodings(note: ModelNote, tensors: Tensors) -> tuple[Encoding, ...]:
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
        for encoder in said.encoders:
            encoder.check(note.table_schema)
        found.append(Encoding(said.encoders, said.width, means, deviations))
    return tuple(found)
