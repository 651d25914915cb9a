"""Field values as people type them: `256x128`, `0.2,0.5`, `step:5,0.5`, `none`."""

from __future__ import annotations

import re
from types import NoneType, UnionType
from typing import Annotated, Any, Union, get_args, get_origin

from mlplab.errors import ConfigError
from mlplab.hints import expected
from mlplab.specs import Custom, Module, Optimiser, Run, Spec, get_path, resolve
from mlplab.specs.optim import optimiser_spec
from mlplab.specs.plugins import plugin_names

_OUTSIDE_BRACKETS = re.compile(r",(?![^(]*\))")
_CALL = re.compile(r"([a-z][\w-]*)(?:\((.*)\))?")
_NAMED = ("kind", "name", "settings")  # of a custom optimiser, said by its name and brackets


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
    >>> read_field(float, "0.1"), read_field(float, "fast"), read_field(float | None, "none")
    (0.1, 'fast', None)
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
    if NoneType in kinds and text.lower() == "none":
        return None
    if kinds & {int, float}:
        return _number(text)
    if any(isinstance(kind, type) and issubclass(kind, Spec) for kind in kinds):
        kind, colon, rest = text.partition(":")
        # Commas separate the values of a factor: inside one, x stands for them.
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
    if outer in ("net.settings", "optim.settings"):
        return type(get_path(run, path))
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
    name, texts = read_call(text, "optimizer")
    kind = optimiser_spec(name)
    own, settings = dict(given), {}
    for key, value in texts.items():
        field = None if key in _NAMED else kind.model_fields.get(key)
        if field is not None or kind is not Custom:
            own[key] = read_field(field.annotation, value, commas=False) if field else value
        else:
            settings[key] = read_number(value)
    return Custom(name=name, settings=settings, **own) if kind is Custom else kind(**own)


def read_module(text: str) -> Module:
    """Turn `resnet` or `resnet(width=8)` into the module that a user registered by that name.

    Raises:
        ConfigError: no such module, or a setting that it does not have or take.
    """
    name, texts = read_call(text, "net")
    if name == "mlp":
        raise ConfigError("net: mlp takes no brackets; --hidden, --activation, ... describe it")
    known = plugin_names("module")
    if name not in known:
        raise ConfigError(f"net: {expected(name, ['mlp', *known])}")
    return Module(name=name, settings={key: _setting(value) for key, value in texts.items()})


def read_call(text: str, what: str) -> tuple[str, dict[str, str]]:
    """Split `name(key=value,...)`, or a name alone, into the name and its texts by key.

    Raises:
        ConfigError: it has not that form.

    >>> read_call("adam(lr=0.01,eps=1e-6)", "optimizer")
    ('adam', {'lr': '0.01', 'eps': '1e-6'})
    """
    found = _CALL.fullmatch(text.strip())
    if found is None:
        raise ConfigError(f"{what}: expected NAME or NAME(KEY=VALUE,...); got {text!r}")
    texts = {}
    for part in split_values(found[2]) if found[2] else ():
        key, equals, value = part.partition("=")
        if not equals:
            raise ConfigError(f"{what}: expected NAME=VALUE in brackets; got {part!r}")
        texts[key.strip()] = value.strip()
    return found[1], texts


def _setting(text: str) -> Any:
    words = {"true": True, "false": False}
    return words[text.lower()] if text.lower() in words else read_number(text)


def _alternatives(annotation: Any) -> tuple[Any, ...]:
    if get_origin(annotation) in (Union, UnionType):
        return get_args(annotation)
    return (annotation,)


def _bare(annotation: Any) -> Any:
    """The type inside `Annotated`."""
    return get_args(annotation)[0] if get_origin(annotation) is Annotated else annotation


def _number(text: str) -> Any:
    # int first: 1 is a whole number, and some fields take no other.
    for kind in (int, float):
        try:
            return kind(text)
        except ValueError:
            continue
    return text
