"""Where finished runs can be handed on to, by name."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any, Protocol

from mlplab.errors import ConfigError
from mlplab.experiment.tracking.children import Child, Each, Group
from mlplab.hints import hint


class Destination(Protocol):
    """What a tracker is to those who write to it; a child that is there already is left as it is.

    Attributes:
        name: as `--track` has it.
        where: the place, for people.
    """

    name: str
    where: str

    def begin(self, group: Group, each: Each) -> Each:
        """Find or make an experiment's place; return what its children are: an older one's stay."""
        ...

    def has(self, group: Group, child_id: str) -> bool:
        """Return whether a child is there, whole."""
        ...

    def put(self, group: Group, child: Child) -> None:
        """Write a child; the same arm with other runs gives way to it."""
        ...

    def put_verdicts(self, group: Group, rows: Sequence[Mapping[str, Any]]) -> None:
        """Write the verdicts on an experiment's claims; older ones give way."""
        ...

    def end(self, group: Group) -> None:
        """Mark an experiment as complete."""
        ...


def _mlflow(place: str | None) -> Destination:
    from mlplab.experiment.tracking.mlflow import MlflowServer

    return MlflowServer(place)


def _tensorboard(place: str | None) -> Destination:
    from mlplab.experiment.tracking.tensorboard import EventFiles

    return EventFiles(place)


DESTINATIONS: Mapping[str, Callable[[str | None], Destination]] = {
    "mlflow": _mlflow,
    "tensorboard": _tensorboard,
}


def read_destinations(given: Sequence[str | Destination]) -> Sequence[str | Destination]:
    """Return destinations, all of which are texts or can be written to.

    Raises:
        ConfigError: something else.
    """
    listed = given if isinstance(given, Sequence) and not isinstance(given, bytes) else [given]
    for one in listed:
        if not isinstance(one, str) and not hasattr(one, "put_verdicts"):
            raise ConfigError(f"track: expected {' or '.join(DESTINATIONS)}; got {one!r}")
    return listed


def open_destination(text: str) -> Destination:
    """Return what a text names: `mlflow`, `mlflow=URI`, `tensorboard` or `tensorboard=FOLDER`.

    Raises:
        ConfigError: there is no such destination, or its package is missing.
        StoreError: it cannot be reached or written.
    """
    name, equals, place = text.partition("=")
    if name not in DESTINATIONS:
        known = ", ".join(DESTINATIONS)
        says = hint(name, DESTINATIONS, f"expected one of {known}")
        raise ConfigError(f"track: there is no {name!r}; {says}")
    if equals and not place.strip():
        raise ConfigError(f"track: expected {name}=PLACE or {name} alone; got {text!r}")
    return DESTINATIONS[name](place or None)
