"""Labels of any type as class ids."""

from __future__ import annotations

from typing import Any

import numpy as np
import numpy.typing as npt

from mlplab.errors import ConfigError, DataError

Array = npt.NDArray[Any]


def is_class_like(labels: Array) -> bool:
    """Return whether targets read as classes: text, true/false, objects or few whole numbers.

    Raises:
        DataError: whole numbers that could be either, nearly all of them different.

    >>> import numpy as np
    >>> is_class_like(np.array(["a", "b"])), is_class_like(np.array([0.5, 1.5]))
    (True, False)
    """
    if labels.ndim != 1:
        return False
    if labels.dtype.kind in "iu":
        n_different = len(np.unique(labels))
        # Ages and counts are whole numbers too: fewer than five rows a value is hardly a class.
        if n_different > 20 and n_different * 5 > len(labels):
            raise DataError(
                f"y: {n_different} different whole numbers in {len(labels)} rows; "
                "say kind='regression' or kind='classification'"
            )
        return True
    if labels.dtype.kind == "O":
        return not all(isinstance(v, float | np.floating) for v in labels)
    return labels.dtype.kind in "bUS"


def ids_of_labels(
    parts: list[Array], class_names: tuple[str, ...] | None = None
) -> tuple[npt.NDArray[np.int64], tuple[str, ...] | None, int]:
    """Map labels to ids: the different labels of the first part, sorted, are 0 to C - 1.

    Args:
        parts: labels of the training pool and, if any, of the test split, each 1-D.
        class_names: given when the labels are ids already; they may leave a class out.

    Returns:
        The ids of all parts in turn, (N,); the names (None where the labels were 0 to C - 1
        already); and C.

    Raises:
        DataError: missing or unhashable labels, a single class, or one in the test split only.
        ConfigError: class_names do not fit the labels.

    >>> import numpy as np
    >>> ids_of_labels([np.array([5, 3, 5])])
    (array([1, 0, 1]), ('3', '5'), 2)
    """
    for name, part in zip(("y", "y_test"), parts, strict=False):
        if part.ndim != 1:
            raise DataError(f"{name}: expected one label per example; got shape {part.shape}")
        _refuse_missing(part, name)
    if class_names is not None:
        return _given_ids(parts, len(class_names)), tuple(map(str, class_names)), len(class_names)
    values = [part.tolist() for part in parts]
    try:
        order = _sorted(set(values[0]))
        ids = {label: i for i, label in enumerate(order)}
        unseen = [
            (i, label) for part in values[1:] for i, label in enumerate(part) if label not in ids
        ]
    except TypeError as problem:
        raise DataError(f"y: expected labels that can be compared ({problem})") from None
    if len(order) < 2:
        raise DataError(f"y: expected at least two classes; every label is {order[0]!r}")
    if unseen:
        row, label = unseen[0]
        raise DataError(f"y_test: label {label!r} at row {row} never occurs in y")
    mapped = np.array([ids[label] for part in values for label in part], dtype=np.int64)
    are_ids = all(type(label) is int for label in order) and order == list(range(len(order)))
    if are_ids:
        return mapped, None, len(order)
    names = tuple(str(label) for label in order)
    # the number 1 and the text "1" are two classes, and need two names
    unique = len(set(names)) == len(names)
    return mapped, names if unique else tuple(repr(label) for label in order), len(order)


def _given_ids(parts: list[Array], n_classes: int) -> npt.NDArray[np.int64]:
    if n_classes < 2:
        raise ConfigError(f"class_names: expected at least two names; got {n_classes}")
    labels = np.concatenate(parts)
    if labels.dtype.kind not in "iu":
        raise ConfigError(f"class_names: given, so y must hold class ids; got {labels.dtype}")
    wrong = (labels < 0) | (labels >= n_classes)
    if wrong.any():
        row = int(np.argmax(wrong))
        name, row = ("y", row) if row < len(parts[0]) else ("y_test", row - len(parts[0]))
        raise DataError(
            f"{name}: expected class ids from 0 to {n_classes - 1}; "
            f"got {labels[np.argmax(wrong)]} at row {row}"
        )
    return labels.astype(np.int64)


def _refuse_missing(part: Array, name: str) -> None:
    if part.dtype.kind == "O":
        names = ("NAType", "NaTType", "NoneType")
        missing = np.array([v is None or type(v).__name__ in names or v != v for v in part])
    elif part.dtype.kind in "fc":
        missing = ~np.isfinite(part)
    else:
        return
    if missing.any():
        row = int(np.argmax(missing))
        raise DataError(f"{name}: missing label at row {row} ({part[row]}); drop the row")


def _sorted(labels: set[Any]) -> list[Any]:
    try:
        return sorted(labels)
    except TypeError:
        # Mixed types have no order of their own; this one does not depend on hashing.
        return sorted(labels, key=lambda label: (type(label).__name__, repr(label)))
