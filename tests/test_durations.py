"""Durations in words."""

from __future__ import annotations

import pytest

from mlplab.durations import spell_seconds


@pytest.mark.parametrize(
    ("seconds", "words"),
    [
        (0, "0 s"),
        (0.5, "0.5 s"),
        (9.4, "9.4 s"),
        (75, "75 s"),
        (600, "10 min"),
        (7260, "2 h 1 min"),
    ],
)
def test_durations_in_words(seconds, words):
    assert spell_seconds(seconds) == words
