"""`mlplab run`: exercises, answered with a verdict per claim and a page."""

from __future__ import annotations

import shlex
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from mlplab.cli import options
from mlplab.cli.clusters import cluster_options
from mlplab.cli.documents import write_json
from mlplab.cli.flags import SpecCommand
from mlplab.cli.one_of import OneOf
from mlplab.cli.plans import write_plans
from mlplab.cli.progress import show_progress
from mlplab.cli.screen import show_log, write, write_line
from mlplab.cli.tracking import handing_on
from mlplab.cli.verdicts import write_verdict
from mlplab.durations import spell_seconds
from mlplab.exercises.profile import PROFILES

if TYPE_CHECKING:
    from mlplab.exercises import Answer
    from mlplab.specs.clusters import Cluster
    from mlplab.store import Store

REPORTS = Path("reports")
_QUICK = "quick is small enough to try, not to rely on: --profile standard answers in earnest"


def _names(ctx: click.Context, param: click.Parameter, incomplete: str) -> list[str]:
    from mlplab.exercises import list_exercises

    names = ["all", *(name for one in list_exercises() for name in (one.id, one.slug))]
    return [name for name in names if name.startswith(incomplete)]


@click.command(cls=SpecCommand)
@click.argument("ids", nargs=-1, required=True, metavar="ID...", shell_complete=_names)
@click.option(
    "--profile",
    type=OneOf(list(PROFILES)),
    default=next(iter(PROFILES)),
    show_default=True,
    help="How thoroughly: seeds, arms and epochs.",
)
@options.seeds("the profile's")
@click.option(
    "--until-decided",
    is_flag=True,
    help="Add seeds, at looks declared before, until every claim is decided or 64 are used.",
)
@click.option(
    "--recompute",
    is_flag=True,
    help="Prove, measure and draw anew what the store remembers; runs still come from it.",
)
@click.option(
    "--out",
    type=click.Path(file_okay=False, path_type=Path),
    default=REPORTS,
    show_default=True,
    help="The folder for the pages.",
)
@click.option(
    "--images",
    type=click.Path(file_okay=False, path_type=Path),
    metavar="FOLDER",
    help="Answer on your own photographs, a sub-folder a class: 4.9.2 and 4.9.3 take them.",
)
@options.store
@options.device
@options.threads
@cluster_options
@options.track
@options.plan
@options.as_json
@options.quiet
def run(
    ids: tuple[str, ...],
    profile: str,
    n_seeds: int | None,
    until_decided: bool,
    recompute: bool,
    out: Path,
    images: Path | None,
    store_place: str | None,
    device: str,
    workers: int | None,
    cluster: Cluster | None,
    destinations: tuple[str, ...],
    plan_only: bool,
    as_json: bool,
    quiet: bool,
) -> None:
    """Run exercises by ID or name, print a verdict for each of their claims, and write a page.

    The number of a section, 4.2, stands for all its exercises, and `all` for the chapter's. What
    lies beyond the chapter is asked for by name: `beyond`, `record`, or one of their exercises.

    Finished runs are taken from the store, so an interrupted command continues where it stopped.
    With --json, one exercise makes an object, several make a list.

    \b
    mlplab run 4.2.1
    mlplab run hidden-width --profile standard --seeds 16 --out pages
    mlplab run 4.2 4.3
    mlplab run 4.9.2 4.9.3 --images photographs
    """
    from mlplab.exercises import answer, find_exercises, plan
    from mlplab.exercises.answering import profile_for
    from mlplab.store import Store

    if plan_only and destinations:
        raise click.UsageError("--track: --plan trains nothing that could be handed on")
    exercises = list(dict.fromkeys(one for name in ids for one in find_exercises(name)))
    for exercise in exercises:
        profile_for(exercise, profile, images)
        if exercise.needs is not None and not plan_only:
            exercise.needs()
    store = Store(store_place)
    settings: dict[str, Any] = {
        "seeds": n_seeds, "store": store, "workers": workers, "images": images,
        "on": cluster,
    }  # fmt: skip
    with show_log(quiet):
        if plan_only:
            plans = [one for each in exercises for one in plan(each, profile, **settings)]
            write_plans(plans, as_json)
            return
        documents = []
        with handing_on(destinations, quiet) as tracker:
            for exercise in exercises:
                with show_progress(exercise.id, quiet) as progress:
                    found = answer(
                        exercise,
                        profile,
                        device=device,
                        progress=progress,
                        until_decided=until_decided,
                        recompute=recompute,
                        track=tracker,
                        **settings,
                    )
                command = _command(found, n_seeds, until_decided, images)
                page, ledger = write_pages(found, out, command, store)
                documents.append(as_document(found, page))
                if not as_json:
                    show(found, page, ledger)
    if as_json:
        write_json(documents[0] if len(documents) == 1 else documents)


def write_pages(
    found: Answer, folder: Path, command: str, store: Store | None = None
) -> tuple[Path, Path]:
    """Write an answer's page and the ledger of all pages; return their paths.

    Pictures that the store remembers are not drawn again.
    """
    from mlplab.pages import remembered_pictures, write_index, write_page

    report = found.report(command)
    with remembered_pictures(report.figures, store):
        page = write_page(report, folder)
    return page, write_index([report], folder)


def as_document(found: Answer, page: Path) -> dict[str, Any]:
    """Return an answer as a JSON object."""
    scopes = ("scope", "this_test_set", "new_examples")
    names = ("id", "says", "verdict", "effect", "interval", *scopes, "p", "n_seeds")
    return {
        "exercise": found.exercise.id,
        "claims": [{name: getattr(one, name) for name in names} for one in found.verdicts],
        "n_runs": found.n_runs,
        "seconds": found.seconds,
        "report": str(page),
    }


def show(found: Answer, page: Path, ledger: Path) -> None:
    """Write an answer for people; the page's path comes last."""
    exercise, profile = found.exercise, found.profile.name
    write(f"{exercise.id} {exercise.slug}, {profile}: {exercise.title['en']}")
    for verdict in found.verdicts:
        write_verdict(verdict.model_dump(mode="json"))
    write(
        f"{found.n_runs} runs in {spell_seconds(found.seconds)}, {found.from_store} of them from "
        "the store" + ("; the rest was remembered (--recompute)" if found.remembered else "")
    )
    if profile == "quick":
        write(_QUICK)
    write_line(f"all pages: {ledger}")
    write_line(f"page: {page}")


def _command(found: Answer, n_seeds: int | None, until_decided: bool, images: Path | None) -> str:
    words = ["mlplab run", found.exercise.id, "--profile", found.profile.name]
    words += [f"--seeds {n_seeds}"] if n_seeds else []
    words += [f"--images {shlex.quote(str(images))}"] if images is not None else []
    return " ".join([*words, *(["--until-decided"] if until_decided else [])])
