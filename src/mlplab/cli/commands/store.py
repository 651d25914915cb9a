"""`mlplab store`: what is kept, how large it is, and what may go."""

from __future__ import annotations

import click

from mlplab.cli import options
from mlplab.cli.documents import write_json
from mlplab.cli.groups import DefaultGroup
from mlplab.cli.screen import show_bytes, write, write_line


@click.group(cls=DefaultGroup, default="info")
def store() -> None:
    """What is kept: show it (the default), or remove what is no longer needed."""


@store.command()
@options.store
@options.as_json
def info(store_place: str | None, as_json: bool) -> None:
    """Say where the store is, what it holds, and which runs an upgrade made stale."""
    from dataclasses import asdict

    from mlplab.store import Store

    found = Store(store_place, create=False).info()
    if as_json:
        write_json(asdict(found))
        return
    write_line(f"{found.where}: {show_bytes(found.bytes)}")
    holds = ", ".join(f"{rows} {name}" for name, rows in found.rows.items())
    write(f"holds {holds}; tables of version {found.schema_version}")
    for engine, n_runs in found.runs_by_engine.items():
        state = "current" if engine == found.engine else "stale" if engine != "unknown" else ""
        write(f"  engine {engine}: {n_runs} finished runs{f' ({state})' if state else ''}")
    if found.stale:
        write(f"{found.stale} stale runs answer nothing any more: mlplab store prune removes them")
    if found.stale_remembered:
        write(
            f"{found.stale_remembered} of {found.rows['remembered']} remembered results and "
            "pictures are of other code: mlplab store prune removes them"
        )


@store.command()
@options.store
@click.option("--engine", metavar="VERSION", help="Runs of this old engine version only.")
@click.option("--checkpoints", is_flag=True, help="Unfinished runs; they start anew.")
@click.option("--weights", is_flag=True, help="Weights of finished runs; the results stay.")
@click.option(
    "--older-than",
    "days",
    type=click.FloatRange(0),
    metavar="DAYS",
    help="Only what was kept before; alone, it removes runs of every engine.",
)
@click.option("--dry-run", is_flag=True, help="Say what would go, and remove nothing.")
@options.as_json
def prune(
    store_place: str | None,
    engine: str | None,
    checkpoints: bool,
    weights: bool,
    days: float | None,
    dry_run: bool,
    as_json: bool,
) -> None:
    """Remove what is no longer needed.

    Without an option: runs of older engine versions, and what other code than this remembered.
    Verdicts and test looks are always kept.
    """
    from dataclasses import asdict

    from mlplab.store import Store

    chosen = engine is not None or checkpoints or weights or days is not None
    report = Store(store_place, create=False).prune(
        stale=not chosen,
        stale_engine=engine,
        checkpoints=checkpoints,
        weights=weights,
        older_than_days=days,
        dry_run=dry_run,
    )
    if as_json:
        write_json(asdict(report))
        return
    what = ", ".join(f"{rows} {name}" for name, rows in report.rows.items()) or "nothing"
    write(f"{'would remove' if dry_run else 'removed'} {what} ({show_bytes(report.bytes)})")
