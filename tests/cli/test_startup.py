"""What starting costs, and what the help says: nothing heavy is loaded for it."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Iterator

import click
import pytest

from mlplab.cli import program
from mlplab.cli.program import COMMANDS, NAME

HEAVY = {"torch", "pandas", "pydantic", "sklearn", "altair", "numpy", "scipy", "sqlalchemy"}


def loaded_by(*args: str) -> set[str]:
    script = (
        "import sys\n"
        "from mlplab.cli import program\n"
        "try:\n"
        f"    program.main({list(args)!r}, prog_name='mlplab')\n"
        "except SystemExit as end:\n"
        "    assert end.code == 0\n"
        "print(*{name.split('.')[0] for name in sys.modules}, file=sys.stderr)\n"
    )
    done = subprocess.run(
        [sys.executable, "-c", script], capture_output=True, text=True, check=True, timeout=60
    )
    return set(done.stderr.split())


def every_command() -> Iterator[click.Context]:
    root = click.Context(program, info_name=NAME)
    waiting = [root]
    while waiting:
        context = waiting.pop()
        yield context
        command = context.command
        if isinstance(command, click.Group):
            for name in command.list_commands(context):
                inner = command.get_command(context, name)
                assert inner is not None
                waiting.append(click.Context(inner, info_name=name, parent=context))


def test_help_and_version_load_nothing_heavy():
    assert not loaded_by("--help") & (HEAVY | {"rich"})
    assert not loaded_by("--version") & (HEAVY | {"rich"})


@pytest.mark.parametrize("name", COMMANDS)
def test_help_of_a_command_loads_the_specs_at_most(name: str):
    allowed = {"pydantic"} if name in ("train", "sweep", "run", "split", "memory") else set()
    assert loaded_by(name, "--help") & HEAVY <= allowed


@pytest.mark.parametrize("context", list(every_command()), ids=lambda context: context.command_path)
def test_help_is_complete(context: click.Context):
    assert context.command.help
    for param in context.command.get_params(context):
        if isinstance(param, click.Option):
            assert len(param.help or "") > 3, param.name
            assert param.opts[0] in context.command.get_help(context)


def test_the_program_alone_shows_its_help(invoke):
    alone, asked = invoke(), invoke("--help")
    assert alone.exit_code == asked.exit_code == 0
    assert alone.stdout == asked.stdout
    for name in COMMANDS:
        assert f"  {name} " in alone.stdout


@pytest.mark.parametrize("group", ["data", "store"])
def test_a_group_that_is_given_no_command_uses_its_default(group, invoke):
    default = {"data": "list", "store": "info"}[group]
    bare, named = invoke(group), invoke(group, default)
    assert bare.output == named.output
    assert "Usage:" not in bare.output
    assert "Usage:" in invoke(group, "--help").stdout


@pytest.mark.parametrize("shell", ["bash", "zsh", "fish"])
def test_completion_prints_a_script_of_that_shell(shell, invoke):
    result = invoke("completion", shell)
    assert result.exit_code == 0
    assert f"_MLPLAB_COMPLETE={shell}_complete" in result.stdout


@pytest.mark.parametrize(
    ("words", "expected"),
    [
        ("mlplab tr", "train"),
        ("mlplab train dig", "digits"),
        ("mlplab train digits --activation ta", "tanh"),
        ("mlplab run hid", "hidden-width"),
    ],
)
def test_a_shell_completes_names_and_values(words, expected, invoke, monkeypatch):
    monkeypatch.setenv("_MLPLAB_COMPLETE", "bash_complete")
    monkeypatch.setenv("COMP_WORDS", words)
    monkeypatch.setenv("COMP_CWORD", str(len(words.split()) - 1))
    assert expected in invoke().stdout
