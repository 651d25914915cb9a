"""Text that a terminal shows and does not obey."""

from __future__ import annotations

# Controls but for the line's end and the tab, and what turns the direction of writing: in a
# column's name they could clear the screen, rename the window or show another name.
_RULING = [
    *range(9),
    *range(11, 32),
    *range(127, 160),
    *range(0x202A, 0x202F),
    *range(0x2066, 0x206A),
    *range(0xD800, 0xE000),  # halves of pairs, which no encoding can write
]
_ESCAPES = {code: repr(chr(code))[1:-1] for code in _RULING}


def printable(text: str) -> str:
    r"""Return a text with its controls as Python writes them.

    >>> print(printable("\x1b[31mred\x07"))
    \x1b[31mred\x07
    """
    return text.translate(_ESCAPES)
