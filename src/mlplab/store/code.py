"""Which code computes here: what is remembered of a computation holds for this code only."""

from __future__ import annotations

import hashlib
import platform
from functools import cache
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path

from mlplab.specs import digest

_PACKAGE = Path(__file__).parents[1]
# What they show is made anew every time; nothing that is remembered depends on them.
_FACES = {"cli", "bench", "pages", "app", "book", "__main__.py"}
# Texts are filled with remembered values, and compiled files follow from the sources.
_NO_CODE = {".md", ".pyc", ".so"}
LIBRARIES = (
    "numpy",
    "scipy",
    "torch",
    "pandas",
    "scikit-learn",
    "sympy",
    "optuna",
    "altair",
)


@cache
def code_identity() -> str:
    """Return a hash of mlplab's sources below its faces, the libraries and the kind of machine.

    Taken once in a process, so it stays that of the code that was loaded. Cost: about 20 ms.

    >>> code_identity() == code_identity()
    True
    """
    return read_code_identity(_PACKAGE)


def code_has_changed() -> bool:
    """Return whether the files are others by now than when this process took their identity."""
    return read_code_identity(_PACKAGE) != code_identity()


def read_code_identity(package: Path) -> str:
    """Return the identity of the code in a folder, as `code_identity` describes it."""
    content = {
        "sources": hash_sources(package),
        "libraries": {name: _version(name) for name in LIBRARIES},
        "python": platform.python_version(),
        "machine": platform.machine(),
    }
    return digest(content)


def hash_sources(package: Path) -> str:
    """Return a hash of the names and contents of a package's sources, without its faces."""
    whole = hashlib.sha256()
    for path in sorted(package.rglob("*")):
        place = path.relative_to(package)
        if place.parts[0] in _FACES or path.suffix in _NO_CODE or not path.is_file():
            continue
        whole.update(f"{place.as_posix()}\0".encode())
        whole.update(hashlib.sha256(path.read_bytes()).digest())
    return whole.hexdigest()


def _version(library: str) -> str:
    try:
        return version(library)
    except PackageNotFoundError:
        return "absent"
