"""Both intervals of a claim about test accuracy stand beside each other."""

import dataclasses
import re

import pytest

from mlplab.pages import Report, page_html
from mlplab.pages.verdicts import verdict_table
from mlplab.specs import Verdict

ON_TEST_SET = Verdict(
    id="a",
    says="A > B",
    verdict="supported",
    effect=0.012,
    interval=(0.010, 0.014),
    new_examples=(0.002, 0.022),
    level=0.95,
    metric="test_accuracy",
)
ON_NEW = ON_TEST_SET.replace(
    scope="new examples", interval=(0.002, 0.022), this_test_set=(0.010, 0.014)
)


def words(*verdicts: Verdict) -> str:
    return " ".join(re.sub("<[^>]*>", " ", verdict_table(verdicts)).split())


@pytest.mark.parametrize(
    ("verdict", "decides", "english", "chinese"),
    [
        (ON_TEST_SET, "[+1.00, +1.40]", "on new examples [+0.20, +2.20] pp", "在新样本上"),
        (ON_NEW, "[+0.2, +2.2]", "on this test set [+1.0, +1.4] pp", "在本测试集上"),
    ],
)
def test_the_other_interval_stands_below_the_one_that_decides(
    verdict: Verdict, decides: str, english: str, chinese: str
) -> None:
    said = words(verdict)
    assert said.index(decides) < said.index(english)
    assert chinese in said
    assert ("new examples decide" in said) == (verdict.scope == "new examples")


def test_nothing_is_said_where_there_is_one_interval() -> None:
    said = words(ON_TEST_SET.replace(new_examples=None))
    assert "new examples" not in said
    assert "新样本" not in said


def test_what_single_seeds_measure_is_said_once(report: Report) -> None:
    assert "2304.01910" not in page_html(report)
    more = dataclasses.replace(report, verdicts=(*report.verdicts, ON_TEST_SET, ON_NEW))
    assert page_html(more).count("2304.01910") == 2, "once in each language"


def test_what_is_only_computed_shows_no_interval_p_or_seeds() -> None:
    proof = Verdict(id="b", says="1 + 1 = 2", verdict="proved")
    assert words(proof).startswith("Each claim could fail. What is proved holds")
    assert "Seeds" not in words(proof)
    both = words(proof, ON_TEST_SET)
    assert "The interval that decides" in both
    assert "Seeds" in both


def test_claims_that_ask_the_same_are_told_in_their_own_words():
    # What was chosen can be what another claim names: two sentences, one question.
    one = Verdict(id="aa", key="chapter", says="the chapter's rates help", verdict="undecided")
    other = one.replace(key="chosen", says="the chosen rates help")
    shown = verdict_table((one, other))
    assert "the chapter&#x27;s rates help" in shown or "the chapter's rates help" in shown
    assert "the chosen rates help" in shown
    assert 'id="claim-chapter"' in shown
    assert 'id="claim-chosen"' in shown
