"""Files beside a page: written whole or not at all."""

from __future__ import annotations

from collections.abc import Mapping
from contextlib import ExitStack
from pathlib import Path

from mlplab.atomic import atomic_file
from mlplab.errors import MlplabError


def write_files(folder: Path, files: Mapping[str, bytes]) -> None:
    """Write files so that none is ever seen half-written.

    All are written under other names first and then renamed, in the given order; a full disk
    therefore leaves every older file as it was.

    Raises:
        MlplabError: the folder cannot be written.
    """
    try:
        with ExitStack() as drafts:
            # Left in the opposite order of entering, so that they are renamed in the given one.
            for name, content in reversed(list(files.items())):
                draft = drafts.enter_context(atomic_file(folder / name))
                draft.write_bytes(content)
                draft.chmod(0o644)  # a report may be shared
    except OSError as error:
        reason = error.strerror or str(error)
        raise MlplabError(f"cannot write to {folder}: {reason}; try another folder") from None


def remove_files(folder: Path, names: set[str]) -> None:
    """Remove files that an earlier page wrote and the new one does not."""
    for name in names:
        (folder / name).unlink(missing_ok=True)
