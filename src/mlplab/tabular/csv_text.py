"""The cells of a CSV file as text: decoded, split, and of equal length, or one clear line."""

from __future__ import annotations

import csv
import io
from dataclasses import dataclass
from itertools import count
from pathlib import Path
from types import NoneType

from mlplab.errors import DataError
from mlplab.reading import read_path, refuse_unless
from mlplab.tabular.csv_delimiter import DELIMITERS, likely_delimiter, said_delimiter
from mlplab.tabular.csv_encoding import read_text, spell_encoding

FIRST_UNNAMED = "Unnamed: 0"
"""What a first column without a name is called, as pandas does: it holds what it calls an index."""


@dataclass(frozen=True, slots=True)
class Cells:
    """The cells of a file, stripped of surrounding blanks.

    Attributes:
        source: the file, for messages.
        header: names of the columns.
        rows: one list of texts per row, each as long as the header.
        lines: line of the file on which each row begins, the first line being 1.
        delimiter: what separates its cells.
        form: how the file is written, in words; empty for UTF-8 with commas.
    """

    source: str
    header: list[str]
    rows: list[list[str]]
    lines: list[int]
    delimiter: str = ","
    form: str = ""


def read_cells(
    path: str | Path, delimiter: str | None = None, encoding: str | None = None
) -> Cells:
    """Read a CSV file as text; blank lines are passed over.

    Args:
        path: the file.
        delimiter: between cells; None: of comma, semicolon, tab and bar the one that splits header
            and rows alike.
        encoding: what the bytes mean where no byte-order mark says it; None: what they look like,
            see `likely_encoding`.

    Raises:
        DataError: one line that names the file, the place, what was expected and what to try.
    """
    for name, given in (("delimiter", delimiter), ("encoding", encoding)):
        refuse_unless(name, given, (str, NoneType), "a text")
    path = read_path(path)
    text, encoding = read_text(path, encoding)
    said, text = said_delimiter(text)
    if delimiter is None:
        delimiter = said or likely_delimiter(text)
    if len(delimiter) != 1 or delimiter in '"\r\n':
        raise DataError(f"{path}: delimiter: expected one character; got {delimiter!r}")
    reader = csv.reader(io.StringIO(text, newline=""), delimiter=delimiter, strict=True)
    header: list[str] | None = None
    rows: list[list[str]] = []
    lines: list[int] = []
    line = 1
    try:
        for record in reader:
            cells = [cell.strip() for cell in record]
            if header is None:
                if any(cells):
                    header = _checked_header(path, line, cells)
            elif record and (len(header) > 1 or record != [""]):
                if len(cells) != len(header):
                    raise DataError(_ragged(path, line, cells, header, delimiter))
                if cells[-1] and not header[-1]:
                    raise DataError(
                        f"{path}, line {line}: {_short(cells[-1])} stands in column {len(header)}, "
                        "which has no name; name it or delete it"
                    )
                rows.append(cells)
                lines.append(line)
            line = reader.line_num + 1
    except csv.Error as problem:
        raise DataError(f"{path}, line {line}: {_what_csv_says(str(problem))}") from None
    if header is None:
        raise DataError(f"{path}: expected a header and rows; the file holds blank lines only")
    if not rows:
        raise DataError(f"{path}: expected rows below the header; there are none")
    if not header[-1]:
        # a delimiter ends every line
        header, rows = header[:-1], [cells[:-1] for cells in rows]
    return Cells(str(path), header, rows, lines, delimiter, _form(text, encoding, delimiter))


def _form(text: str, encoding: str, delimiter: str) -> str:
    if encoding in ("utf-8", "utf-8-sig") and delimiter == ",":
        return ""
    between = DELIMITERS.get(delimiter, repr(delimiter))
    return f"{spell_encoding(encoding, text)}, {between} between cells"


def _checked_header(path: Path, line: int, cells: list[str]) -> list[str]:
    place = f"{path}, line {line}"
    if not cells[0]:
        # a frame that was written and read again has an older index beside it
        names = (f"{FIRST_UNNAMED}.{i}" if i else FIRST_UNNAMED for i in count())
        cells = [next(name for name in names if name not in cells), *cells[1:]]
    first = {name: i for i, name in reversed(list(enumerate(cells)))}
    for i, name in enumerate(cells):
        if not name and i + 1 == len(cells):
            break
        if not name:
            raise DataError(f"{place}: column {i + 1} has no name; name it or delete it")
        if first[name] != i:
            raise DataError(
                f"{place}: expected different names; columns {first[name] + 1} and {i + 1} "
                f"are both {_short(name)}; rename or delete one"
            )
    counted = cells == [str(i) for i in range(len(cells))]
    if all(_is_plain_number(name) for name in cells if name) and not counted:
        raise DataError(
            f"{place}: expected names of columns; got numbers only ({_short(', '.join(cells))}); "
            "put a line with names on top"
        )
    return cells


def _ragged(path: Path, line: int, cells: list[str], header: list[str], delimiter: str) -> str:
    n, wanted = len(cells), len(header)
    if n > wanted:
        first = f"the first too many is {_short(cells[wanted])}"
        between = "a comma" if delimiter == "," else repr(delimiter)
        hint = f"put cells that hold {between} between quotes"
    else:
        first = f"{header[n]!r} and what follows is not there"
        hint = "complete the row or delete it (was the file cut short?)"
    return (
        f"{path}, line {line}: expected {wanted} cells as in the header; got {n}, {first}; {hint}"
    )


def _what_csv_says(problem: str) -> str:
    if "unexpected end of data" in problem:
        return "a quote is opened here and never closed; close it, or double a quote inside a cell"
    if "expected after" in problem:
        return "text follows a closing quote; double the quotes inside a cell"
    if "field limit" in problem:
        return (
            f"a cell is longer than {csv.field_size_limit()} characters; "
            "is a quote opened here and never closed?"
        )
    return f"not CSV ({problem})"


def _is_plain_number(text: str) -> bool:
    try:
        float(text)
    except ValueError:
        return False
    return True


def _short(text: str) -> str:
    return repr(text if len(text) <= 60 else text[:57] + "...")
