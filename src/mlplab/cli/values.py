"""Field values as people type them: `256x128`, `0.2,0.5`, `step:5,0.5`, `none`."""

from __future__ import annotations

import re
from types import UnionType
from typing import Annotated, Any, Union, get_args, get_origin

from mlplab.errors import ConfigError
from mlplab.hints import expected
from mlplab.specs import OPTIMISERS, Optimiser, Run, Spec, get_path, resolve

_OUTSIDE_BRACKETS = re.compile(r",(?![^(]*\))")
_CALL = re.compile(r"([a-z]+)(?:\((.*)\))?")


def read_field(annotation: Any, text: str, *, commas: bool = True) -> Any:
    """Turn text into what a spec's field is then given to check.

    Numbers become numbers where they can; what cannot be read stays text, so that the spec
    complains of it by name and value.

    Args:
        annotation: the field's type.
        text: as typed.
        commas: whether commas separate the parts of one value (`x` always does between numbers).

    >>> read_field(tuple[int, ...], "256x128"), read_field(tuple[int, ...], "none")
    ((256, 128), ())
    >>> read_field(float, "0.1"), read_field(float, "fast")
    (0.1, 'fast')
    """
    text = text.strip()
    if get_origin(annotation) is tuple:
        if text.lower() in ("none", ""):
            return ()
        numeric = _bare(get_args(annotation)[0]) is not str
        separators = ("," if commas else "") + ("x" if numeric else "+")
        parts = [part.strip() for part in re.split(f"[{separators}]", text)]
        return tuple(_number(part) if numeric else part for part in parts)
    kinds = {_bare(one) for one in _alternatives(annotation)}
    if kinds & {int, float}:
        return _number(text)
    if any(isinstance(kind, type) and issubclass(kind, Spec) for kind in kinds):
        kind, colon, rest = text.partition(":")
        return kind + colon + rest.replace("x", ",")
    return text


def read_number(text: str) -> Any:
    """Turn text into an int or a float; anything else stays text."""
    return _number(text.strip())


def split_values(text: str) -> list[str]:
    """Split at commas, but not inside brackets.

    >>> split_values("sgd,adam(lr=0.01,eps=1e-6)")
    ['sgd', 'adam(lr=0.01,eps=1e-6)']
    """
    return [part.strip() for part in _OUTSIDE_BRACKETS.split(text)]


def field_at(run: Run, path: str) -> Any:
    """Return the type of the field at a dotted path of a run."""
    outer, _, name = path.rpartition(".")
    owner = type(get_path(run, outer)) if outer else Run
    return owner.model_fields[name].annotation


OPTIMISER = ("optimizer", "optimiser", "optim")
"""Names of the optimiser as a whole."""


def field_path(run: Run, name: str) -> str:
    """Return the dotted path that the name of a flag or field stands for.

    Raises:
        ConfigError: no such field.

    >>> field_path(Run(), "batch-size"), field_path(Run(), "optimizer")
    ('fit.batch_size', 'optim')
    """
    name = plain_name(name)
    return "optim" if name in OPTIMISER else resolve(run, name)


def plain_name(name: str) -> str:
    """Return a flag's or field's name as fields write it.

    >>> plain_name("--batch-size")
    'batch_size'
    """
    return name.strip().removeprefix("--").replace("-", "_")


def read_optimiser(text: str, given: dict[str, Any]) -> Optimiser:
    """Turn `adam` or `adam(lr=0.01)` into an optimiser; `given` are the values of its flags.

    Raises:
        ConfigError: no such optimiser, or a setting that it does not have or take.

    >>> made = read_optimiser("sgd(momentum=0.9)", {"lr": 0.2})
    >>> made.kind, made.lr, made.momentum
    ('sgd', 0.2, 0.9)
    """
    found = _CALL.fullmatch(text.strip())
    if found is None or found[1] not in OPTIMISERS:
        raise ConfigError(f"optimizer: {expected(text.partition('(')[0], OPTIMISERS)}")
    kind = OPTIMISERS[found[1]]
    own = dict(given)
    for part in split_values(found[2]) if found[2] else ():
        name, equals, value = part.partition("=")
        field = kind.model_fields.get(name.strip())
        if not equals:
            raise ConfigError(f"optimizer: expected NAME=VALUE in brackets; got {part!r}")
        own[name.strip()] = read_field(field.annotation, value, commas=False) if field else value
    return kind(**own)


def _alternatives(annotation: Any) -> tuple[Any, ...]:
    if get_origin(annotation) in (Union, UnionType):
        return get_args(annotation)
    return (annotation,)


def _bare(annotation: Any) -> Any:
    """The type inside `Annotated`."""
    return get_args(annotation)[0] if get_origin(annotation) is Annotated else annotation


def _number(text: str) -> Any:
    for kind in (int, float):
        try:
            return kind(text)
        except ValueError:
            continue
    return text
