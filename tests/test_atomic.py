"""Files that are replaced whole or not at all."""

import os
from pathlib import Path

import pytest

from mlplab.atomic import atomic_file


def test_a_file_is_replaced_whole_and_a_link_gives_way(tmp_path: Path) -> None:
    elsewhere, target = tmp_path / "elsewhere", tmp_path / "new" / "target"
    elsewhere.write_text("old")
    target.parent.mkdir()
    target.symlink_to(elsewhere)
    with atomic_file(target) as draft:
        draft.write_text("new")
        assert target.read_text() == "old"
    assert (target.read_text(), elsewhere.read_text()) == ("new", "old")
    assert os.listdir(target.parent) == ["target"]


@pytest.mark.parametrize(("umask", "mode", "left"), [(0o022, 0o666, 0o644), (0o002, 0o600, 0o600)])
def test_rights_are_those_asked_for_less_the_umask(
    tmp_path: Path, umask: int, mode: int, left: int
) -> None:
    before = os.umask(umask)
    try:
        with atomic_file(tmp_path / "folder" / "file", mode) as draft:
            draft.write_text("x")
    finally:
        os.umask(before)
    assert (tmp_path / "folder" / "file").stat().st_mode & 0o777 == left


def test_what_goes_wrong_leaves_the_old_file_and_nothing_else(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("old")
    with pytest.raises(IsADirectoryError), atomic_file(tmp_path / "file") as draft:
        draft.write_bytes(b"half" + tmp_path.read_bytes())
    assert (tmp_path / "file").read_text() == "old"
    assert os.listdir(tmp_path) == ["file"]


@pytest.mark.skipif(not hasattr(os, "mkfifo"), reason="needs pipes")
def test_a_device_or_pipe_stays(tmp_path: Path) -> None:
    pipe = tmp_path / "pipe"
    os.mkfifo(pipe)
    with pytest.raises(OSError, match="is a device or pipe"), atomic_file(pipe):
        pass
    assert pipe.is_fifo()
    assert list(tmp_path.iterdir()) == [pipe]
