"""Tasks: the guard of the test split, immutability, content."""

from __future__ import annotations

import json
import pickle

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from mlplab.data import Look, Task, load_task, task_from_arrays
from mlplab.errors import ConfigError, DataError


@pytest.fixture
def task():
    return load_task("xor", n_train=20, n_test=10, valid=5)


def test_each_look_is_recorded_and_reported(task):
    heard = []
    task.on_look = heard.append
    rows = task.test_rows(purpose="score")
    task.test_rows("benchmark")
    assert rows.tolist() == list(range(20, 30))
    assert [look.purpose for look in task.looks] == ["score", "benchmark"]
    assert heard == task.looks
    assert heard[0] == Look("xor", task.content, "test", "score", 10)


def test_variants_share_the_record_of_looks(task):
    task.with_valid(0).test_rows("score")
    assert len(task.looks) == 1


def test_no_public_attribute_gives_test_rows_without_a_look(task):
    def leaks(value):
        if isinstance(value, np.ndarray):
            return value.dtype == np.int64 and value.shape == (10,)
        return isinstance(value, dict) and any(map(leaks, value.values()))

    quiet = [name for name in dir(task) if not name.startswith("_")]
    assert {"inputs", "pool", "content", "n_test"} <= set(quiet)
    assert not any(leaks(getattr(task, name)) for name in quiet)
    assert task.looks == []


@pytest.mark.parametrize("purpose", ["", "  "])
def test_a_look_needs_a_purpose(task, purpose):
    with pytest.raises(ConfigError, match="purpose: expected"):
        task.test_rows(purpose)
    assert task.looks == []


def test_a_task_without_a_test_split_has_nothing_to_look_at():
    task = task_from_arrays(np.eye(4), [0, 1, 0, 1])
    assert task.n_test == 0
    assert task.test_rows("score").size == 0
    assert task.looks == []


def test_nothing_of_a_task_can_be_changed(task):
    with pytest.raises(AttributeError, match="cannot be changed; tried to set 'valid'"):
        task.valid = 0.5
    for array in (task.inputs, task.targets, task.pool, task.test_rows("try")):
        with pytest.raises(ValueError, match="read-only"):
            array[0] = 0


def test_a_users_arrays_are_copied_and_stay_writable():
    x, y = np.eye(4, dtype=np.float32), np.array([0, 1, 0, 1])
    task = task_from_arrays(x, y)
    x[0, 0], y[0] = 7, 1
    assert task.inputs[0, 0] == 1
    assert task.targets[0] == 0


def test_pickling_keeps_everything_but_the_listener(task):
    task.on_look = lambda look: None
    copy = pickle.loads(pickle.dumps(task))
    assert copy.content == task.content
    assert copy.spec() == task.spec()
    assert copy.on_look is None
    with pytest.raises(AttributeError, match="cannot be changed"):
        copy.name = "other"


def test_the_spec_is_json_and_loads_the_same_task(task):
    spec = json.loads(json.dumps(task.spec()))
    again = load_task(spec["name"], valid=spec["valid"], **spec["params"])
    assert again.spec() == spec
    assert again.content == spec["content"]


def test_the_content_leaves_out_what_is_held_out(task):
    assert task.with_valid(0).content == task.content


@given(st.sampled_from(["inputs", "targets", "weights", "swap", "scale", "test"]), st.data())
def test_the_content_changes_with_everything_that_decides_a_run(what, data):
    n = data.draw(st.integers(4, 12))
    x = np.arange(2.0 * n).reshape(n, 2)
    y = np.arange(n) % 2
    base = task_from_arrays(x, y, x[:3], y[:3], weights=np.ones(n))
    i = data.draw(st.integers(0, n - 1))
    x2, y2, w2, scale, n_test = x.copy(), y.copy(), np.ones(n), None, 3
    if what == "inputs":
        x2[i, 0] += 1
    elif what == "targets":
        y2[i] = 1 - y2[i]
    elif what == "weights":
        w2[i] = 2
    elif what == "swap":
        j = (i + 1) % n
        x2[[i, j]] = x2[[j, i]]
    elif what == "scale":
        scale = 0.5
    else:
        n_test = 2
    other = task_from_arrays(x2, y2, x[:n_test], y[:n_test], weights=w2, input_scale=scale)
    assert other.content != base.content
    assert base.content == task_from_arrays(x, y, x[:3], y[:3], weights=np.ones(n)).content


def test_the_content_tells_shapes_and_dtypes_apart():
    y = [0, 1]
    contents = {
        task_from_arrays(x, y, name=name).content
        for name in ("a", "b")
        for x in (np.zeros((2, 2)), np.zeros((2, 3)), np.zeros((2, 2), np.uint8))
    }
    assert len(contents) == 3


def fields(**changes):
    base = {
        "name": "made",
        "inputs": np.zeros((4, 2), np.float32),
        "targets": np.array([0, 1, 0, 1]),
        "kind": "classification",
        "n_classes": 2,
        "pool": np.arange(4),
    }
    return base | changes


@pytest.mark.parametrize(
    ("changes", "match"),
    [
        ({"inputs": np.zeros(4, np.float32)}, "expected inputs"),
        ({"inputs": np.zeros((4, 2), np.int32)}, "expected inputs"),
        ({"inputs": np.zeros((4, 0), np.float32)}, "expected inputs"),
        ({"inputs": np.zeros((4, 2), np.float32, order="F")}, "C order"),
        ({"targets": np.array([0, 1, 2, 1])}, "expected targets"),
        ({"targets": np.array([0, -1, 0, 1])}, "expected targets"),
        ({"targets": np.array([0, 1, 0])}, "expected targets"),
        ({"targets": np.zeros((4, 1), np.float32)}, "expected targets"),
        ({"n_classes": None}, "expected targets"),
        ({"kind": "regression", "n_classes": None}, "of floats"),
        ({"weights": np.ones(3, np.float32)}, "expected weights"),
        ({"pool": np.array([], np.int64)}, "none|filled pool"),
        ({"pool": np.array([0, 0])}, "once at most"),
        ({"pool": np.array([0, 4])}, "once at most"),
        ({"_test": np.array([3])}, "once at most"),
        ({"pool": np.arange(3, dtype=np.int32)}, "int64"),
    ],
)
def test_a_loader_cannot_build_a_task_that_does_not_fit(changes, match):
    Task(**fields())
    with pytest.raises((ConfigError, DataError), match=match) as problem:
        Task(**fields(**changes))
    assert "\n" not in str(problem.value)
