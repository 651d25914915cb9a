"""Remarks are worded in both languages from the same facts."""

import pickle
import re
from string import Formatter

import pytest

from mlplab.notes import _NOTES, NOTHING, Note, join_notes, say_note

HAN = re.compile(r"[\u4e00-\u9fff]")


def fields(text):
    return {name for _, name, _, _ in Formatter().parse(text) if name}


@pytest.mark.parametrize("key", _NOTES)
def test_every_remark_says_the_same_facts_in_both_languages(key):
    english, chinese = _NOTES[key]
    assert fields(english) == fields(chinese)
    assert HAN.search(chinese)
    assert not HAN.search(english)


def test_a_remark_within_another_is_worded_in_its_language():
    note = say_note("disagree", first=say_note("few seeds", n=3, least=5), verdict="refuted")
    assert "3 seeds: a verdict needs at least 5" in note
    assert "至少要 5 个" in note.wordings["zh"]
    assert "不成立" in note.wordings["zh"]


def test_joined_remarks_keep_their_order_and_nothing_adds_nothing():
    parts = say_note("link", numbers=[2], verdict="undecided"), NOTHING, say_note("look", n=3)
    joined = join_notes(*parts)
    assert joined == "link 2 undecided; unprotected look 3"
    assert joined.wordings["zh"].split("；") == [p.wordings["zh"] for p in parts if p]
    assert join_notes(NOTHING, "") == ""
    assert join_notes(NOTHING, "by hand").texts == {"en": "by hand"}


def test_a_remark_is_its_english_text_wherever_it_goes():
    note = say_note("some failed", lost=2, n=16)
    again = pickle.loads(pickle.dumps(note))
    assert isinstance(again, Note)
    assert (again, again.wordings) == (note, note.wordings)
    assert note == "2 of 16 seeds have a failed run"
