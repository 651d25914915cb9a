"""`mlplab claims`: the ledger of every claim and what became of it."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from mlplab.cli import options
from mlplab.cli.documents import write_json
from mlplab.cli.screen import write
from mlplab.cli.verdicts import write_verdict

if TYPE_CHECKING:
    from mlplab.exercises.exercise import Exercise

NOT_RUN = "not run"
_SCOPES = ("scope", "this_test_set", "new_examples")
_SHOWN = ("id", "says", "verdict", "effect", "interval", *_SCOPES, "p", "n_seeds")
_Verdicts = dict[tuple[str, str], dict[str, Any]]


@click.command()
@options.store
@click.option(
    "--out",
    type=click.Path(file_okay=False, path_type=Path),
    default=Path("reports"),
    show_default=True,
    help="The folder in which pages are looked for.",
)
@options.as_json
def claims(store_place: str | None, out: Path, as_json: bool) -> None:
    """List every claim: the verdict, effect, interval, seeds, when, and the page.

    Exercises that were not run are listed too. Where several profiles were run, the most thorough
    one speaks.
    """
    from mlplab.exercises import list_exercises
    from mlplab.store import Store

    store = Store(store_place, create=store_place is None)
    stored = {(row["experiment"], row["id"]): row for row in store.verdicts(latest=True)}
    ledger = [line for one in list_exercises() for line in lines_of(one, stored, out)]
    ledger += [_line(None, row, None) for row in stored.values()]
    if as_json:
        hidden = ("name", "row")
        write_json([{k: line[k] for k in line if k not in hidden} for line in ledger])
        return
    shown = None
    for line in ledger:
        head = line["name"]
        if head != shown:
            page = f": {line['report']}" if line["report"] else ""
            write(f"{head}{page}")
            shown = head
        date = str(line["time"] or "")[:10]
        write_verdict(line["row"], *filter(None, (line["profile"], date)))


def lines_of(exercise: Exercise, stored: _Verdicts, out: Path) -> Iterator[dict[str, Any]]:
    """Yield a line per claim of an exercise; verdicts that it accounts for leave `stored`."""
    page = out / exercise.id / "index.html"
    where = str(page) if page.is_file() else None
    # Rows of a store in which claims had no keys are known by their words.
    keys = {says: key for key, says in exercise.claims.items()}
    spoken: dict[str, dict[str, Any]] = {}
    for name, row in list(stored.items()):
        key = row.get("key") or keys.get(row["says"], "")
        if row["exercise"] != exercise.id or key not in exercise.claims:
            continue
        del stored[name]
        known = spoken.get(key)
        if known is None or _rank(row) >= _rank(known):
            spoken[key] = row
    for key, says in exercise.claims.items():
        untold = {"id": "", "says": says, "verdict": NOT_RUN, "profile": ""}
        yield _line(exercise, spoken.get(key, untold), where)


def _rank(row: Mapping[str, Any]) -> int:
    """Order verdicts by how thorough their profiles are."""
    from mlplab.exercises import PROFILES

    profile = row["profile"]
    return list(PROFILES).index(profile) if profile in PROFILES else len(PROFILES)


def _line(exercise: Exercise | None, row: Mapping[str, Any], page: str | None) -> dict[str, Any]:
    return {
        "name": f"{exercise.id} {exercise.slug}" if exercise else row["experiment"],
        "exercise": exercise.id if exercise else None,
        "experiment": row.get("experiment"),
        "key": row.get("key") or None,
        "profile": row["profile"] or None,
        **{name: row.get(name) for name in _SHOWN},
        "time": row.get("time"),
        "report": page if row["profile"] else None,
        "row": row,
    }
