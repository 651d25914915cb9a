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
    from mlplab.exercises import Exercise

_EXACT = "exact"  # the profile of what is decided by computation
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
    ledger += [_line(None, "", row, None) for row in stored.values()]
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
    from mlplab.exercises import PROFILES
    from mlplab.specs import Proof

    page = out / exercise.id / "index.html"
    where = str(page) if page.is_file() else None
    spoken: dict[str, tuple[str, dict[str, Any]]] = {}
    for profile in reversed(PROFILES.values()):
        for experiment in exercise.design(profile, None).values():
            for claim in experiment.claims:
                row = stored.pop((str(experiment.name), claim.id), None)
                if row is not None:
                    spoken.setdefault(claim.says, (profile.name, row))
    # Claims whose arms an earlier stage chooses, measured ones and proofs are known by their words.
    later = (*exercise.later, *exercise.measured)
    by_words = {*later, *exercise.proofs}
    for name, row in list(stored.items()):
        profile_name = _profile_in(name[0], exercise.id)
        if profile_name and row["says"] in by_words:
            known = spoken.get(row["says"])
            if known is None or _rank(profile_name) > _rank(known[0]):
                spoken[row["says"]] = (profile_name, row)
            del stored[name]
    design = exercise.design(PROFILES["standard"], None).values()
    declared = {claim.says: claim.id for one in design for claim in one.claims}
    proofs = {says: Proof(says=says).id for says in exercise.proofs}
    for says, claim_id in (proofs | declared | dict.fromkeys(later, "")).items():
        untold: dict[str, Any] = {"id": claim_id, "says": says, "verdict": NOT_RUN}
        profile_name, row = spoken.get(says, ("", untold))
        yield _line(exercise, profile_name, row, where)


def _profile_in(experiment: str, exercise_id: str) -> str:
    """Return the profile that an experiment of an exercise names; empty for another's."""
    if experiment == f"{exercise_id} proofs":
        return _EXACT
    if not experiment.startswith(f"{exercise_id} "):
        return ""
    return experiment.rpartition(", ")[2]


def _rank(profile: str) -> int:
    """Order profiles by how thorough they are."""
    from mlplab.exercises import PROFILES

    return list(PROFILES).index(profile) if profile in PROFILES else len(PROFILES)


def _line(
    exercise: Exercise | None, profile: str, row: Mapping[str, Any], page: str | None
) -> dict[str, Any]:
    return {
        "name": f"{exercise.id} {exercise.slug}" if exercise else row["experiment"],
        "exercise": exercise.id if exercise else None,
        "experiment": row.get("experiment"),
        "profile": profile or None,
        **{name: row.get(name) for name in _SHOWN},
        "time": row.get("time"),
        "report": page if profile else None,
        "row": row,
    }
