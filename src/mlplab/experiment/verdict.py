"""Declared claims and what the runs say of them."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from mlplab.data import Task
from mlplab.experiment.metrics import rows_scored
from mlplab.experiment.outcome_table import OutcomeTable, Slice
from mlplab.experiment.parts import Answer, Choice, Contrast, Declared, Find, Part, parts_of
from mlplab.experiment.wording import claim_words
from mlplab.notes import NOTHING, Note, join_notes, say_note
from mlplab.specs import Claim, Proof, Rows, TaskRef, Verdict, digest
from mlplab.specs.claim import ANSWERED
from mlplab.stats import (
    LOOKS,
    SPLIT,
    Decision,
    decide_chain,
    is_settled,
    look_number,
    walk_looks,
)


@dataclass(frozen=True, slots=True)
class LookPlan:
    """Numbers of seeds at which results are looked at, and each look's share of the level."""

    looks: tuple[int, ...] = LOOKS
    split: tuple[float, ...] = SPLIT


@dataclass(frozen=True, slots=True)
class Judged:
    """One part decided: the answer, the seeds it rests on, and whether it is through."""

    part: Part
    answer: Answer
    data: Slice
    settled: bool
    look: int = 0


def count_claims(claims: Sequence[Claim]) -> int:
    """Return m: the claims that share the level, each link of a chain counted.

    >>> from mlplab.specs import Chain, Threshold
    >>> chain = Chain(says="A > B > C", arms=({"lr": 1}, {"lr": 2}, {"lr": 3}))
    >>> count_claims([chain, Threshold(says="good", arm={}, value=0.9, expect="higher")])
    3
    """
    return sum(
        len(claim.arms) - 1 if claim.kind == "chain" else claim.kind != "proof" for claim in claims
    )


class Judge:
    """Decides parts on a table of outcomes, at the level that m claims leave to each.

    Args:
        table: outcomes.
        task: for the grid on which accuracies lie.
        n_claims: m.
        plan: look plan, if results are looked at until decided.
    """

    def __init__(
        self, table: OutcomeTable, task: Task, n_claims: int, plan: LookPlan | None = None
    ) -> None:
        self._table = table
        self._task = task
        self._m = max(1, n_claims)
        self._plan = plan
        self._grids: dict[tuple[str, Rows], int | None] = {}

    def decide(self, part: Part) -> Judged:
        """Decide one part on all its seeds, or at the looks of the plan."""
        data = self._table.select(part.arms, part.metric)
        grid = self._grid(part)
        plan = self._plan
        if plan is None:
            answer = part.decide(data, self._m, 1.0, grid)
            return Judged(part, answer, data, is_settled(answer.decision))

        def evaluate(n_seeds: int, share: float) -> Decision:
            return part.decide(data.first(n_seeds), self._m, share, grid).decision

        walked = walk_looks(evaluate, len(data.seeds), looks=plan.looks, split=plan.split)
        place = max(0, walked.look - 1)
        # A claim that stopped early is told of the seeds it stopped at, though others went on.
        data = data.first(plan.looks[place])
        answer = part.decide(data, self._m, plan.split[place], grid)
        return Judged(part, answer, data, walked.stopped, walked.look)

    def _grid(self, part: Part) -> int | None:
        """Fewest rows that any arm's accuracy is a share of."""
        sizes = []
        for arm in part.arms:
            name = (part.metric, arm.run.rows)
            if name not in self._grids:
                # All seeds hold out equally many rows: one tells the grid.
                run = arm.run.replace(seed=self._table.seeds[0])
                self._grids[name] = rows_scored(part.metric, run, self._task)
            sizes.append(self._grids[name])
        known = [size for size in sizes if size is not None]
        return min(known) if known else None


