"""Numbers and verdicts into texts: Jinja2 in its sandbox, in which an unknown name is an error."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from typing import TYPE_CHECKING, Any

from mlplab.draw.words import typeset, verdict_word
from mlplab.errors import MlplabError
from mlplab.specs import Verdict

if TYPE_CHECKING:
    from jinja2.sandbox import SandboxedEnvironment

_MISSING = "–"
_POINTS = {"en": "{} points", "zh": "{} 个百分点"}
_RAISED = str.maketrans("-0123456789", "⁻⁰¹²³⁴⁵⁶⁷⁸⁹")


@dataclass(frozen=True, slots=True)
class ToldVerdict:
    """A verdict as a text sees it: `{{ key.verdict }}`, `{% if key.supported %}`.

    Attributes:
        of: the verdict.
        language: of its words.
    """

    of: Verdict
    language: str

    @property
    def verdict(self) -> str:
        """Its word, in bold."""
        return f"**{self.word}**"

    @property
    def word(self) -> str:
        """Its word."""
        expect = self.of.details.get("expect")
        return verdict_word(self.of.verdict, expect)[self.language]

    @property
    def says(self) -> str:
        """The claim."""
        return self.of.words(self.language)

    @property
    def supported(self) -> bool:
        """Whether the claim holds, by runs or by proof."""
        return self.of.verdict in ("supported", "proved", "checked")

    @property
    def refuted(self) -> bool:
        """Whether the opposite holds."""
        return self.of.verdict == "refuted"

    @property
    def equivalent(self) -> bool:
        """Whether there is no difference that matters."""
        return self.of.verdict == "equivalent"

    @property
    def open(self) -> bool:
        """Whether nothing is decided."""
        return self.of.verdict in ("undecided", "none")

    @property
    def effect(self) -> float:
        """The mean of what decides."""
        return math.nan if self.of.effect is None else self.of.effect

    @property
    def low(self) -> float:
        """The lower end of the interval."""
        return math.nan if self.of.interval is None else self.of.interval[0]

    @property
    def high(self) -> float:
        """The upper end of the interval."""
        return math.nan if self.of.interval is None else self.of.interval[1]

    @property
    def estimate(self) -> str:
        """Effect and interval, in the unit of the metric."""
        from mlplab.pages.numbers import estimate_text

        return estimate_text(self.of, self.language)

    @property
    def matters(self) -> float:
        """The smallest difference that matters."""
        return math.nan if self.of.matters is None else self.of.matters

    @property
    def p(self) -> float:
        """The p-value."""
        return math.nan if self.of.p is None else self.of.p

    @property
    def n_seeds(self) -> int:
        """How many seeds, or repetitions, it rests on."""
        return self.of.n_seeds


def render(
    template: str,
    values: Mapping[str, Any],
    verdicts: Mapping[str, Verdict],
    language: str = "en",
) -> str:
    """Fill a template in a language.

    A value given by language is taken in the text's; numbers that are missing become a dash.
    `{{ x | fmt(".3f") }}` formats as Python does, `{{ x | points }}` writes a difference of shares
    in percentage points, `{{ x | percent }}` a share, `{{ x | scientific }}` a number of any size.

    Raises:
        MlplabError: a name without a value, or a template that cannot be read.

    >>> render("{{ best }} units reach {{ score | percent }}.", {"best": 256, "score": 0.8731}, {})
    '256 units reach 87.3\u202f%.'
    """
    from jinja2 import TemplateError

    known: dict[str, Any] = {name: _in_language(value, language) for name, value in values.items()}
    for key, verdict in verdicts.items():
        if key in known:
            raise MlplabError(f"{key!r} names a claim and a value: one of them needs another name")
        known[key] = ToldVerdict(verdict, language)
    try:
        return _environment(language).from_string(template).render(known)
    except (TemplateError, TypeError, ValueError) as error:
        shown = template if len(template) < 60 else f"{template[:57]}..."
        raise MlplabError(f"text {shown!r}: {error}") from None


@cache
def _environment(language: str) -> SandboxedEnvironment:
    from jinja2 import StrictUndefined
    from jinja2.sandbox import SandboxedEnvironment

    environment = SandboxedEnvironment(
        undefined=StrictUndefined, trim_blocks=True, lstrip_blocks=True, finalize=_text
    )

    def points(value: float, digits: int = 2) -> str:
        return _POINTS[language].format(_format(100 * value, f"+.{digits}f"))

    environment.filters |= {
        "fmt": _format,
        "percent": _percent,
        "points": points,
        "scientific": _scientific,
    }
    return environment


def _percent(value: float, digits: int = 1) -> str:
    # A narrow blank that does not break stands before the sign.
    return f"{_format(100 * value, f'.{digits}f')}\u202f%"


def _scientific(value: float, digits: int = 1) -> str:
    """Write a number of any size: with a power of ten beyond 0.001 and 10,000.

    >>> _scientific(0.0158), _scientific(2.5e-27), _scientific(2.5e8)
    ('0.016', '2.5\u202f×\u202f10⁻²⁷', '2.5\u202f×\u202f10⁸')
    """
    if value is None or not math.isfinite(value):
        return _MISSING
    if value == 0 or 1e-3 <= abs(value) < 1e4:
        return _format(float(value), f".{digits + 1}g" if abs(value) < 10**digits else ",.0f")
    mantissa, exponent = f"{value:.{digits}e}".split("e")
    raised = str(int(exponent)).translate(_RAISED)
    return f"{typeset(mantissa)}\u202f×\u202f10{raised}"


def _text(value: Any) -> Any:
    """What a placeholder without a filter shows."""
    return _format(value, "") if isinstance(value, float) or value is None else value


def _format(value: Any, spec: str) -> str:
    if hasattr(value, "item"):
        value = value.item()
    if value is None or (isinstance(value, float) and math.isnan(value)):
        return _MISSING
    if not spec and isinstance(value, float):
        spec = ".4g"
    text = format(value, spec)
    return typeset(text) if isinstance(value, int | float) else text


def _in_language(value: Any, language: str) -> Any:
    if isinstance(value, Mapping):
        if language in value:
            return value[language]
        return {name: _in_language(item, language) for name, item in value.items()}
    if isinstance(value, list | tuple):
        return [_in_language(item, language) for item in value]
    return value
