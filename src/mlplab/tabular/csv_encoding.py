"""The bytes of a CSV file as text: in the encoding that is given, or the one they look like."""

from __future__ import annotations

import codecs
import re
from pathlib import Path

from mlplab.devices import refuse_device
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
_CONTROL = re.compile(rb"[\x00-\x08\x0e-\x1f\x7f]")
_OF_CP1252_ALONE = re.compile(rb"[\x80-\x9f]")
_SAMPLE = 1 << 16  # bytes: zeros of UTF-16 show at once


def read_text(path: Path, encoding: str | None = None) -> tuple[str, str]:
    """Return a file's text, and the encoding it was read in.

    Args:
        path: the file.
        encoding: what the bytes mean where no byte-order mark says it; None: what they look like.

    Raises:
        DataError: one line; the file cannot be read, is of another kind, or not in the encoding.
    """
    refuse_device(path, "a CSV file")
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
    named = next((name for mark, name in _BOMS if blob.startswith(mark)), encoding)
    named = named or likely_encoding(blob)
    try:
        text = blob.decode(named)
    except LookupError:
        raise DataError(f"{path}: encoding {encoding!r} is not known; try 'utf-8'") from None
    except UnicodeError as problem:
        line = blob.count(b"\n", 0, getattr(problem, "start", 0)) + 1
        raise DataError(
            f"{path}, line {line}: the bytes are not {named}; save the file as UTF-8, or say "
            "encoding='cp1252' (--encoding cp1252), or what else it was written in"
        ) from None
    nul = text.find("\0")
    if nul >= 0:
        line = text.count("\n", 0, nul) + 1
        raise DataError(
            f"{path}, line {line}: expected text; got a zero byte "
            "(a damaged file, or one that needs encoding='utf-16', --encoding utf-16)"
        )
    return text, named


def likely_encoding(blob: bytes) -> str:
    r"""Return the encoding that bytes without a byte-order mark look like.

    UTF-16 where every other byte is zero; UTF-8 where it fits, or fits but for some damage; else
    cp1252, what Windows wrote in Western Europe, of which latin-1 is a part.

    >>> likely_encoding("a,b\n".encode("utf-16-le")), likely_encoding("caf\xe9".encode("cp1252"))
    ('utf-16-le', 'cp1252')
    """
    sample = blob[:_SAMPLE]
    even, odd = sample[::2].count(0), sample[1::2].count(0)
    # Latin text in UTF-16 has a zero in every other byte, on one side alone.
    if max(even, odd) > 0.4 * len(sample) / 2 and min(even, odd) < 0.02 * len(sample):
        return "utf-16-be" if even > odd else "utf-16-le"
    try:
        blob.decode("utf-8")
    except UnicodeDecodeError as problem:
        # a capital A with a tilde or circumflex hardly ends a file: it is half a letter of UTF-8
        if problem.reason == "unexpected end of data" and blob[problem.start] in b"\xc2\xc3":
            return "utf-8"
    else:
        return "utf-8"
    replaced = blob.decode("utf-8", errors="replace")
    wrong = replaced.count("\ufffd")
    right = len(replaced) - len(blob.decode("ascii", errors="ignore")) - wrong
    # Mostly good UTF-8 is damaged UTF-8; cp1252 would read nonsense without an error.
    if right >= wrong or _CONTROL.search(blob):
        return "utf-8"
    try:
        blob.decode("cp1252")
    except UnicodeDecodeError:
        return "utf-8"
    return "cp1252"


def spell_encoding(encoding: str, text: str) -> str:
    r"""Return an encoding's name for people, and a word by which to see whether it is right.

    >>> spell_encoding("utf-16", "a,b"), spell_encoding("cp1252", "a,le caf\xe9 noir")
    ('UTF-16', "cp1252 or latin-1 (a word in it: 'café')")
    """
    if encoding.startswith("utf"):
        return encoding.upper().removesuffix("-SIG")
    word = next((word for word in re.findall(r"\w+", text) if not word.isascii()), "")
    name = encoding
    if encoding == "cp1252" and not _OF_CP1252_ALONE.search(text.encode("cp1252", "ignore")):
        name = "cp1252 or latin-1"
    return f"{name} (a word in it: {word[:30]!r})" if word else name
