"""The results of an experiment: frames, comparisons, verdicts, the best arm."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from functools import cached_property
from typing import TYPE_CHECKING, Any, Literal, final

import numpy as np
from numpy.typing import NDArray

from mlplab.errors import ConfigError
from mlplab.experiment.arms import Arm
from mlplab.experiment.best import Best, choose
from mlplab.experiment.compare import compare_levels
from mlplab.experiment.conduct import Setup
from mlplab.experiment.cross_validation import CrossValidated, cross_validate
from mlplab.experiment.declaration import Declaration
from mlplab.experiment.design import Cell
from mlplab.experiment.effects import Effects, estimate_effects
from mlplab.experiment.ensembles import Ensembles, ensembles_of
from mlplab.experiment.frame import make_frame, metric_place
from mlplab.experiment.metrics import check_metric, records
from mlplab.experiment.pairs import paired_numbers
from mlplab.experiment.progress import ProgressOption
from mlplab.experiment.results import Results
from mlplab.experiment.summary import ArmSummary, summarise
from mlplab.experiment.verdict import (
    Judge,
    LookPlan,
    count_claims,
    judge_claim,
    question_before,
    question_of,
)
from mlplab.experiment.weights import run_weights, unpack_weights
from mlplab.hints import hint
from mlplab.notes import NOTHING, Note, say_note
from mlplab.reading import read_whole
from mlplab.sheet import MOST_ROWS, Sheet, interval_text, text_of
from mlplab.specs import Claim, Outcome, Proof, Provenance, Verdict, Verdicts
from mlplab.stats import FailureCount, count_failures

if TYPE_CHECKING:
    import pandas as pd


@final
class Runs(Results):
    """All runs of an experiment, finished; made by `Experiment.run`.

    Attributes:
        experiment: what was asked.
        cells: arm, seed, run and key of every run.
        outcomes: key -> outcome.
        setup: where they are kept, and what trains more of them.
        table: the outcomes as arms by seeds.
        from_store: runs that were remembered rather than trained.
        seconds: that the call took.
        plan: the looks, if seeds were added until decided.
    """

    def __init__(
        self,
        experiment: Declaration,
        cells: Sequence[Cell],
        outcomes: Mapping[str, Outcome],
        setup: Setup,
        from_store: int,
        seconds: float,
        plan: LookPlan | None = None,
    ) -> None:
        super().__init__(experiment, cells, outcomes, setup)
        self.from_store = from_store
        self.seconds = seconds
        self.plan = plan

    def __len__(self) -> int:
        return len(self.cells)

    def __repr__(self) -> str:
        return (
            f"Runs({self.experiment.title!r}: {len(self)} runs, {len(self.arms)} arms, "
            f"{self.from_store} from the store, {self.seconds:.1f} s)"
        )

    def _repr_html_(self) -> str:
        shown, task = self.arms[:MOST_ROWS], self.experiment.data
        names = self.outcomes.metric_names()
        columns = []
        for metric in sorted(filter(_is_shown, names), key=metric_place):
            arms = [arm for arm in shown if records(metric, arm.run, task)]
            columns.append((metric, {s.arm: s for s in summarise(self.table, arms, metric, task)}))
        rows = [
            (
                arm.label,
                *(_summary_text(found.get(arm.label)) for _, found in columns),
                len(failed := self.table.failed(arm)),
                int(failed.sum()),
            )
            for arm in shown
        ]
        return Sheet(
            repr(self),
            heads=("arm", *(metric for metric, _ in columns), "runs", "failed"),
            rows=rows,
            n_rows=len(self.arms),
            note="Means over seeds, with their 95 % intervals.",
        ).html()

    def frame(self, *, last: bool = False) -> pd.DataFrame:
        """Return a tidy frame: one row per run and epoch, or only each run's last epoch.

        Columns: key, arm, seed, the factors by dotted path, epoch (from 1), status,
        diverged_epoch, provenance, and the metrics.
        """
        return make_frame(self.cells, self.outcomes, last=last)

    def values(
        self, metric: str, arms: Sequence[Arm | Mapping[str, Any] | str] | None = None
    ) -> NDArray[np.float64]:
        """Return a metric's last values, (arms, seeds); NaN where a run failed.

        Seeds are those that all these arms ran, in the order of the experiment.
        """
        return self.table.select(self._known(metric, arms), metric).values

    def summary(self, metric: str) -> tuple[ArmSummary, ...]:
        """Return each arm's mean over seeds with its 95 % interval, seeds and failed runs.

        Arms that do not record the metric (where `fit.test` or `fit.measures` vary) are left out.

        Does not license: comparing arms by whether their intervals overlap (see `compare`).

        Raises:
            ConfigError: no arm records it.
        """
        task = self.experiment.data
        arms = [arm for arm in self.arms if records(metric, arm.run, task)]
        return summarise(self.table, arms or self._known(metric, None), metric, task)

    def cross_validated(self, metric: str) -> tuple[CrossValidated, ...]:
        """Score each setting over the folds or splits that `rows` is varied over.

        One number per fold, the mean over seeds; the interval counts the rows that folds share
        (Nadeau and Bengio 2003). To compare two settings, hand the differences of their `values`
        to `stats.cross_validated_interval` and this to `stats.decide_interval`.

        Args:
            metric: of the rows held out.

        Raises:
            ConfigError: the design does not vary `rows`, or the metric was not recorded.
        """
        self._known(metric, None)
        return cross_validate(self, metric)

    def compare(
        self,
        factor: str,
        metric: str,
        matters: float = 0.005,
        *,
        pairs: Literal["first", "all"] = "first",
    ) -> Verdicts:
        """Compare the levels of a factor: each with the first, or every two.

        Pairs are taken by seed and averaged over the settings of the other factors that both
        levels met. The pairs of one call share the level (m = their number).

        Assumes: the comparison was meant before looking; otherwise declare it as a claim.

        Args:
            factor: dotted path or short name.
            metric: compared at the last epoch.
            matters: the smallest difference that matters.
            pairs: which pairs.

        Raises:
            ConfigError: not a factor of this design, or a metric that was not recorded.
        """
        self._known(metric, None)
        return compare_levels(self, factor, metric, matters, pairs)

    def effects(self, metric: str, matters: float = 0.005) -> Effects:
        """Estimate the main effect of each factor of a full grid, and which factors interact.

        Seeds are blocks, each with one copy of the grid: every effect is a contrast computed seed
        by seed, with its t interval over seeds; all of them share the level. Two factors are
        "additive" if every two-by-two contrast is less than `matters`, "not additive" if one is
        shown to be there; see `stats.factorial_effects`. Seeds with a failed run are left out
        whole and named, and then there is no verdict.

        Assumes: the analysis was meant before looking; otherwise declare an `Interaction`.
        Does not license: levels that were not run; choosing by a metric of the test split.

        Args:
            metric: at the last epoch.
            matters: the smallest difference that matters.

        Raises:
            ConfigError: no full grid, under two seeds on which every arm finished, or a metric
                that was not recorded.
        """
        self._known(metric, None)
        return estimate_effects(self, metric, matters)

    def ensembles(self, size: int, arm: Arm | Mapping[str, Any] | str | None = None) -> Ensembles:
        """Return an arm's runs in disjoint ensembles of so many, in the order of their seeds.

        Ensembles without a common member are repetitions: of 25 runs come 5 of 5, and with them an
        interval. Seeds that are left over belong to none. Their weights are needed: keep them with
        `Experiment.run(keep_weights=True)`, otherwise they are trained again.

        Args:
            size: members of each.
            arm: its label, or factor values over the base's; None is the only arm.

        Raises:
            ConfigError: more members than runs, or no such arm, or several and none is named.
        """
        if arm is None and len(self.arms) > 1:
            raise ConfigError(f"arm: expected one of {len(self.arms)}; got None")
        found = self.arms[0] if arm is None else self.experiment.find(arm)
        return ensembles_of(self, found, size)

    def verdict(self, key: str) -> Verdict:
        """Return the verdict on the declared claim of that key.

        Raises:
            ConfigError: no claim has it.
        """
        if not isinstance(key, str):
            raise ConfigError(
                f"key: expected the key of a declared claim; got {key!r}; declare it: "
                "Experiment(..., claims=[claim])"
            )
        known = {one.key: one for one in self.verdicts() if one.key}
        if key not in known:
            raise ConfigError(f"no claim has the key {key!r}; {hint(key, known)}")
        return known[key]

    def verdicts(self) -> Verdicts:
        """Return the verdict on every declared claim, in order; they are kept in the store.

        The level 0.05 is shared among all declared claims (links of a chain each count). A claim
        evaluated before at another number of seeds, undeclared, is marked "unprotected look k".
        """
        return self._verdicts

    def pairs(self, *claims: Claim | str) -> pd.DataFrame:
        """Return the numbers whose mean a verdict is about, for `draw.paired_differences`.

        One per seed: a paired difference, an interaction's contrast, a metric less a threshold.
        Seeds with a failed run have none. What is declared is decided for it, as by `verdicts`.

        Args:
            claims: claims about this design's arms, or the keys, words or ids of declared ones;
                default: all that are declared, but for those of a best arm or of failures, and
                proofs.

        Returns:
            The columns claim (the verdict's id; each link's, where the claim is a chain), seed,
            difference.

        Raises:
            ConfigError: no such claim, or one of a best arm or of failures, or a proof.
        """
        experiment = self.experiment
        decided = list(zip(experiment.claims, self.verdicts(), strict=True))
        return paired_numbers(claims, decided, self._judge, experiment.find)

    @property
    def _judge(self) -> Judge:
        experiment = self.experiment
        return Judge(self.table, experiment.data, count_claims(experiment.claims), self.plan)

    @cached_property
    def _verdicts(self) -> Verdicts:
        experiment, store = self.experiment, self.setup.store
        judge = self._judge
        history: dict[str, list[dict[str, Any]]] = {}
        known: dict[str, dict[str, Any]] = {}
        for row in store.verdicts(experiment.title) if experiment.claims else []:
            history.setdefault(row.get("details", {}).get("question", ""), []).append(row)
            known[row["id"]] = row
        task = self.cells[0].run.task
        assert task is not None
        verdicts = []
        for claim in experiment.claims:
            question, earlier = "", []
            if not isinstance(claim, Proof):
                about = (claim, experiment.find, task, experiment.fails)
                question = question_of(*about)
                earlier = [*history.get(question_before(*about), []), *history.get(question, [])]
            verdicts.append(judge_claim(claim, judge, experiment.find, question, earlier))
        # Said before, word for word, it is no second look: printing again adds nothing.
        new = [row for v in verdicts if not _same(row := _row(v), known)]
        if new:
            store.put_verdicts(
                experiment.title, new, exercise=experiment.exercise, profile=experiment.profile
            )
        return Verdicts(verdicts)

    def best(
        self, metric: str, matters: float = 0.005, *, higher_is_better: bool | None = None
    ) -> Best:
        """Choose the arm with the best mean, with the arms it cannot be told from.

        Args:
            metric: of the validation or training split; the test split may not choose.
            matters: the smallest difference that matters.
            higher_is_better: known for the usual metrics, needed for a user's own.

        Raises:
            GuardError: a metric of the test split.
            ConfigError: a metric that was not recorded, or of unknown direction.
        """
        return choose(self, metric, matters, higher_is_better)

    def weights(
        self, arm: Arm | Mapping[str, Any] | str, seed: int, *, progress: ProgressOption = True
    ) -> dict[str, NDArray[Any]]:
        """Return a run's weights by name; trained again, to the same bits, if they were not kept.

        Args:
            arm: its label, or factor values over the base's.
            seed: one of the experiment's.
            progress: True for a bar while it is trained, False for none, or what is called with
                a `Progress`.

        Raises:
            ConfigError: no such run, or one that diverged.
        """
        found = self.experiment.find(arm)
        cells = self.cells.of_arm(found)
        cells = cells.take(cells.seeds == read_whole("seed", seed, least=0))
        if not cells:
            raise ConfigError(f"seed: arm {found.label!r} was not run with seed {seed!r}")
        return unpack_weights(run_weights(cells, self, progress)[0])

    def failures(self) -> dict[str, FailureCount]:
        """Return each arm's failed runs, with the Clopper-Pearson interval of their rate."""
        counts = {}
        for arm in self.arms:
            failed = self.table.failed(arm)
            if len(failed):
                counts[arm.label] = count_failures(failed)
        return counts

    @property
    def provenances(self) -> dict[str, Provenance | None]:
        """Where the runs' bits come from, by id; None for an id the store knows nothing of."""
        known = self.setup.store.provenances()
        ids = sorted(self.outcomes.origins())
        return {name: Provenance(**known[name]) if name in known else None for name in ids}

    @property
    def note(self) -> Note:
        """A warning if runs of several provenances are mixed, else empty."""
        ids = sorted(self.outcomes.origins())
        return say_note("mixed runs", n=len(ids), names=ids) if len(ids) > 1 else NOTHING

    def _known(
        self, metric: str, arms: Sequence[Arm | Mapping[str, Any] | str] | None
    ) -> tuple[Arm, ...]:
        chosen = self.arms if arms is None else tuple(map(self.experiment.find, arms))
        for arm in chosen:
            check_metric(metric, arm.run, self.experiment.data)
        return chosen


def _is_shown(metric: str) -> bool:
    return not metric.endswith(("loss", "norm"))


def _summary_text(found: ArmSummary | None) -> str:
    if found is None:
        return "–"
    return f"{text_of(found.mean)} {interval_text(found.interval) if found.interval else ''}"


def _row(verdict: Verdict) -> dict[str, Any]:
    """Return what is kept: of the remarks the English alone, which says all that they do."""
    parts = tuple(part.replace(note_wordings={}) for part in verdict.parts)
    row: dict[str, Any] = verdict.replace(note_wordings={}, parts=parts).model_dump(mode="json")
    return row


def _same(row: Mapping[str, Any], known: Mapping[str, Mapping[str, Any]]) -> bool:
    """Whether the last stored verdict of this claim says just the same."""
    stored = dict(known.get(row["id"], {}))
    return {name: stored.get(name) for name in row} == dict(row)
