"""What separates the cells of a CSV file: said in its first line, or seen in its first rows."""

from __future__ import annotations

import csv
import io
import re
from itertools import islice

DELIMITERS = {",": "commas", ";": "semicolons", "\t": "tabs", "|": "bars", " ": "blanks"}
"""What separates cells, and how it is called."""

_CANDIDATES = (",", ";", "\t", "|")
# Characters and records: two hundred rows tell what separates cells, and a file may have millions.
_SAMPLE, _ROWS = 1 << 16, 200
_SAID = re.compile(r"\s*\"?sep=(.)\"?[ ,;\t]*(?:\r\n|\r|\n)", re.IGNORECASE)
_NUMBER = re.compile(r"[+-]?[0-9][0-9.,]*")


def said_delimiter(text: str) -> tuple[str | None, str]:
    r"""Return the delimiter of a first line `sep=;`, as spreadsheets write it, and the rest.

    >>> said_delimiter("sep=;\na;b\n")
    (';', '\na;b\n')
    >>> said_delimiter("a;b\n")
    (None, 'a;b\n')
    """
    said = _SAID.match(text)
    # a line end stays, so that lines keep their numbers
    return (said[1], "\n" + text[said.end() :]) if said else (None, text)


def likely_delimiter(text: str) -> str:
    r"""Return what separates the cells of a text: the header has it, and the rows as often.

    A comma where nothing does, as in a file of one column.

    >>> likely_delimiter("a;b\n1,5;2\n"), likely_delimiter("a,b\nx;y,2\n"), likely_delimiter("a\n1")
    (';', ',', ',')
    """
    sample = text[:_SAMPLE]
    best, fits = ",", (0.0, 0.0)
    for delimiter in _CANDIDATES:
        measured = _measure(sample, delimiter, cut=len(sample) < len(text))
        if measured > fits:
            best, fits = delimiter, measured
    return best


def _measure(sample: str, delimiter: str, *, cut: bool) -> tuple[float, float]:
    """Return how well a delimiter splits a text, and how many cells are numbers then."""
    reader = csv.reader(io.StringIO(sample, newline=""), delimiter=delimiter)
    try:
        records = [row for row in islice(reader, _ROWS) if any(cell.strip() for cell in row)]
    except csv.Error:
        return (0.0, 0.0)
    if cut and len(records) > 1:
        records.pop()
    if not records or len(records[0]) < 2:
        return (0.0, 0.0)
    header, rows = records[0], records[1:]
    same = [row for row in rows if len(row) == len(header)]
    if rows and 2 * len(same) < len(rows):
        # it is in the header, and rows differ: told of where nothing else splits
        both = sum(len(row) > 1 for row in rows) / len(rows)
        return (1e-3 * both, 0.0)
    share = len(same) / len(rows) if rows else 1.0
    cells = [cell.strip() for row in same for cell in row]
    n_numbers = sum(_NUMBER.fullmatch(cell) is not None for cell in cells)
    # Most cells first; between equals more numbers, so that a decimal comma loses.
    return (share * (len(header) - 1), n_numbers / max(1, len(cells)))
