"""The Debian mirror, with made-up apt-get and dpkg-deb that record how they are called."""

from __future__ import annotations

import dataclasses
import os
from pathlib import Path

import pytest

from mlplab.data import DebianPackage, SourceError, load_task
from mlplab.data.fetching import obtain

APT = """\
#!/bin/sh
echo "apt-get $*" >> "$RECORD"
conf=""
while [ $# -gt 1 ]; do
  if [ "$1" = "-c" ]; then conf="$2"; fi
  case "$1" in download|update) break;; esac
  shift
done
[ -z "$conf" ] || cat "$conf" >> "$RECORD"
if [ "$MODE" = "dead" ]; then echo "E: Could not resolve host" >&2; exit 100; fi
if [ "$MODE" = "hangs" ]; then exec sleep 30; fi
if [ "$1" = "update" ]; then exit 0; fi
if [ "$MODE" = "no-lists" ] && [ -z "$conf" ]; then
  echo "E: Unable to locate package $2" >&2; exit 100
fi
[ "$MODE" = "nothing" ] || echo archive > "$2_1.0_all.deb"
"""

DPKG = """\
#!/bin/sh
echo "dpkg-deb $*" >> "$RECORD"
if [ "$MODE" = "bad-archive" ]; then echo "dpkg-deb: error: not an archive" >&2; exit 2; fi
mkdir -p "$3/usr/share/datasets"
cp -r "$PAYLOAD" "$3/usr/share/datasets/tiny"
"""

MIRROR = DebianPackage("dataset-tiny", "usr/share/datasets/tiny")


@pytest.fixture
def debian(tmp_path, monkeypatch, tiny) -> Path:
    """A PATH with the two made-up tools; returns the record of their calls."""
    tools = tmp_path / "bin"
    tools.mkdir()
    for name, text in (("apt-get", APT), ("dpkg-deb", DPKG)):
        (tools / name).write_text(text)
        (tools / name).chmod(0o755)
    monkeypatch.setenv("PATH", f"{tools}{os.pathsep}{os.environ['PATH']}")
    monkeypatch.setenv("RECORD", str(tmp_path / "record"))
    monkeypatch.setenv("PAYLOAD", str(tiny.put(tmp_path / "payload")))
    monkeypatch.setenv("MODE", "works")
    return tmp_path / "record"


def fetched(tiny, into, report=lambda line: None, mirror=MIRROR):
    into.mkdir()
    mirror.fetch(tuple(tiny.blobs), into, report)
    return {path.name: path.read_bytes() for path in into.iterdir()}


def test_the_files_are_taken_out_of_the_package_and_nothing_else_stays(debian, tiny, tmp_path):
    assert fetched(tiny, tmp_path / "into") == tiny.blobs
    calls = debian.read_text().splitlines()
    assert [line.split()[0] for line in calls] == ["apt-get", "dpkg-deb"]
    assert calls[0].endswith("download dataset-tiny")
    assert "install" not in debian.read_text()


def test_missing_lists_are_read_into_a_private_folder(debian, tiny, tmp_path, monkeypatch):
    monkeypatch.setenv("MODE", "no-lists")
    lines = []
    assert fetched(tiny, tmp_path / "into", lines.append) == tiny.blobs
    assert len(lines) == 1
    text = debian.read_text()
    assert "update" in text
    private = [line for line in text.splitlines() if line.startswith("Dir::State::lists")]
    assert len(private) == 2
    assert all(str(tmp_path / "into") in line for line in private)
    assert "#clear APT::Update::Post-Invoke;" in text
    for line in text.splitlines():
        if line.startswith("apt-get"):
            assert f"Dir::Cache={tmp_path / 'into'}" in line


@pytest.mark.parametrize(
    ("mode", "match"),
    [
        ("dead", r"apt-get failed \(E: Could not resolve host\)"),
        ("nothing", "left no package"),
        ("bad-archive", r"dpkg-deb failed \(dpkg-deb: error: not an archive\)"),
    ],
)
def test_what_goes_wrong_is_one_line_and_leaves_nothing(
    debian, tiny, tmp_path, monkeypatch, mode, match
):
    monkeypatch.setenv("MODE", mode)
    with pytest.raises(SourceError, match=match) as problem:
        fetched(tiny, tmp_path / "into")
    assert "\n" not in str(problem.value)
    assert list((tmp_path / "into").iterdir()) == []


def test_a_tool_that_hangs_is_stopped(debian, tiny, tmp_path, monkeypatch):
    monkeypatch.setenv("MODE", "hangs")
    hasty = dataclasses.replace(MIRROR, seconds=0.3)
    with pytest.raises(SourceError, match=r"apt-get took more than 0\.3 s"):
        fetched(tiny, tmp_path / "into", mirror=hasty)
    assert list((tmp_path / "into").iterdir()) == []


def test_a_package_without_the_files_is_refused(debian, tiny, tmp_path, monkeypatch):
    (tmp_path / "payload" / "t10k-labels-idx1-ubyte.gz").unlink()
    with pytest.raises(SourceError, match="does not hold usr/share/datasets/tiny/t10k-labels"):
        fetched(tiny, tmp_path / "into")


def test_a_machine_without_apt_says_so(tiny, tmp_path, monkeypatch):
    monkeypatch.setenv("PATH", str(tmp_path))
    with pytest.raises(SourceError, match="needs apt-get, which this machine lacks"):
        fetched(tiny, tmp_path / "into")


def test_the_mirror_serves_when_the_official_source_does_not(debian, tiny, fake_source):
    dead = fake_source("official", {}, fails_after=0)
    object.__setattr__(tiny.files, "sources", (dead, MIRROR))
    task = load_task("tiny")
    assert task.source == "Debian package dataset-tiny"
    assert task.inputs.tolist() == tiny.images.reshape(12, 6).tolist()
    assert obtain(tiny.files).label.startswith("cache (")
