"""How many networks make an ensemble, and how many ensembles there are."""

from __future__ import annotations

from mlplab.exercises.profile import Profile

STUDENTS = 1
"""Networks that each ensemble teaches."""


def size(profile: Profile) -> int:
    """Return the members of an ensemble."""
    # Twenty networks make five ensembles: with fewer there is no verdict.
    return profile.pick(2, 4)


def n_members(profile: Profile, seeds: int | None) -> int:
    """Return how many networks make whole ensembles, two of them at least."""
    n = seeds or profile.pick(10, 20, 50)
    return size(profile) * max(2, n // size(profile))
