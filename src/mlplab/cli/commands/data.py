"""`mlplab data`: which data sets there are, where they were found, and whether they are sound."""

from __future__ import annotations

from pathlib import Path

import click

from mlplab.cli import options
from mlplab.cli.documents import write_json
from mlplab.cli.groups import DefaultGroup
from mlplab.cli.screen import show_log, write_line, write_table
from mlplab.errors import DataError


@click.group(cls=DefaultGroup, default="list")
def data() -> None:
    """Data sets: list them (the default), fetch one, verify the files.

    Files are looked for in MLPLAB_DATA, the user's cache (MLPLAB_CACHE), the system's folders, the
    official source and its mirrors, in this order; every copy is checked by its SHA-256.
    """


@data.command("list")
@options.imports
@options.as_json
def list_(as_json: bool) -> None:
    """List the data sets, and where each was found or how it is made."""
    from mlplab.data import available

    found = available()
    if as_json:
        write_json(
            [
                {
                    "name": info.name,
                    "description": info.description,
                    "kind": info.kind,
                    "n_train": info.n_train,
                    "n_test": info.n_test,
                    "n_features": info.n_features,
                    "where": info.where,
                    "defaults": None if info.base is None else info.base.canonical(),
                    "valid": info.valid,
                }
                for info in found
            ]
        )
        return
    rows = [
        (
            info.name,
            *("" if n is None else str(n) for n in (info.n_train, info.n_test, info.n_features)),
            f"{info.description}; {info.where or f'not here yet: mlplab data fetch {info.name}'}",
        )
        for info in found
    ]
    numbers = ("train", "test", "features")
    heads = ("name", *numbers, "what it is, and where")
    write_table(heads, rows, right=numbers, whole=("name",))


@data.command()
@click.argument("name")
@click.option(
    "--to",
    type=click.Path(file_okay=False, path_type=Path),
    metavar="FOLDER",
    help="Also copy its files to this folder, as they are.",
)
@options.imports
@options.as_json
@options.quiet
def fetch(name: str, to: Path | None, as_json: bool, quiet: bool) -> None:
    """Make sure that the data set NAME is on this machine, checked."""
    from mlplab.data import fetch as obtain

    with show_log(quiet):
        where = obtain(name, to=to)
    if as_json:
        write_json({"name": name, "where": where})
    else:
        write_line(f"{name}: {where}")


@data.command()
@click.argument("name", required=False)
@options.imports
@options.as_json
def verify(name: str | None, as_json: bool) -> None:
    """Hash every copy of every file of the data set NAME, or of all of them.

    A damaged copy, or a file of NAME that is missing, is a failure. Data sets that need no files
    have nothing to verify.
    """
    from mlplab.data import verify as check

    found = check(name)
    if as_json:
        write_json([{"file": one.file, "ok": one.ok, "where": one.where} for one in found])
    else:
        for one in found:
            write_line(f"{_state(one.ok, one.where)}: {one.where or one.file}")
        if not found:
            write_line(f"{name or 'data sets'}: no files to verify")
    bad = [one for one in found if not one.ok and (one.where or name)]
    if bad:
        first = bad[0].where or f"{bad[0].file}, which is not on this machine"
        more = f" and {len(bad) - 1} more" if len(bad) > 1 else ""
        raise DataError(f"not sound: {first}{more}")


def _state(ok: bool, where: str | None) -> str:
    if where is None:
        return "not here"
    return "sound" if ok else "damaged"
