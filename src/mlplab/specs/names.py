"""Names and words that a store, a page and a terminal can keep."""

from __future__ import annotations

from typing import Any, TypeGuard

from mlplab.errors import ConfigError


def is_plain_text(value: Any) -> TypeGuard[str]:
    """Tell whether a value is text that UTF-8 can write and every database can keep.

    >>> is_plain_text("rates"), is_plain_text(b"rates"), is_plain_text("half a pair: \udcff")
    (True, False, False)
    """
    if not isinstance(value, str):
        return False
    return "\0" not in value and not any("\ud800" <= letter <= "\udfff" for letter in value)


def read_name(name: Any, what: str = "name") -> str | None:
    """Return a name under which something is kept; None is made up later.

    Raises:
        ConfigError: no text, or text that no store can keep.

    >>> read_name("rates"), read_name(None)
    ('rates', None)
    """
    if name is None:
        return None
    if not isinstance(name, str) or not name.strip():
        raise ConfigError(f"{what}: expected some text; got {name!r}")
    if not is_plain_text(name):
        raise ConfigError(f"{what}: expected text that UTF-8 can write; got {name!r}")
    return name
