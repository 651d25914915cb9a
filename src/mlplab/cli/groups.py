"""A group of commands that suggests names, and one of which may be meant when none is named."""

from __future__ import annotations

from typing import Any

import click

from mlplab.hints import hint


class DefaultGroup(click.Group):
    """A group that puts the name of its default command before arguments that name none."""

    def __init__(self, *args: Any, default: str | None = None, **settings: Any) -> None:
        super().__init__(*args, **settings)
        self._default = default

    def parse_args(self, ctx: click.Context, args: list[str]) -> list[str]:
        """Complete the arguments."""
        asks_for_help = bool(args) and args[0] in self.get_help_option_names(ctx)
        if self._default and (not args or (args[0].startswith("-") and not asks_for_help)):
            args = [self._default, *args]
        return super().parse_args(ctx, args)

    def resolve_command(
        self, ctx: click.Context, args: list[str]
    ) -> tuple[str | None, click.Command | None, list[str]]:
        """Find the command that the arguments begin with, or suggest one."""
        is_name = not args[0].startswith("-") or self._default is not None
        if is_name and args[0] not in self.commands and not ctx.resilient_parsing:
            raise click.UsageError(f"no command {args[0]!r}; {hint(args[0], self.commands)}", ctx)
        return super().resolve_command(ctx, args)
