"""Sharing a task: the same task in another process, its arrays mapped, nothing hashed again."""

from __future__ import annotations

import json
import mmap
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from mlplab.data import attach, load_task, task_from_arrays
from mlplab.data import task as task_module
from mlplab.errors import DataError

reuse = settings(
    suppress_health_check=[HealthCheck.function_scoped_fixture], max_examples=25, deadline=None
)


def same(one, other):
    assert one.spec() == other.spec()
    for name, array in one._arrays().items():
        assert np.array_equal(array, other._arrays()[name])
        assert getattr(array, "dtype", None) == getattr(other._arrays()[name], "dtype", None)
    for name in ("kind", "n_classes", "n_outputs", "input_scale", "class_names", "image_shape"):
        assert getattr(one, name) == getattr(other, name)


def is_mapped(array):
    while isinstance(array, np.ndarray):
        array = array.base
    return isinstance(array, mmap.mmap)


@reuse
@given(
    st.integers(2, 6),
    st.booleans(),
    st.booleans(),
    st.sampled_from([np.uint8, np.float32]),
    st.sampled_from(["classification", "regression"]),
)
def test_attaching_gives_the_same_task(tmp_path, n, tested, weighted, dtype, kind):
    x = np.arange(n * 6, dtype=dtype).reshape(n, 2, 3)
    y = np.arange(n) % 2
    task = task_from_arrays(
        x,
        y,
        *((x, y) if tested else ()),
        weights=np.arange(n) if weighted else None,
        kind=kind,
        valid=1,
    )
    handle = json.loads(json.dumps(task.share(tmp_path / "shared")))
    copy = attach(handle)
    same(task, copy)
    assert copy.looks == []
    assert is_mapped(copy.inputs)
    assert not is_mapped(task.inputs)


def test_sharing_twice_or_a_variant_writes_nothing_more(tmp_path):
    task = load_task("xor", n_train=10, n_test=5)
    first = task.share(tmp_path)
    before = {path: path.stat().st_mtime_ns for path in tmp_path.iterdir()}
    again = task.with_valid(3).share(tmp_path)
    assert again == first | {"valid": 3}
    assert {path: path.stat().st_mtime_ns for path in tmp_path.iterdir()} == before


def test_what_is_mapped_already_is_referred_to_not_copied(tmp_path, tiny):
    load_task("tiny")
    task = load_task("tiny", valid=2)
    handle = task.share(tmp_path / "empty")
    assert not (tmp_path / "empty").exists()
    same(task, attach(handle))


def test_attaching_hashes_nothing(tmp_path, monkeypatch):
    task = load_task("xor", n_train=10, n_test=5)
    handle = task.share(tmp_path)
    monkeypatch.setattr(task_module, "content_hash", None)
    assert attach(handle).content == task.content


def test_another_process_sees_the_same_task(tmp_path):
    task = load_task("digits", valid=0.1)
    (tmp_path / "handle.json").write_text(json.dumps(task.share(tmp_path)))
    program = (
        "import json, sys; from mlplab.data import attach;"
        "task = attach(json.load(open(sys.argv[1])));"
        "assert 'torch' not in sys.modules and 'sklearn' not in sys.modules;"
        "print(task.content, task.inputs.sum(), task.split(3).valid.sum())"
    )
    done = subprocess.run(
        [sys.executable, "-c", program, str(tmp_path / "handle.json")],
        capture_output=True,
        text=True,
        check=True,
    )
    expected = (task.content, task.inputs.sum(), task.split(3).valid.sum())
    assert done.stdout.split() == [str(value) for value in expected]


@pytest.mark.parametrize("damage", ["missing", "cut", "other"])
def test_a_damaged_share_is_one_line(tmp_path, damage):
    handle = load_task("xor", n_train=10, n_test=5).share(tmp_path)
    path = next(tmp_path.glob("*-inputs.npy"))
    if damage == "missing":
        path.unlink()
    else:
        path.write_bytes(path.read_bytes()[:-9] if damage == "cut" else b"no array at all")
    with pytest.raises(DataError, match=r"-inputs\.npy: missing, cut short") as problem:
        attach(handle)
    assert "\n" not in str(problem.value)


def test_a_folder_that_cannot_be_written_is_one_line(tmp_path):
    (tmp_path / "file").write_text("")
    with pytest.raises(DataError, match="cannot be written"):
        load_task("xor").share(tmp_path / "file" / "below")


@pytest.mark.parametrize("harm", ["zeros", "cut short", "gone", "another"])
def test_what_a_disk_has_lost_is_noticed_and_shared_again(tmp_path, harm):
    task = load_task("xor", n_train=100, n_test=50)
    handle = task.share(tmp_path)
    path = Path(handle["files"]["inputs"])
    whole = path.read_bytes()
    if harm == "gone":
        path.unlink()
    else:
        harmed = {"zeros": whole[:-400] + bytes(400), "cut short": whole[:-400], "another": b"x"}
        path.write_bytes(harmed[harm])
    with pytest.raises(DataError, match="share"):
        attach(handle, check=True)
    assert task.share(tmp_path) == handle
    assert path.read_bytes() == whole
    same(task, attach(handle, check=True))


def test_what_is_whole_is_not_written_again(tmp_path):
    task = task_from_arrays([[0.0], [1.0], [2.0]], [0.5, -0.0, 1.0])
    handle = task.share(tmp_path)
    before = {path: path.stat().st_ino for path in tmp_path.iterdir()}
    assert task.share(tmp_path) == handle
    assert {path: path.stat().st_ino for path in tmp_path.iterdir()} == before
