"""The settings of what users register, written in one way: equal settings then have equal keys."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, TypeVar

from mlplab.errors import ConfigError
from mlplab.hints import hint

Setting = bool | int | float | str
Value = TypeVar("Value", bound=Setting)


def plain_settings(
    owner: str, given: Any, defaults: Mapping[str, Setting]
) -> tuple[tuple[str, Setting], ...] | None:
    """Return the settings that differ from their defaults, by name; None for what has no names.

    Args:
        owner: what they belong to, for messages.
        given: a mapping, or pairs of name and value.
        defaults: of all settings; each value takes its default's type.

    Raises:
        ValueError: an unknown name, or a value of another kind than the default.

    >>> plain_settings("lion", {"b": 1, "a": 0.9}, {"a": 0.9, "b": 0.5})
    (('b', 1.0),)
    """
    if not isinstance(given, Mapping):
        if not isinstance(given, list | tuple) or not all(
            isinstance(pair, list | tuple) and len(pair) == 2 for pair in given
        ):
            return None
        given = dict(given)
    settings = {}
    for name, value in given.items():
        if name not in defaults:
            raise ValueError(f"{owner} has no setting {name!r}; {hint(name, defaults)}")
        value = _like(defaults[name], value, f"settings.{name}")
        if value != defaults[name]:
            settings[name] = value
    return tuple(sorted(settings.items()))


def setting_of(
    owner: str, given: tuple[tuple[str, Value], ...], defaults: Mapping[str, Value], name: str
) -> Value:
    """Return one setting, given or by default.

    Raises:
        ConfigError: there is no such setting.
    """
    if name not in defaults:
        raise ConfigError(f"{owner} has no setting {name!r}; {hint(name, defaults)}")
    return dict(given).get(name, defaults[name])


def _like(default: Setting, value: Any, place: str) -> Setting:
    """Return a setting of its default's type: 8 and 8.0 must not make two keys."""
    kind = type(default)
    value = value.item() if hasattr(value, "item") else value
    # bool is an int, and int("8") would take a text: both are told as mistakes.
    if isinstance(value, bool) == (kind is bool) and isinstance(value, str) == (kind is str):
        try:
            made: Setting = kind(value)
        except (TypeError, ValueError, OverflowError):
            pass
        else:
            if made == value:
                return made
    raise ValueError(
        f"{place}: expected {kind.__name__}, as its default {default!r}; got {value!r}"
    )
