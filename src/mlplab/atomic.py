"""Files that appear under their name only when they are whole."""

from __future__ import annotations

import errno
import os
import secrets
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path


@contextmanager
def atomic_file(target: Path, mode: int = 0o666) -> Iterator[Path]:
    """Give an empty file beside `target` to write to; it becomes `target` if nothing goes wrong.

    The folder is made where it is missing. Whatever goes wrong, `target` stays as it was and
    nothing partial stays. A link gives way to the file; what it points to is left alone.

    Args:
        target: what is replaced or made.
        mode: permissions, less the process's umask.

    Raises:
        OSError: of the system, or `target` is a device or pipe, which would give way too.
    """
    if target.exists() and not (target.is_file() or target.is_dir()):
        raise OSError(errno.EINVAL, "is a device or pipe; expected a file's name", str(target))
    if not target.name:
        raise OSError(errno.EISDIR, "is a folder; expected a file's name", str(target))
    target.parent.mkdir(parents=True, exist_ok=True)
    draft = target.with_name(f".{secrets.token_hex(8)}.part")
    # Made anew, so that nobody can lay a link of that name into a shared folder beforehand.
    draft.touch(mode, exist_ok=False)
    try:
        yield draft
        os.replace(draft, target)
    finally:
        draft.unlink(missing_ok=True)
