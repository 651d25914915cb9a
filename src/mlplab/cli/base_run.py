"""The run that the flags of a command describe."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

import click

from mlplab.cli.flags import dashed, default_of, default_optimiser
from mlplab.cli.values import read_field, read_number
from mlplab.errors import ConfigError
from mlplab.specs import MLP, OPTIMISERS, Fit, Run, Spec, TaskRef

Texts = Mapping[str, str | None]


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


def read_flags(texts: Texts, kinds: tuple[str, ...] = ()) -> Described:
    """Turn the flags' texts into a run.

    Args:
        texts: by field name and `optimizer`, as the command was called with them.
        kinds: the optimisers that will be used, where they are varied.

    Raises:
        click.UsageError: a flag that an optimiser does not have.
        ConfigError: every value that does not fit its field, in one line.
    """
    kinds = kinds or (texts["optimizer"] or default_optimiser(),)
    optimiser = _given(texts, OPTIMISERS.values())
    _check_settings(optimiser, kinds)
    given: dict[str, tuple[type[Spec], dict[str, Any]]] = {
        "net": (MLP, _given(texts, [MLP])),
        "optim": (OPTIMISERS[kinds[0]], optimiser),
        "fit": (Fit, _given(texts, [Fit])),
    }
    parts: dict[str, Any] = {}
    problems = []
    for name, (spec, values) in given.items():
        try:
            parts[name] = spec(**values)
        except ConfigError as error:
            problems.append(str(error))
    if problems:
        raise ConfigError("; ".join(problems))
    held_out = texts.get("valid")
    valid = default_of(TaskRef.model_fields["valid"]) if held_out is None else held_out
    return Described(Run(**parts), optimiser, read_number(str(valid)))


def _check_settings(given: Iterable[str], kinds: tuple[str, ...]) -> None:
    for name in given:
        for kind in kinds:
            if name not in OPTIMISERS[kind].model_fields:
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
