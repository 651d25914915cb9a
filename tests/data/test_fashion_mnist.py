"""Fashion-MNIST: its files' table, made-up files of the same form, and the real ones when slow."""

from __future__ import annotations

import gzip

import numpy as np
import pytest

from mlplab.data import fashion_mnist as fashion_module
from mlplab.data import load_task
from mlplab.data.fashion_mnist import FILES, task_from_idx_files
from mlplab.errors import DataError


def test_images_stay_bytes_and_keep_their_shape(tiny, tmp_path):
    task = task_from_idx_files(tiny.put(tmp_path), "tiny", ("a", "b", "c"))
    assert task.inputs.dtype == np.uint8
    assert np.array_equal(task.inputs, tiny.images.reshape(12, 6))
    assert (task.image_shape, task.input_scale) == ((2, 3), 1 / 255)
    assert (task.n_pool, task.n_test, task.n_classes) == (8, 4, 3)


def test_files_that_do_not_belong_together_are_refused(tiny, tmp_path, idx_bytes):
    def refused(match, **changed):
        folder = tiny.put(tmp_path, **{k: gzip.compress(v) for k, v in changed.items()})
        with pytest.raises(DataError, match=match) as problem:
            task_from_idx_files(folder, "tiny", ("a", "b", "c"))
        assert "\n" not in str(problem.value)

    refused(
        r"train-labels-idx1-ubyte\.gz: expected 8 labels, one per image; got \(7,\)",
        train_labels=idx_bytes(tiny.labels[:7]),
    )
    refused(r"t10k-images.*expected images", t10k_images=idx_bytes(tiny.labels))
    refused(r"train-images.*expected images", train_images=idx_bytes(tiny.images.astype("i2")))
    refused("class ids from 0 to 2; got 9 at row 0", train_labels=idx_bytes(tiny.labels[:8] + 9))
    refused("X_test: expected examples of shape", t10k_images=idx_bytes(tiny.images[8:, :, :2]))
    refused(r"train-labels.*cut short", train_labels=idx_bytes(tiny.labels[:8])[:-1])


def test_the_real_table_asks_the_official_source_first_then_a_mirror():
    assert len(FILES.sha256) == len(set(FILES.sha256.values())) == 4
    assert all(len(bytes.fromhex(sha)) == 32 for sha in FILES.sha256.values())
    labels = [source.label for source in FILES.sources]
    assert "fashion-mnist" in labels[0]
    assert labels[1:] == ["Debian package dataset-fashion-mnist"]


def test_files_of_the_right_name_but_another_content_are_refused(tiny, tmp_path, monkeypatch):
    monkeypatch.setenv("MLPLAB_DATA", str(tiny.put(tmp_path)))
    with pytest.raises(DataError, match=r"train-images-idx3-ubyte\.gz: wrong checksum"):
        load_task("fashion-mnist")


@pytest.mark.slow
def test_the_real_data_can_be_fetched(monkeypatch):
    decoded = []
    read = fashion_module.read_idx
    monkeypatch.setattr(fashion_module, "read_idx", lambda p: decoded.append(p) or read(p))
    task = load_task("fashion-mnist")
    assert task.inputs.shape == (70_000, 784)
    assert task.inputs.dtype == np.uint8
    assert np.bincount(task.targets[task.pool]).tolist() == [6000] * 10
    assert np.bincount(task.targets[task.test_rows("try")]).tolist() == [1000] * 10
    assert load_task("fashion-mnist", offline=True).content == task.content
    assert len(decoded) == 4
