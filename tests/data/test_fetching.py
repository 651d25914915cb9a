"""Fetching: sources in turn, checked before they count, nothing partial left behind."""

from __future__ import annotations

import dataclasses
import os
import time

import pytest

from mlplab.data import cache_folder, fetch, load_task
from mlplab.data.fetching import fetch_files, obtain
from mlplab.errors import ConfigError, DataError


def kept():
    folder = cache_folder()
    return sorted(p.name for p in folder.rglob("*") if p.is_file())


def left_over():
    return [p for p in cache_folder().rglob("*") if p.name.startswith(".")]


def test_files_are_fetched_once_and_every_attempt_is_reported(tiny):
    lines = []
    found = obtain(tiny.files, report=lines.append)
    assert found.folder == cache_folder() / "tiny"
    assert kept() == sorted(tiny.blobs)
    assert [line.split(": ")[0] for line in lines] == ["tiny", "tiny"]
    assert "fetching from fake mirror" in lines[0]
    assert "4 files checked" in lines[1]
    assert obtain(tiny.files, report=lines.append).label.startswith("cache (")
    assert len(lines) == 2
    assert left_over() == []


def test_a_source_that_fails_hands_over_to_the_next(tiny, fake_source):
    dead = fake_source("official", tiny.blobs, fails_after=2)
    wrong = fake_source("captive portal", dict.fromkeys(tiny.blobs, b"<html>log in</html>"))
    short = fake_source("half a mirror", dict(list(tiny.blobs.items())[:2]))
    files = dataclasses.replace(tiny.files, sources=(dead, wrong, short, tiny.source))
    lines = []
    assert obtain(files, report=lines.append).label == "fake mirror"
    text = "\n".join(lines)
    assert "official: the line went dead" in text
    assert "captive portal: train-images-idx3-ubyte.gz came with a wrong checksum" in text
    assert "half a mirror: t10k-images-idx3-ubyte.gz is not there" in text
    assert kept() == sorted(tiny.blobs)
    assert left_over() == []


def test_when_no_source_helps_one_line_says_what_was_tried_and_nothing_stays(tiny, fake_source):
    dead = fake_source("official", tiny.blobs, fails_after=0)
    wrong = fake_source("mirror", dict.fromkeys(tiny.blobs, b""))
    files = dataclasses.replace(tiny.files, sources=(dead, wrong))
    with pytest.raises(DataError, match="could not be fetched") as problem:
        obtain(files)
    message = str(problem.value)
    assert "official: the line went dead; mirror: train-images" in message
    assert "MLPLAB_DATA" in message
    assert "\n" not in message
    assert kept() == []
    assert left_over() == []


def test_a_crash_inside_a_source_leaves_nothing(tiny, fake_source):
    class Crash(fake_source):
        def fetch(self, names, into, report):
            super().fetch(names, into, report)
            raise KeyboardInterrupt

    files = dataclasses.replace(tiny.files, sources=(Crash("official", tiny.blobs),))
    with pytest.raises(KeyboardInterrupt):
        obtain(files)
    assert kept() == []
    assert left_over() == []


def test_offline_never_asks_a_source_but_uses_what_is_there(tiny, machine):
    with pytest.raises(DataError, match=r"tiny: not on this machine.*offline=True") as problem:
        load_task("tiny", offline=True)
    assert "\n" not in str(problem.value)
    assert tiny.source.asked == []
    tiny.put(machine / "share" / "tiny")
    assert load_task("tiny", offline=True).n_pool == 8


def test_only_what_the_cache_lacks_is_fetched(tiny, machine):
    lacking = tiny.put(machine / "cache" / "tiny") / "t10k-images-idx3-ubyte.gz"
    lacking.unlink()
    obtain(tiny.files)
    assert tiny.source.asked == [("t10k-images-idx3-ubyte.gz",)]


def test_what_the_cache_has_is_checked_after_a_fetch_too(tiny, machine):
    folder = tiny.put(machine / "cache" / "tiny", train_labels=b"damaged")
    (folder / "t10k-images-idx3-ubyte.gz").unlink()
    with pytest.raises(DataError, match=r"train-labels-idx1-ubyte\.gz: wrong checksum"):
        obtain(tiny.files)


def test_fetching_again_is_no_fetch(tiny):
    fetch_files(tiny.files)
    fetch_files(tiny.files)
    assert len(tiny.source.asked) == 1


def test_what_a_killed_fetch_left_is_swept_up_when_it_is_old(tiny):
    target = cache_folder() / "tiny"
    old, young = target / ".fetch-old", target / ".fetch-young"
    for draft in (old, young):
        draft.mkdir(parents=True)
        (draft / "train-images-idx3-ubyte.gz").write_bytes(b"half")
    long_ago = time.time() - 2 * 24 * 3600
    os.utime(old, (long_ago, long_ago))
    obtain(tiny.files)
    assert not old.exists()
    assert young.exists()


def test_a_cache_that_cannot_be_written_is_one_line(tiny, machine):
    machine.mkdir(parents=True)
    (machine / "cache").write_text("a file where the folder should be")
    with pytest.raises(DataError, match=r"cannot be written.*set MLPLAB_CACHE") as problem:
        load_task("tiny")
    assert "\n" not in str(problem.value)


def test_a_set_without_sources_says_where_to_put_the_files(tiny):
    files = dataclasses.replace(tiny.files, sources=())
    with pytest.raises(DataError, match=r"no source is known.*put its files"):
        obtain(files)


def test_a_fetched_set_is_copied_to_a_folder_that_is_asked_for(tiny, tmp_path):
    folder = tmp_path / "new" / "copies"
    said = fetch("tiny", to=folder)
    assert {path.name: path.read_bytes() for path in folder.iterdir()} == tiny.blobs
    assert said.split(", ") == [str(folder / name) for name in tiny.files.sha256]
    assert kept() == sorted(tiny.blobs)
    assert fetch("tiny", to=folder) == said


def test_a_copy_takes_no_other_files_place(tiny, tmp_path):
    first, *others = tiny.blobs
    (tmp_path / first).write_text("mine")
    with pytest.raises(DataError, match="another file is there; name another folder"):
        fetch("tiny", to=tmp_path)
    assert (tmp_path / first).read_text() == "mine"
    assert not any((tmp_path / name).exists() for name in others)
    with pytest.raises(DataError, match="cannot be written"):
        fetch("tiny", to=tmp_path / first)


def test_what_has_no_files_cannot_be_copied(tmp_path):
    for name in ("digits", "xor"):
        with pytest.raises(ConfigError, match=f"{name!r} has no files to copy: it "):
            fetch(name, to=tmp_path)
