"""`mlplab completion`: the script that lets a shell complete commands and options."""

from __future__ import annotations

import click

from mlplab.cli.one_of import OneOf

SHELLS = ("bash", "zsh", "fish")


@click.command()
@click.argument("shell", type=OneOf(SHELLS))
@click.pass_context
def completion(ctx: click.Context, shell: str) -> None:
    """Print the completion script of SHELL.

    \b
    bash: eval "$(mlplab completion bash)" in ~/.bashrc
    zsh:  eval "$(mlplab completion zsh)" in ~/.zshrc
    fish: mlplab completion fish > ~/.config/fish/completions/mlplab.fish
    """
    from click.shell_completion import get_completion_class

    root = ctx.find_root()
    kind = get_completion_class(shell)
    assert kind is not None
    name = "mlplab"
    click.echo(kind(root.command, {}, name, f"_{name.upper()}_COMPLETE").source())
