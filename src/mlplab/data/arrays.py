"""A user's own arrays as a task: taken over as they are, or refused with the first bad place."""

from __future__ import annotations

from typing import Any, Literal

import numpy as np
import numpy.typing as npt

from mlplab.data.labels import ids_of_labels, is_class_like
from mlplab.data.task import Array, Kind, Task
from mlplab.errors import ConfigError, DataError
from mlplab.reading import read_list, read_name


def task_from_arrays(
    X: Any,
    y: Any,
    X_test: Any = None,
    y_test: Any = None,
    *,
    valid: float | int = 0.0,
    name: str = "arrays",
    weights: Any = None,
    kind: Kind | None = None,
    class_names: tuple[str, ...] | None = None,
    input_scale: float | None = None,
    dtype: Literal["float32", "float64"] = "float32",
) -> Task:
    """Make a task of arrays, lists or frames; they are copied, so later changes do not reach it.

    Labels of any hashable type become class ids in sorted order, and `class_names` keeps them.
    Without `kind`, text, true/false and whole numbers are classes, other numbers are regression.

    Args:
        X: inputs of the training pool, (P, ...); images are flattened. uint8 stays uint8.
        y: targets, (P,), or (P, O) for regression.
        X_test: inputs of the test split, (T, ...).
        y_test: targets of the test split.
        valid: share (below 1) or count (from 1) of the pool held out for validation.
        name: what the task is called.
        weights: one weight per example of the pool, (P,), none negative; those of the test
            split are 1.
        kind: `"classification"` or `"regression"`.
        class_names: names of the classes when y holds ids from 0; a class may be absent.
        input_scale: factor on the inputs; None stands for 1/255 for uint8 images, (P, H, W)
            or (P, H, W, channels), and 1 otherwise.
        dtype: what inputs other than uint8, and regression targets, are kept in.

    Raises:
        DataError: shapes that do not fit, text among the inputs, missing or infinite values,
            labels that occur in the test split only; the line names the first bad place.
        ConfigError: an option out of range.

    Cost: one copy of the arrays.

    >>> task = task_from_arrays([[0.0], [1.0], [2.0]], ["no", "yes", "yes"])
    >>> task.targets.tolist(), task.class_names
    ([0, 1, 1], ('no', 'yes'))
    """
    if (X_test is None) != (y_test is None):
        given, missing = ("X_test", "y_test") if y_test is None else ("y_test", "X_test")
        raise DataError(f"{given} is given without {missing}; give both or neither")
    if kind not in (None, "classification", "regression"):
        raise ConfigError(f"kind: expected 'classification' or 'regression'; got {kind!r}")
    if dtype not in ("float32", "float64"):
        raise ConfigError(f"dtype: expected 'float32' or 'float64'; got {dtype!r}")
    if class_names is not None:
        class_names = read_list("class_names", class_names, "a list of names")
    _same_columns(X, X_test)
    inputs = [_inputs(X, "X", dtype)]
    targets = [_raw_targets(y, "y", len(inputs[0]))]
    if X_test is not None:
        inputs.append(_inputs(X_test, "X_test", dtype))
        if inputs[1].shape[1:] != inputs[0].shape[1:]:
            raise DataError(
                f"X_test: expected examples of shape {inputs[0].shape[1:]} as in X; "
                f"got {inputs[1].shape[1:]}"
            )
        targets.append(_raw_targets(y_test, "y_test", len(inputs[1])))
    n_pool, n = len(inputs[0]), sum(map(len, inputs))
    n_classes = None
    if kind == "classification" or (kind is None and is_class_like(targets[0])):
        kind = "classification"
        ids, class_names, n_classes = ids_of_labels(targets, class_names)
    else:
        kind = "regression"
        ids = _numbers(targets, dtype)
        if class_names is not None:
            raise ConfigError("class_names: given for a regression; say kind='classification'")
    if any(part.dtype != inputs[0].dtype for part in inputs):
        inputs = [part.astype(dtype) for part in inputs]
    every = np.concatenate(inputs)
    shape = every.shape[1:]
    image = shape if len(shape) == 2 else None
    if input_scale is None:
        input_scale = 1 / 255 if len(shape) > 1 and every.dtype == np.uint8 else 1.0
    if not np.isfinite(input_scale) or input_scale == 0:
        raise ConfigError(f"input_scale: expected a number other than 0; got {input_scale!r}")
    return Task(
        name=read_name(name) or "arrays",
        inputs=np.ascontiguousarray(every.reshape(n, -1)),
        targets=ids,
        kind=kind,
        pool=np.arange(n_pool),
        n_classes=n_classes,
        input_scale=float(input_scale),
        weights=_weights(weights, n_pool, n),
        valid=valid,
        class_names=class_names,
        image_shape=(int(image[0]), int(image[1])) if image else None,
        _test=np.arange(n_pool, n),
    )


