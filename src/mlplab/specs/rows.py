"""Which rows of the training pool a run trains on."""

from __future__ import annotations

from typing import Annotated, Any, Literal

from pydantic import BeforeValidator, Field, model_validator

from mlplab.specs.base import Spec
from mlplab.specs.numbers import Whole


def plain_share(valid: Any) -> Any:
    """Write a share or count in the one way it enters a run's key: 0 as 0.0, counts as int.

    What is neither comes back as it is, for others to refuse.

    >>> plain_share(0), plain_share(0.25), plain_share(500.0)
    (0.0, 0.25, 500)
    """
    number = valid.item() if hasattr(valid, "item") else valid
    if isinstance(number, bool) or not isinstance(number, int | float):
        return valid
    if number == 0:
        return 0.0
    if isinstance(number, int) or number < 1 or not number.is_integer():
        return number
    return int(number)


Share = Annotated[float | int, BeforeValidator(plain_share), Field(lt=2**63)]


class SeedSplit(Spec):
    """The whole pool, less the validation rows that the task draws by the run's seed."""

    kind: Literal["seed"] = "seed"


class Fold(Spec):
    """Fold `index` of `n_folds` is held out for validation; the rest trains.

    Folds are drawn once by `seed`, so every arm and every run seed sees the same ones.
    """

    kind: Literal["fold"] = "fold"
    n_folds: Whole = Field(default=5, ge=2)
    index: Whole = Field(default=0, ge=0)
    seed: Whole = Field(default=0, ge=0)

    @model_validator(mode="after")
    def _inside(self) -> Fold:
        if self.index >= self.n_folds:
            raise ValueError(f"index: expected below n_folds={self.n_folds}; got {self.index}")
        return self


class First(Spec):
    """The first `n` of the training rows of the seed's split, in the order of its draw."""

    kind: Literal["first"] = "first"
    n: Whole = Field(ge=1)


class Own(Spec):
    """A sample of the run's own: `n` rows of the pool for seed 0, the next block for seed 1, ...

    Blocks are `stride` rows apart, so that with one stride a larger sample holds a smaller one;
    the `valid` rows at the end of a block are held out. For data that are made to be drawn from.
    """

    kind: Literal["own"] = "own"
    n: Whole = Field(ge=1)
    stride: Whole = Field(
        default=0, ge=0, description="Rows from one block to the next; 0 is n + valid."
    )
    valid: Whole = Field(default=0, ge=0)

    @model_validator(mode="after")
    def _fits(self) -> Own:
        if self.stride and self.stride < self.n + self.valid:
            raise ValueError(
                f"stride: expected 0 or at least n + valid = {self.n + self.valid}; "
                f"got {self.stride}"
            )
        return self


class Holdout(Spec):
    """A share or count of the pool, drawn by `seed`, is held out for validation; the rest trains.

    Every arm and every run seed sees the same split: the one that `SeedSplit` gives run `seed`.
    """

    kind: Literal["holdout"] = "holdout"
    valid: Share = Field(default=0.2, gt=0, description="Share (below 1) or count (from 1).")
    seed: Whole = Field(default=0, ge=0)


class Block(Spec):
    """`n` rows of the pool train, from row `start` on; the `valid` rows after them are held out.

    For pools that hold a table once per fold, as each fold's training rows prepared it.
    """

    kind: Literal["block"] = "block"
    start: Whole = Field(default=0, ge=0)
    n: Whole = Field(ge=1)
    valid: Whole = Field(default=0, ge=0)


class Relabelled(Spec):
    """One fold of a two-sample test: which rows count as the first sample is permuted.

    The pool holds every row twice: all of them as class 0, then all as class 1. Run seed `observed`
    gives the first `n_first` rows to the first sample; every other one draws as many at random.
    Folds are drawn by `seed`, the same for all runs.
    """

    kind: Literal["relabelled"] = "relabelled"
    n_first: Whole = Field(ge=1, description="Rows of the first sample.")
    n_folds: Whole = Field(default=2, ge=2)
    index: Whole = Field(default=0, ge=0)
    seed: Whole = Field(default=0, ge=0)
    observed: Whole = Field(default=0, ge=0, description="Run seed of the labels as they are.")

    @model_validator(mode="after")
    def _inside(self) -> Relabelled:
        if self.index >= self.n_folds:
            raise ValueError(f"index: expected below n_folds={self.n_folds}; got {self.index}")
        return self


class Joined(Spec):
    """The first `n_kept` rows of the pool, joined by `n_joined` of the others.

    Run seed `observed` is joined by the last rows of the pool, every other seed by as many at
    random: a permutation test of what the last rows do to training.
    """

    kind: Literal["joined"] = "joined"
    n_kept: Whole = Field(ge=1)
    n_joined: Whole = Field(ge=1)
    seed: Whole = Field(default=0, ge=0)
    observed: Whole = Field(default=0, ge=0, description="Run seed of the rows as they are.")


Rows = Annotated[
    SeedSplit | Fold | First | Own | Holdout | Block | Relabelled | Joined,
    Field(discriminator="kind"),
]


def holds_out(rows: Rows) -> bool:
    """Whether these rows hold some out for validation by themselves, whatever the task says.

    >>> holds_out(Fold()), holds_out(Own(n=10)), holds_out(Own(n=10, valid=5))
    (True, False, True)
    """
    if isinstance(rows, Own | Block):
        return rows.valid > 0
    return isinstance(rows, Fold | Holdout | Relabelled)
