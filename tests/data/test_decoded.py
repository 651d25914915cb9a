"""The decoded copy: used when it is good, made again when it is not, never needed."""

from __future__ import annotations

import json
import os
from concurrent.futures import ThreadPoolExecutor

import numpy as np
import pytest

from mlplab.data import cache_folder, load_task
from mlplab.data import decoded as decoded_module
from mlplab.data import fashion_mnist as fashion_module
from mlplab.errors import DataError


@pytest.fixture
def folder(tiny):
    load_task("tiny")
    return cache_folder() / "tiny" / "decoded"


@pytest.fixture
def n_decoded(monkeypatch):
    """Counts how often idx files are read."""
    calls = []
    read = fashion_module.read_idx
    monkeypatch.setattr(fashion_module, "read_idx", lambda path: calls.append(path) or read(path))
    return lambda: len(calls) // 4


def same(tiny, task):
    assert np.array_equal(task.inputs, tiny.images.reshape(12, 6))
    assert np.array_equal(task.targets, tiny.labels)
    assert np.array_equal(task.pool, np.arange(8))
    assert np.array_equal(task.test_rows("try"), np.arange(8, 12))


def test_the_second_loading_reads_the_copy_and_gives_the_same_task(tiny, n_decoded):
    first, second = load_task("tiny"), load_task("tiny", valid=2)
    assert n_decoded() == 1
    for task in (first, second):
        same(tiny, task)
    assert second.content == first.content
    assert (second.class_names, second.image_shape) == (("even", "odd", "other"), (2, 3))
    assert second.input_scale == 1 / 255
    assert second.valid == 2
    assert second.source.endswith(", from fake mirror")


def test_the_known_content_is_that_of_the_arrays(tiny, folder):
    task = load_task("tiny")
    assert task.content == task._with(_content=None).content


def test_the_copy_alone_is_enough(tiny, folder, n_decoded):
    for path in folder.parent.glob("*.gz"):
        path.unlink()
    same(tiny, load_task("tiny", offline=True))
    assert n_decoded() == 0


def cut(path):
    path.write_bytes(path.read_bytes()[:-1])


def flip(path):
    blob = bytearray(path.read_bytes())
    blob[-1] ^= 1
    path.write_bytes(blob)


@pytest.mark.parametrize("part", ["inputs", "targets", "pool", "test"])
@pytest.mark.parametrize("damage", [cut, flip, lambda path: path.unlink()])
def test_a_damaged_copy_is_made_again(tiny, folder, n_decoded, part, damage):
    damage(next(folder.glob(f"*-{part}.npy")))
    same(tiny, load_task("tiny"))
    assert n_decoded() == 1
    same(tiny, load_task("tiny"))
    assert n_decoded() == 1


@pytest.mark.parametrize(
    "text", ["", "{", "[]", "{}", '{"format": 1}', '{"format": 1, "from": null}', "\x00"]
)
def test_a_damaged_manifest_is_made_again(tiny, folder, n_decoded, text):
    (folder / "manifest.json").write_text(text)
    same(tiny, load_task("tiny"))
    assert n_decoded() == 1


@pytest.mark.parametrize("change", ["format", "from", "task"])
def test_a_copy_of_other_files_or_another_version_is_not_used(tiny, folder, n_decoded, change):
    manifest = json.loads((folder / "manifest.json").read_text())
    manifest[change] = {"format": 0, "from": {"x": "y"}, "task": {}}[change]
    (folder / "manifest.json").write_text(json.dumps(manifest))
    same(tiny, load_task("tiny"))
    assert n_decoded() == 1


def test_a_copy_of_another_size_is_noticed_whatever_its_time(tiny, folder, n_decoded):
    path = next(folder.glob("*-inputs.npy"))
    before = path.stat()
    path.write_bytes(path.read_bytes() + b"more")
    os.utime(path, ns=(before.st_atime_ns, before.st_mtime_ns))
    same(tiny, load_task("tiny"))
    assert n_decoded() == 1


def test_a_damaged_file_of_the_user_is_not_hidden_by_a_good_copy(
    tiny, folder, tmp_path, monkeypatch
):
    mine = tiny.put(tmp_path / "mine")
    monkeypatch.setenv("MLPLAB_DATA", str(mine))
    assert load_task("tiny").source == f"MLPLAB_DATA ({mine})"
    cut(mine / "train-images-idx3-ubyte.gz")
    with pytest.raises(DataError, match=r"train-images-idx3-ubyte\.gz: wrong checksum"):
        load_task("tiny")


def test_a_copy_that_was_only_touched_is_still_good(tiny, folder, n_decoded):
    for path in folder.glob("*.npy"):
        os.utime(path, (1, 1))
    same(tiny, load_task("tiny"))
    assert n_decoded() == 0


def test_without_a_place_for_the_copy_the_task_stays_in_memory(tiny, machine, n_decoded):
    tiny.put(machine / "share" / "tiny")
    (machine / "cache").write_text("a file where the folder should be")
    same(tiny, load_task("tiny"))
    same(tiny, load_task("tiny"))
    assert n_decoded() == 2


def test_a_full_disk_leaves_no_partial_file(tiny, machine, monkeypatch):
    def full(stream, array, **options):
        stream.write(b"half")
        raise OSError(28, "No space left on device")

    tiny.put(machine / "share" / "tiny")
    monkeypatch.setattr(np, "save", full)
    same(tiny, load_task("tiny"))
    assert [p for p in cache_folder().rglob("*") if p.is_file()] == []


def test_a_newer_version_replaces_the_files_of_the_older(tiny, folder, monkeypatch):
    (folder / "0123-inputs.npy").write_bytes(b"of an older version")
    monkeypatch.setattr(decoded_module, "_FORMAT", 2)
    same(tiny, load_task("tiny"))
    assert len(list(folder.glob("*.npy"))) == 4


def test_several_threads_may_load_for_the_first_time_at_once(tiny):
    with ThreadPoolExecutor(4) as pool:
        tasks = list(pool.map(lambda _: load_task("tiny"), range(8)))
    for task in tasks:
        same(tiny, task)
    hidden = list(cache_folder().rglob(".*"))
    assert hidden == []
