"""Two samples from files: tables, arrays or folders of images."""

from __future__ import annotations

from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Literal

from mlplab.cli.reading import Reading
from mlplab.errors import DataError
from mlplab.hints import expected

Form = Literal["table", "array", "images"]

_TABLES, _FRAMES, _ARRAYS = (".csv", ".tsv", ".txt"), (".parquet", ".pq"), (".npy",)
_USED = ("number", "category", "date")


@dataclass(frozen=True, eq=False, slots=True)
class Samples:
    """Two samples of one form.

    Attributes:
        first, second: frames, arrays or features, with the same columns.
        labels, second_labels: the label column of each, where there is one.
        notes: lines on what was read, and on columns left out.
        files: names of the second sample's images; empty for rows.
    """

    first: Any
    second: Any
    labels: Any = None
    second_labels: Any = None
    notes: tuple[str, ...] = ()
    files: tuple[str, ...] = field(default=())


def read_samples(
    first: Path, second: Path, label: str | None, reading: Reading, features: str, quiet: bool
) -> Samples:
    """Read two samples.

    Args:
        first, second: CSV or Parquet tables, `.npy` arrays, or folders of images; both alike.
        label: the column with labels; the second table need not have it.
        reading: how CSV files are written.
        features: what makes numbers of images, as `image_features` takes it.
        quiet: show no progress.

    Raises:
        DataError: a file that is not there or not readable, or samples of two forms.
        ConfigError: no such label column.
    """
    forms = {path: _form(path) for path in (first, second)}
    if forms[first] != forms[second]:
        raise DataError(
            f"{first} is {_NAMES[forms[first]]} and {second} {_NAMES[forms[second]]}; "
            f"expected two of one form"
        )
    if label is not None and forms[first] != "table":
        raise DataError(f"--label names a column of a table; {first} is {_NAMES[forms[first]]}")
    if forms[first] == "array":
        return Samples(_array(first), _array(second))
    if forms[first] == "images":
        return _images(first, second, features, quiet)
    return _tables(first, second, label, reading)


_NAMES: dict[Form, str] = {"table": "a table", "array": "an array", "images": "a folder of images"}


def _form(path: Path) -> Form:
    if path.is_dir():
        return "images"
    if not path.exists():
        raise DataError(f"{path}: no such file or folder")
    ending = path.suffix.lower()
    if ending in _ARRAYS:
        return "array"
    if ending in (*_TABLES, *_FRAMES):
        return "table"
    known = [*_TABLES, *_FRAMES, *_ARRAYS]
    raise DataError(f"{path}: {expected(ending or path.name, known)}, or a folder")


def _array(path: Path) -> Any:
    import numpy as np

    try:
        values = np.load(path, allow_pickle=False)
    except (ValueError, OSError, EOFError) as error:
        raise DataError(f"{path}: not an array of numbers that numpy can read ({error})") from None
    if values.dtype.kind not in "biuf" or values.ndim < 1:
        raise DataError(f"{path}: expected numbers (N, ...); got {values.dtype} {values.shape}")
    return values.reshape(len(values), -1)


def _images(first: Path, second: Path, features: str, quiet: bool) -> Samples:
    from mlplab.shift import image_features

    parts = [image_features(path, features, progress=not quiet) for path in (first, second)]
    note = f"images as {parts[0].values.shape[1]} features ({features})"
    files = tuple(str(name) for name in parts[1].files)
    return Samples(parts[0].values, parts[1].values, notes=(note,), files=files)


def _tables(first: Path, second: Path, label: str | None, reading: Reading) -> Samples:
    if any(path.suffix.lower() in _FRAMES for path in (first, second)):
        frames = [_frame(path, reading) for path in (first, second)]
        return _split_labels(frames, label, (first, second), [])
    from mlplab.tabular import read_table
    from mlplab.tabular.values import MISSING

    settings = {**reading.cells, **reading.entries(MISSING)}
    one = read_table(first, target=label, **settings)
    two = read_table(second, schema=one.schema, **settings)
    used = [column.name for column in one.schema.features if column.kind in _USED]
    left = [column.name for column in one.schema.features if column.kind not in _USED]
    notes = [*one.notes, *two.notes]
    if left:
        notes.append(f"left out (ids, free texts and constants): {', '.join(left)}")
    if not used:
        raise DataError(f"{first}: no column of numbers, categories or dates to compare")
    keep = [*used, *([label] if label is not None else [])]
    frames = [
        table.frame[[name for name in keep if name in table.frame.columns]] for table in (one, two)
    ]
    return _split_labels(frames, label, (first, second), notes)


def _frame(path: Path, reading: Reading) -> Any:
    import pandas as pd

    if path.suffix.lower() not in _FRAMES:
        from mlplab.tabular import read_table
        from mlplab.tabular.values import MISSING

        return read_table(path, **reading.cells, **reading.entries(MISSING)).frame
    try:
        return pd.read_parquet(path)
    except ImportError:
        raise DataError(f"{path}: reading Parquet needs pyarrow; pip install pyarrow") from None
    except Exception as error:  # pyarrow has errors of many kinds
        raise DataError(f"{path}: not a Parquet file ({str(error).splitlines()[0]})") from None


def _split_labels(
    frames: list[Any], label: str | None, paths: tuple[Path, Path], notes: list[str]
) -> Samples:
    if label is None:
        return Samples(frames[0], frames[1], notes=tuple(notes))
    if label not in frames[0].columns:
        names = [str(name) for name in frames[0].columns]
        raise DataError(f"{paths[0]}: no column {label!r}; {expected(label, names)}")
    labels = [frame[label].to_numpy() if label in frame.columns else None for frame in frames]
    if labels[1] is None:
        notes = [*notes, f"{paths[1]} has no {label!r}: harm is judged without its labels"]
    halves = [frame.drop(columns=[label], errors="ignore") for frame in frames]
    return Samples(halves[0], halves[1], labels[0], labels[1], tuple(notes))