def judge_claim(
    claim: Claim, judge: Judge, find: Find, question: str, history: Sequence[Mapping[str, Any]]
) -> Verdict:
    """Return the verdict on one declared claim.

    Args:
        claim: as declared.
        judge: decides its parts.
        find: factor values -> arm of the design.
        question: hash of what the claim asks of which runs, see `question_of`.
        history: the experiment's stored verdicts on the same question: earlier looks.
    """
    told = worded(claim)
    if isinstance(claim, Proof):
        return Verdict(id=claim.id, **told, verdict="none", **note_fields(say_note("computed")))
    name = claim_id(question)
    judged = [judge.decide(part) for part in parts_of(claim, find)]
    plan = [one.look for one in judged]
    n_seeds = max(len(one.data.seeds) for one in judged)
    looks = join_notes(_look_note(n_seeds, bool(plan[0]), history), _answers_note(judged))
    details: dict[str, Any] = {"question": question, "seeds": n_seeds}
    if plan[0]:
        details["look"] = max(plan)
    if len(judged) == 1:
        alone: Verdict = part_verdict(judged[0], name, "", looks, details).replace(**told)
        return alone
    links = tuple(
        part_verdict(one, f"{name}.{number}", _link_says(one.part))
        for number, one in enumerate(judged, 1)
    )
    chain = decide_chain([one.answer.decision for one in judged])
    place = _decisive(chain.verdict, judged)
    shown = links[place]
    mixed = _mixed_note(frozenset().union(*(one.data.provenances for one in judged)))
    whole: Verdict = shown.replace(
        id=name,
        **told,
        verdict=chain.verdict,
        size="",
        n_seeds=min(link.n_seeds for link in links),
        **note_fields(chain.note, mixed, looks),
        seeds_needed=chain.seeds_needed,
        parts=links,
        details=details | {"shown_link": place + 1},
    )
    return whole


def worded(claim: Claim) -> dict[str, Any]:
    """Return the fields of a verdict that say whose claim it is and what it is called."""
    says, *more = claim_words(claim).items()
    return {
        "key": claim.key,
        "says": says[1],
        "wordings": {language: text for language, text in more if text != says[1]},
        "whose": claim.whose,
        "because": claim.because,
    }


def part_verdict(
    judged: Judged,
    name: str,
    says: str,
    note: Note = NOTHING,
    details: Mapping[str, Any] | None = None,
) -> Verdict:
    """Put one part's answer into words."""
    decision, part = judged.answer.decision, judged.part
    more: dict[str, Any] = {
        **(details or {}),
        "expect": decision.expect,
        "arms": [arm.label for arm in part.arms],
    }
    if any(count.failures for count in judged.answer.failures):
        more["failures"] = [
            {
                "arm": arm.label,
                "failures": count.failures,
                "n_runs": count.n_runs,
                "interval": [count.low, count.high],
            }
            for arm, count in zip(part.arms, judged.answer.failures, strict=True)
        ]
    if judged.answer.median is not None:
        ranks, *ends = judged.answer.median
        more["by_ranks"] = {"verdict": ranks, "interval": [_finite(end) for end in ends]}
    if isinstance(part, Choice) and judged.answer.sets is not None:
        sets = judged.answer.sets
        more["candidates"] = [part.arms[place].label for place in sets.candidates]
        more["near_best"] = [part.arms[place].label for place in sets.near_best]
    new = isinstance(part, Contrast) and part.scope == "new examples"
    return Verdict(
        id=name,
        says=says,
        verdict=decision.verdict,
        size=decision.size,
        effect=_finite(decision.effect),
        interval=_finite_ends((decision.low, decision.high)),
        level=decision.level,
        p=None if decision.p is None else _finite(decision.p),
        n_seeds=decision.n_seeds,
        matters=decision.matters,
        metric=part.metric,
        scope="new examples" if new else "this test set",
        this_test_set=_finite_ends(judged.answer.this_test_set) if new else None,
        new_examples=_finite_ends(judged.answer.new_examples),
        **note_fields(decision.note, decision.reason, _mixed_note(judged.data.provenances), note),
        seeds_needed=decision.seeds_needed,
        details=more,
    )


