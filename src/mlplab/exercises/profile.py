"""How thoroughly an exercise is answered."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TypeVar

from mlplab.errors import ConfigError
from mlplab.hints import expected

T = TypeVar("T")


@dataclass(frozen=True, slots=True)
class Profile:
    """Seeds per compared arm, and a factor on the length of trainings.

    Attributes:
        name: `quick` (small enough to try, and every output says so), `standard`, `full`.
        n_seeds: of every arm that a claim compares.
        effort: 0, 1 or 2, for designs to choose their arms and epochs by.
        images: the user's folder of images, for exercises that take one; empty: their own.
    """

    name: str
    n_seeds: int
    effort: int
    images: str = ""

    def pick(self, quick: T, standard: T, full: T | None = None) -> T:
        """Return the value for this profile; `full` is as `standard` unless given.

        >>> PROFILES["quick"].pick(5, 10)
        5
        """
        return (quick, standard, standard if full is None else full)[self.effort]


PROFILES = {
    "quick": Profile("quick", 8, 0),
    "standard": Profile("standard", 10, 1),
    "full": Profile("full", 30, 2),
}


def profile_of(name: str) -> Profile:
    """Return the profile of that name.

    Raises:
        ConfigError: there is none.
    """
    if name not in PROFILES:
        raise ConfigError(f"profile: {expected(name, PROFILES)}")
    return PROFILES[name]
