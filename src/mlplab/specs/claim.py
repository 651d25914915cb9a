"""Statements that can fail, and what the runs say of them."""

from __future__ import annotations

from typing import Annotated, Any, Literal, Self

from pydantic import Field, JsonValue, model_validator

from mlplab.specs.base import Spec, digest

Arm = dict[str, Any]
Matters = Annotated[float, Field(gt=0, description="The smallest difference that matters.")]
Scope = Literal["this test set", "new examples"]
# A run's answer to a test example is kept as right or wrong: of other metrics nothing is.
ANSWERED = "test_accuracy"


class _Claim(Spec):
    says: str = Field(description="The statement, in words.")
    metric: str = Field(default="test_accuracy", description="What is compared, at the last epoch.")
    matters: Matters = 0.005
    scope: Scope = Field(
        default="this test set",
        description="What decides: fresh seeds on this test set, or on new examples like it.",
    )

    @model_validator(mode="after")
    def _answers_examples(self) -> Self:
        if self.scope == "new examples" and self.metric != ANSWERED:
            raise ValueError(
                f"scope: 'new examples' needs metric {ANSWERED!r}; got {self.metric!r}"
            )
        return self

    @property
    def id(self) -> str:
        """A short hash of the claim's content."""
        # The type too: canonical fields leave out defaults, and claims may share the rest.
        return digest({"claim": self.canonical(), "type": type(self).__name__}, 8)


class Difference(_Claim):
    """`arm` gives a higher, a lower or the same metric as `baseline`, paired by seed."""

    kind: Literal["difference"] = "difference"
    arm: Arm
    baseline: Arm
    expect: Literal["higher", "lower", "same"]


class Chain(_Claim):
    """Each arm gives a higher (or lower) metric than the next: A > B > C."""

    kind: Literal["chain"] = "chain"
    arms: tuple[Arm, ...] = Field(min_length=2)
    expect: Literal["higher", "lower", "same"] = "higher"


class Threshold(_Claim):
    """The metric of an arm lies above or below a number fixed in advance."""

    kind: Literal["threshold"] = "threshold"
    arm: Arm
    value: float
    expect: Literal["higher", "lower", "same"]


class Interaction(_Claim):
    """The effect of `factor_a` differs with `factor_b`: (A1B1 - A0B1) - (A1B0 - A0B0)."""

    kind: Literal["interaction"] = "interaction"
    both: Arm
    only_a: Arm
    only_b: Arm
    neither: Arm
    expect: Literal["higher", "lower", "same"]


class BestArm(_Claim):
    """One arm is the best of several, in a metric that may select: never one of the test split."""

    kind: Literal["best"] = "best"
    metric: str = "valid_accuracy"
    arm: Arm
    arms: tuple[Arm, ...] = Field(min_length=2)
    higher_is_better: bool = True


class Proof(Spec):
    """A statement decided by computation alone: a symbolic check and a property test."""

    kind: Literal["proof"] = "proof"
    says: str

    @property
    def id(self) -> str:
        """A short hash of the claim's content."""
        return digest({"claim": self.canonical(), "type": "Proof"}, 8)


Claim = Annotated[
    Difference | Chain | Threshold | Interaction | BestArm | Proof, Field(discriminator="kind")
]
VerdictWord = Literal["supported", "refuted", "equivalent", "undecided", "none", "proved"]


class Verdict(Spec):
    """What the runs say of a claim, with the interval that decides and, beside it, the other."""

    id: str
    says: str
    verdict: VerdictWord
    size: str = Field(default="", description="below d, at least d, or open.")
    effect: float | None = None
    interval: tuple[float, float] | None = None
    level: float | None = Field(default=None, description="Of the interval, after sharing 5 % out.")
    scope: Scope = Field(default="this test set", description="What the interval is about.")
    this_test_set: tuple[float, float] | None = Field(
        default=None, description="The interval over seeds alone, where new examples decide."
    )
    new_examples: tuple[float, float] | None = Field(
        default=None, description="The interval over seeds and examples crossed."
    )
    p: float | None = None
    n_seeds: int = 0
    matters: float | None = None
    metric: str = ""
    note: str = ""
    seeds_needed: int | None = None
    parts: tuple[Verdict, ...] = ()
    details: dict[str, JsonValue] = {}
