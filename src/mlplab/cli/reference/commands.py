"""The reference of the command line, written from the commands themselves."""

from __future__ import annotations

import inspect
from collections.abc import Iterator

import click

from mlplab.cli.flags import SpecOption, sections
from mlplab.cli.program import COMMANDS, NAME, program

PAGE = "cli.md"
_HEAD = f"""# The command line

Written from the commands by `make docs`; `{NAME} --help` and `{NAME} COMMAND --help` say the same.

Every command ends with exit code 0 when it is done, 1 when it failed and 2 when it was used
wrongly; what went wrong is one line on standard error. `MLPLAB_DEBUG=1` adds the traceback. Ctrl-C
keeps every finished run, and the same command continues. Colours go with `NO_COLOR=1`.
"""


def reference() -> str:
    """Return the reference of all commands as Markdown."""
    context = click.Context(program, info_name=NAME)
    parts = [_HEAD, *_overview(), *_shared(context)]
    for name in program.list_commands(context):
        command = program.get_command(context, name)
        assert command is not None
        parts += _chapter(command, context, name, 2)
    return "\n".join(parts).rstrip() + "\n"


def _overview() -> Iterator[str]:
    yield from ("| command | does |", "|---|---|")
    for name, (_, says) in COMMANDS.items():
        yield f"| [`{NAME} {name}`](#{NAME}-{name}) | {_cell(says)} |"
    yield ""


def _shared(context: click.Context) -> Iterator[str]:
    """Which commands have the options that several share."""
    owners: dict[str, list[str]] = {}
    for path, command in commands(program, context):
        for param in command.params:
            if isinstance(param, click.Option) and not isinstance(param, SpecOption):
                owners.setdefault(param.opts[0], []).append(f"`{path}`")
    yield from ("| option | of |", "|---|---|")
    shared = {option: names for option, names in owners.items() if len(names) > 2}
    yield from (f"| `{option}` | {', '.join(shared[option])} |" for option in sorted(shared))
    yield ""


def commands(
    group: click.Group, context: click.Context, before: str = ""
) -> Iterator[tuple[str, click.Command]]:
    """Yield every command that is no group, and how it is called."""
    for name in group.list_commands(context):
        command = group.get_command(context, name)
        assert command is not None
        if isinstance(command, click.Group):
            yield from commands(command, context, f"{before}{name} ")
        else:
            yield f"{before}{name}", command


def _chapter(command: click.Command, parent: click.Context, name: str, level: int) -> Iterator[str]:
    context = click.Context(command, info_name=name, parent=parent)
    yield f"{'#' * level} {context.command_path}\n"
    usage = " ".join(command.collect_usage_pieces(context))
    yield f"```text\n{context.command_path} {usage}\n```\n"
    yield from _text(command.help or "")
    for title, params in sections(command.get_params(context)).items():
        records = [param.get_help_record(context) for param in params]
        yield from (f"| {title.lower()} | |", "|---|---|")
        yield from (f"| `{_cell(r[0])}` | {_cell(r[1])} |" for r in records if r is not None)
        yield ""
    if isinstance(command, click.Group):
        for inner in command.list_commands(context):
            one = command.get_command(context, inner)
            assert one is not None
            yield from _chapter(one, context, inner, level + 1)


def _text(text: str) -> Iterator[str]:
    """A command's help; what it marks as laid out stays as it is."""
    for paragraph in inspect.cleandoc(text).split("\n\n"):
        plain = paragraph.removeprefix("\b\n")
        yield f"{plain}\n" if plain == paragraph else f"```text\n{plain}\n```\n"


def _cell(text: str) -> str:
    return " ".join(text.split()).replace("|", "\\|")
