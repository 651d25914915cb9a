"""An exercise as its folder has it: what is run, what is computed, what is told, and its words."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from importlib import import_module
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal

from mlplab.errors import MlplabError
from mlplab.exercises.extra_runs import ExtraRuns
from mlplab.exercises.profile import Profile
from mlplab.exercises.wording_file import LANGUAGES, Wording, read_wording
from mlplab.hints import hint

if TYPE_CHECKING:
    from mlplab.exercises.findings import Checked, Findings, Results
    from mlplab.exercises.measured import Measured
    from mlplab.experiment import Experiment, Runs
    from mlplab.specs import Claim

Kind = Literal["trained", "exact"]


@dataclass(frozen=True)
class Exercise:
    """One exercise; its folder holds all there is of it.

    The functions are found by their names in modules of the same names, and imported when they are
    needed: `design(profile, seeds)` returns the experiments by name, and beside it may stand
    `then(runs, profile, seeds)`, further experiments whose arms the first ones' validation scores
    choose, and `KEEPS`, `LEAVES`, `NEEDS`, `IMAGES` and `EXTRA_RUNS`; `measure(runs, profile)`
    returns numbers per repetition with their claims; `prove()` decides statements that need no
    runs; `tell(results)` returns values, figures and tables.

    Attributes:
        folder: with `en.md`, `zh.md` and the modules.
        package: its dotted name.
    """

    folder: Path
    package: str

    @cached_property
    def wordings(self) -> dict[str, Wording]:
        """The words by language.

        Raises:
            MlplabError: a file is missing or damaged, or the languages word other claims.
        """
        found = {one: read_wording(self.folder / f"{one}.md") for one in LANGUAGES}
        for language, wording in found.items():
            if set(wording.claims) != set(found["en"].claims):
                apart = sorted(set(wording.claims) ^ set(found["en"].claims))
                raise MlplabError(
                    f"{self.folder.name}: en.md and {language}.md word different claims: "
                    f"{', '.join(apart)}"
                )
        return found

    @property
    def id(self) -> str:
        """Its number in the chapter, such as `4.2.1`, or a name such as `beyond.grokking`."""
        if not self.wordings["en"].id:
            raise MlplabError(f"{self.folder.name}/en.md: id is missing")
        return self.wordings["en"].id

    @property
    def in_chapter(self) -> bool:
        """Whether it is of the chapter; `all` means these, and the others are named."""
        return self.id[0].isdigit()

    @property
    def slug(self) -> str:
        """Its name in words: that of its folder."""
        return self.folder.name.replace("_", "-")

    @property
    def kind(self) -> Kind:
        """`trained` (answered by runs) or `exact` (by computation alone)."""
        return "trained" if self._has("design") else "exact"

    @property
    def title(self) -> dict[str, str]:
        """The title by language."""
        return {language: wording.title for language, wording in self.wordings.items()}

    @property
    def claims(self) -> Mapping[str, str]:
        """Key -> claim in English, in the order of the page."""
        return self.wordings["en"].claims

    @property
    def n_claims(self) -> int:
        """How many claims there are."""
        return len(self.claims)

    @property
    def design(self) -> Callable[[Profile, int | None], Mapping[str, Experiment]]:
        """The experiments by name, for a profile and perhaps a number of seeds."""
        return self._experiments if self._has("design") else lambda profile, seeds: {}

    @property
    def then(
        self,
    ) -> Callable[[Mapping[str, Runs], Profile, int | None], Mapping[str, Experiment]] | None:
        """Further experiments whose arms the first ones choose."""
        return self._further if self._setting("then", None) is not None else None

    @property
    def measure(self) -> Callable[[Mapping[str, Runs], Profile], Sequence[Measured]] | None:
        """Numbers per repetition of what is computed from the runs, with their claims."""
        return self._function("measure") if self._has("measure") else None

    @property
    def prove(self) -> Callable[[], Sequence[Checked]] | None:
        """Decides the statements that need no runs."""
        return self._function("prove") if self._has("prove") else None

    @property
    def tell(self) -> Callable[[Results], Findings]:
        """Values, figures and tables of what was found."""
        tell: Callable[[Results], Findings] = self._function("tell")
        return tell

    @property
    def keeps(self) -> tuple[str, ...]:
        """Experiments, by name, whose weights are kept for what is told of them."""
        return tuple(self._setting("KEEPS", ()))

    @property
    def leaves(self) -> tuple[str, ...]:
        """Experiments, by name, whose weights are kept, if they train, for another exercise."""
        return tuple(self._setting("LEAVES", ()))

    @property
    def extra_runs(self) -> tuple[ExtraRuns, ...]:
        """What is trained outside the experiments, for the plan."""
        return tuple(self._setting("EXTRA_RUNS", ()))

    @property
    def needs(self) -> Callable[[], object] | None:
        """Raises one clear line, before anything runs, if an optional package is missing."""
        needs: Callable[[], object] | None = self._setting("NEEDS", None)
        return needs

    @property
    def takes_images(self) -> bool:
        """Whether it can be answered on a folder of the user's own images."""
        return bool(self._setting("IMAGES", False))

    def worded(self, key: str) -> dict[str, Any]:
        """Return a claim's words, as fields of a claim or a verdict.

        Raises:
            MlplabError: the texts do not know the key.
        """
        if key not in self.claims:
            known = hint(key, self.claims)
            raise MlplabError(f"{self.id}: no claim {key!r} in en.md; {known}")
        source = self.wordings["en"].source
        because = {n: w.because[key] for n, w in self.wordings.items() if key in w.because}
        return {
            "key": key,
            "says": {language: one.claims[key] for language, one in self.wordings.items()},
            "whose": "source" if key in source else "ours",
            "because": because or "",
        }

    def _experiments(self, profile: Profile, seeds: int | None) -> Mapping[str, Experiment]:
        return self._named(self._function("design")(profile, seeds), profile)

    def _further(
        self, runs: Mapping[str, Runs], profile: Profile, seeds: int | None
    ) -> Mapping[str, Experiment]:
        return self._named(self._setting("then", None)(runs, profile, seeds), profile)

    def _named(
        self, experiments: Mapping[str, Experiment], profile: Profile
    ) -> dict[str, Experiment]:
        def claims(experiment: Experiment) -> list[Claim]:
            return [claim.replace(**self.worded(claim.key)) for claim in experiment.claims]

        return {
            name: one.part_of(self.id, profile.name, name, claims(one))
            for name, one in experiments.items()
        }

    def _has(self, part: str) -> bool:
        return (self.folder / f"{part}.py").is_file()

    def _module(self, part: str) -> Any:
        return import_module(f"{self.package}.{part}")

    def _function(self, part: str) -> Callable[..., Any]:
        function: Callable[..., Any] = getattr(self._module(part), part)
        return function

    def _setting(self, name: str, default: Any) -> Any:
        """What stands beside the design."""
        if not self._has("design"):
            return default
        return getattr(self._module("design"), name, default)


def exercises_in(folder: Path, package: str) -> list[Exercise]:
    """Return the exercises below a folder of sections, found by their `en.md`."""
    return [
        Exercise(path.parent, f"{package}.{path.parent.parent.name}.{path.parent.name}")
        for path in sorted(folder.glob("*/*/en.md"))
    ]
