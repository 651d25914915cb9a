"""A user's arrays: taken over whole, or refused with one line that names the first bad place."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp

from mlplab.data import load_task, task_from_arrays
from mlplab.errors import ConfigError, DataError

floats = st.floats(-1e6, 1e6, width=32)
shapes = hnp.array_shapes(min_dims=2, max_dims=4, min_side=1, max_side=5)
tables = hnp.arrays(
    st.sampled_from([np.float32, np.float64, np.int16, np.int64, np.bool_, np.uint8]),
    shapes,
)


def alternating(n):
    return np.arange(n) % 2


@given(hnp.arrays(np.float32, shapes, elements=floats), st.integers(1, 3))
def test_examples_are_kept_flat_in_order_train_then_test(x, n_test):
    x = np.concatenate([x, x])
    test = np.resize(x[::-1], (n_test, *x.shape[1:]))
    task = task_from_arrays(x, x.mean(axis=tuple(range(1, x.ndim))), test, np.ones(n_test))
    assert task.inputs.flags.c_contiguous
    assert np.array_equal(task.inputs[task.pool], x.reshape(len(x), -1))
    assert np.array_equal(task.inputs[task.test_rows("try")], test.reshape(n_test, -1))
    assert task.targets.shape == (len(x) + n_test, 1)
    assert task.image_shape == (x.shape[1:] if x.ndim == 3 else None)


@given(tables)
def test_every_numeric_dtype_becomes_a_task_or_one_line(x):
    y = np.linspace(0, 1, len(x))
    with np.errstate(over="ignore"):
        fits = np.isfinite(x.astype(np.float32)).all()
    if not fits:
        with pytest.raises(DataError, match=r"^X: [^\n]*$"):
            task_from_arrays(x, y)
        return
    task = task_from_arrays(x, y)
    assert task.inputs.dtype == (np.uint8 if x.dtype == np.uint8 else np.float32)
    assert np.array_equal(task.inputs, x.reshape(len(x), -1).astype(task.inputs.dtype))


@given(
    st.integers(1, 6).flatmap(
        lambda n: st.tuples(st.just(n), st.integers(0, n - 1), st.integers(0, 2))
    ),
    st.sampled_from([np.nan, np.inf, -np.inf, 1e300]),
)
def test_a_value_that_is_not_finite_is_named_by_its_place(where, value):
    n, row, column = where
    x = np.zeros((n, 3))
    x[row, column] = value
    with pytest.raises(DataError, match=rf"^X: .* at row {row}, column {column}; "):
        task_from_arrays(x, np.zeros(n))
    with pytest.raises(DataError, match=rf"^X_test: .* at row {row}, column {column}; "):
        task_from_arrays(np.zeros((2, 3)), np.zeros(2), x, np.zeros(n))


@given(
    st.lists(
        st.one_of(st.text(max_size=3), st.integers(-5, 5), st.tuples(st.integers(0, 2))),
        min_size=2,
        max_size=12,
    )
)
def test_labels_of_any_type_come_back_through_class_names(labels):
    boxed = np.empty(len(labels), dtype=object)
    for i, label in enumerate(labels):
        boxed[i] = label
    x = np.zeros((len(labels), 1))
    if len(set(labels)) < 2:
        with pytest.raises(DataError, match="at least two classes"):
            task_from_arrays(x, boxed)
        return
    task = task_from_arrays(x, boxed)
    assert task.n_classes == task.n_outputs == len(set(labels))
    names = task.class_names or tuple(map(str, range(task.n_classes)))
    assert len(set(names)) == len(names)
    assert all(
        names[i] in (str(label), repr(label)) for i, label in zip(task.targets, labels, strict=True)
    )
    for i, one in enumerate(labels):
        for j, other in enumerate(labels):
            assert (task.targets[i] == task.targets[j]) == (one == other)


def test_labels_are_numbered_in_sorted_order():
    task = task_from_arrays(np.zeros((4, 1)), ["pear", "fig", "pear", "apple"])
    assert task.class_names == ("apple", "fig", "pear")
    assert task.targets.tolist() == [2, 1, 2, 0]


def test_ids_stay_ids_and_named_classes_may_be_absent():
    assert task_from_arrays(np.zeros((3, 1)), [0, 1, 2]).class_names is None
    task = task_from_arrays(np.zeros((2, 1)), [0, 2], class_names=("a", "b", "c"))
    assert task.n_classes == 3
    assert task.targets.tolist() == [0, 2]


@pytest.mark.parametrize(
    ("y", "kind"),
    [
        ([0, 1, 1, 0], "classification"),
        ([True, False, True, True], "classification"),
        (list("abab"), "classification"),
        (pd.Series(list("abab"), dtype="category"), "classification"),
        ([0.5, 1.5, 2.5, 1.0], "regression"),
        (np.array([0.5, 1.5, 2.5, 1.0], dtype=object), "regression"),
        (np.ones((4, 2)), "regression"),
    ],
)
def test_the_kind_is_read_from_the_targets(y, kind):
    assert task_from_arrays(np.zeros((4, 1)), y).kind == kind


def test_the_kind_can_be_said():
    x = np.zeros((3, 1))
    assert task_from_arrays(x, [1, 2, 3], kind="regression").targets.tolist() == [[1], [2], [3]]
    task = task_from_arrays(x, [0.5, 1.5, 0.5], kind="classification")
    assert task.class_names == ("0.5", "1.5")


@pytest.mark.parametrize(
    ("shape", "dtype", "scale"),
    [
        ((4, 2, 3), np.uint8, 1 / 255),
        ((4, 2, 3, 3), np.uint8, 1 / 255),
        ((4, 6), np.uint8, 1.0),
        ((4, 2, 3), np.float32, 1.0),
    ],
)
def test_only_images_of_bytes_are_scaled(shape, dtype, scale):
    assert task_from_arrays(np.zeros(shape, dtype), alternating(4)).input_scale == scale
    given_scale = task_from_arrays(np.zeros(shape, dtype), alternating(4), input_scale=0.5)
    assert given_scale.input_scale == 0.5


def test_doubles_stay_doubles_on_request():
    x = np.full((2, 1), 1 / 3)
    task = task_from_arrays(x, [0.1, 0.2], dtype="float64")
    assert task.inputs.dtype == task.targets.dtype == np.float64
    assert task.inputs[0, 0] == 1 / 3


def test_weights_of_the_test_split_are_one():
    task = task_from_arrays(np.eye(2), [0, 1], np.eye(2), [1, 0], weights=[0.0, 3.0])
    assert task.weights.tolist() == [0, 3, 1, 1]
    assert task.weights.dtype == np.float32


def test_frames_are_taken_over():
    frame = pd.DataFrame({"a": [1, 2, 3], "b": [0.5, 1.5, 2.5]})
    task = task_from_arrays(frame, pd.Series(["x", "y", "x"]), frame[:1], ["y"])
    assert task.inputs.tolist()[:3] == frame.to_numpy().tolist()
    assert task.targets.tolist() == [0, 1, 0, 1]


def test_tuples_of_arrays_load_by_the_same_door():
    x, y = np.eye(4), alternating(4)
    task = load_task((x, y, x, y), valid=1, name="mine")
    assert (task.name, task.n_test, task.valid) == ("mine", 4, 1)
    with pytest.raises(ConfigError, match="expected a name"):
        load_task((x, y, x))
    with pytest.raises(ConfigError, match=r"expected a name.*got ndarray"):
        load_task(x)


X = np.zeros((4, 2))
Y = np.array([0, 1, 0, 1])
masked = np.ma.masked_equal([[1, 2], [3, 9]], 9)
nullable = pd.DataFrame({"a": pd.array([1, None], dtype="Int64"), "b": [1.0, 2.0]})
cities = pd.DataFrame({"size": [1.0, 2.0], "city": ["Paris", "Rome"]})


@pytest.mark.parametrize(
    ("args", "options", "match"),
    [
        ((np.zeros(4), Y), {}, r"X: expected \(examples, features\); got shape \(4,\)"),
        ((np.zeros((0, 2)), []), {}, "X: expected at least one"),
        ((np.zeros((4, 0)), Y), {}, "X: expected at least one"),
        (([[1, 2], [3]], [0, 1]), {}, "X: expected rows of equal length"),
        ((X, Y[:3]), {}, "y: expected 4 targets as X has rows; got 3"),
        ((X, np.zeros((4, 2, 2))), {}, "y: expected one target per example"),
        ((X, Y, X), {}, "X_test is given without y_test"),
        ((X, Y, None, Y), {}, "y_test is given without X_test"),
        ((X, Y, np.zeros((4, 3)), Y), {}, r"X_test: expected examples of shape \(2,\)"),
        ((X, Y, X, Y[:2]), {}, "y_test: expected 4 targets as X_test has rows; got 2"),
        ((X, Y, X, [0, 1, 5, 0]), {}, "y_test: label 5 at row 2 never occurs in y"),
        ((X, [0.5, np.nan, 1, 2]), {}, "y: nan at row 1"),
        ((X, [0.5, np.inf, 1, 2]), {"kind": "classification"}, "y: missing label at row 1"),
        ((X, ["a", None, "b", "a"]), {}, "y: missing label at row 1"),
        ((X, pd.Series(["a", "b", pd.NA, "a"])), {}, "y: missing label at row 2"),
        ((X, [1, 1, 1, 1]), {}, "at least two classes; every label is 1"),
        ((X, np.ones((4, 2))), {"kind": "classification"}, "expected one label per example"),
        ((X, ["a", "b", "c", "d"]), {"kind": "regression"}, "y: expected numbers"),
        ((X, [[1], [2], [1], [{}]]), {}, "labels that can be compared"),
        ((np.zeros((50, 1)), range(50)), {}, "say kind='regression' or kind='classification'"),
        ((X, Y), {"class_names": "abc"}, "class_names: expected a list of names; got 'abc'"),
        ((X, Y), {"class_names": True}, "class_names: expected a list of names; got True"),
        ((X, Y), {"class_names": ("a",)}, "class_names: expected at least two"),
        ((X, Y + 1), {"class_names": ("a", "b")}, "expected class ids from 0 to 1; got 2 at row 1"),
        ((X, Y, X, Y + 1), {"class_names": ("a", "b")}, "y_test: expected class ids"),
        ((X, list("abab")), {"class_names": ("a", "b")}, "y must hold class ids"),
        ((X, Y * 0.5), {"class_names": ("a", "b")}, "class_names: given for a regression"),
        ((X, Y * 0.5, X, np.ones((4, 2))), {}, "y_test: expected 1 target columns as in y; got 2"),
        ((X, Y), {"weights": [1, 1]}, r"weights: expected one per row of X, \(4,\); got \(2,\)"),
        ((X, Y), {"weights": [1, 1, -2, 1]}, r"none below 0; got -2.* at row 2"),
        ((X, Y), {"weights": [1, 1, np.nan, 1]}, "weights: nan at row 2"),
        ((X, Y), {"weights": [0, 0, 0, 0]}, "at least one above 0"),
        ((X, Y), {"kind": "ranking"}, "kind: expected"),
        ((X, Y), {"dtype": "int8"}, "dtype: expected"),
        ((X, Y), {"input_scale": 0}, "input_scale: expected"),
        ((X.astype(complex), Y), {}, "X: expected numbers; got complex128"),
        ((X.astype("datetime64[s]"), Y), {}, "X: expected numbers; got datetime64"),
        ((X.astype(str), Y), {}, "X: expected numbers; got <U"),
        ((masked, [0, 1]), {}, "X: missing value at row 1, column 1"),
        ((nullable, [0, 1]), {}, r"X: missing value at row 1, column 0 \(column 'a'\)"),
        ((cities, [0, 1]), {}, r"expected a number; got 'Paris' at row 0, column 1 .*'city'"),
        ((cities[["size"]], [0, 1], cities[["city"]], [0, 1]), {}, "'city' where X has 'size'"),
        ((cities[["size"]], [0, 1], cities, [0, 1]), {}, "2 columns, X has 1"),
    ],
)
def test_what_does_not_fit_is_refused_in_one_line(args, options, match):
    with pytest.raises((DataError, ConfigError), match=match) as problem:
        task_from_arrays(*args, **options)
    assert len(str(problem.value).splitlines()) == 1
    assert len(str(problem.value)) < 250


def test_sparse_matrices_are_refused():
    from scipy.sparse import csr_matrix

    with pytest.raises(DataError, match=r"X: expected a dense array.*toarray"):
        task_from_arrays(csr_matrix(np.eye(3)), [0, 1, 0])
