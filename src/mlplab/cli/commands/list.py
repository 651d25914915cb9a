"""`mlplab list`: the exercises that can be run."""

from __future__ import annotations

import click

from mlplab.cli import options
from mlplab.cli.documents import write_json
from mlplab.cli.screen import write_table


@click.command("list")
@options.as_json
def list_(as_json: bool) -> None:
    """List the exercises: id, name, kind, number of claims, title.

    A trained exercise is answered by runs, an exact one by computation alone. One beyond the
    chapter has its section in place of a number: its id is both, as in beyond.grokking.
    """
    from mlplab.exercises import list_exercises

    found = [
        {
            "id": one.id,
            "slug": one.slug,
            "title": one.title["en"],
            "claims": one.n_claims,
            "kind": one.kind,
        }
        for one in list_exercises()
    ]
    if as_json:
        write_json(found)
        return
    heads = ("id", "slug", "kind", "claims", "title")
    # Slugs stand beside: whole ids of what lies beyond the chapter would leave titles no room.
    shown = [one | {"id": str(one["id"]).removesuffix(f".{one['slug']}")} for one in found]
    rows = [[str(one[head]) for head in heads] for one in shown]
    write_table(heads, rows, right=("claims",), whole=("id", "slug", "kind"))
