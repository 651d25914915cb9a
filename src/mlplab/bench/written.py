"""Where a page of measurements goes: a file that is there when it is whole, or the screen."""

from __future__ import annotations

from pathlib import Path

from mlplab.atomic import atomic_file
from mlplab.errors import DataError


def put_page(text: str, out: Path | None) -> None:
    """Write a page to a file, or print it.

    Raises:
        DataError: the file cannot be written.
    """
    if out is None:
        print(text)
        return
    try:
        with atomic_file(out) as draft:
            draft.write_text(text, encoding="utf-8")
    except OSError as problem:
        raise DataError(f"{out}: cannot be written ({problem.strerror or problem})") from None