def note_fields(*notes: str) -> dict[str, Any]:
    """Return remarks as the fields of a verdict that hold them."""
    note = join_notes(*notes)
    return {"note": str(note), "note_wordings": dict(note.wordings)}


def question_of(
    claim: Declared, find: Find, task: TaskRef, fails: Mapping[str, float] | None = None
) -> str:
    """Hash what a claim asks of which runs: on another base it is another one, reworded the same.

    Arms count by what they train: `lr` and `optim.lr` ask the same.
    """
    asked = claim.asked()
    for name in ("arm", "baseline", "arms", "both", "only_a", "only_b", "neither"):
        asked["claim"].pop(name, None)
    return _with_runs(asked, claim, find, task, fails)


def question_before(
    claim: Declared, find: Find, task: TaskRef, fails: Mapping[str, float] | None = None
) -> str:
    """Hash as stores of schema 3 and before have it, where the words counted."""
    unworded = {"key": "", "whose": "ours", "because": "", "says": claim_words(claim)["en"]}
    asked = {"claim": claim.replace(**unworded).canonical()}
    return _with_runs(asked, claim, find, task, fails)


def claim_id(question: str) -> str:
    """Return the short name of what a claim asks, which its verdict bears."""
    return question[:8]


def _with_runs(
    asked: dict[str, Any],
    claim: Declared,
    find: Find,
    task: TaskRef,
    fails: Mapping[str, float] | None,
) -> str:
    runs = [arm.run.canonical() for part in parts_of(claim, find) for arm in part.arms]
    rule = {"fails": dict(fails)} if fails else {}
    return digest({**asked, "runs": runs, "task": task} | rule, 16)


def _look_note(n_seeds: int, planned: bool, history: Sequence[Mapping[str, Any]]) -> Note:
    earlier = [row["details"] for row in history]
    if planned:
        loose = {row["seeds"] for row in earlier if "look" not in row}
        key = "after looks" if len(loose) > 1 else "after look"
        return say_note(key, n=len(loose)) if loose else NOTHING
    number = look_number(n_seeds, [row["seeds"] for row in earlier])
    return NOTHING if number is None else say_note("look", n=number)


def _answers_note(judged: Sequence[Judged]) -> Note:
    """Say why there is no interval on new examples, where there could be one."""
    lacking = any(
        isinstance(one.part, Contrast) and one.part.metric == ANSWERED and one.data.correct is None
        for one in judged
    )
    return say_note("no answers") if lacking else NOTHING


def _link_says(part: Part) -> str:
    assert isinstance(part, Contrast)
    sign = {"higher": ">", "lower": "<", "same": "="}[part.expect]
    return f"{part.arms[0].label} {sign} {part.arms[1].label}"


def _decisive(verdict: str, judged: Sequence[Judged]) -> int:
    """Place of the link that a chain's verdict hangs on."""
    decisions = [one.answer.decision for one in judged]

    def strength(place: int) -> tuple[bool, float]:
        decision = decisions[place]
        # The weakest link: the largest effect for "same", else the least in its direction.
        size = -abs(decision.effect) if decision.expect == "same" else decision.effect
        size = -size if decision.expect == "lower" else size
        return decision.verdict != verdict, size if math.isfinite(size) else -math.inf

    return min(range(len(decisions)), key=strength)


def _mixed_note(provenances: frozenset[str]) -> Note:
    if len(provenances) < 2:
        return NOTHING
    return say_note("mixed", n=len(provenances), names=sorted(provenances))


def _finite(number: float) -> float | None:
    return number if math.isfinite(number) else None


def _finite_ends(ends: tuple[float, float] | None) -> tuple[float, float] | None:
    return ends if ends is not None and all(map(math.isfinite, ends)) else None
