"""The cells of a CSV file as text: decoded, split, and of equal length, or one clear line."""

from __future__ import annotations

import codecs
import csv
import io
from dataclasses import dataclass
from pathlib import Path

from mlplab.errors import DataError

_NO_CSV = {
    b"PK\x03\x04": "a zip archive or an Excel workbook; unpack it, or save the sheet as CSV",
    b"\xd0\xcf\x11\xe0": "an old Excel workbook; save the sheet as CSV",
    b"\x1f\x8b": "packed with gzip; unpack it first",
    b"BZh": "packed with bzip2; unpack it first",
    b"\xfd7zXZ": "packed with xz; unpack it first",
    b"PAR1": "a Parquet file; write it as CSV (pandas.read_parquet(...).to_csv(...))",
    b"SQLite format 3": "an SQLite database; export the table as CSV",
    b"%PDF": "a PDF document",
}
_BOMS = (
    (codecs.BOM_UTF8, "utf-8-sig"),
    (codecs.BOM_UTF32_LE, "utf-32"),
    (codecs.BOM_UTF32_BE, "utf-32"),
    (codecs.BOM_UTF16_LE, "utf-16"),
    (codecs.BOM_UTF16_BE, "utf-16"),
)


@dataclass(frozen=True, slots=True)
class Cells:
    """The cells of a file, stripped of surrounding blanks.

    Attributes:
        source: the file, for messages.
        header: names of the columns.
        rows: one list of texts per row, each as long as the header.
        lines: line of the file on which each row begins, the first line being 1.
    """

    source: str
    header: list[str]
    rows: list[list[str]]
    lines: list[int]


def read_cells(path: str | Path, delimiter: str | None = None, encoding: str = "utf-8") -> Cells:
    """Read a CSV file as text; blank lines are passed over.

    Args:
        path: the file.
        delimiter: between cells; None: a comma, and a header without one is questioned.
        encoding: what the bytes mean where no byte-order mark says it.

    Raises:
        DataError: one line that names the file, the place, what was expected and what to try.
    """
    path = Path(path)
    text = _decoded(path, encoding)
    given = delimiter is not None
    delimiter = delimiter or ","
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
                    header = _checked_header(path, line, cells, delimiter, given)
            elif record and (len(header) > 1 or record != [""]):
                if len(cells) != len(header):
                    raise DataError(_ragged(path, line, cells, header))
                rows.append(cells)
                lines.append(line)
            line = reader.line_num + 1
    except csv.Error as problem:
        raise DataError(f"{path}, line {line}: {_what_csv_says(str(problem))}") from None
    if header is None:
        raise DataError(f"{path}: expected a header and rows; the file holds blank lines only")
    if not rows:
        raise DataError(f"{path}: expected rows below the header; there are none")
    return Cells(str(path), header, rows, lines)


def _decoded(path: Path, encoding: str) -> str:
    try:
        blob = path.read_bytes()
    except OSError as problem:
        what = "is a folder" if path.is_dir() else f"cannot be read ({problem.strerror})"
        raise DataError(f"{path}: {what}; expected a CSV file") from None
    if not blob:
        raise DataError(f"{path}: the file is empty; expected a header and rows")
    for mark, what in _NO_CSV.items():
        if blob.startswith(mark):
            raise DataError(f"{path}: expected CSV text; this is {what}")
    if blob[:200].lstrip().lower().startswith((b"<!doctype", b"<html", b"<?xml")):
        raise DataError(
            f"{path}: expected CSV text; this is a web page or XML (a failed download?)"
        )
    encoding = next((name for mark, name in _BOMS if blob.startswith(mark)), encoding)
    try:
        text = blob.decode(encoding)
    except LookupError:
        raise DataError(f"{path}: encoding {encoding!r} is not known; try 'utf-8'") from None
    except UnicodeError as problem:
        line = blob.count(b"\n", 0, getattr(problem, "start", 0)) + 1
        raise DataError(
            f"{path}, line {line}: the bytes are not {encoding}; "
            "save the file as UTF-8, or say encoding='cp1252' (or what it was written in)"
        ) from None
    nul = text.find("\0")
    if nul >= 0:
        line = text.count("\n", 0, nul) + 1
        raise DataError(
            f"{path}, line {line}: expected text; got a zero byte "
            "(a damaged file, or one that needs encoding='utf-16')"
        )
    return text


def _checked_header(
    path: Path, line: int, cells: list[str], delimiter: str, given: bool
) -> list[str]:
    place = f"{path}, line {line}"
    if len(cells) == 1 and not given:
        for other in (";", "\t", "|"):
            if other in cells[0]:
                raise DataError(
                    f"{place}: expected names between commas; got {_short(cells[0])}; "
                    f"if it is separated otherwise, say delimiter={other!r}"
                )
    for i, name in enumerate(cells):
        if not name:
            hint = " (pandas writes such a one for its index: to_csv(..., index=False))"
            raise DataError(
                f"{place}: column {i + 1} has no name; name it or delete it{'' if i else hint}"
            )
        if name in cells[:i]:
            raise DataError(
                f"{place}: expected different names; columns {cells.index(name) + 1} and {i + 1} "
                f"are both {_short(name)}; rename or delete one"
            )
    counted = cells == [str(i) for i in range(len(cells))]
    if all(_is_plain_number(name) for name in cells) and not counted:
        raise DataError(
            f"{place}: expected names of columns; got numbers only ({_short(', '.join(cells))}); "
            "put a line with names on top"
        )
    return cells


def _ragged(path: Path, line: int, cells: list[str], header: list[str]) -> str:
    n, wanted = len(cells), len(header)
    if n > wanted:
        first = f"the first too many is {_short(cells[wanted])}"
        hint = "put cells that hold a comma between quotes"
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
