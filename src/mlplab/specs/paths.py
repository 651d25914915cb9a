"""Dotted paths into specs: `optim.lr`, `net.hidden`."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

from mlplab.errors import ConfigError
from mlplab.hints import hint
from mlplab.specs.base import Spec
from mlplab.specs.module import Module
from mlplab.specs.net import MLP, PER_LAYER
from mlplab.specs.optim import Custom


def short_names(paths: Iterable[str]) -> dict[str, str]:
    """Return path -> the last part of it, or all of it where that is not enough.

    >>> short_names(["optim.lr", "net.hidden"])
    {'optim.lr': 'lr', 'net.hidden': 'hidden'}
    """
    whole = list(paths)
    last = [path.rsplit(".", 1)[-1] for path in whole]
    return {
        path: path if last.count(name) > 1 else name for path, name in zip(whole, last, strict=True)
    }


def get_path(spec: Spec, path: str) -> Any:
    """Return the value at a dotted path.

    Raises:
        ConfigError: no such field.
    """
    value: Any = spec
    rest = path
    while rest:
        name, _, rest = rest.partition(".")
        _check(value, name, path)
        if rest and isinstance(value, Module | Custom) and name == "settings":
            return value.setting(rest)
        value = getattr(value, name)
    return value


def set_path(spec: Any, path: str, value: Any) -> Any:
    """Return a copy of a spec with the value at a dotted path replaced, validated again."""
    name, _, rest = path.partition(".")
    if not rest:
        return set_fields(spec, {path: value})
    _check(spec, name, path)
    if isinstance(spec, Module | Custom) and name == "settings":
        value = dict(spec.settings) | {rest: value}
    else:
        value = set_path(getattr(spec, name), rest, value)
    return spec.replace(**{name: value})


def set_fields(spec: Any, changes: Mapping[str, Any]) -> Any:
    """Return a copy of a spec with some of its fields replaced, validated once."""
    for name in changes:
        _check(spec, name, name)
    # A number per layer belongs to the layers it was given for.
    if isinstance(spec, MLP) and "hidden" in changes:
        per_layer = {name: getattr(spec, name) for name in PER_LAYER}
        changes = {**{n: v[0] for n, v in per_layer.items() if len(set(v)) == 1}, **changes}
    return spec.replace(**changes)


def resolve(spec: Spec, name: str) -> str:
    """Return the dotted path that a field's short name stands for, such as `lr` for `optim.lr`.

    Raises:
        ConfigError: no field, or several, of that name.
    """
    if "." in name:
        get_path(spec, name)
        return name
    if name in type(spec).model_fields:
        return name
    found = [
        f"{outer}.{name}"
        for outer in type(spec).model_fields
        if name in getattr(type(getattr(spec, outer)), "model_fields", ())
    ]
    own = {
        outer: inner.known_settings
        for outer in type(spec).model_fields
        if isinstance(inner := getattr(spec, outer), Module | Custom)
    }
    found += [f"{outer}.settings.{name}" for outer, settings in own.items() if name in settings]
    if len(found) == 1:
        return found[0]
    if found:
        raise ConfigError(f"{name!r} is ambiguous: expected one of {', '.join(found)}")
    known = sorted(
        inner
        for outer in type(spec).model_fields
        if isinstance(getattr(spec, outer), Spec)
        for inner in type(getattr(spec, outer)).model_fields
        if inner != "kind"
    )
    known += [setting for settings in own.values() for setting in settings]
    raise ConfigError(f"no field {name!r} in this run; {hint(name, known)}")


def _check(value: Any, name: str, path: str) -> None:
    if not isinstance(value, Spec) or name not in type(value).model_fields:
        known = type(value).model_fields if isinstance(value, Spec) else ()
        kind = type(value).__name__
        raise ConfigError(f"{path!r}: no field {name!r} in {kind}; {hint(name, known)}")
