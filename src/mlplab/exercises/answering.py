"""Answering an exercise: run its experiments, judge its claims, tell what was found."""

from __future__ import annotations

import math
import os
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

from mlplab.errors import ConfigError
from mlplab.exercises.exercise import Exercise
from mlplab.exercises.findings import Checked, Findings, Results
from mlplab.exercises.page_texts import experiment_name, note, note_templates, page_texts
from mlplab.exercises.profile import Profile, profile_of
from mlplab.exercises.registry import list_exercises
from mlplab.exercises.wording_file import LANGUAGES
from mlplab.named_paths import named_path
from mlplab.notes import Note

if TYPE_CHECKING:
    from mlplab.exercises.measured import Measured
    from mlplab.experiment import Experiment, Runs
    from mlplab.experiment.progress import ProgressOption
    from mlplab.experiment.tracking import Track
    from mlplab.pages import Report
    from mlplab.specs import Verdict
    from mlplab.specs.clusters import Cluster
    from mlplab.store import Store


@dataclass(frozen=True)
class Answer:
    """What came of an exercise.

    Attributes:
        exercise: the exercise.
        profile: how thoroughly.
        runs: the finished runs of each of its experiments.
        verdicts: one per claim.
        findings: values, figures and tables.
        seconds: that the call took.
        remembered: which of `proofs`, `measured` and `findings` were not computed anew.
    """

    exercise: Exercise
    profile: Profile
    runs: Mapping[str, Runs]
    verdicts: tuple[Verdict, ...]
    findings: Findings
    seconds: float
    remembered: tuple[str, ...] = ()

    @property
    def n_runs(self) -> int:
        """Runs that the answer rests on."""
        return sum(len(runs) for runs in self.runs.values())

    @property
    def from_store(self) -> int:
        """How many of them were remembered."""
        return sum(runs.from_store for runs in self.runs.values())

    def report(self, command: str = "") -> Report:
        """Return what a page of this answer shows; `command` makes it."""
        from mlplab.pages import Report
        from mlplab.pages.run_facts import run_facts

        return Report(
            id=self.exercise.id,
            slug=self.exercise.slug,
            **page_texts(self.exercise, self.findings, self.verdicts),
            verdicts=list(self.verdicts),
            files=dict(self.findings.files),
            profile=self.profile.name,
            seconds=self.seconds,
            n_runs=self.n_runs,
            n_from_store=self.from_store,
            code=self._code(),
            plain=self._plain(),
            **run_facts(self.runs),
            names={name: experiment_name(self.exercise, name) for name in self.runs},
            command=command,
        )

    def _code(self) -> str:
        """The experiments as Python that declares them."""
        from mlplab.experiment.source_code import source_code

        codes = {name: source_code(runs.experiment) for name, runs in self.runs.items()}
        if len(codes) < 2:
            return "".join(codes.values())
        return "\n\n".join(f"# {name}\n{code}" for name, code in codes.items())

    def _plain(self) -> str:
        """One run in plain PyTorch: the first setting that has a short form there."""
        from mlplab.experiment.torch_code import torch_code

        for runs in self.runs.values():
            for arm in runs.arms:
                if code := torch_code(arm.run, runs.experiment.data):
                    return code
        return ""


