"""The program `mlplab`: its commands by name, loaded when they are asked for."""

from __future__ import annotations

import gc
import os
import sys
from collections.abc import Sequence
from importlib import import_module
from typing import Any, NoReturn

import click
from click.shell_completion import CompletionItem

from mlplab.cli.exit_status import FAILED, end, finish_output, is_interrupt, leave_at_once
from mlplab.cli.streams import open_closed, write_what_fits
from mlplab.errors import MlplabError
from mlplab.hints import hint
from mlplab.loading import keep_interrupts, without_collection
from mlplab.version import __version__

NAME = "mlplab"

# Where below `mlplab` each command lives, and what the list of commands says of it.
COMMANDS = {
    "data": ("cli.commands.data:data", "Data sets: list, fetch and verify them."),
    "train": ("cli.commands.train:train", "Train one configuration with many seeds."),
    "fit": ("cli.commands.fit:fit", "From a CSV file to a model, a page and a submission."),
    "predict": ("cli.commands.predict:predict", "Predict a CSV file's rows with a fitted model."),
    "shift": ("cli.commands.shift:shift", "Whether data have shifted, and what to do about it."),
    "graph": ("cli.commands.graph:graph", "A network's computational graph and its equations."),
    "relu": ("cli.commands.relu:relu", "Approximate a function by a ReLU network, certified."),
    "memory": ("cli.commands.memory:memory", "Predict the memory that a population takes."),
    "split": ("cli.commands.split:split", "Train one network over several processes."),
    "sweep": ("cli.commands.sweep:sweep", "Train many configurations and choose among them."),
    "list": ("cli.commands.list:list_", "The exercises that `run` answers."),
    "run": ("cli.commands.run:run", "Run exercises: a verdict per claim, and a page."),
    "claims": ("cli.commands.claims:claims", "The ledger: every claim and what became of it."),
    "runs": ("cli.commands.runs:runs", "Finished runs: list, show or export them."),
    "store": ("cli.commands.store:store", "What is kept: show it, or remove what is stale."),
    "bench": ("bench.command:bench", "The benchmarks, each beside its baselines."),
    "completion": ("cli.commands.completion:completion", "Completion for bash, zsh or fish."),
}


class Program(click.Group):
    """A group that knows its commands' names and loads one only to run it or to show its help."""

    def list_commands(self, ctx: click.Context) -> list[str]:
        """Return the names in the order of the table."""
        return list(COMMANDS)

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:
        """Load one command."""
        if cmd_name not in COMMANDS:
            return None
        module, _, attribute = COMMANDS[cmd_name][0].partition(":")
        with without_collection():
            command: click.Command = getattr(import_module(f"mlplab.{module}"), attribute)
        return command

    def resolve_command(
        self, ctx: click.Context, args: list[str]
    ) -> tuple[str | None, click.Command | None, list[str]]:
        """Find the command that the arguments begin with, or suggest one."""
        if args[0] not in COMMANDS and not args[0].startswith("-") and not ctx.resilient_parsing:
            raise click.UsageError(f"no command {args[0]!r}; {hint(args[0], COMMANDS)}", ctx)
        return super().resolve_command(ctx, args)

    def format_commands(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        """Write the list of commands without loading any."""
        with formatter.section("Commands"):
            formatter.write_dl([(name, says) for name, (_, says) in COMMANDS.items()])

    def shell_complete(self, ctx: click.Context, incomplete: str) -> list[CompletionItem]:
        """Complete names of commands without loading any."""
        names = [
            CompletionItem(name, help=says)
            for name, (_, says) in COMMANDS.items()
            if name.startswith(incomplete)
        ]
        return names + click.Command.shell_complete(self, ctx, incomplete)

    def main(  # type: ignore[override]  # always ends the process, unlike a click group
        self,
        args: Sequence[str] | None = None,
        prog_name: str | None = None,
        complete_var: str | None = None,
        **extra: Any,
    ) -> NoReturn:
        """Run the program and end the process: 0 done, 1 failed, 2 wrong usage.

        Whatever goes wrong is one line on standard error, never a traceback.
        """
        try:
            name = prog_name or NAME
            self._main_shell_completion({}, name, complete_var)
            given = list(sys.argv[1:] if args is None else args)
            with self.make_context(name, given, **extra) as ctx:
                _check_folder()
                self.invoke(ctx)
            finish_output()
        except click.exceptions.Exit as stop:
            sys.exit(stop.exit_code)
        except BaseException as problem:
            raise SystemExit(end(problem)) from problem
        sys.exit(0)


@click.group(cls=Program, invoke_without_command=True)
@click.version_option(__version__, prog_name=NAME, message="%(prog)s %(version)s")
@click.pass_context
def program(ctx: click.Context) -> None:
    """Train populations of multilayer perceptrons, and say what the results prove.

    Finished runs are kept: a run is never computed twice, and an interrupted command continues
    when it is given again. `mlplab COMMAND --help` explains a command.
    """
    if ctx.invoked_subcommand is None:
        click.echo(ctx.get_help())


def _check_folder() -> None:
    try:
        os.getcwd()
    except FileNotFoundError:  # torch's libraries would end the process for it
        raise MlplabError("this folder was removed: change into another one") from None


def main() -> NoReturn:
    """Run the command line; the entry point of the package."""
    keep_interrupts()
    open_closed()
    write_what_fits()
    try:
        program.main(prog_name=NAME)
    except SystemExit as stop:
        if is_interrupt(stop.__cause__):
            leave_at_once(FAILED)
        raise
    finally:
        # The interpreter's last search for garbage took half a second with torch loaded.
        gc.freeze()
