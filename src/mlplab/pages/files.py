"""Files beside a page: written whole or not at all."""

from __future__ import annotations

import os
import tempfile
from collections.abc import Mapping
from pathlib import Path

from mlplab.errors import MlplabError


def write_files(folder: Path, files: Mapping[str, bytes]) -> None:
    """Write files so that none is ever seen half-written.

    All are written under other names first and then renamed, in the given order; a full disk
    therefore leaves every older file as it was.

    Raises:
        MlplabError: the folder cannot be written.
    """
    waiting: dict[str, Path] = {}
    try:
        folder.mkdir(parents=True, exist_ok=True)
        for name, content in files.items():
            waiting[name] = _write_beside(folder, name, content)
        for name, path in waiting.items():
            os.replace(path, folder / name)
    except OSError as error:
        reason = error.strerror or str(error)
        raise MlplabError(f"cannot write to {folder}: {reason}; try another folder") from None
    finally:
        for path in waiting.values():
            path.unlink(missing_ok=True)


def remove_files(folder: Path, names: set[str]) -> None:
    """Remove files that an earlier page wrote and the new one does not."""
    for name in names:
        (folder / name).unlink(missing_ok=True)


def _write_beside(folder: Path, name: str, content: bytes) -> Path:
    handle, path = tempfile.mkstemp(prefix=f".{name}.", suffix=".part", dir=folder)
    try:
        with os.fdopen(handle, "wb") as file:
            file.write(content)
        # mkstemp makes files private; a report may be shared.
        os.chmod(path, 0o644)
    except OSError:
        Path(path).unlink(missing_ok=True)
        raise
    return Path(path)
