"""Samples from exp(-energy) by Hamiltonian Monte Carlo: they know of a posterior only its slope."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
from numpy.typing import NDArray

Array = NDArray[np.float64]


def sample_by_slope(
    energy: Callable[[Array], Array],
    slope: Callable[[Array], Array],
    start: Array,
    *,
    step: float,
    length: int,
    n: int,
    warm_up: int,
    generator: np.random.Generator,
) -> tuple[Array, float]:
    """Draw n states of every chain, and return them with the share of proposals accepted.

    Args:
        energy: states (R, P) -> minus the log density, (R,).
        slope: states -> its gradient, (R, P).
        start: of each chain, (R, P).
        step: of the leapfrog.
        length: leapfrog steps of a proposal on average; drawn anew each time.
        n: states kept of each chain; neighbours are correlated.
        warm_up: states dropped first.
        generator: where the randomness comes from.

    Returns:
        States (R, n, P), and the share accepted after the warm-up.

    Source: Neal, MCMC using Hamiltonian dynamics (2011), 5.3.

    >>> rng = np.random.default_rng(0)
    >>> states, _ = sample_by_slope(
    ...     lambda w: (w**2).sum(1) / 2, lambda w: w, np.zeros((4, 1)),
    ...     step=0.3, length=5, n=500, warm_up=50, generator=rng,
    ... )
    >>> bool(abs(states.var() - 1) < 0.15)
    True
    """
    at, accepted = start.copy(), 0.0
    kept = np.empty((len(start), n, start.shape[1]))
    before = energy(at)
    for turn in range(-warm_up, n):
        speed = generator.standard_normal(at.shape)
        total = before + np.square(speed).sum(axis=1) / 2
        w, pull = at, slope(at)
        for _ in range(int(generator.integers(length // 2, length + length // 2 + 1))):
            speed = speed - step / 2 * pull
            w = w + step * speed
            pull = slope(w)
            speed = speed - step / 2 * pull
        there = energy(w)
        gain = total - there - np.square(speed).sum(axis=1) / 2
        take = np.log(generator.random(len(at))) < gain
        at, before = np.where(take[:, None], w, at), np.where(take, there, before)
        if turn >= 0:
            kept[:, turn] = at
            accepted += float(take.mean()) / n
    return kept, accepted
