"""An option's value that is one of a few words."""

from __future__ import annotations

from typing import Any

import click

from mlplab.hints import hint


class OneOf(click.Choice[str]):
    """A choice that says which word may have been meant."""

    def get_invalid_choice_message(self, value: Any, ctx: click.Context | None) -> str:
        """Return the line for a value that is none of them."""
        known = [str(choice) for choice in self.choices]
        says = hint(value, known, "")
        listed = f"{value!r} is not one of {', '.join(known)}"
        return f"{listed}; {says}" if says else listed