def answer(
    exercise: Exercise,
    profile: str = "quick",
    *,
    seeds: int | None = None,
    store: Store | str | os.PathLike[str] | None = None,
    workers: int | None = None,
    device: str = "cpu",
    on: str | Cluster | None = None,
    progress: ProgressOption = True,
    until_decided: bool = False,
    recompute: bool = False,
    images: str | os.PathLike[str] | None = None,
    track: Track = None,
) -> Answer:
    """Run an exercise's experiments and return verdicts, figures and values for its text.

    Finished runs come from the store, so an interrupted call continues where it stopped. What is
    computed beyond them is kept there too, see `exercises.answer_cache`.

    Args:
        exercise: from `get_exercise`.
        profile: `quick`, `standard` or `full`.
        seeds: per arm, instead of the profile's.
        store: where runs are kept; None is the user's own.
        workers: worker processes.
        device: `cpu`, `cuda`, `mps`.
        on: where its experiments are trained, as `Experiment.run` has it; what it computes besides
            them, it computes here.
        progress: True for a bar, False for none, or what is called with a `Progress`.
        until_decided: add seeds, at looks declared before, until claims are decided.
        recompute: prove, measure and tell anew, whatever is remembered.
        images: a folder of images of your own, for exercises that take one. Verdicts on it are
            not put into the ledger, which is of the chapter's data.
        track: where runs are handed on to as they end, as `Experiment.run` has it.

    Raises:
        ConfigError: a package that the exercise needs is not installed, or it takes no images.
    """
    from mlplab.exercises.answer_cache import AnswerCache
    from mlplab.experiment.progress import Total
    from mlplab.experiment.progress_bar import reporting
    from mlplab.experiment.tracking import tracking
    from mlplab.store import Store

    started = time.monotonic()
    how = profile_for(exercise, profile, images)
    if exercise.needs is not None:
        exercise.needs()
    kept = store if isinstance(store, Store) else Store(store)
    cache = AnswerCache(exercise, how, seeds, kept, recompute=recompute)
    experiments = exercise.design(how, seeds)
    with reporting(progress, exercise.id) as report, tracking(track, progress) as tracker:
        plans = [experiment.plan(kept) for experiment in experiments.values()] if report else []
        epochs = sum(cell.run.fit.epochs for plan in plans for cell in plan.remaining)
        total = Total(report, sum(len(plan.cells) for plan in plans), epochs)

        def run(name: str, experiment: Experiment) -> Runs:
            return experiment.run(
                kept,
                keep_weights="new" if name in exercise.leaves else name in exercise.keeps,
                workers=workers,
                device=device,
                on=on,
                progress=total.next_part(),
                until_decided=until_decided and bool(experiment.claims),
                track=tracker,
            )

        proofs = cache.proofs()
        proved = _prove(exercise, proofs, kept)
        finished = {name: run(name, experiment) for name, experiment in experiments.items()}
        if exercise.then is not None:
            further = exercise.then(finished, how, seeds)
            finished |= {name: run(name, experiment) for name, experiment in further.items()}
        stated = [v for runs in finished.values() for v in runs.verdicts()]
        measured = cache.measured(finished)
        found = (*proved, *stated, *_measure(exercise, measured, how, kept))
        by_key = {verdict.key: verdict for verdict in found}
        verdicts = tuple(by_key[key] for key in exercise.claims)
        results = Results(finished, how, measured, proofs, verdicts=by_key)
        findings = cache.findings(results, total.next_part)
    seconds = time.monotonic() - started
    return Answer(exercise, how, finished, verdicts, findings, seconds, tuple(cache.remembered))


def _prove(exercise: Exercise, found: Sequence[Checked], store: Store) -> tuple[Verdict, ...]:
    """Decide what needs no runs, and keep the verdicts for the ledger."""
    from mlplab.experiment.verdict import worded
    from mlplab.specs import Proof, Verdict

    verdicts = []
    for one in found:
        claim = Proof(**exercise.worded(one.key))
        word = "refuted" if not one.holds else "checked" if one.n_cases else "proved"
        verdicts.append(
            Verdict(id=claim.id, **worded(claim), verdict=word, **note(exercise, claim.key, one))
        )
    _keep(exercise, "proofs", "exact", verdicts, store)
    return tuple(verdicts)


def _measure(
    exercise: Exercise, claims: Sequence[Measured], profile: Profile, store: Store
) -> tuple[Verdict, ...]:
    """Decide the claims about what is computed from the runs, in the order declared."""
    from mlplab.exercises.measured import decide_measured
    from mlplab.experiment.verdict import worded
    from mlplab.specs import Proof

    english, chinese = (note_templates(exercise, one) for one in LANGUAGES)
    repeated = [
        replace(one, note=Note(english[one.key], {"zh": chinese.get(one.key, english[one.key])}))
        if one.key in english
        else one
        for one in claims
    ]
    verdicts = tuple(
        one.replace(**worded(Proof(**exercise.worded(one.key))))
        for one in decide_measured(repeated)
    )
    if not profile.images:
        _keep(exercise, f"measured, {profile.name}", profile.name, verdicts, store)
    return verdicts


