"""Factors and their values as people type them, turned into what stored runs must have."""

from __future__ import annotations

import json
from collections.abc import Callable, Collection, Mapping, Sequence
from typing import Annotated, Any

import click
from pydantic import TypeAdapter, ValidationError

from mlplab.cli.values import (
    OPTIMISER,
    plain_name,
    read_call,
    read_field,
    read_number,
    split_values,
)
from mlplab.errors import ConfigError
from mlplab.hints import expected, hint
from mlplab.specs import MLP, OPTIMISERS, Fit, Run, Spec, TaskRef, canonical_json
from mlplab.specs.complaints import explain

Condition = Mapping[str, Any]
Settings = Callable[[], Collection[str]]
_SECTIONS: tuple[tuple[str, type[Spec], Collection[str]], ...] = (
    ("net", MLP, MLP.model_fields),
    *(("optim", spec, spec.model_fields) for spec in OPTIMISERS.values()),
    ("fit", Fit, Fit.model_fields),
    ("task", TaskRef, ("valid",)),
)


def read_where(texts: Sequence[str], settings: Settings = tuple) -> list[list[Condition]]:
    """Turn `FACTOR=VALUE` into conditions; of several values one must hold.

    Args:
        texts: as typed.
        settings: returns the settings that users' modules and optimisers have in the store.

    Returns:
        For each text its conditions, dotted paths with plain values.

    Raises:
        click.UsageError: no `=` in one of them.
        ConfigError: no such factor, or a value that it cannot have.

    >>> read_where(["lr=0.1,0.3", "hidden=64x32"])
    [[{'optim.lr': 0.1}, {'optim.lr': 0.3}], [{'net.hidden': [64, 32]}]]
    """
    return [_read_one(text, settings) for text in texts]


def _read_one(text: str, settings: Settings) -> list[Condition]:
    name, equals, values = text.partition("=")
    if not equals or not name.strip() or not values.strip():
        raise click.UsageError(f"--where: expected FACTOR=VALUE; got {text!r}")
    name = plain_name(name)
    if name in ("task", "experiment", "status", "metric"):
        raise click.UsageError(f"--where: {name!r} is no factor; --{name} asks for it")
    found = []
    for value in split_values(values):
        if name == "net" or name in OPTIMISER:
            found += _of_kind("net" if name == "net" else "optim", value, settings)
        else:
            found += _of_field(name, value, settings)
    return found


def _of_kind(section: str, value: str, settings: Settings) -> list[Condition]:
    """`adam` is any of that name, `adam(lr=0.01)` only those with that rate."""
    kind, texts = read_call(value, f"--where {section}")
    known = {"net": ["mlp"], "optim": list(OPTIMISERS)}[section]
    if kind not in known and not settings():
        raise ConfigError(f"--where: {expected(kind, known)}")
    conditions: list[Condition] = [{section: kind}]
    for key, text in texts.items():
        further = _of_field(f"{section}.{key}", text, settings)
        conditions = [{**one, **other} for one in conditions for other in further]
    return conditions


def _of_field(name: str, value: str, settings: Settings) -> list[Condition]:
    if name == "seed":
        return [{"seed": _plain("seed", Run, value)}]
    section, _, short = name.rpartition(".")
    owners = [
        (place, spec)
        for place, spec, fields in _SECTIONS
        if short in fields and short != "kind" and section in ("", place)
    ]
    if not owners:
        return [{path: read_number(value)} for path in _settings(name, section, short, settings)]
    conditions: list[Condition] = []
    for place, spec in owners:
        one = {f"{place}.{short}": _plain(short, spec, value)}
        conditions += [one] if one not in conditions else []
    return conditions


def _settings(name: str, section: str, short: str, settings: Settings) -> list[str]:
    """The paths at which users' modules and optimisers may have a setting."""
    known = settings()
    if short not in known:
        fields = {field for _, _, fields in _SECTIONS for field in fields} - {"kind"}
        says = hint(short, sorted({*fields, *known, "seed", "optimizer", "net"}))
        raise ConfigError(f"--where: no factor {name!r}; {says}")
    places = [section.partition(".")[0]] if section else ["net", "optim"]
    return [f"{place}.settings.{short}" for place in places]


def _plain(field: str, spec: type[Spec], value: str) -> Any:
    """Return a field's value as the store has it.

    Raises:
        ConfigError: a value that the field cannot have.
    """
    info = spec.model_fields[field]
    given = read_field(info.annotation, value, commas=False)
    # The field alone: another of the spec may be what this one needs beside it.
    kind: Any = Annotated[info.annotation, info]
    alone: TypeAdapter[Any] = TypeAdapter(kind)
    try:
        checked = alone.validate_python(given)
    except ValidationError as problems:
        says = explain(problems, spec).removeprefix(f"{spec.__name__}: ")
        raise ConfigError(f"--where {field}: {says.removeprefix(f'{field}: ')}") from None
    if field == "dropout" and not any(checked):
        checked = ()
    return json.loads(canonical_json(checked))
