"""The entries of a column, each different one once, and their numbers all at once."""

from __future__ import annotations

from collections import Counter

import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st

from mlplab.tabular.entries import entries_of, texts_of
from mlplab.tabular.values import number_of, numbers_of

_CELLS = st.sampled_from(
    ["a", " a", "a ", "b", "", "NA", " NA ", "1", "1.0", None, 1, 1.0, 2.5, True]
)
_TEXTS = st.text("0123456789+-.eEinf\n ", max_size=6)


@given(st.lists(_CELLS, max_size=12), st.sampled_from([1, 30]))
def test_they_are_what_each_row_says(cells, times):
    series = pd.Series(cells * times, dtype=object)
    entries = entries_of(series, {"", "NA"})
    texts = texts_of(series, {"", "NA"})
    for cell, text in zip(series, texts, strict=True):
        bare = "" if cell is None else str(cell).strip()
        whole = isinstance(cell, float) and cell.is_integer()
        assert text == (None if bare in ("", "NA") else str(int(cell)) if whole else bare)
    there = [text for text in texts if text is not None]
    assert entries.levels == list(dict.fromkeys(there))
    assert entries.counts() == Counter(there)
    assert list(entries.counts()) == entries.levels
    assert entries.rows(entries.levels, None, object).tolist() == texts
    assert entries.all_differ == (len(set(there)) == len(texts))
    for level, text in enumerate(entries.levels):
        assert entries.first_row(level) == texts.index(text)


@given(st.lists(_TEXTS, max_size=8))
def test_numbers_of_all_are_those_of_each(texts):
    assert numbers_of(texts) == [number_of(text) for text in texts]


@pytest.mark.parametrize("texts", [["1", "-2.5e3", ".5", "7."], ["1\n2"], ["1", "inf"], [], [""]])
def test_numbers_at_the_edge_of_what_is_read_at_once(texts):
    assert numbers_of(texts) == [number_of(text) for text in texts]
    assert all(number is None or not np.isnan(number) for number in numbers_of(texts))
