"""Events of a training, as plain values that can be sent between processes."""

from __future__ import annotations

from dataclasses import dataclass

from mlplab.specs import Outcome, Provenance


@dataclass(frozen=True, slots=True)
class Progressed:
    """`run_epochs` more run-epochs are done (a fraction where an epoch is long)."""

    run_epochs: float


@dataclass(frozen=True, slots=True)
class Checkpointed:
    """A run's state part-way; `blob` is safetensors bytes and restores it bit for bit."""

    key: str
    epoch: int
    step: int
    blob: bytes


@dataclass(frozen=True, slots=True)
class Ended:
    """A run has ended; `weights` is safetensors bytes where they were asked for."""

    outcome: Outcome
    weights: bytes | None = None


@dataclass(frozen=True, slots=True)
class Joined:
    """A machine takes part: runs may end there from now on."""

    provenance: Provenance


@dataclass(frozen=True, slots=True)
class Barrier:
    """What came before shall be kept for good before the next event is asked for."""


Event = Progressed | Checkpointed | Ended | Joined | Barrier
