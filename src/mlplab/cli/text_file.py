"""Text files that commands write: whole or not at all."""

from __future__ import annotations

from pathlib import Path

from mlplab.atomic import atomic_file
from mlplab.errors import DataError


def write_text(target: Path, text: str) -> None:
    """Write a file.

    Raises:
        DataError: it cannot be written.
    """
    try:
        with atomic_file(target) as draft:
            draft.write_text(text, encoding="utf-8", newline="")
    except OSError as problem:
        reason = problem.strerror or problem
        raise DataError(f"{target}: cannot be written ({reason})") from None
