"""Files that never end."""

from __future__ import annotations

import contextlib
import stat
from pathlib import Path

from mlplab.errors import DataError


def is_device(path: Path) -> bool:
    """Return whether a path is a device, such as /dev/zero, or a link to one.

    >>> is_device(Path("no such file"))
    False
    """
    mode = 0
    with contextlib.suppress(OSError, ValueError):  # whoever reads it says what is wrong
        mode = path.stat().st_mode
    return stat.S_ISCHR(mode) or stat.S_ISBLK(mode)


def refuse_device(path: Path, wanted: str = "a file") -> None:
    """Refuse to read a device, which may have no end; a pipe has one.

    Args:
        path: of what is to be read.
        wanted: what was expected, in words.

    Raises:
        DataError: it is a device.

    >>> refuse_device(Path("no such file"))
    """
    if is_device(path):
        raise DataError(f"{path}: is a device; expected {wanted}")
