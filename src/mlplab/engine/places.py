"""Restoring a run's saved weights and optimiser state into the slot of a stack."""

from __future__ import annotations

from collections.abc import Mapping

from torch import Tensor

from mlplab.errors import StoreError


def put_state(state: Mapping[str, Tensor], places: Mapping[str, Tensor]) -> None:
    """Copy each of a slot's tensors from a state with the same names.

    Raises:
        StoreError: it is the state of another network.
    """
    for name, place in places.items():
        found = state.get(name)
        if found is None or found.shape != place.shape or found.dtype != place.dtype:
            what = "nothing" if found is None else f"{tuple(found.shape)} {found.dtype}"
            raise StoreError(
                f"checkpoint: expected {name} {tuple(place.shape)} {place.dtype}; got {what}"
            )
        place.copy_(found)
