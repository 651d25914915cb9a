"""Sheets: small tables for notebooks, escaped, cut, and without colours of their own."""

from __future__ import annotations

from html.parser import HTMLParser

import numpy as np
import pytest

from mlplab.sheet import MOST_ROWS, Sheet, text_of


class Reader(HTMLParser):
    """Reads cells and lines of text; fails where tags do not close in order."""

    def __init__(self, text: str) -> None:
        super().__init__()
        self.rows: list[list[str]] = []
        self.texts: list[str] = []
        self._open: list[str] = []
        self.feed(text)
        self.close()
        assert not self._open

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self._open.append(tag)
        if tag == "tr":
            self.rows.append([])
        if tag in ("td", "th"):
            self.rows[-1].append("")

    def handle_endtag(self, tag: str) -> None:
        assert self._open.pop() == tag

    def handle_data(self, data: str) -> None:
        self.texts.append(data)
        if self._open[-1] in ("td", "th"):
            self.rows[-1][-1] += data


ODD = "<b>\"a\" & 'b'</b>"


def test_every_text_is_escaped_and_comes_back_whole():
    sheet = Sheet(ODD, {ODD: ODD}, (ODD, {"folded": ODD}), [ODD, "n"], [[ODD, 1]], note=ODD)
    found = Reader(sheet.html())
    assert found.rows == [[ODD, ODD], ["folded", ODD], [ODD, "n"], [ODD, "1"]]
    assert found.texts.count(ODD) == 8


def test_long_tables_are_cut():
    rows = [[n] for n in range(MOST_ROWS + 1234)]
    for sheet in (
        Sheet("t", heads=["n"], rows=rows),
        Sheet("t", heads=["n"], rows=rows[:MOST_ROWS], n_rows=len(rows)),
    ):
        found = Reader(sheet.html())
        assert len(found.rows) == 1 + MOST_ROWS
        assert "... 1,234 more" in found.texts
    assert "more" not in Sheet("t", heads=["n"], rows=rows[:MOST_ROWS]).html()


def test_what_is_folded_is_open_where_there_is_nothing_else():
    assert "<details open>" in Sheet("t", {}, ("defaults", {"a": 1})).html()
    assert "<details>" in Sheet("t", {"b": 2}, ("defaults", {"a": 1})).html()


def test_a_notebooks_colours_are_left_alone():
    text = Sheet("t", {"a": 1}, ("defaults", {"a": 1}), ["h"], [[1.5]], note="n").html()
    assert "color" not in text
    assert "background" not in text


def test_a_table_without_rows_has_its_heads():
    assert Reader(Sheet("t", heads=["a", "b"]).html()).rows == [["a", "b"]]


@pytest.mark.parametrize(
    ("value", "text"),
    [
        (np.float32(0.25), "0.25"),
        (np.int64(3), "3"),
        (True, "True"),
        ([1.0, None], "1, –"),
        ((), "none"),
        ("x" * 500, "x" * 157 + "..."),
        (range(3), "range(0, 3)"),
    ],
)
def test_values_as_cells_show_them(value: object, text: str):
    assert text_of(value) == text
