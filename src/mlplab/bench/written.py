"""Where a page of measurements goes: a file that is there when it is whole, or the screen."""

from __future__ import annotations

from pathlib import Path

from mlplab.atomic import atomic_file


def put_page(text: str, out: Path | None) -> None:
    """Write a page to a file, or print it."""
    if out is None:
        print(text)
        return
    with atomic_file(out) as draft:
        draft.write_text(text, encoding="utf-8")
