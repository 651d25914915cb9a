"""A recorder that does on a CPU what CUDA graphs do: the same calls, on the same memory."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable
from typing import Any

import torch
from torch import Tensor
from torch.utils._python_dispatch import TorchDispatchMode
from torch.utils._pytree import tree_flatten, tree_map

# What a capture on a GPU refuses, for it would wait for the device.
ASKS_THE_HOST = ("_local_scalar_dense", "is_nonzero", "nonzero")


class Tape:
    """Keeps every call with the tensors and numbers it had, and where its results lay.

    A number that the host computes anew in every step is on the tape as it was when recorded, and
    so is a tensor that is made anew: replaying then gives other bits. As memory that was freed is
    anyone's on a GPU, somebody beside the tape must still hold what was made outside.
    """

    def __init__(self) -> None:
        self.n_captures = 0
        self.n_replays = 0

    def capture(self, function: Callable[[], None]) -> Callable[[], None]:
        self.n_captures += 1
        calls: list[tuple[Any, Any, Any, list[Any]]] = []
        before: dict[int, tuple[Tensor, Tensor]] = {}  # what was made outside, and what it held
        outside: dict[int, Tensor] = {}  # for each of these, a view of the tape's own
        made: dict[int, Tensor] = {}

        def kept(one: Any) -> Any:
            return outside.get(id(one), one)

        class Note(TorchDispatchMode):
            def __torch_dispatch__(self, call: Any, _: Any, args: Any = (), kwargs: Any = None):
                name = call.overloadpacket.__name__
                assert name not in ASKS_THE_HOST, f"a step asks the host: {name}"
                kwargs = kwargs or {}
                if name == "lift_fresh":  # a number that an assignment made a tensor of
                    made[id(args[0])] = args[0]
                for one in tree_flatten((args, kwargs))[0]:
                    if isinstance(one, Tensor) and not {id(one)} & (made.keys() | outside.keys()):
                        before[id(one)] = one, one.clone()
                        outside[id(one)] = one.as_strided(one.shape, one.stride())
                out = call(*args, **kwargs)
                results = tree_flatten(out)[0]
                made.update((id(one), one) for one in results if id(one) not in outside)
                noted = [tree_map(kept, part) for part in (args, kwargs, results)]
                calls.append((call, *noted))
                return out

        with Note():
            function()
        # A capture does nothing: what was written is put back.
        for tensor, was in reversed(before.values()):
            tensor.copy_(was)
        before.clear()
        ours = Counter(storage_of(one) for one in (*outside.values(), *made.values()))

        def replay() -> None:
            self.n_replays += 1
            for tensor in outside.values():
                there = n_holders(tensor) > ours[storage_of(tensor)]
                assert there, "a step reads a tensor that is no longer there"
            for call, args, kwargs, places in calls:
                results = tree_flatten(call(*args, **kwargs))[0]
                # Results of views and of calls in place lie where they lay.
                for place, value in zip(places, results, strict=True):
                    if place.data_ptr() != value.data_ptr():
                        place.copy_(value)

        return replay


def storage_of(tensor: Tensor) -> int:
    return tensor.untyped_storage()._cdata


def n_holders(tensor: Tensor) -> int:
    storage = tensor.untyped_storage()
    # One of the count is this handle.
    return int(torch._C._storage_Use_Count(storage._cdata)) - 1
