"""The cartoon filter: few colours, flat areas, dark outlines, the same bytes every time."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra import numpy as arrays
from scipy.ndimage import gaussian_filter1d

from mlplab.errors import ConfigError, DataError
from mlplab.shift import cartoon
from mlplab.shift.images import cartoons
from mlplab.shift.images.cartoon import _bilateral, _outlines

stacks = arrays.arrays(
    np.uint8,
    st.one_of(
        st.tuples(st.integers(1, 4), st.integers(1, 12), st.integers(1, 12)),
        st.tuples(st.integers(1, 4), st.integers(1, 12), st.integers(1, 12), st.just(3)),
    ),
)


@given(images=stacks, outline=st.sampled_from([0.0, 0.5, 1.0]))
@settings(max_examples=40)
def test_an_image_is_drawn_alone_as_among_others(images, outline):
    kept = images.copy()
    together = cartoons(images, outline=outline)
    alone = np.stack([cartoon(image, outline=outline) for image in images])
    assert together.shape == images.shape
    assert together.dtype == np.uint8
    assert (together == alone).all()
    assert (images == kept).all()


@given(images=stacks)
@settings(max_examples=30)
def test_a_turned_image_is_mirrored(images):
    # Rows are smoothed before columns, but left and right are alike.
    mirrored = cartoons(images[:, :, ::-1], outline=0.0)[:, :, ::-1]
    assert np.mean(mirrored != cartoons(images, outline=0.0)) < 0.02


def noisy_steps() -> np.ndarray:
    noise = np.random.default_rng(0).normal(0, 4, (48, 64, 3))
    steps = np.repeat(np.repeat([[60, 190], [120, 30]], 24, axis=0), 32, axis=1)[..., None]
    return (steps + noise).clip(0, 255).astype(np.uint8)


def test_areas_become_flat_and_edges_stay():
    image = noisy_steps()
    drawn = cartoon(image, outline=0.0)
    for rows in (slice(2, 22), slice(26, 46)):
        for columns in (slice(2, 30), slice(34, 62)):
            assert drawn[rows, columns].std(axis=(0, 1)).max() < image[rows, columns].std() / 4
    across = drawn[12].astype(int).mean(axis=-1)
    assert across[33] - across[30] > 110


@pytest.mark.parametrize("levels", [2, 3, 6, 9])
def test_grey_images_have_as_many_levels_as_asked_for(levels):
    image = np.tile(np.arange(256, dtype=np.uint8), (8, 1))
    drawn = cartoon(image, levels=levels, outline=0.0)
    assert set(np.unique(drawn)) == {round(255 * i / (levels - 1)) for i in range(levels)}


def test_colours_are_few():
    rng = np.random.default_rng(1)
    image = np.stack(
        [gaussian_filter1d(rng.normal(0, 1, (64, 64)).cumsum(0), 4, axis=1) for _ in range(3)], -1
    )
    image = (255 * (image - image.min()) / np.ptp(image)).astype(np.uint8)
    n_before = len(np.unique(image.reshape(-1, 3), axis=0))
    n_after = len(np.unique(cartoon(image, outline=0.0).reshape(-1, 3), axis=0))
    assert n_after < n_before / 5


def test_outlines_lie_on_the_dark_side_and_only_darken():
    image = noisy_steps()
    plain, drawn = cartoon(image, outline=0.0), cartoon(image)
    assert (drawn <= plain).all()
    darker = (drawn.astype(int) - plain).mean(axis=-1) < -20
    # Left of column 32 is the dark side of the upper edge, right of it that of the lower one.
    assert darker[8:16, 30:32].all()
    assert not darker[8:16, 33:60].any()
    assert darker[32:40, 32:34].any(axis=1).all()
    assert not darker[4:20, 4:26].any()


def test_many_wide_passes_without_edges_are_a_gaussian_filter():
    images = np.random.default_rng(2).random((1, 9, 40, 1)).astype(np.float32)
    # Where no difference counts as an edge, the weights are those of the distance alone.
    ours = _bilateral(images, 2.0, 1e4)
    expected = images
    for axis in (2, 1):
        expected = gaussian_filter1d(expected, 2.0, axis=axis, mode="nearest", radius=4)
    np.testing.assert_allclose(ours, expected, atol=1e-5)
    # Where every difference does, nothing is smoothed.
    np.testing.assert_allclose(_bilateral(images, 2.0, 1e-6), images, atol=1e-5)


def test_what_is_plain_has_no_outline():
    assert not _outlines(np.full((1, 9, 9, 1), 0.0, np.float32), 1.0).any()
    image = np.full((20, 20, 3), 90, np.uint8)
    assert len(np.unique(cartoon(image).reshape(-1, 3), axis=0)) == 1


def test_numbers_from_0_to_1_are_drawn_as_their_bytes():
    image = noisy_steps()
    assert (cartoon(image / 255) == cartoon(image)).mean() > 0.999


def test_what_is_grey_stays_grey():
    grey = noisy_steps()[..., 0]
    wide = cartoon(np.repeat(grey[..., None], 3, axis=-1))
    assert np.ptp(wide.astype(int), axis=-1).max() <= 1
    assert np.abs(wide[..., 0].astype(int) - cartoon(grey)).mean() < 0.2


@pytest.mark.parametrize(
    ("option", "says"),
    [
        ({"levels": 1}, "levels: expected at least 2; got 1"),
        ({"passes": -1}, "passes: expected at least 0; got -1"),
        ({"levels": "2"}, "levels: expected a whole number from 2; got '2'"),
        ({"outline": None}, "outline: expected a number from 0 to 1; got None"),
        ({"radius": 0.0}, "radius: expected a number above 0; got 0.0"),
        ({"contrast": float("nan")}, "contrast: expected a number above 0; got nan"),
        ({"outline": 1.5}, "outline: expected a number from 0 to 1; got 1.5"),
        ({"saturation": -1.0}, "saturation: expected a number from 0; got -1"),
    ],
)
def test_parameters_out_of_range_are_one_line(option, says):
    with pytest.raises(ConfigError, match=says):
        cartoon(np.zeros((4, 4), np.uint8), **option)


def test_what_is_no_image_is_one_line():
    for bad in (np.zeros(4, np.uint8), np.zeros((4, 4, 2), np.uint8), np.zeros((0, 4), np.uint8)):
        with pytest.raises(DataError, match="image: expected"):
            cartoon(bad)
    with pytest.raises(DataError, match=r"images: expected \(N, H, W\) or"):
        cartoons(np.zeros((4, 4), np.uint8))
    for bad in (np.full((4, 4), 2.0), np.full((4, 4), np.nan)):
        with pytest.raises(DataError, match="expected bytes, or numbers from 0 to 1; got float64"):
            cartoon(bad)
    assert cartoons(np.zeros((0, 4, 4), np.uint8)).shape == (0, 4, 4)
