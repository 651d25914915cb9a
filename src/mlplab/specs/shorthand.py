"""One-word forms of small specs: `normal:0.01`, `step:5,0.5`, as people type them."""

from __future__ import annotations

import re
from collections.abc import Collection, Mapping, Sequence
from types import MappingProxyType
from typing import Any

from mlplab.hints import hint

_WORD = re.compile(r"[^:(]*")
_FORM = re.compile(r"\s*([a-z][a-z0-9_-]*)\s*(?:[:(]\s*([^()]*?)\s*\)?)?\s*")


def parse_shorthand(
    text: str,
    arguments: Mapping[str, Sequence[str]],
    fields: Collection[str] = (),
    aliases: Mapping[str, str] = MappingProxyType({}),
) -> dict[str, Any]:
    """Turn `kind:value,value` or `kind(value, name=value)` into fields.

    Args:
        text: what was typed.
        arguments: for each kind, the names its values stand for, in order.
        fields: further names that may be given as `name=value`.
        aliases: other names of kinds.

    Raises:
        ValueError: an unknown kind, or too many values, or an unknown name.

    >>> parse_shorthand("normal:0.01", {"normal": ["scale"]})
    {'kind': 'normal', 'scale': '0.01'}
    """
    match = _FORM.fullmatch(text)
    kind = "" if match is None else aliases.get(match[1], match[1])
    if match is None or kind not in arguments:
        forms = ", ".join(
            kind + (":" + ",".join(names).upper() if names else "")
            for kind, names in arguments.items()
        )
        word = _WORD.match(text)
        says = hint(word[0] if word else text, [*arguments, *aliases], "")
        raise ValueError(f"expected one of {forms}; got {text!r}" + (f"; {says}" if says else ""))
    rest = match[2]
    values = [part.strip() for part in rest.split(",")] if rest else []
    names = arguments[kind]
    named = [part.partition("=") for part in values if "=" in part]
    values = [part for part in values if "=" not in part]
    for name in (name.strip() for name, _, _ in named):
        if name not in fields or name == "kind":
            says = hint(name, (field for field in fields if field != "kind"), "")
            raise ValueError(
                f"{kind} has no setting {name!r}; got {text!r}" + (f"; {says}" if says else "")
            )
    if len(values) > len(names):
        raise ValueError(f"{kind} takes at most {len(names)} values; got {text!r}")
    given = {name.strip(): value.strip() for name, _, value in named}
    return {"kind": kind, **dict(zip(names, values, strict=False)), **given}


def number_text(value: float) -> str:
    """Write a number as short as it can be read again exactly.

    >>> number_text(2.0), number_text(0.1234567), number_text(1e-5)
    ('2', '0.1234567', '1e-05')
    """
    short = f"{value:g}"
    # `:g` where it is exact: keys and labels then read as people write numbers.
    return short if float(short) == value else repr(float(value))
