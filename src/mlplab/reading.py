"""Values that a user gives, read and checked: each that does not fit is named in one line."""

from __future__ import annotations

import contextlib
import numbers
import operator
import os
from collections.abc import Callable, Iterable, Mapping
from pathlib import Path
from typing import Any, TypeGuard

from mlplab.errors import ConfigError, DataError, MlplabError, shown
from mlplab.hints import expected


def read_whole(name: str, value: Any, least: int = 1) -> int:
    """Return a whole number, numpy's included, as Python's own.

    Raises:
        ConfigError: no whole number, or one below `least`.

    >>> read_whole("finalists", 3)
    3
    """
    try:
        number = operator.index(value)
    except TypeError:
        number = None
    # torch's tensors of one element pass `operator.index`, and True is an int.
    if number is None or isinstance(value, bool) or has_axes(value):
        raise ConfigError(f"{name}: expected a whole number from {least}; got {shown(value)}")
    if number < least:
        raise ConfigError(f"{name}: expected at least {least}; got {shown(number)}")
    return number


def read_number(name: str, value: Any, wanted: str, fits: Callable[[float], bool]) -> float:
    """Return a number, numpy's included, as Python's own.

    Args:
        name: what it is called.
        value: as given.
        wanted: what was expected, in words.
        fits: whether a number is in its range; NaN should not be.

    Raises:
        ConfigError: no number, or one that does not fit.

    >>> read_number("share", 0.5, "a number from 0 to 1", lambda share: 0 <= share <= 1)
    0.5
    """
    if getattr(value, "shape", None) == () and hasattr(value, "item"):
        value = value.item()
    number = None
    if isinstance(value, numbers.Real) and not isinstance(value, bool):
        with contextlib.suppress(OverflowError):
            number = float(value)
    if number is None or not fits(number):
        raise ConfigError(f"{name}: expected {wanted}; got {value!r}")
    return number


def read_flag(name: str, value: Any) -> bool:
    """Return True or False, numpy's included, as Python's own.

    Raises:
        ConfigError: anything else.

    >>> read_flag("blend", True)
    True
    """
    if getattr(value, "shape", None) == () and hasattr(value, "item"):
        value = value.item()
    if not isinstance(value, bool):
        raise ConfigError(f"{name}: expected True or False; got {value!r}")
    return value


def is_plain_text(value: Any) -> TypeGuard[str]:
    r"""Tell whether a value is text that UTF-8 can write and every database can keep.

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


def read_word(name: str, value: Any, words: Iterable[str]) -> str:
    """Return one of some words.

    Raises:
        ConfigError: another one, or no text; the line says which may be meant.

    >>> read_word("task", "regresion", ["regression", "classification"])
    Traceback (most recent call last):
    mlplab.errors.ConfigError: task: expected one of regression, classification; got 'regresion'; \
did you mean 'regression'?
    """
    known = list(words)
    if not isinstance(value, str) or value not in known:
        raise ConfigError(f"{name}: {expected(value, known)}")
    return value


def read_list(name: str, value: Any, wanted: str) -> tuple[Any, ...]:
    """Return the items of a collection; of a single text, each letter would be one.

    Args:
        name: what they are called.
        value: as given.
        wanted: what was expected, in words.

    Raises:
        ConfigError: a text, a mapping, or nothing that has items.

    >>> read_list("missing", "NA", "a list of words, such as ['NA']")
    Traceback (most recent call last):
    mlplab.errors.ConfigError: missing: expected a list of words, such as ['NA']; got 'NA'
    """
    if isinstance(value, str | bytes | Mapping) or not isinstance(value, Iterable):
        raise ConfigError(f"{name}: expected {wanted}; got {value!r}")
    return tuple(value)


def read_path(value: Any) -> Path:
    """Return the path of a file.

    Raises:
        DataError: neither text nor a path.

    >>> read_path("new.csv").name
    'new.csv'
    """
    refuse_unless("path", value, (str, os.PathLike), "a file's path", DataError)
    return Path(value)


def refuse_unless(
    name: str,
    value: Any,
    kind: type | tuple[type, ...],
    wanted: str,
    error: type[MlplabError] = ConfigError,
) -> None:
    """Refuse what is of another type.

    Args:
        name: what it is called.
        value: as given.
        kind: the type, or several.
        wanted: what was expected, in words.
        error: that is raised.

    >>> refuse_unless("types", {}, dict, "a mapping")
    """
    if not isinstance(value, kind):
        raise error(f"{name}: expected {wanted}; got {value!r}")


def has_axes(value: Any) -> bool:
    """Return whether a value is an array or tensor of one axis or more.

    >>> has_axes(3)
    False
    """
    return bool(getattr(value, "shape", ()))
