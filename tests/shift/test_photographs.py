"""Free photographs: those of the packages, cut into squares that lie where they are said to."""

from __future__ import annotations

import numpy as np
import pytest
from sklearn.datasets import load_sample_image

from mlplab.errors import ConfigError
from mlplab.shift import free_photographs
from mlplab.shift.images import photograph, photograph_patches
from mlplab.shift.images.photographs import PHOTOGRAPHS

pytest.importorskip("PIL.Image", reason="Pillow is not installed")


@pytest.mark.parametrize("name", ["china", "flower"])
def test_scikit_learns_photographs_are_there(name):
    assert name in [found.name for found in free_photographs()]
    assert (photograph(name) == load_sample_image(f"{name}.jpg")).all()


def test_scikit_images_photographs_are_those_it_gives():
    data = pytest.importorskip("skimage.data", reason="scikit-image is not installed")
    for known in PHOTOGRAPHS:
        if known.package == "skimage":
            theirs = getattr(data, known.name)()
            ours = photograph(known.name)
            assert (ours == (theirs if theirs.ndim == 3 else theirs[..., None])).all()


def test_squares_lie_where_they_are_said_to():
    patches = photograph_patches(50, stride=37, names=["flower", "china"])
    assert patches.names == ("flower", "china")
    whole = [photograph(name) for name in patches.names]
    for image, target, (top, left) in zip(
        patches.images, patches.targets, patches.corners, strict=True
    ):
        assert (image == whole[target][top : top + 50, left : left + 50]).all()
    rows, columns = [(n - 50) // 37 + 1 for n in whole[0].shape[:2]]
    assert np.bincount(patches.targets).tolist() == [rows * columns] * 2


def test_neighbours_share_no_pixels_unless_asked_for():
    patches = photograph_patches(64, names=["china"])
    assert len(patches.images) == (427 // 64) * (640 // 64)
    assert len({tuple(corner) for corner in patches.corners // 64}) == len(patches.images)
    assert (patches.corners % 64 == 0).all()
    assert set(photograph_patches(200).names) == {found.name for found in free_photographs()}


def test_what_is_wrong_is_one_line(monkeypatch):
    with pytest.raises(ConfigError, match="photograph 'flour': not known; did you mean 'flower'"):
        photograph("flour")
    monkeypatch.setattr("importlib.util.find_spec", lambda name: None)
    with pytest.raises(ConfigError, match="ships with skimage, which lacks it; try: python -m pip"):
        photograph("coffee")
    assert free_photographs() == ()


@pytest.mark.parametrize(
    ("options", "says"),
    [
        ({"side": 0}, "side: expected a whole number from 1; got 0"),
        ({"stride": 1.5}, "stride: expected a whole number from 1; got 1.5"),
        ({"side": 500, "names": ["china"]}, "side: 500 is more than 'china' has"),
        ({"names": []}, "names: expected a list of photographs"),
        ({"names": "china"}, "names: expected a list of photographs; got 'china'"),
    ],
)
def test_squares_that_cannot_be_are_one_line(options, says):
    with pytest.raises(ConfigError, match=says):
        photograph_patches(**options)
