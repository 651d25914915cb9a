"""Numbers are told to the digits that can matter."""

from __future__ import annotations

from mlplab.pages.numbers import estimate_text
from mlplab.specs import Verdict


def told(effect, low, high, matters):
    return estimate_text(
        Verdict(
            id="a", says="a", verdict="none", effect=effect, interval=(low, high), matters=matters
        )
    )


def test_an_interval_far_below_what_matters_is_no_row_of_zeros():
    assert told(8e-12, -1.1e-11, 2.8e-11, 0.01) == "0.00000 [0.00000, 0.00000]"


def test_two_digits_of_the_width_are_told_where_they_may_matter():
    assert told(0.0002, -0.0005, 0.001, 0.02) == "+0.0002 [−0.0005, +0.0010]"
    assert told(8e-12, -1.1e-11, 2.8e-11, None) == (
        "+0.000000000008 [−0.000000000011, +0.000000000028]"
    )
