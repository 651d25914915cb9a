"""Numbers into texts."""

import math

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mlplab.errors import ConfigError
from mlplab.pages import Report, fill


@given(st.text().filter(lambda text: "{{" not in text))
def test_a_text_without_placeholders_stays_as_it_is(text: str) -> None:
    assert fill(text, {}) == text


@given(st.floats(allow_nan=False, allow_infinity=False), st.integers(0, 6))
def test_formats_are_those_of_python(value: float, digits: int) -> None:
    wanted = format(value, f".{digits}f").replace("-", "−")
    assert fill(f"{{{{x:.{digits}f}}}}", {"x": value}) == wanted


def test_values_of_every_kind() -> None:
    values = {
        "n": 3, "x": 0.123456, "name": "relu", "gap": None, "nan": math.nan,
        "nested": {"deep": {"y": 2}}, "a.b": "flat", "word": {"en": "yes", "zh": "是"},
    }  # fmt: skip
    text = "{{n}} {{ x }} {{x:.1%}} {{name}} {{gap:.3f}} {{nan}} {{nested.deep.y}} {{a.b}}"
    assert fill(text, values) == "3 0.1235 12.3% relu – – 2 flat"
    assert fill("{{word}}", values, language="zh") == "是"


def test_verdicts_in_the_language_of_the_text(report: Report) -> None:
    text = "{{verdict:aa}} {{verdict:aa.effect}} {{verdict:aa.interval}} {{verdict:bb.1.n_seeds}}"
    assert fill(text, {}, report.verdicts) == "**equivalent** +0.10 pp [−0.21, +0.43] pp 6"
    assert fill(text, {}, report.verdicts, language="zh").startswith("**等价** +0.10 个百分点")
    assert fill("{{verdict:mine.p:.2f}}", {}, {"mine": report.verdicts[0]}) == "0.40"


def test_every_unknown_placeholder_is_named_with_the_nearest(report: Report) -> None:
    with pytest.raises(ConfigError) as caught:
        fill("{{bset}} {{other}} {{verdict:a}} {{bset}}", {"best": 1}, report.verdicts)
    message = str(caught.value)
    assert "'bset' (did you mean 'best'?); 'other'; 'verdict:a' (did you mean" in message
    assert message.count("bset") == 1


@pytest.mark.parametrize("text", ["{{}}", "{{verdict:}}", "{{verdict:aa.color}}", "{{x.y}}"])
def test_nothing_is_left_unfilled(text: str, report: Report) -> None:
    with pytest.raises(ConfigError, match="no value for"):
        fill(text, {"x": 1}, report.verdicts)


def test_a_format_that_does_not_fit_is_an_error() -> None:
    with pytest.raises(ConfigError, match=r"\{\{name:\.3f\}\}: the format '\.3f' does not fit 'a'"):
        fill("{{name:.3f}}", {"name": "a"})
