"""CPU time of derivatives, each beside the gradient's, in alternating rounds on one thread."""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import lru_cache

import numpy as np
from numpy.typing import NDArray

from mlplab.exercises.section_4_7.second_derivatives.counting import first_order, second_order
from mlplab.exercises.section_4_7.second_derivatives.networks import (
    CHAPTER,
    CHAPTER_BATCH,
    Network,
    draw_networks,
)

_MANY = 2048  # examples: fixed costs of a call are then little of a small network's gradient
_AT_ONCE = 64  # unit vectors
_ROUNDS = 7  # whose median is one measurement
SMALL = ((16, 8, 4), (32, 16, 10), (64, 16, 16, 10))
"""Widths of networks whose whole Hessian is timed."""

Array = NDArray[np.float64]


@dataclass(frozen=True, eq=False)
class Timings:
    """CPU seconds.

    Attributes:
        chapter: of the chapter's network, by repetition and way, (N, 3): autograd's gradient, its
            Hessian product in all, and the engine's product at weights whose passes are kept.
        networks: drawn.
        drawn: of each of them, by way, (M, 3).
        whole: small network -> CPU time of its whole Hessian over that of its gradient.
    """

    chapter: Array
    networks: tuple[Network, ...]
    drawn: Array
    whole: Mapping[Network, float]

    @property
    def chapter_ratio(self) -> Array:
        """Autograd's product in all over its gradient, (N,)."""
        return np.asarray(self.chapter[:, 1] / self.chapter[:, 0])

    @property
    def in_all(self) -> Array:
        """The same of the drawn networks, (M,)."""
        return np.asarray(self.drawn[:, 1] / self.drawn[:, 0])

    @property
    def at_kept(self) -> Array:
        """The engine's product at kept weights over autograd's gradient, (M,)."""
        return np.asarray(self.drawn[:, 2] / self.drawn[:, 0])


# Once in a process: what is told and what is decided rest on the same clock.
@lru_cache(maxsize=2)
def timings(n_repetitions: int, n_networks: int) -> Timings:
    """Time the chapter's network so many times, and so many drawn ones."""
    from mlplab.engine.surroundings import caller_aside, single_thread

    with caller_aside(), single_thread():
        chapter = _timed(_ways(Network(CHAPTER, CHAPTER_BATCH)), n_repetitions)
        networks = draw_networks(n_networks)
        drawn = np.concatenate([_timed(_ways(network), 1) for network in networks])
        small = [Network(widths, _MANY) for widths in SMALL]
        whole = {network: _whole(network) for network in small}
    return Timings(chapter, tuple(networks), drawn, whole)


def _timed(ways: list[Callable[[], object]], n: int, n_rounds: int = _ROUNDS) -> Array:
    """Medians of CPU seconds over alternating rounds, n times; what comes first is not counted."""
    for way in ways:
        way()
    seconds = np.empty((n, n_rounds, len(ways)))
    for repetition in range(n):
        for number in range(n_rounds):
            # One after the other: what slows the machine for a while slows all of them.
            for place, way in enumerate(ways):
                start = time.process_time()
                way()
                seconds[repetition, number, place] = time.process_time() - start
    return np.asarray(np.median(seconds, axis=1))


def _ways(network: Network) -> list[Callable[[], object]]:
    import torch

    numbers = [one.requires_grad_() for one in network.numbers()]
    vectors = [torch.ones_like(one) for one in numbers]
    with torch.no_grad():
        model = network.by_hand(network.given())
        vector = torch.ones(1, model.n_params)

    def product() -> None:
        with torch.no_grad():
            model.hessian_product(vector)

    return [
        lambda: first_order(network, numbers),
        lambda: second_order(network, numbers, vectors),
        product,
    ]


def _whole(network: Network) -> float:
    """How many gradients' CPU time the whole Hessian takes, unit vectors many at a time."""
    import torch

    numbers = [one.requires_grad_() for one in network.numbers()]
    with torch.no_grad():
        model = network.by_hand(network.given())
        unit = torch.eye(network.n_params).unsqueeze(0)

    def whole() -> None:
        with torch.no_grad():
            for portion in torch.split(unit, _AT_ONCE, dim=1):
                model.hessian_product(portion)

    first, all_of_it = _timed([lambda: first_order(network, numbers), whole], 1, 3)[0]
    return float(all_of_it / first)
