"""What a run with a module compiles to."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property

from mlplab.engine.batches import batch_sizes
from mlplab.engine.modules.blueprint import Blueprint
from mlplab.specs import Module, Run

# A kernel may treat its slices differently by their number: always eight, so that a run has the
# same bits alone. At worst 7 of 8 idle; none where an arm has a multiple of 8 seeds.
TEAM = 8
"""Runs of one vmapped call: always so many, with idle ones among them where runs are few."""

_ALONE_FROM = 10_000_000  # flop of a step's forward pass above which stacking was no faster


@dataclass(frozen=True)
class ModuleProgram:
    """The static part of a run with a module; see `engine.program.Program`."""

    net: Module
    n_features: int
    n_outputs: int
    blueprint: Blueprint
    loss: str
    optimiser: str
    batch_size: int
    keep_partial: bool
    n_rows: int
    dtype: str
    measures: tuple[str, ...]
    smooths: bool = False
    huber_delta: float = 1.0
    clips: bool = False
    averages: bool = False
    sparse: bool = False
    classes: bool = False
    perturbs: bool = False
    mixes: bool = False
    soft: bool = False

    native = False  # of `Program`: no compiled loops for what a user wrote

    @cached_property
    def batch_sizes(self) -> tuple[int, ...]:
        """The size of each batch of an epoch."""
        return batch_sizes(self.n_rows, self.batch_size, self.keep_partial)

    @property
    def n_params(self) -> int:
        """All numbers that one run learns."""
        return self.blueprint.n_params

    @property
    def team(self) -> int:
        """Runs of one call: 8 where vmap can and is faster, else 1; the spec alone decides."""
        work = self.blueprint.flop_per_score * min(self.batch_size, self.n_rows)
        return TEAM if self.blueprint.stacks and work < _ALONE_FROM else 1

    def seat(self, run: Run) -> int:
        """Return a run's seat in its team: the same whoever sits beside it.

        A vmapped kernel may treat its places differently, so equal bits need equal places. The
        seeds of one arm sit side by side.
        """
        if self.team == 1:
            return 0
        return (int(run.replace(seed=0).key, 16) + run.seed) % self.team

    @property
    def fused_adam(self) -> bool:
        """Whether Adam walks over each run on its own, as modules do that are called alone."""
        return self.team == 1

    @property
    def flop_per_example(self) -> int:
        """Multiplications and additions of one example's forward and backward pass."""
        # Products forward, and two for each on the way back.
        return 3 * self.blueprint.flop_per_score

    @property
    def flop_per_score(self) -> int:
        """Multiplications and additions of one example's forward pass."""
        return self.blueprint.flop_per_score
