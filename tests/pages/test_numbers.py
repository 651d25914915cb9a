"""Numbers are told to the digits that can matter."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from mlplab.draw.words import typeset
from mlplab.pages.numbers import cell_text, estimate_text, signed
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


@given(
    value=st.floats(-1e6, 1e6) | st.floats(-1e-3, 1e-3) | st.just(-0.0),
    digits=st.integers(0, 4),
    kind=st.sampled_from(["f", "+f", "g", "+g", "e", "%", ",f"]),
)
def test_a_number_has_a_sign_exactly_if_it_is_not_written_as_0(value, digits, kind):
    sign, comma = "+" * ("+" in kind), "," * ("," in kind)
    plain = f"{value:{sign}{comma}.{digits}{kind[-1]}}"
    text = typeset(plain)
    number = float(text.replace("−", "-").replace(",", "").rstrip("%"))
    assert number == float(plain.replace(",", "").rstrip("%"))
    assert "-" not in text.split("e")[0]
    assert text.startswith("−") == (number < 0)
    assert text.startswith("+") == (number > 0 and "+" in kind)


@given(value=st.floats(-1e-3, 1e-3) | st.just(-0.0), decimals=st.integers(0, 4))
def test_no_writer_of_the_pages_signs_a_0(value, decimals):
    for text in (signed(value, decimals), cell_text(value)):
        if not set(text) & set("123456789"):
            assert text.startswith("0")
