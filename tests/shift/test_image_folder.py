"""Folders of images and single files: what Pillow decodes, seen upright in three channels."""

from __future__ import annotations

import os

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from tests.shift.image_files import drawn, written

from mlplab.errors import DataError
from mlplab.shift import image_folder
from mlplab.shift.images.decode import image_size, read_image, rgb_image
from mlplab.shift.images.folder import holds_images
from mlplab.shift.images.resize import centre_square, resize_image

pillow = pytest.importorskip("PIL.Image", reason="Pillow is not installed")


def test_every_format_gives_the_picture(tmp_path):
    names = [f"a.{end}" for end in ("png", "bmp", "gif", "jpg", "webp")]
    for name in names:
        pillow.fromarray(drawn(0)).save(tmp_path / name)
    for name, most in zip(names, (0, 0, 60, 30, 40), strict=True):
        image = read_image(tmp_path / name)
        assert image.shape == (40, 60, 3)
        assert image.dtype == np.uint8
        assert np.abs(image.astype(int) - drawn(0)).max() <= most, name


@pytest.mark.parametrize("orientation", range(1, 9))
def test_an_image_is_turned_upright(tmp_path, orientation):
    # What a camera held so would have written: each is its own inverse but 6 and 8.
    stored = {
        1: lambda x: x,
        2: lambda x: x[:, ::-1],
        3: lambda x: x[::-1, ::-1],
        4: lambda x: x[::-1],
        5: lambda x: x.transpose(1, 0, 2),
        6: lambda x: np.rot90(x, 1),
        7: lambda x: x[::-1, ::-1].transpose(1, 0, 2),
        8: lambda x: np.rot90(x, -1),
    }[orientation]
    exif = pillow.Exif()
    exif[0x0112] = orientation
    pillow.fromarray(np.ascontiguousarray(stored(drawn(1)))).save(tmp_path / "a.png", exif=exif)
    assert (read_image(tmp_path / "a.png") == drawn(1)).all()
    assert image_size(tmp_path / "a.png") == (40, 60)


def test_other_modes_become_three_channels(tmp_path):
    grey = drawn(2)[..., 0]
    pillow.fromarray(grey).save(tmp_path / "grey.png")
    deep = grey.astype(np.uint16) * 257
    pillow.fromarray(deep).save(tmp_path / "deep.png")
    for name in ("grey.png", "deep.png"):
        assert (read_image(tmp_path / name) == grey[..., None]).all(), name
    black_and_white = pillow.fromarray(grey).convert("1")
    black_and_white.save(tmp_path / "two.png")
    assert set(np.unique(read_image(tmp_path / "two.png"))) == {0, 255}
    cmyk = pillow.fromarray(drawn(2)).convert("CMYK")
    cmyk.save(tmp_path / "cmyk.jpg", quality=100)
    assert read_image(tmp_path / "cmyk.jpg").shape == (40, 60, 3)


@pytest.mark.parametrize("name", ["a.png", "a.webp"])
def test_what_is_transparent_lies_on_white(tmp_path, name):
    alpha = np.zeros((40, 60, 1), np.uint8)
    alpha[:20] = 255
    image = pillow.fromarray(np.concatenate([drawn(3), alpha], axis=-1))
    image.save(tmp_path / name, lossless=True)
    seen = read_image(tmp_path / name)
    assert (seen[:20] == drawn(3)[:20]).all()
    assert (seen[20:] == 255).all()


def test_a_transparent_palette_and_the_first_frame(tmp_path):
    red, blue = (pillow.new("RGB", (4, 4), colour) for colour in ("red", "blue"))
    red.save(tmp_path / "two.gif", save_all=True, append_images=[blue])
    assert (read_image(tmp_path / "two.gif") == (255, 0, 0)).all()
    palette = pillow.new("P", (4, 4), 0)
    palette.putpalette([255, 0, 0, 0, 255, 0])
    palette.save(tmp_path / "clear.png", transparency=0)
    assert (read_image(tmp_path / "clear.png") == 255).all()


def test_a_folder_of_classes(tmp_path):
    names = ["dog/2.png", "dog/1.JPG", "cat/deep/3.webp", "cat/10.bmp"]
    written(tmp_path, names)
    for other in (".hidden/a.png", "__MACOSX/dog/._1.png", "dog/._2.png", "dog/notes.txt"):
        (tmp_path / other).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / other).write_text("no image")
    (tmp_path / "empty").mkdir()
    images = image_folder(tmp_path)
    assert images.files == ("cat/10.bmp", "cat/deep/3.webp", "dog/1.JPG", "dog/2.png")
    assert images.classes == ("cat", "cat", "dog", "dog")
    assert images.class_names == ("cat", "dog")
    assert len(images) == 4
    assert (images[0] == drawn(3)).all()
    assert images.sizes().tolist() == [[40, 60]] * 4
    assert [image.shape for image in images] == [(40, 60, 3)] * 4


def test_a_flat_folder_has_no_classes(tmp_path):
    (tmp_path / "notes").mkdir()
    images = image_folder(written(tmp_path, ["b.png", "a.png"]))
    assert images.files == ("a.png", "b.png")
    assert images.classes is None
    assert images.class_names == ()
    assert holds_images(tmp_path)


