"""`python -m mlplab.cli.reference docs`: write every page into the folder of the documentation."""

from __future__ import annotations

from pathlib import Path

import click

from mlplab.cli.reference.api import PAGE as API_PAGE
from mlplab.cli.reference.api import api
from mlplab.cli.reference.commands import PAGE, reference
from mlplab.cli.reference.vocabulary import FOLDER, pages


@click.command()
@click.argument("folder", type=click.Path(file_okay=False, path_type=Path))
def write(folder: Path) -> None:
    """Write all pages below FOLDER, and remove those of words that are no more."""
    files = {PAGE: reference(), API_PAGE: api(), **pages()}
    for path in (folder / FOLDER).rglob("*.*"):
        if path.relative_to(folder).as_posix() not in files:
            path.unlink()
    for name, text in files.items():
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / name).write_text(text, encoding="utf-8")


if __name__ == "__main__":
    write()
