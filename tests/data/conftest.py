"""Made-up data sets on a made-up machine: its own cache, no system folders, no network."""

from __future__ import annotations

import gzip
import hashlib
import struct
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np
import pytest
from hypothesis import settings

from mlplab.data import FileSet, SourceError, Task, dataset
from mlplab.data import places as places_module
from mlplab.data import registry as registry_module
from mlplab.data.fashion_mnist import task_from_idx_files

# the machine may be busy: a slow example is no failure
settings.register_profile("patient", deadline=None)
settings.load_profile("patient")

NAMES = ("even", "odd", "other")


@pytest.fixture(autouse=True)
def machine(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A machine on which nothing is found; returns its root folder."""
    root = tmp_path / "machine"
    monkeypatch.setenv("MLPLAB_CACHE", str(root / "cache"))
    monkeypatch.delenv("MLPLAB_DATA", raising=False)
    monkeypatch.setattr(places_module, "SYSTEM_FOLDERS", (root / "share", root / "local"))
    return root


@pytest.fixture
def idx_bytes() -> Callable[[np.ndarray], bytes]:
    """Writes an array in the idx format, as bytes."""

    def pack(array: np.ndarray) -> bytes:
        codes = {"u1": 8, "i1": 9, "i2": 11, "i4": 12, "f4": 13, "f8": 14}
        code = codes[array.dtype.str[1:]]
        head = struct.pack(f">BBBB{array.ndim}I", 0, 0, code, array.ndim, *array.shape)
        return head + array.astype(array.dtype.newbyteorder(">")).tobytes()

    return pack


@dataclass
class FakeSource:
    """A source that serves bytes from memory and counts how often it is asked."""

    label: str
    served: dict[str, bytes]
    asked: list[tuple[str, ...]] = field(default_factory=list)
    fails_after: int | None = None

    def fetch(self, names, into, report):
        self.asked.append(names)
        for i, name in enumerate(names):
            if i == self.fails_after:
                raise SourceError("the line went dead")
            if name in self.served:
                (into / name).write_bytes(self.served[name])


@dataclass
class Tiny:
    """A data set of 8 + 4 images of 2 x 3 pixels in the files of the MNIST family."""

    images: np.ndarray
    labels: np.ndarray
    blobs: dict[str, bytes]
    source: FakeSource
    files: FileSet

    def put(self, folder: Path, **changed: bytes) -> Path:
        """Write the files to a folder; `changed` replaces the bytes of some, by prefix."""
        folder.mkdir(parents=True, exist_ok=True)
        for name, blob in self.blobs.items():
            prefix = name.split("-idx")[0].replace("-", "_")
            (folder / name).write_bytes(changed.get(prefix, blob))
        return folder


@pytest.fixture
def tiny(idx_bytes, monkeypatch) -> Tiny:
    """The data set "tiny", registered, with a source that works."""
    rng = np.random.default_rng(0)
    images = rng.integers(0, 256, (12, 2, 3), dtype=np.uint8)
    labels = np.arange(12, dtype=np.uint8) % 3
    blobs = {}
    for part, rows in (("train", slice(0, 8)), ("t10k", slice(8, 12))):
        blobs[f"{part}-images-idx3-ubyte.gz"] = gzip.compress(idx_bytes(images[rows]))
        blobs[f"{part}-labels-idx1-ubyte.gz"] = gzip.compress(idx_bytes(labels[rows]))
    source = FakeSource("fake mirror", blobs)
    sums = {name: hashlib.sha256(blob).hexdigest() for name, blob in blobs.items()}
    files = FileSet(name="tiny", sha256=sums, sources=(source,), aliases=("Tiny/raw",))
    monkeypatch.setattr(registry_module, "_REGISTRY", dict(registry_module._REGISTRY))

    @dataset("tiny", describe="twelve images", n_train=8, n_test=4, n_features=6, files=files)
    def load(folder: Path) -> Task:
        return task_from_idx_files(folder, "tiny", NAMES)

    return Tiny(images, labels, blobs, source, files)


@pytest.fixture
def fake_source() -> type[FakeSource]:
    """The class of sources that serve from memory."""
    return FakeSource


@pytest.fixture
def lines_of() -> Callable[[BaseException], list[str]]:
    """The lines of an error's message."""
    return lambda problem: str(problem).splitlines()