def test_what_is_no_folder_of_images_is_one_line(tmp_path):
    with pytest.raises(DataError, match="folder of images: expected a path; got 3"):
        image_folder(3)
    with pytest.raises(DataError, match="expected a folder of images; nothing is there"):
        image_folder(tmp_path / "none")
    with pytest.raises(DataError, match="expected a folder of images; a file is there"):
        image_folder(written(tmp_path, ["mixed/a.png"]) / "mixed/a.png")
    (tmp_path / "empty").mkdir()
    with pytest.raises(DataError, match=r"empty: holds no images \(files that end in .png"):
        image_folder(tmp_path / "empty")
    assert not holds_images(tmp_path / "empty")
    with pytest.raises(DataError, match=r"both beside sub-folders \(a.png\) and inside them"):
        image_folder(written(tmp_path / "mixed", ["a.png", "b.png", "x/c.png"]).parent / "mixed")


@pytest.mark.parametrize(
    ("content", "says"),
    [
        (b"", "not a PNG, JPEG, WebP, GIF or BMP image, or damaged"),
        (b"plain text", "not a PNG, JPEG, WebP, GIF or BMP image, or damaged"),
        ("half", "does not decode"),
    ],
)
def test_what_does_not_decode_is_named(tmp_path, content, says):
    path = written(tmp_path, ["bad.jpg"]) / "bad.jpg"
    whole = path.read_bytes()
    path.write_bytes(whole[: len(whole) // 2] if content == "half" else content)
    with pytest.raises(DataError, match=rf"bad.jpg: {says}"):
        read_image(path)


@given(cut=st.integers(0, 400), at=st.integers(0, 4000), byte=st.integers(0, 255))
@settings(max_examples=40)
def test_damage_is_a_picture_or_one_line(tmp_path_factory, cut, at, byte):
    for name in ("a.png", "a.jpg", "a.gif", "a.webp", "a.bmp"):
        path = written(tmp_path_factory.getbasetemp() / "damaged", [name]) / name
        data = bytearray(path.read_bytes())
        data[at % len(data)] = byte
        path.write_bytes(data[: len(data) - cut])
        line = ""
        try:
            assert read_image(path).shape[-1] == 3
        except DataError as problem:
            line = str(problem)
        assert not line or (line.startswith(str(path)) and "\n" not in line)


def test_damaged_images_can_be_left_out(tmp_path):
    names = ["a/1.png", "a/2.png", "b/1.png", "b/2.png"]
    written(tmp_path, names)
    for damaged in names[1:3]:
        (tmp_path / damaged).write_bytes(b"damaged")
    sound, lines = image_folder(tmp_path).without_damaged()
    assert sound.files == ("a/1.png", "b/2.png")
    assert sound.classes == ("a", "b")
    for line, name in zip(lines, names[1:3], strict=True):
        assert line.startswith(f"{tmp_path / name}: not a PNG")
    (tmp_path / "a/1.png").write_bytes(b"")
    (tmp_path / "b/2.png").write_bytes(b"")
    with pytest.raises(DataError, match=r"none of its 4 images decodes; .*a/1.png: not a PNG"):
        image_folder(tmp_path).without_damaged()


@pytest.mark.parametrize("read", [read_image, image_size])
def test_a_device_is_no_image(read):
    with pytest.raises(DataError, match="/dev/zero: is a device; expected an image"):
        read("/dev/zero")


def test_a_link_that_leads_nowhere_is_named(tmp_path):
    written(tmp_path, ["a.png"])
    (tmp_path / "b.png").symlink_to(tmp_path / "gone")
    with pytest.raises(DataError, match=r"b.png: cannot be read \(No such file"):
        image_folder(tmp_path).sizes()


def test_an_unreadable_file_is_named(tmp_path):
    path = written(tmp_path, ["gone.png"]) / "gone.png"
    images = image_folder(tmp_path)
    path.unlink()
    for read in (lambda: images[0], images.sizes):
        with pytest.raises(DataError, match=r"gone.png: cannot be read"):
            read()
    path.mkdir()
    with pytest.raises(DataError, match=r"gone.png: cannot be read"):
        read_image(path)


@pytest.mark.skipif(os.name != "posix" or os.geteuid() == 0, reason="root reads everything")
def test_a_folder_that_may_not_be_read_is_named(tmp_path):
    written(tmp_path, ["a/1.png", "b/1.png"])
    (tmp_path / "b").chmod(0)
    with pytest.raises(DataError, match="b: cannot be read"):
        image_folder(tmp_path)
    (tmp_path / "b").chmod(0o700)


@given(
    size=st.tuples(st.integers(1, 60), st.integers(1, 60)),
    into=st.tuples(st.integers(1, 60), st.integers(1, 60)),
)
def test_resizing_is_pillows(size, into):
    image = drawn(4, *size)
    ours = resize_image(image, *into)
    theirs = np.asarray(pillow.fromarray(image).resize(into[::-1], pillow.Resampling.BICUBIC))
    assert np.abs(ours.astype(int) - theirs).max() <= 1


@given(
    height=st.integers(1, 40), width=st.integers(1, 40), share=st.floats(0.01, 1, allow_nan=False)
)
def test_the_square_lies_in_the_middle(height, width, share):
    y, x = np.mgrid[:height, :width]
    square = centre_square(np.stack([y, x, y], axis=-1).astype(np.uint8), share)
    assert square.shape[0] == square.shape[1] == max(1, round(share * min(height, width)))
    for axis, n in ((0, height), (1, width)):
        before = int(square[0, 0, axis])
        after = n - 1 - int(square[-1, -1, axis])
        assert 0 <= before - after <= 1


def test_arrays_that_are_no_images_are_refused():
    for bad in (np.zeros((4, 4)), np.zeros((4, 4, 2), np.uint8), np.zeros((0, 4), np.uint8)):
        with pytest.raises(DataError, match=r"mine: expected \(H, W\) or \(H, W, 3\) of uint8"):
            rgb_image(bad, "mine")
