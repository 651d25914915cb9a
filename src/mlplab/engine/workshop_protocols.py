"""What a lane needs of a kind of network: how its stacks are seated, made, scored and packed."""

from __future__ import annotations

from collections.abc import Callable, Hashable, Sequence
from typing import Protocol

from torch import Tensor

from mlplab.engine.optimisers import Slot
from mlplab.engine.score import Scores
from mlplab.engine.sharing import Group
from mlplab.engine.tensors import TaskTensors
from mlplab.engine.training import Training
from mlplab.specs import Run


class AnyStack(Protocol):
    """Slots that train together; see `engine.stack.Stack`."""

    slots: list[Slot | None]
    groups: list[Group]
    loss_sums: Tensor
    hit_sums: Tensor
    norm_sums: Tensor

    def initialise(self, slot: int, run: Run) -> None:
        """Draw a slot's first weights."""

    def slot_state(self, slot: int) -> dict[str, Tensor]:
        """Return views of all that a slot must carry along."""

    def slot_weights(self, slot: int) -> dict[str, Tensor]:
        """Return views of what a slot's outputs depend on."""

    def load(self, slot: int, state: dict[str, Tensor]) -> None:
        """Put a state from `slot_state` into a slot."""

    def load_weights(self, slot: int, weights: dict[str, Tensor]) -> None:
        """Put weights from `slot_weights` into a slot."""

    def swap_averages(self) -> None:
        """Exchange weights and their running means."""

    def finite(self) -> Tensor:
        """Say for each slot whether all its weights are finite."""

    def begin_epoch(self, orders: Sequence[Tensor], first_step: int = 0) -> None:
        """Take up an epoch, with each group's order of rows."""

    def step(self, step: int) -> None:
        """Train every slot on its next batch."""


class Workshop(Protocol):
    """Makes and scores the stacks of one program.

    Attributes:
        data: the task's arrays.
        counts: what the second metric is, `accuracy` or `rmse`.
    """

    data: TaskTensors
    counts: str

    def room(self, budget_bytes: int) -> Callable[[Training], bool]:
        """Return a function that lets runs into a stack, one by one, until it is full."""

    def arrange(self, active: Sequence[Training]) -> tuple[list[Training | None], list[Group]]:
        """Return the occupant of each slot, and the groups of slots with shared batches."""

    def stack(self, slots: Sequence[Slot | None], groups: Sequence[Group]) -> AnyStack:
        """Make a stack with idle weights."""

    def score(
        self,
        stack: AnyStack,
        rows: Tensor,
        name: Hashable,
        slots: tuple[int, int],
        *,
        keep_hits: bool,
        keep_outputs: bool,
    ) -> Scores:
        """Score slots from the first to before the second on rows; equal names, equal rows."""

    def pack(self, state: dict[str, Tensor]) -> bytes:
        """Write what `slot_weights` returned as safetensors bytes."""
