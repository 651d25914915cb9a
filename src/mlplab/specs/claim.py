"""Statements that can fail, and what the runs say of them."""

from __future__ import annotations

from typing import Annotated, Any, ClassVar, Literal, Self

from pydantic import Field, JsonValue, field_validator, model_validator

from mlplab.reading import is_plain_text
from mlplab.sheet import MOST_ROWS, Sheet, interval_text, listed
from mlplab.specs.base import Spec, digest

Arm = dict[str, Any]
Matters = Annotated[float, Field(gt=0, description="The smallest difference that matters.")]
Words = Annotated[str | dict[str, str], Field(description="In one language, or language -> text.")]
Whose = Literal["source", "ours"]
Scope = Literal["this test set", "new examples"]
# A run's answer to a test example is kept as right or wrong: of other metrics nothing is.
ANSWERED = "test_accuracy"
# What claims about failed runs compare; a run records no such metric.
FAILURE_RATE = "failure_rate"

_WORDING = ("key", "says", "whose", "because")
"""The fields that say nothing of what is asked."""


class _Worded(Spec):
    key: str = Field(default="", description="Its name within its experiment, and in texts.")
    says: Words = Field(default="", description="The statement; made of the content by default.")
    whose: Whose = Field(default="ours", description="Who states it: the source, or we.")
    because: Words = Field(default="", description="Why a difference of this size matters.")

    @field_validator("says", "because")
    @classmethod
    def _is_text(cls, words: Words) -> Words:
        texts = [words] if isinstance(words, str) else [*words, *words.values()]
        for text in texts:
            if not isinstance(words, str) and not text.strip():
                raise ValueError("expected language -> text, none of them empty")
            if not is_plain_text(text):
                raise ValueError(f"expected text that UTF-8 can write; got {text!r}")
        return words

    def asked(self) -> dict[str, Any]:
        """Return what is asked, as plain JSON values: the content without a word of wording."""
        content = {n: value for n, value in self.canonical().items() if n not in _WORDING}
        # The type too: canonical fields leave out defaults, and claims may share the rest.
        return {"claim": content, "type": type(self).__name__}

    @property
    def id(self) -> str:
        """A short hash of what is asked; a verdict's also counts the runs and the task."""
        return digest(self.asked(), 8)


class _Claim(_Worded):
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


class FailureDifference(_Worded):
    """More, fewer or as many runs of `arm` fail as of `baseline`, paired by seed.

    A run fails if it diverges, or by the experiment's rule (`fails`).
    """

    kind: Literal["failures"] = "failures"
    metric: ClassVar[str] = FAILURE_RATE
    scope: ClassVar[Scope] = "this test set"
    arm: Arm
    baseline: Arm
    expect: Literal["higher", "lower", "same"] = "higher"
    matters: Matters = 0.1


class Proof(_Worded):
    """A statement decided by computation alone: proved, or checked on many cases."""

    kind: Literal["proof"] = "proof"

    @property
    def id(self) -> str:
        """A short hash of its key, or of its words where it has none."""
        return digest(
            {"claim": {"kind": "proof", "says": self.key or self.says}, "type": "Proof"}, 8
        )


Claim = Annotated[
    Difference | Chain | Threshold | Interaction | BestArm | FailureDifference | Proof,
    Field(discriminator="kind"),
]
VerdictWord = Literal[
    "supported", "refuted", "equivalent", "undecided", "none", "proved", "checked"
]


class Verdict(Spec):
    """What the runs say of a claim, with the interval that decides and, beside it, the other."""

    id: str
    key: str = ""
    says: str
    wordings: dict[str, str] = Field(default={}, description="The claim in further languages.")
    whose: Whose = "ours"
    because: Words = ""
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
    note_wordings: dict[str, str] = Field(default={}, description="The note in other languages.")
    seeds_needed: int | None = None
    parts: tuple[Verdict, ...] = ()
    details: dict[str, JsonValue] = {}

    def words(self, language: str = "en") -> str:
        """Return the claim in a language, or as it is where it has no wording there."""
        return self.wordings.get(language, self.says)

    def __repr__(self) -> str:
        seeds = f", {self.n_seeds} seeds" if self.n_seeds else ""
        found = f", {self.effect:+.4g}" if self.effect is not None else ""
        if self.interval is not None:
            found += f" {interval_text(self.interval)}"
        return f"Verdict({self.says!r}: {self.verdict}{found}{seeds})"

    def _repr_html_(self) -> str:
        return Verdicts([self])._repr_html_()


class Verdicts(tuple[Verdict, ...]):
    """Verdicts in the order of their claims: a tuple that shows itself as a table."""

    __slots__ = ()

    def __repr__(self) -> str:
        lines = listed(map(repr, self), MOST_ROWS, between=",\n ") if self else ""
        return f"({lines}{',' * (len(self) == 1)})"

    def _repr_html_(self) -> str:
        links = [
            (f"– {one.says}" if number else one.says, one)
            for whole in self
            for number, one in enumerate((whole, *whole.parts))
        ]
        rows = [
            (
                says,
                v.verdict,
                v.size,
                _signed(v.effect),
                interval_text(v.interval),
                v.n_seeds,
                v.note,
            )
            for says, v in links
        ]
        levels = sorted({f"{100 * v.level:.4g} %" for _, v in links if v.level is not None})
        return Sheet(
            "1 verdict" if len(self) == 1 else f"{len(self)} verdicts",
            heads=("claim", "verdict", "size", "effect", "interval", "seeds", "note"),
            rows=rows,
            note=f"Intervals of level {' / '.join(levels)}." if levels else "",
        ).html()


def _signed(effect: float | None) -> str:
    return "–" if effect is None else f"{effect:+.4g}"
