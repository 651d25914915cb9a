"""Claims as statements about one number per seed, each decided on its own."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from itertools import pairwise
from typing import Literal, assert_never, get_args

import numpy as np
from numpy.typing import NDArray

from mlplab.errors import ConfigError
from mlplab.experiment.arms import Arm
from mlplab.experiment.metrics import higher_is_better
from mlplab.experiment.outcome_table import Slice
from mlplab.specs import (
    BestArm,
    Chain,
    Difference,
    FailureDifference,
    Interaction,
    Proof,
    Threshold,
)
from mlplab.specs.claim import FAILURE_RATE, Scope
from mlplab.specs.claim import Arm as ArmFactors
from mlplab.stats import (
    ALPHA,
    DIFFERENCE,
    INTERACTION,
    BestArms,
    Decision,
    FailureCount,
    best_arms,
    count_failures,
    decide_arms,
    fails_more_often,
    unpack_correct,
)

Declared = Difference | Chain | Threshold | Interaction | BestArm | FailureDifference
CLAIMS = (*get_args(Declared), Proof)
"""The types of a claim."""

Find = Callable[[ArmFactors], Arm]
Expect = Literal["higher", "lower", "same"]


@dataclass(frozen=True, slots=True)
class Answer:
    """What the runs say of one part, and what stood behind it.

    `this_test_set` and `new_examples` are the intervals of the two scopes, where there are both.
    """

    decision: Decision
    failures: tuple[FailureCount, ...]
    median: tuple[str, float, float] | None = None
    sets: BestArms | None = None
    this_test_set: tuple[float, float] | None = None
    new_examples: tuple[float, float] | None = None


@dataclass(frozen=True, slots=True)
class Contrast:
    """`y_s = sum_k weights_k metric_ks - offset` is higher or lower than 0, or the same."""

    arms: tuple[Arm, ...]
    metric: str
    matters: float
    expect: Expect
    weights: tuple[float, ...] = DIFFERENCE
    offset: float = 0.0
    scope: Scope = "this test set"

    def decide(self, data: Slice, claims: int, spend: float, n_test: int | None) -> Answer:
        """Decide on the seeds given, at `spend` of the claim's share of the level.

        Raises:
            ConfigError: new examples shall decide, and the runs kept no answers.
        """
        direction = higher_is_better(self.metric)
        examples = self._examples(data, n_test)
        if examples is None and self.scope == "new examples":
            raise ConfigError(f"scope: {self.scope!r} needs runs whose backend keeps their answers")
        found = decide_arms(
            data.values,
            self.matters,
            higher_is_better=True if direction is None else direction,
            failed=data.failed,
            weights=self.weights,
            offset=self.offset,
            expect=self.expect,
            claims=claims,
            spend=spend,
            n_test=n_test,
            examples=examples,
            scope=self.scope,
        )
        return Answer(
            found.decision,
            found.failures,
            found.median,
            this_test_set=found.this_test_set,
            new_examples=found.new_examples,
        )

    def _examples(self, data: Slice, n_test: int | None) -> NDArray[np.float64] | None:
        """y of every seed and test example, (n, N), whatever where an arm failed."""
        if data.correct is None or n_test is None:
            return None
        y = np.full((len(data.seeds), n_test), -self.offset)
        whole = ~data.failed.any(axis=0)
        for weight, answers in zip(self.weights, data.correct, strict=True):
            for row in np.flatnonzero(whole):
                y[row] += weight * unpack_correct([answers[row]], n_test)[0]
        return y


@dataclass(frozen=True, slots=True)
class Choice:
    """One arm is the best of several."""

    arms: tuple[Arm, ...]
    metric: str
    matters: float
    named: int
    higher: bool = True
    expect: Expect = field(default="higher", init=False)

    def decide(self, data: Slice, claims: int, spend: float, n_test: int | None) -> Answer:
        """Decide on the seeds given, at `spend` of the claim's share of the level."""
        sets = best_arms(
            data.values,
            self.matters,
            higher_is_better=self.higher,
            failed=data.failed,
            claims=claims,
            alpha=ALPHA * spend,
            n_test=n_test,
        )
        counts = tuple(count_failures(arm) for arm in data.failed)
        return Answer(sets.decide(self.named), counts, None, sets)


@dataclass(frozen=True, slots=True)
class FailureContrast:
    """Runs of one arm fail more often than runs of another."""

    arms: tuple[Arm, Arm]
    matters: float
    expect: Expect
    metric: str = field(default=FAILURE_RATE, init=False)

    def decide(self, data: Slice, claims: int, spend: float, n_test: int | None) -> Answer:
        """Decide on the seeds given, at `spend` of the claim's share of the level."""
        a, b = data.values
        found = fails_more_often(a, b, self.matters, expect=self.expect, claims=claims, spend=spend)
        return Answer(found.decision, (count_failures(a), count_failures(b)))


Part = Contrast | Choice | FailureContrast


def parts_of(claim: Declared, find: Find) -> tuple[Part, ...]:
    """Split a claim into what is decided separately: the links of a chain, else the claim.

    Args:
        claim: as declared.
        find: factor values -> arm of the design.

    Raises:
        ConfigError: an arm is not in the design.
    """
    if isinstance(claim, FailureDifference):
        pair = (find(claim.arm), find(claim.baseline))
        return (FailureContrast(pair, claim.matters, claim.expect),)
    metric, matters, scope = claim.metric, claim.matters, claim.scope
    match claim:
        case Difference():
            arms = (find(claim.arm), find(claim.baseline))
            return (Contrast(arms, metric, matters, claim.expect, scope=scope),)
        case Chain():
            links = pairwise([find(arm) for arm in claim.arms])
            return tuple(
                Contrast(link, metric, matters, claim.expect, scope=scope) for link in links
            )
        case Threshold():
            alone = (find(claim.arm),)
            return (Contrast(alone, metric, matters, claim.expect, (1.0,), claim.value, scope),)
        case Interaction():
            wanted = (claim.both, claim.only_a, claim.only_b, claim.neither)
            arms4 = tuple(find(arm) for arm in wanted)
            return (Contrast(arms4, metric, matters, claim.expect, INTERACTION, scope=scope),)
        case BestArm():
            rivals = tuple(find(arm) for arm in claim.arms)
            named = find(claim.arm)
            if named not in rivals:
                rivals = (named, *rivals)
            place = rivals.index(named)
            return (Choice(rivals, metric, matters, place, claim.higher_is_better),)
        case _:
            assert_never(claim)


def arms_of(parts: Sequence[Part]) -> tuple[Arm, ...]:
    """Return every arm that some part needs, each once."""
    return tuple(dict.fromkeys(arm for part in parts for arm in part.arms))
