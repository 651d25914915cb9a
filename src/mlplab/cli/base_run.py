"""The run that the flags of a command describe."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable, Mapping
from dataclasses import dataclass
from typing import Any

import click

from mlplab.cli.flags import dashed, default_of, default_optimiser
from mlplab.cli.values import (
    read_call,
    read_field,
    read_module,
    read_number,
    read_optimiser,
)
from mlplab.errors import ConfigError
from mlplab.specs import MLP, OPTIMISERS, Fit, Module, Run, Spec, TaskRef, optimiser_spec
from mlplab.specs.net import PER_LAYER

Texts = Mapping[str, str | None]
_SETTINGS = {name for spec in OPTIMISERS.values() for name in spec.model_fields} - {"kind"}


@dataclass(frozen=True, slots=True)
class Described:
    """What the flags say of a run.

    Attributes:
        base: the run.
        optimiser: values given for the optimiser's fields.
        valid: share or count held out.
    """

    base: Run
    optimiser: Mapping[str, Any]
    valid: Any


def read_flags(
    texts: Texts,
    kinds: tuple[str, ...] = (),
    base: Run | None = None,
    varied: Collection[str] = (),
) -> Described:
    """Turn the flags' texts into a run.

    Args:
        texts: by field name, `optimizer` and `net`, as the command was called with them.
        kinds: the optimisers that will be used, where they are varied.
        base: what is not said is as this run has it; default: `Run()`.
        varied: fields that will be varied, by name.

    Raises:
        click.UsageError: a flag that an optimiser does not have.
        ConfigError: every value that does not fit its field, in one line.
    """
    base = base or Run()
    optimiser = _given(texts, OPTIMISERS.values())
    kinds = kinds or (texts["optimizer"] or "",)
    if kinds == ("",):
        # Whoever says a rate means that of the optimiser which the help names.
        own = base.optim.kind == default_optimiser() or not {*optimiser, *varied} & _SETTINGS
        kinds = () if own else (default_optimiser(),)
    _check_settings(optimiser, kinds or (base.optim.kind,))
    makers: dict[str, Callable[[], Any]] = {
        "net": lambda: _net(base, texts.get("net"), _given(texts, [MLP])),
        "optim": lambda: _optimiser(base, kinds, optimiser),
        "fit": lambda: base.fit.replace(**_given(texts, [Fit])),
    }
    parts: dict[str, Any] = {}
    problems = []
    for name, make in makers.items():
        try:
            parts[name] = make()
        except ConfigError as error:
            problems.append(str(error))
    if problems:
        raise ConfigError("; ".join(problems))
    held_out = texts.get("valid")
    valid = default_of(TaskRef.model_fields["valid"]) if held_out is None else held_out
    return Described(Run(**parts), optimiser, read_number(str(valid)))


def _net(base: Run, module: str | None, given: dict[str, Any]) -> MLP | Module:
    net = base.net
    if module is not None and module != "mlp":
        net = read_module(module)
    elif isinstance(net, Module) and (module or given):
        net = MLP()
    if isinstance(net, Module):
        if given:
            name = next(iter(given))
            raise click.UsageError(f"--{dashed(name)}: the module {net.name!r} has no such setting")
        return net
    for name in PER_LAYER:
        if "hidden" in given and name not in given and getattr(net, name):
            # A number per layer belongs to the layers it was for.
            given[name] = getattr(net, name)[:1]
    changed: MLP = net.replace(**given)
    return changed


def _optimiser(base: Run, kinds: tuple[str, ...], given: dict[str, Any]) -> Any:
    if kinds and kinds[0] != base.optim.kind:
        for name in read_call(kinds[0], "optimizer")[1].keys() & given.keys():
            raise click.UsageError(f"--{dashed(name)}: --optimizer {kinds[0]} says it too")
        return read_optimiser(kinds[0], given)
    return base.optim.replace(**given)


def _check_settings(given: Iterable[str], kinds: tuple[str, ...]) -> None:
    specs = {kind: optimiser_spec(kind.partition("(")[0]) for kind in kinds if kind != "custom"}
    for name in given:
        for kind, spec in specs.items():
            if name not in spec.model_fields:
                owners = [k for k, spec in OPTIMISERS.items() if name in spec.model_fields]
                raise click.UsageError(
                    f"--{dashed(name)}: {kind} has no such setting; it belongs to "
                    f"{' and '.join(owners)}"
                )


def _given(texts: Texts, specs: Iterable[type[Spec]]) -> dict[str, Any]:
    fields = {name: field for spec in specs for name, field in spec.model_fields.items()}
    return {
        name: read_field(field.annotation, text)
        for name, field in fields.items()
        if name != "kind" and (text := texts.get(name)) is not None
    }
