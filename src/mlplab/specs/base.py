"""The base of every spec: frozen, closed to unknown fields, and complete in its complaints."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Collection, Iterator
from typing import Any, Self

from pydantic import BaseModel, ConfigDict, ValidationError, model_validator

from mlplab.errors import ConfigError
from mlplab.sheet import Sheet, listed
from mlplab.specs.complaints import explain


class Spec(BaseModel):
    """A frozen, validated and hashable description; nothing is computed by making one.

    Raises:
        ConfigError: every problem of the given fields, in one line.
    """

    model_config = ConfigDict(
        frozen=True, extra="forbid", validate_default=True, allow_inf_nan=False
    )

    def __init__(self, **data: Any) -> None:
        try:
            super().__init__(**data)
        except ValidationError as problems:
            raise ConfigError(explain(problems, type(self))) from None

    @model_validator(mode="after")
    def _unsigned_zeros(self) -> Self:
        # -0.0 equals 0.0, but its text and the bits of a weight do not.
        fields = vars(self)
        for name, value in fields.items():
            fields[name] = _unsigned(value)
        return self

    def replace(self, **changes: Any) -> Any:
        """Return this spec with some fields changed, validated again.

        >>> from mlplab.specs import SGD
        >>> SGD(lr=0.1).replace(lr=0.3).lr
        0.3
        """
        fields = {name: getattr(self, name) for name in type(self).model_fields}
        return type(self)(**(fields | changes))

    def canonical(self) -> dict[str, Any]:
        """Return the fields that differ from their defaults, as plain JSON values.

        A field added later with a default therefore leaves every older key as it was. Fields that
        decide nothing (see `_idle`) are left out, so that one question has one key.
        """
        out: dict[str, Any] = {}
        idle = self._idle()
        for name, field in type(self).model_fields.items():
            value = getattr(self, name)
            # `kind` always: it tells apart specs whose other fields are all defaults.
            if name == "kind" or (name not in idle and value != field.default):
                plain = _plain(value)
                # Specs that differ in idle fields alone ask the same question as the default.
                if not (isinstance(value, Spec) and plain == _plain(field.default)):
                    out[name] = plain
        return out

    def _idle(self) -> Collection[str]:
        """Names of the fields that decide nothing, given the others."""
        return ()

    def __repr_args__(self) -> Iterator[tuple[str | None, Any]]:
        # Defaults go without saying: what is left fits a line.
        for name, field in type(self).model_fields.items():
            value = getattr(self, name)
            if value != field.default:
                yield name, _Shown(_short(value))

    def __str__(self) -> str:
        return repr(self)

    def _repr_html_(self) -> str:
        facts: dict[str, Any] = {}
        defaults: dict[str, Any] = {}
        for path, value, default in _fields_of(self):
            (defaults if value == default else facts)[path] = value
        says = f"{len(defaults)} with their default" if facts else "defaults"
        return Sheet(type(self).__name__, facts, (says, defaults)).html()


class _Shown(str):
    """Text that is its own repr."""

    __slots__ = ()

    def __repr__(self) -> str:
        return str(self)


def _short(value: Any) -> str:
    """Return a field's repr, of a long list the first items."""
    if isinstance(value, tuple) and len(value) > 1:
        return f"({listed(map(_short, value))})"
    return repr(value)


def _fields_of(spec: Spec, prefix: str = "") -> Iterator[tuple[str, Any, Any]]:
    """Yield path, value and default of every field, those of specs inside included."""
    for name, field in type(spec).model_fields.items():
        value, path = getattr(spec, name), f"{prefix}{name}"
        if isinstance(value, Spec):
            if type(value) is not type(field.default):
                yield path, type(value).__name__, None
            yield from _fields_of(value, f"{path}.")
        else:
            yield path, value, field.default


def whole_repr(value: Any) -> str:
    """Return a value's repr with every field of every spec in it, defaults included.

    >>> from mlplab.specs import First
    >>> whole_repr((First(n=3),))
    "(First(kind='first', n=3),)"
    """
    if isinstance(value, Spec):
        fields = (f"{name}={whole_repr(getattr(value, name))}" for name in type(value).model_fields)
        return f"{type(value).__name__}({', '.join(fields)})"
    if isinstance(value, dict):
        return f"{{{', '.join(f'{k!r}: {whole_repr(item)}' for k, item in value.items())}}}"
    if isinstance(value, tuple):
        return f"({', '.join(map(whole_repr, value))}{',' * (len(value) == 1)})"
    return repr(value)


def _unsigned(value: Any) -> Any:
    if isinstance(value, float):
        return value or 0.0
    if isinstance(value, tuple):
        return tuple(map(_unsigned, value))
    return value


def _plain(value: Any) -> Any:
    if isinstance(value, Spec):
        return value.canonical()
    if isinstance(value, dict):
        return {str(key): _plain(item) for key, item in value.items()}
    if isinstance(value, list | tuple):
        return [_plain(item) for item in value]
    if hasattr(value, "tolist"):
        return _plain(value.tolist())  # numpy's numbers and arrays
    return _unsigned(value)


def canonical_json(value: Any) -> str:
    """Write a spec or plain value as JSON with sorted keys: equal values give equal text."""
    return json.dumps(_plain(value), sort_keys=True, separators=(",", ":"), ensure_ascii=True)


def digest(value: Any, length: int = 32) -> str:
    """Hash a spec or plain value: the first `length` hex digits of the SHA-256 of its JSON.

    >>> digest({"b": 1, "a": 2}) == digest({"a": 2, "b": 1})
    True
    """
    return hashlib.sha256(canonical_json(value).encode()).hexdigest()[:length]
