"""A submission file: one prediction per id, checked before it gets its name."""

from __future__ import annotations

import csv
from collections.abc import Collection, Iterable
from pathlib import Path
from typing import Any

import numpy as np

from mlplab.atomic import atomic_file
from mlplab.errors import DataError
from mlplab.tabular.csv_text import read_cells
from mlplab.tabular.values import number_of


def write_submission(
    path: str | Path,
    ids: Iterable[Any] | None,
    predictions: Any,
    *,
    id_column: str = "Id",
    target: str = "SalePrice",
    positive: bool = False,
    classes: Collection[Any] | None = None,
) -> Path:
    """Write ids and predictions as CSV; the file appears whole, or not at all.

    Args:
        path: the file to write; its folder is made where it is missing.
        ids: of the rows to predict, in their order; None: rows have none, and predictions stand
            alone.
        predictions: one number per id, (N,) or (N, 1); with `classes`, one class per id, (N,).
        id_column: name of the first column.
        target: name of the second column.
        positive: whether each prediction must be above 0, as prices are.
        classes: what a prediction may be, where it is no number.

    Returns:
        The path.

    Raises:
        DataError: ids that are missing or not unique, another number of predictions, one that is
            not finite, with `positive` not above 0, or none of the `classes`; or the file cannot be
            written.

    >>> import tempfile
    >>> folder = Path(tempfile.mkdtemp())
    >>> path = write_submission(folder / "out.csv", ["1461", "1462"], [1.5, 2.0])
    >>> path.read_text().split()
    ['Id,SalePrice', '1461,1.5', '1462,2.0']
    """
    path = Path(path)
    given = np.asarray(predictions, dtype=np.float64 if classes is None else object)
    if given.ndim == 2 and given.shape[1] == 1:
        given = given[:, 0]
    rows = range(len(given)) if ids is None else ids
    texts = [_id_text(one, row) for row, one in enumerate(rows)]
    if given.shape != (len(texts),):
        raise DataError(
            f"submission: expected {len(texts)} predictions, one per id; got shape {given.shape}"
        )
    names = [f"row {text}" if ids is None else f"id {text!r}" for text in texts]
    _check("submission", texts, given.tolist(), names, positive, classes)
    if len({id_column, target, ""}) < 3:
        raise DataError(f"submission: expected two names of columns; got {id_column!r}, {target!r}")
    try:
        with atomic_file(path) as draft:
            with draft.open("w", encoding="utf-8", newline="") as stream:
                writer = csv.writer(stream, lineterminator="\n")
                writer.writerow([target] if ids is None else [id_column, target])
                # repr gives the shortest text that reads back as the same number
                shown = (repr(x) if classes is None else str(x) for x in given.tolist())
                if ids is None:
                    writer.writerows([text] for text in shown)
                else:
                    writer.writerows(zip(texts, shown, strict=True))
            # What was written is read back before it gets its name: a competition counts uploads.
            check_submission(
                draft,
                None if ids is None else texts,
                id_column=id_column,
                target=target,
                positive=positive,
                classes=classes,
            )
    except OSError as problem:
        raise DataError(f"{path}: cannot be written ({problem.strerror or problem})") from None
    return path


def check_submission(
    path: str | Path,
    ids: Iterable[Any] | None,
    *,
    id_column: str = "Id",
    target: str = "SalePrice",
    positive: bool = False,
    classes: Collection[Any] | None = None,
) -> int:
    """Check that a file is what the competition expects; return its number of rows.

    Args:
        path: the file.
        ids: that must be there, each once, in any order; None: the file has none.
        id_column: name of the first column.
        target: name of the second and last column.
        positive: whether each prediction must be above 0.
        classes: what a prediction may be, where it is no number.

    Raises:
        DataError: the first thing that is wrong, with its line.
    """
    cells = read_cells(path, delimiter=",")
    wished = [target] if ids is None else [id_column, target]
    if cells.header != wished:
        raise DataError(
            f"{path}, line 1: expected the columns {','.join(wished)}; got {','.join(cells.header)}"
        )
    names = [f"line {line}" for line in cells.lines]
    texts = [row[0] for row in cells.rows] if ids is not None else names
    numbers: list[Any] = []
    for name, (*_, cell) in zip(names, cells.rows, strict=True):
        number = cell if classes is not None else number_of(cell)
        if number is None:
            raise DataError(f"{path}, {name}: expected a number as {target}; got {cell!r}")
        numbers.append(number)
    _check(str(path), texts, numbers, names, positive, classes)
    if ids is None:
        return len(texts)
    wanted = [_id_text(one, row) for row, one in enumerate(ids)]
    given, expected = set(texts), set(wanted)
    for name, text in zip(names, texts, strict=True):
        if text not in expected:
            raise DataError(f"{path}, {name}: id {text!r} is not one to predict")
    for text in wanted:
        if text not in given:
            missing = len(expected - given)
            raise DataError(f"{path}: {missing} ids are not there, the first is {text!r}")
    return len(texts)


def _id_text(value: Any, row: int) -> str:
    if isinstance(value, float | np.floating):
        if not np.isfinite(value):
            raise DataError(f"submission: the id in row {row} is missing ({value})")
        value = int(value) if float(value).is_integer() else value
    text = "" if value is None else str(value).strip()
    if not text:
        raise DataError(f"submission: the id in row {row} is missing")
    return text


def _check(
    where: str,
    ids: list[str],
    predictions: list[Any],
    names: list[str],
    positive: bool,
    classes: Collection[Any] | None,
) -> None:
    seen: set[str] = set()
    known = {str(name).strip() for name in classes or ()}
    for text, number, name in zip(ids, predictions, names, strict=True):
        if text in seen:
            raise DataError(f"{where}, {name}: expected different ids; {text!r} is there twice")
        seen.add(text)
        if classes is not None:
            if str(number).strip() not in known:
                shown = ", ".join([str(name) for name in classes][:6])
                raise DataError(f"{where}, {name}: expected one of {shown}; got {str(number)!r}")
            continue
        if not np.isfinite(number):
            raise DataError(
                f"{where}, {name}: expected a finite number; got {number} "
                "(did a run diverge, or exp overflow?)"
            )
        if positive and number <= 0:
            raise DataError(
                f"{where}, {name}: expected a number above 0; got {number} "
                "(predict the logarithm and take exp)"
            )
    if not ids:
        raise DataError(f"{where}: expected at least one prediction; got none")
