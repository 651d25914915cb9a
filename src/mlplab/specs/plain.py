"""A run's canonical JSON, read as it stands: no plugin need be registered, no spec is made."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from functools import cache
from typing import Any, get_args

from mlplab.specs.base import Spec, canonical_json
from mlplab.specs.fit import Fit
from mlplab.specs.module import Module
from mlplab.specs.net import MLP
from mlplab.specs.optim import OPTIMISERS, SGD, Custom
from mlplab.specs.rows import Rows, SeedSplit
from mlplab.specs.run import TaskRef

ABSENT: Any = object()
"""The value at a path that a run does not have."""

PlainRun = Mapping[str, Any]
_ROWS = {spec.model_fields["kind"].default: spec for spec in get_args(get_args(Rows)[0])}
_APART = ("kind", "name", "settings")
_SAID = [[name] for name in _APART]  # by the section's own entry
_DEFAULT_NAMES = {"net": "mlp", "optim": str(SGD.model_fields["kind"].default)}


def read_json(text: str) -> Any:
    """Return what a JSON text stands for, whoever wrote it.

    Raises:
        ValueError: it is none, is nested too deeply, or holds half of a surrogate pair.
    """
    try:
        found = json.loads(text)
        if "\\u" in text:  # otherwise all of it was text before
            json.dumps(found, ensure_ascii=False).encode()
    except RecursionError:
        raise ValueError("nested too deeply") from None
    return found


def read_plain(text: str) -> PlainRun:
    """Return the run that a canonical JSON stands for, if it has the form of one.

    Raises:
        ValueError: it does not, whoever wrote it.

    >>> read_plain('{"net": 3}')
    Traceback (most recent call last):
    ValueError: expected a run's fields by section
    """
    plain = read_json(text)
    seed = plain.get("seed", 0) if isinstance(plain, dict) else None
    if type(seed) is not int or abs(seed) >= 2**63:
        raise ValueError("expected a run's fields by section")
    for section in ("task", "net", "optim", "fit", "rows"):
        fields = plain.get(section, {})
        if not isinstance(fields, dict) or not isinstance(fields.get("kind", ""), str):
            raise ValueError("expected a run's fields by section")
        settings = fields.get("settings", [])
        if fields.get("kind") in ("custom", "module") and not isinstance(fields.get("name"), str):
            raise ValueError(f"{section}: expected a name")
        if not isinstance(settings, list) or not all(map(_is_setting, settings)):
            raise ValueError(f"{section}: expected settings as pairs")
    run: PlainRun = plain
    return run


def changed_values(run: PlainRun) -> dict[str, Any]:
    """Return dotted path -> plain value of all but the seed that is not as in `Run()`.

    An optimiser or module is told by its name, under `optim` or `net`.

    >>> from mlplab.specs import Adam, Run
    >>> changed_values(json.loads(Run(net=MLP(hidden=(64, 32)), optim=Adam(lr=0.01)).text))
    {'net.hidden': [64, 32], 'optim': 'adam', 'optim.lr': 0.01}
    """
    return dict(_changed(run))


def all_values(run: PlainRun) -> dict[str, Any]:
    """Return dotted path -> plain value of all but the seed and the data, given or by default.

    >>> values = all_values({"optim": {"kind": "adam", "lr": 0.01}})
    >>> values["optim"], values["optim.lr"], values["fit.epochs"]
    ('adam', 0.01, 10)
    """
    values: dict[str, Any] = {}
    for section in ("net", "optim", "fit"):
        given = run.get(section, {})
        spec = _spec(section, given)
        values[section] = _name(section, given)
        names = dict.fromkeys([*(spec.model_fields if spec else ()), *given])
        values |= {f"{section}.{name}": value_at(run, f"{section}.{name}") for name in names}
        values |= {f"{section}.settings.{name}": v for name, v in given.get("settings", ())}
    values |= {"rows": value_at(run, "rows"), "valid": run.get("task", {}).get("valid", 0.0)}
    return {path: value for path, value in values.items() if path.split(".")[1:] not in _SAID}


def value_at(run: PlainRun, path: str) -> Any:
    """Return the plain value at a dotted path, given or by default; `ABSENT` where there is none.

    >>> value_at({}, "optim.lr"), value_at({}, "optim"), value_at({"seed": 3}, "seed")
    (0.1, 'sgd', 3)
    >>> value_at({"optim": {"kind": "adam"}}, "optim.momentum") is ABSENT
    True
    """
    section, _, field = path.partition(".")
    fields = run.get(section, {})
    if path == "seed":
        return run.get("seed", 0)
    if path == "rows":
        return fields or SeedSplit().canonical()
    if not field:
        return _name(section, fields)
    if field.startswith("settings."):
        return dict(fields.get("settings", ())).get(field.removeprefix("settings."), ABSENT)
    return fields[field] if field in fields else _default(_spec(section, fields), field)


def show_plain(value: Any) -> str:
    """Return a plain value as it would be typed.

    >>> show_plain([64, 32]), show_plain({"kind": "normal", "scale": 0.01}), show_plain([])
    ('64x32', 'normal(scale=0.01)', 'none')
    """
    if isinstance(value, Mapping):
        inner = ",".join(f"{name}={show_plain(value[name])}" for name in value if name != "kind")
        kind = str(value.get("kind", ""))
        return f"{kind}({inner})" if inner else kind
    if isinstance(value, list):
        numeric = all(isinstance(part, int | float) for part in value)
        return ("x" if numeric else "+").join(map(show_plain, value)) or "none"
    if isinstance(value, bool):
        return str(value).lower()
    return f"{value:g}" if isinstance(value, float) and float(f"{value:g}") == value else str(value)


def _is_setting(pair: object) -> bool:
    return isinstance(pair, list) and len(pair) == 2 and isinstance(pair[0], str)


def _changed(run: PlainRun) -> Iterator[tuple[str, Any]]:
    for section in ("net", "optim", "fit"):
        fields = run.get(section, {})
        name = _name(section, fields)
        if name != _DEFAULT_NAMES.get(section):
            yield section, name
        yield from ((f"{section}.{f}", fields[f]) for f in fields if f not in _APART)
        yield from ((f"{section}.settings.{f}", value) for f, value in fields.get("settings", ()))
    if "rows" in run:
        yield "rows", run["rows"]
    if valid := run.get("task", {}).get("valid"):
        yield "task.valid", valid


def _name(section: str, fields: Mapping[str, Any]) -> Any:
    kind = fields.get("kind", _DEFAULT_NAMES.get(section))
    return fields["name"] if kind in ("custom", "module") else kind


def _spec(section: str, fields: Mapping[str, Any]) -> type[Spec] | None:
    """The spec whose defaults a section has; None where this version knows it no more."""
    kind = fields.get("kind")
    known: dict[str, type[Spec] | None] = {
        "net": Module if kind == "module" else MLP,
        "optim": Custom if kind == "custom" else OPTIMISERS.get(kind or SGD().kind),
        "fit": Fit,
        "rows": _ROWS.get(kind or SeedSplit().kind),
        "task": TaskRef,
    }
    return known.get(section)


@cache
def _default(spec: type[Spec] | None, field: str) -> Any:
    if spec is None or field not in spec.model_fields or field in _APART:
        return ABSENT
    return json.loads(canonical_json(spec.model_fields[field].get_default()))
