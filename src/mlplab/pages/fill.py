"""Numbers into texts: every figure in an answer comes from results, by name."""

from __future__ import annotations

import math
import re
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from mlplab.draw.words import VERDICT_WORDS
from mlplab.errors import ConfigError
from mlplab.hints import hint
from mlplab.pages.numbers import effect_text, interval_text
from mlplab.specs import Verdict

Verdicts = Mapping[str, Verdict] | Sequence[Verdict]

_PLACEHOLDER = re.compile(r"\{\{\s*([^{}]*?)\s*\}\}")
_FIELDS = ("effect", "interval", "low", "high", "p", "n_seeds", "seeds_needed", "size", "note")
_MISSING = "–"


def fill(
    text: str,
    values: Mapping[str, Any],
    verdicts: Verdicts = (),
    *,
    language: str = "en",
) -> str:
    """Put values and verdicts into a text.

    `{{name}}` and `{{name:.3f}}` take a value, with a format of Python's; `{{a.b}}` takes `b` of
    the mapping `a`; a value given per language is taken in the text's. `{{verdict:ID}}` is a
    verdict's word; `{{verdict:ID.effect}}` and `{{verdict:ID.interval}}` are written in the unit
    of its metric; `{{verdict:ID.p:.3f}}`, `.low`, `.high`, `.n_seeds`, `.seeds_needed`, `.size`
    and `.note` are as the verdict has them.
    None and NaN become a dash.

    Args:
        text: Markdown.
        values: by name.
        verdicts: by any id, or a sequence found by their own ids; parts are found as well.
        language: of verdict words.

    Raises:
        ConfigError: names every placeholder without a value, or a format that does not fit.

    >>> fill("{{best}} units reach {{score:.1%}}.", {"best": 256, "score": 0.8731})
    '256 units reach 87.3%.'
    """
    known = _by_id(verdicts)
    unknown: list[str] = []

    def replace(match: re.Match[str]) -> str:
        name, _, rest = match[1].partition(":")
        try:
            if name == "verdict":
                return _verdict(rest, known, language)
            return _format(_look_up(name, values, language), rest, match[0])
        except KeyError as missing:
            unknown.append(str(missing.args[0]))
            return match[0]

    filled = _PLACEHOLDER.sub(replace, text)
    if unknown:
        names = [*values, *(f"verdict:{key}" for key in known)]
        hints = (_hint(name, names) for name in dict.fromkeys(unknown))
        raise ConfigError(f"text: no value for {'; '.join(hints)}")
    return filled


def _by_id(verdicts: Verdicts) -> dict[str, Verdict]:
    named: Iterable[tuple[str, Verdict]]
    if isinstance(verdicts, Mapping):
        named = verdicts.items()
    else:
        named = ((verdict.id, verdict) for verdict in verdicts)
    out: dict[str, Verdict] = {}
    for key, verdict in named:
        out[key] = verdict
        out.update(_by_id(verdict.parts))
    return out


def _look_up(name: str, values: Mapping[str, Any], language: str) -> Any:
    value: Any = values
    for part in [name] if name in values else name.split("."):
        if not isinstance(value, Mapping) or part not in value:
            raise KeyError(name)
        value = value[part]
    return value[language] if isinstance(value, Mapping) and language in value else value


def _verdict(wanted: str, known: Mapping[str, Verdict], language: str) -> str:
    wanted, _, spec = wanted.partition(":")
    if wanted in known:
        return f"**{VERDICT_WORDS[known[wanted].verdict][language]}**"
    key, _, name = wanted.rpartition(".")
    if key not in known or name not in _FIELDS:
        raise KeyError(f"verdict:{wanted}")
    verdict = known[key]
    low, high = verdict.interval or (None, None)
    if name == "effect" and not spec:
        return effect_text(verdict, language)
    if name == "interval":
        return interval_text(verdict, language)
    value = {"low": low, "high": high}[name] if name in ("low", "high") else getattr(verdict, name)
    return _format(value, spec, "{{verdict:" + wanted + "}}")


def _format(value: Any, spec: str, place: str) -> str:
    if hasattr(value, "item"):
        value = value.item()
    if value is None or (isinstance(value, float) and math.isnan(value)):
        return _MISSING
    if not spec and isinstance(value, float):
        spec = ".4g"
    try:
        return format(value, spec).replace("-", "−") if _is_number(value) else format(value, spec)
    except (ValueError, TypeError):
        raise ConfigError(f"text: {place}: the format {spec!r} does not fit {value!r}") from None


def _is_number(value: Any) -> bool:
    return isinstance(value, int | float) and not isinstance(value, bool)


def _hint(name: str, known: Sequence[str]) -> str:
    says = hint(name, known, "")
    return f"{name!r} ({says})" if says else repr(name)
