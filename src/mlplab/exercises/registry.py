"""The exercises by id and slug."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from importlib.resources import files
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal

from mlplab.errors import ConfigError, MlplabError
from mlplab.exercises.exercise import Exercise, exercises_in
from mlplab.exercises.extra_runs import ExtraRuns
from mlplab.exercises.findings import Checked as Checked
from mlplab.exercises.findings import Findings as Findings
from mlplab.exercises.findings import Results as Results
from mlplab.exercises.profile import PROFILES, Profile
from mlplab.exercises.text import LANGUAGES, Text, read_text
from mlplab.experiment.wording import claim_words
from mlplab.hints import hint
from mlplab.specs import digest

if TYPE_CHECKING:
    from mlplab.exercises.measured import Measured
    from mlplab.experiment import Experiment, Runs

Kind = Literal["trained", "exact"]


Prove = Callable[[], Sequence[Checked]]
Design = Callable[[Profile, int | None], "Mapping[str, Experiment]"]
Then = Callable[["Mapping[str, Runs]", Profile, int | None], "Mapping[str, Experiment]"]
Measure = Callable[["Mapping[str, Runs]", Profile], "Sequence[Measured]"]
Tell = Callable[[Results], Findings]


@dataclass(frozen=True)
class Declared:
    """One exercise declared in a section's module: what is run for it and what is told of it.

    Attributes:
        id: its number in the chapter, such as `4.2.1`.
        slug: its name in words.
        kind: `trained` (answered by runs) or `exact` (by computation alone).
        design: the experiments by name, for a profile and perhaps a number of seeds.
        tell: values, figures and tables from the finished runs and what was computed of them.
        chinese: the claims' wordings in Chinese, by the English ones.
        then: further experiments whose arms are chosen by the first ones' validation scores.
        later: the claims of these, in words.
        prove: decides the statements that need no runs.
        proofs: these, in words.
        measure: numbers per repetition of what is computed from the runs, with their claims.
        measured: these claims, in words.
        keeps: experiments, by name, whose weights are kept for what is told of them.
        needs: raises one clear line, before anything runs, if an optional package is missing.
        extra_runs: what is trained outside the experiments, for the plan.
    """

    id: str
    slug: str
    kind: Kind
    design: Design
    tell: Tell
    chinese: Mapping[str, str] = field(default_factory=dict, hash=False)
    then: Then | None = None
    later: tuple[str, ...] = ()
    prove: Prove | None = None
    proofs: tuple[str, ...] = ()
    measure: Measure | None = None
    measured: tuple[str, ...] = ()
    needs: Callable[[], object] | None = None
    keeps: tuple[str, ...] = ()
    extra_runs: tuple[ExtraRuns, ...] = ()

    def text(self, language: str) -> Text:
        """Return the words in a language."""
        return read_text(self.id, language)

    @property
    def title(self) -> dict[str, str]:
        """The title by language."""
        return {language: self.text(language).title for language in LANGUAGES}

    @property
    def claims(self) -> dict[str, str]:
        """Key -> claim in English, in the order of the page."""
        design = self.design(PROFILES["standard"], None).values()
        stated = [claim_words(claim)["en"] for one in design for claim in one.claims]
        words = (*self.proofs, *stated, *self.later, *self.measured)
        return {key_of(says): says for says in words}

    @property
    def n_claims(self) -> int:
        """Number of claims in the standard design."""
        return len(self.claims)

    def worded(self, key: str) -> dict[str, Any]:
        """Return a claim's words, as fields of a claim or a verdict."""
        for says, chinese in self.chinese.items():
            if key in (says, key_of(says)):
                return {"key": key_of(says), "says": {"en": says, "zh": chinese}, "whose": "source"}
        raise MlplabError(f"{self.id}: no claim {key!r}")


SECTIONS = (
)
HOMES = ["mlplab.exercises"]
"""Packages whose folders of sections hold exercises."""

_DECLARED: dict[str, Declared] = {}
AnyExercise = Exercise | Declared


def key_of(says: str) -> str:
    """Return the key of a claim that was declared by its words."""
    return f"c{digest(says, 7)}"


def exercise(
    id: str,
    *,
    slug: str,
    tell: Tell,
    kind: Kind = "trained",
    chinese: Mapping[str, str] | None = None,
    then: Then | None = None,
    later: Sequence[str] = (),
    prove: Prove | None = None,
    proofs: Sequence[str] = (),
    measure: Measure | None = None,
    measured: Sequence[str] = (),
    needs: Callable[[], object] | None = None,
    keeps: Sequence[str] = (),
    extra_runs: Sequence[ExtraRuns] = (),
) -> Callable[[Design], Design]:
    """Register a design as the exercise of that id.

    The decorated function returns the exercise's experiments by name; nothing runs in it.
    """

    def register(design: Design) -> Design:
        _DECLARED[id] = made = Declared(
            id,
            slug,
            kind,
            lambda profile, seeds: _named(made, design(profile, seeds), profile),
            tell,
            chinese or {},
            then
            and (lambda runs, profile, seeds: _named(made, then(runs, profile, seeds), profile)),
            tuple(later),
            prove,
            tuple(proofs),
            measure,
            tuple(measured),
            needs,
            tuple(keeps),
            tuple(extra_runs),
        )
        return design

    return register


def _named(
    made: Declared, experiments: Mapping[str, Experiment], profile: Profile
) -> dict[str, Experiment]:
    """The experiments as the exercise's own, their claims with keys and in both languages."""
    return {
        name: one.part_of(
            made.id,
            profile.name,
            name,
            [claim.replace(**made.worded(claim_words(claim)["en"])) for claim in one.claims],
        )
        for name, one in experiments.items()
    }


def list_exercises() -> tuple[AnyExercise, ...]:
    """Return all exercises in the order of the chapter."""
    from importlib import import_module

    for section in SECTIONS:
        import_module(f"mlplab.exercises.{section}")  # registers its exercises

    found = [one for home in HOMES for one in exercises_in(Path(str(files(home))), home)]
    every: list[AnyExercise] = [*found, *_DECLARED.values()]
    return tuple(sorted(every, key=lambda e: [int(n) for n in e.id.split(".")]))


def find_exercises(name: str) -> tuple[AnyExercise, ...]:
    """Return the exercises that a name stands for: one, those of a section, or all.

    Args:
        name: an id, a slug, the beginning of ids (`4.2`, also written `4.2.*`), or `all`.

    Raises:
        ConfigError: there is none.

    >>> [one.id for one in find_exercises("4.1")]
    ['4.1.1', '4.1.2', '4.1.3', '4.1.4']
    """
    section = name.removesuffix("*").rstrip(".")
    known = list_exercises()
    found = tuple(one for one in known if name == "all" or one.id.startswith(f"{section}."))
    return found or (get_exercise(name),)


def get_exercise(name: str) -> AnyExercise:
    """Return the exercise with an id or slug.

    Raises:
        ConfigError: there is none.

    >>> get_exercise("4.2.1").slug
    'hidden-width'
    """
    known = list_exercises()
    for one in known:
        if name in (one.id, one.slug):
            return one
    names = [word for one in known for word in (one.id, one.slug)]
    raise ConfigError(f"no exercise {name!r}; {hint(name, names, 'see mlplab list')}")
