"""Flags named after the fields of the specs, their help and defaults taken from there."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from types import MappingProxyType
from typing import Any, Literal, TypeVar, get_args, get_origin

import click
from pydantic.fields import FieldInfo

from mlplab.specs import MLP, OPTIMISERS, Fit, Run, Spec, TaskRef
from mlplab.specs.shorthand import number_text

F = TypeVar("F", bound=Callable[..., Any])
Flag = Callable[[Any], Any]


class SpecOption(click.Option):
    """An option fed from a spec's field; `section` is its place in the help."""

    def __init__(self, *args: Any, section: str, **settings: Any) -> None:
        super().__init__(*args, **settings)
        self.section = section


class SpecCommand(click.Command):
    """A command whose help lists the options of each spec apart from the others."""

    def format_options(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        """Write the options by section."""
        for title, params in sections(self.get_params(ctx)).items():
            with formatter.section(title):
                records = (param.get_help_record(ctx) for param in params)
                formatter.write_dl([record for record in records if record is not None])


def sections(params: list[click.Parameter]) -> dict[str, list[click.Parameter]]:
    """Sort options by the section of the help that they belong to; `Options` is the last."""
    found: dict[str, list[click.Parameter]] = {}
    for param in params:
        if isinstance(param, click.Option):
            found.setdefault(getattr(param, "section", "Options"), []).append(param)
    return found | {"Options": found.pop("Options", [])}


def spec_flags(says: Mapping[str, str] = MappingProxyType({}), **defaults: str) -> Callable[[F], F]:
    """Add a flag per field of the specs to a command.

    The command is called with the texts given, by field name (None where a flag is left out) and
    `optimizer`; `read_flags` makes a run of them.

    Args:
        says: what the help says of the defaults that the command finds itself.
        defaults: texts that stand for what is left out, where a command's differ from the specs'.
    """

    def add(command: F) -> F:
        for decorate in reversed(_all_flags(defaults, says)):
            command = decorate(command)
        return command

    return add


def default_optimiser() -> str:
    """Return the kind of the optimiser of a run that names none."""
    return str(default_of(Run.model_fields["optim"]).kind)


def default_of(field: FieldInfo) -> Any:
    """Return a field's default."""
    return field.get_default(call_default_factory=True)


def dashed(name: str) -> str:
    """Return a field's name as a flag writes it."""
    return name.replace("_", "-")


def shown(value: Any) -> str:
    """Return a default as it would be typed.

    >>> shown((256, 128)), shown(()), shown(Fit().epochs)
    ('256,128', 'none', '10')
    """
    if value is None:
        return "none"
    if isinstance(value, Spec):
        return str(getattr(value, "kind", value))
    if isinstance(value, bool):
        return str(value).lower()
    if isinstance(value, tuple):
        return ",".join(shown(one) for one in value) or "none"
    return number_text(value) if isinstance(value, float) else str(value)


def _all_flags(defaults: Mapping[str, str], says: Mapping[str, str]) -> list[Flag]:
    def flags_of(spec: type[Spec], section: str) -> list[Flag]:
        return [
            _flag(
                name,
                section,
                field.annotation,
                str(field.description),
                says.get(name) or defaults.get(name, shown(default_of(field))),
                defaults.get(name),
                field.examples or (),
            )
            for name, field in spec.model_fields.items()
            if name in only or spec is not TaskRef
        ]

    only = ("valid",)
    net = click.option(
        "--net",
        cls=SpecOption,
        section="Network",
        metavar="mlp|MODULE",
        help="mlp, or a module that --import brings, by its name or NAME(SETTING=VALUE,...)."
        "  [default: mlp]",
    )
    choose = click.option(
        "--optimizer",
        cls=SpecOption,
        section="Optimiser",
        metavar=f"[{'|'.join(OPTIMISERS)}]",
        shell_complete=lambda ctx, param, start: [o for o in OPTIMISERS if o.startswith(start)],
        help="What moves the weights; or one that --import brings, by its name or "
        f"NAME(SETTING=VALUE,...).  [default: {default_optimiser()}]",
    )
    return [
        net,
        *flags_of(MLP, "Network"),
        choose,
        *_optimiser_flags(),
        *flags_of(Fit, "Training"),
        *flags_of(TaskRef, "Training"),
    ]


def _optimiser_flags() -> list[Flag]:
    """One flag per field name of all optimisers; says which ones have it, and their defaults."""
    names = dict.fromkeys(name for cls in OPTIMISERS.values() for name in cls.model_fields)
    flags: list[Flag] = []
    for name in names:
        if name == "kind":
            continue
        fields = {k: c.model_fields[name] for k, c in OPTIMISERS.items() if name in c.model_fields}
        says = _by_kind({kind: str(one.description) for kind, one in fields.items()}, "{1}: {0}")
        if len(fields) < len(OPTIMISERS):
            says += f" Only {', '.join(fields)}."
        default = _by_kind({kind: shown(default_of(one)) for kind, one in fields.items()})
        field = next(iter(fields.values()))
        known = field.examples or ()
        flags.append(_flag(name, "Optimiser", field.annotation, says, default, examples=known))
    return flags


def _by_kind(texts: Mapping[str, str], form: str = "{0} ({1})") -> str:
    """One text if all optimisers share it, else each text with those that do."""
    groups: dict[str, list[str]] = {}
    for kind, text in texts.items():
        groups.setdefault(text, []).append(kind)
    if len(groups) == 1:
        return next(iter(groups))
    parts = [form.format(text, ", ".join(kinds)) for text, kinds in groups.items()]
    return (" " if parts[0].endswith(".") else ", ").join(parts)


def _flag(
    name: str,
    section: str,
    annotation: Any,
    says: str,
    default: str,
    stands_in: str | None = None,
    examples: Sequence[Any] = (),
) -> Flag:
    choices = get_args(annotation) if get_origin(annotation) is Literal else ()
    known = choices or examples
    return click.option(
        f"--{dashed(name)}",
        name,
        cls=SpecOption,
        section=section,
        shell_complete=lambda ctx, param, start: [c for c in known if c.startswith(start)],
        metavar=_metavar(annotation, choices),
        default=stands_in,
        help=f"{says}  [default: {default}]",
    )


def _metavar(annotation: Any, choices: tuple[str, ...]) -> str:
    if choices:
        return "[" + "|".join(choices) + "]"
    if get_origin(annotation) is tuple:
        first, *rest = get_args(annotation)
        one = "NAME" if first is str else "N"
        return f"{one},{one}" + (",..." if rest == [Ellipsis] else "")
    if annotation is bool:
        return "[true|false]"
    if annotation in (int, float):
        return "N" if annotation is int else "NUMBER"
    return "SHARE|COUNT" if annotation == TaskRef.model_fields["valid"].annotation else "KIND"