def _keep(
    exercise: Exercise,
    what: str,
    profile: str,
    verdicts: Sequence[Verdict],
    store: Store,
) -> None:
    """Put into the ledger what differs, by more than rounding, from each claim's last entry."""
    title = f"{exercise.id} {what}"
    known = {row["id"]: row for row in store.verdicts(title)}
    rows = [verdict.model_dump(mode="json") for verdict in verdicts]
    new = [row for row in rows if not _says_the_same(row, known.get(row["id"], {}))]
    if new:
        store.put_verdicts(title, new, exercise=exercise.id, profile=profile)


def _says_the_same(row: Mapping[str, Any], known: Mapping[str, Any]) -> bool:
    # A note says the same in every language: its English tells.
    asked = {name: value for name, value in row.items() if name != "note_wordings"}
    return all(name in known and _alike(value, known[name]) for name, value in asked.items())


def _alike(one: Any, other: Any) -> bool:
    if isinstance(one, float) and isinstance(other, float):
        # Sums depend in their last bits on where arrays lie in memory.
        both_nan = math.isnan(one) and math.isnan(other)
        return both_nan or math.isclose(one, other, rel_tol=1e-9, abs_tol=1e-12)
    if isinstance(one, dict) and isinstance(other, dict):
        return one.keys() == other.keys() and all(_alike(one[k], other[k]) for k in one)
    if isinstance(one, list) and isinstance(other, list):
        return len(one) == len(other) and all(map(_alike, one, other))
    return bool(one == other)


def profile_for(
    exercise: Exercise, name: str, images: str | os.PathLike[str] | None = None
) -> Profile:
    """Return the profile of that name, with the user's folder of images where one is given.

    Raises:
        ConfigError: no such profile, or the exercise takes no images.
    """
    profile = profile_of(name)
    if images is None:
        return profile
    if not exercise.takes_images:
        others = ", ".join(one.id for one in list_exercises() if one.takes_images)
        raise ConfigError(f"images: {exercise.id} takes no folder of images; these do: {others}")
    return replace(profile, images=str(named_path(images, "images").resolve()))


def plan(
    exercise: Exercise,
    profile: str = "quick",
    *,
    seeds: int | None = None,
    store: Store | str | os.PathLike[str] | None = None,
    workers: int | None = None,
    on: str | Cluster | None = None,
    images: str | os.PathLike[str] | None = None,
) -> list[dict[str, Any]]:
    """Return what each experiment of an exercise would run and cost; nothing is trained.

    What it trains besides them follows, an arm that is still to be chosen taken as the costliest.
    What cannot be known before is said in words, as `besides` of the first.
    """
    from mlplab.experiment import backend_of
    from mlplab.experiment.plan import make_plan
    from mlplab.store import Store

    kept = store if isinstance(store, Store) else Store(store)
    how, backend = profile_for(exercise, profile, images), backend_of(on)
    device = backend.on.device if backend.on else "cpu"
    experiments = exercise.design(how, seeds)
    plans = []
    for name, experiment in experiments.items():
        found = experiment.plan(kept, device=device)
        plans.append({"experiment": name, **found.page(experiment.data, backend, workers)})
    for more in exercise.extra_runs:
        experiment = experiments[more.experiment]
        cells = more.cells(experiment, how, kept)
        found = make_plan(cells, kept, need_weights=more.weights)
        found = found.with_paths(experiment.data, device)
        page = found.page(experiment.data, backend, workers)
        plans.append({"experiment": f"{more.experiment}: {more.says}", **page})
    if plans and (words := _extra_in_words(exercise)):
        plans[0]["besides"] = words
    return plans


def _extra_in_words(exercise: Exercise) -> list[str]:
    words = []
    if exercise.then is not None:
        words.append("further runs, whose arms the results above choose")
    if exercise.measure is not None:
        words.append("repeated computations on the results above")
    if exercise.prove is not None:
        words.append("proofs")
    return words