def _same_columns(X: Any, X_test: Any) -> None:
    ours, theirs = getattr(X, "columns", None), getattr(X_test, "columns", None)
    if ours is not None and theirs is not None and list(ours) != list(theirs):
        pairs = list(zip(ours, theirs, strict=False))
        differing = [f"{b!r} where X has {a!r}" for a, b in pairs if a != b]
        problem = differing[0] if differing else f"{len(theirs)} columns, X has {len(ours)}"
        raise DataError(f"X_test: expected the columns of X in their order; got {problem}")


def _as_array(values: Any, label: str) -> Array:
    if hasattr(values, "tocsr"):
        raise DataError(f"{label}: expected a dense array; got a sparse one (use .toarray())")
    if isinstance(values, np.ma.MaskedArray) and np.ma.getmaskarray(values).any():
        first = np.argwhere(np.ma.getmaskarray(values))[0]
        raise DataError(f"{label}: missing value at {_place(first)}; fill it or drop the row")
    try:
        return np.asarray(values)
    except (ValueError, TypeError, RuntimeError) as problem:
        line = str(problem).splitlines()[0]
        raise DataError(f"{label}: expected rows of equal length ({line[:120]})") from None


def _inputs(values: Any, label: str, dtype: str) -> Array:
    array = _as_array(values, label)
    if array.dtype.kind not in "biuf":
        array = _as_numbers(array, label, getattr(values, "columns", None))
    if array.ndim == 1:
        raise DataError(
            f"{label}: expected (examples, features); got shape {array.shape}; "
            f"for one feature use {label}.reshape(-1, 1)"
        )
    if array.size == 0 or array.ndim == 0:
        raise DataError(f"{label}: expected at least one example and feature; got {array.shape}")
    if array.dtype == np.uint8:
        return array
    return _finite(array, label, dtype)


def _as_numbers(array: Array, label: str, columns: Any) -> Array:
    """Turn an object array into floats, or name the first entry that is no number."""
    if array.dtype.kind == "O":
        for place, value in np.ndenumerate(array):
            missing = value is None or type(value).__name__ in ("NAType", "NaTType")
            if missing or not isinstance(value, bool | int | float | np.number | np.bool_):
                problem = "missing value" if missing else f"expected a number; got {value!r}"
                column = f" (column {columns[place[1]]!r})" if columns is not None else ""
                raise DataError(f"{label}: {problem} at {_place(place)}{column}")
        return array.astype(np.float64)
    first = array.flat[0] if array.size else None
    raise DataError(f"{label}: expected numbers; got {array.dtype} such as {first!r}")


def _finite(array: Array, label: str, dtype: str) -> Array:
    """Convert to floats; refuse NaN, infinities and what overflows."""
    with np.errstate(over="ignore"):
        floats = array.astype(dtype)
    good = np.isfinite(floats)
    if not good.all():
        place = tuple(np.argwhere(~good)[0])
        value = array[place]
        advice = "fill it or drop the row" if np.isnan(value) else f"it does not fit {dtype}"
        raise DataError(f"{label}: {value} at {_place(place)}; {advice}")
    return floats


def _raw_targets(values: Any, label: str, n: int) -> Array:
    array = _as_array(values, label)
    if array.ndim == 2 and array.shape[1] == 1:
        array = array[:, 0]
    if array.ndim not in (1, 2) or 0 in array.shape:
        raise DataError(f"{label}: expected one target per example; got shape {array.shape}")
    if len(array) != n:
        inputs = label.replace("y", "X")
        raise DataError(f"{label}: expected {n} targets as {inputs} has rows; got {len(array)}")
    return array


def _numbers(targets: list[Array], dtype: str) -> Array:
    parts = []
    for label, part in zip(("y", "y_test"), targets, strict=False):
        part = part if part.dtype.kind in "biuf" else _as_numbers(part, label, None)
        part = _finite(part, label, dtype)
        parts.append(part.reshape(len(part), -1))
    if parts[-1].shape[1] != parts[0].shape[1]:
        raise DataError(
            f"y_test: expected {parts[0].shape[1]} target columns as in y; got {parts[-1].shape[1]}"
        )
    return np.concatenate(parts)


def _weights(values: Any, n_pool: int, n: int) -> npt.NDArray[np.float32] | None:
    if values is None:
        return None
    given = _as_array(values, "weights")
    if given.shape != (n_pool,):
        raise DataError(f"weights: expected one per row of X, ({n_pool},); got {given.shape}")
    given = given if given.dtype.kind in "biuf" else _as_numbers(given, "weights", None)
    floats = _finite(given, "weights", "float32")
    if floats.min() < 0:
        worst = int(np.argmax(floats < 0))
        raise DataError(f"weights: expected none below 0; got {given[worst]} at row {worst}")
    if floats.max() == 0:
        raise DataError("weights: expected at least one above 0; all are 0")
    return np.concatenate([floats, np.ones(n - n_pool, np.float32)])


def _place(index: Any) -> str:
    names = ("row", "column") if len(index) <= 2 else ("row",)
    parts = [f"{name} {int(i)}" for name, i in zip(names, index, strict=False)]
    if len(index) > 2:
        parts.append(f"position {tuple(int(i) for i in index[1:])}")
    return ", ".join(parts)
