"""Reading a store's file where nothing can be written: a read-only disk or folder, a full disk.

SQLite makes files of its own beside a store, for readers too. Where it cannot, a file with nothing
in its log is read as it lies; one with a log, or of an older mlplab, is read from a copy.
"""

from __future__ import annotations

import shutil
import tempfile
from pathlib import Path

from mlplab.errors import StoreError
from mlplab.store.place import LOGS


def has_log(path: Path) -> bool:
    """Tell whether the last writer left changes beside the file: it was killed, say."""
    return any(_size(Path(f"{path}{end}")) for end in LOGS)


def copy_store(path: Path) -> tempfile.TemporaryDirectory[str]:
    """Copy a store's file and its log to a temporary folder, under the same names.

    Raises:
        StoreError: they cannot be copied.
    """
    folder = tempfile.TemporaryDirectory(prefix="mlplab-", ignore_cleanup_errors=True)
    try:
        for end in ("", *LOGS):
            if not end or _size(Path(f"{path}{end}")):
                shutil.copyfile(f"{path}{end}", Path(folder.name, f"{path.name}{end}"))
    except OSError as error:
        folder.cleanup()
        raise StoreError(
            f"the store {path} may not be written to, and cannot be copied in order to be read: "
            f"{error.strerror or error}; TMPDIR names the folder for the copy"
        ) from error
    return folder


def _size(path: Path) -> int:
    try:
        return path.stat().st_size
    except OSError:
        return 0
