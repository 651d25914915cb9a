"""Folders of images as tasks, and their faces."""

from __future__ import annotations

import subprocess
import sys

import numpy as np
import pytest
from tests.shift.image_files import written
from torch import nn

import mlplab as ml
from mlplab.errors import ConfigError, DataError
from mlplab.shift import image_task

pytest.importorskip("PIL.Image", reason="Pillow is not installed")

TRAIN = [f"{name}/{i}.png" for name in ("cat", "dog") for i in range(4)]


def test_pixels_are_bytes_that_can_be_moved_as_images(tmp_path):
    folder = written(tmp_path / "pets", TRAIN)
    task = image_task(folder, written(tmp_path / "test", ["dog/1.png"]), extractor="pixels", side=8)
    assert task.name == "pets"
    assert task.inputs.shape == (9, 3 * 64)
    assert task.inputs.dtype == np.uint8
    assert task.image_shape == (8, 8)
    assert task.class_names == ("cat", "dog")
    assert task.targets.tolist() == [0] * 4 + [1] * 4 + [1]
    assert task.n_test == 1
    assert task.input_scale == 1 / 255


def test_a_task_by_features_trains(tmp_path):
    folder = written(tmp_path / "pets", TRAIN)
    means = nn.AdaptiveAvgPool2d((2, 2))
    task = image_task(
        folder, extractor=means, preprocess=lambda image: image.transpose(2, 0, 1) / 255, valid=2
    )
    assert task.inputs.shape == (8, 12)
    assert task.image_shape is None
    experiment = ml.Experiment(
        task, ml.Run(net=ml.MLP(hidden=(4,)), fit=ml.Fit(epochs=2, batch_size=2)), seeds=2
    )
    frame = experiment.run(store=None).frame()
    assert len(frame) > 0


def test_the_content_is_what_the_images_show(tmp_path):
    one = image_task(written(tmp_path / "one", TRAIN), extractor="pixels", side=8)
    two = image_task(written(tmp_path / "two", TRAIN), extractor="pixels", side=8)
    assert one.content == two.content
    other = image_task(written(tmp_path / "one", TRAIN), extractor="pixels", side=9)
    assert other.content != one.content


def test_what_makes_no_task_is_one_line(tmp_path):
    flat = written(tmp_path / "flat", ["a.png"])
    with pytest.raises(DataError, match="folder of images: expected a path; got None"):
        image_task(None)
    with pytest.raises(DataError, match="flat: images lie in no sub-folders"):
        image_task(flat)
    lonely = written(tmp_path / "lonely", ["cat/1.png"])
    with pytest.raises(DataError, match=r"expected two classes or more, .*; got one, 'cat'"):
        image_task(lonely)
    pets = written(tmp_path / "pets", TRAIN)
    strange = written(tmp_path / "strange", ["cow/1.png"])
    with pytest.raises(DataError, match="class 'cow' is not among those to train on: cat, dog"):
        image_task(pets, strange)
    with pytest.raises(ConfigError, match="side: expected a whole number from 1; got 0"):
        image_task(pets, extractor="pixels", side=0)


def test_the_room_loads_nothing_heavy_before_it_is_asked():
    script = (
        "import sys, mlplab.shift as shift\n"
        "assert dir(shift) == sorted(shift.__all__)\n"
        "shift.image_folder, shift.images.cartoon, shift.free_photographs, shift.image_features\n"
        "print(*{name.split('.')[0] for name in sys.modules})"
    )
    done = subprocess.run(
        [sys.executable, "-c", script], capture_output=True, text=True, check=True, timeout=60
    )
    assert not {"torch", "pandas", "sklearn", "PIL"} & set(done.stdout.split())


def test_every_name_is_there():
    from mlplab import shift

    assert all(getattr(shift, name) is not None for name in shift.__all__)
    with pytest.raises(AttributeError, match="no attribute 'detekt'"):
        _ = shift.detekt
