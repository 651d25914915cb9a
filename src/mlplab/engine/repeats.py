"""Determinism checks of user-defined functions: called twice they agree, and draw no numbers."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
from numpy.typing import NDArray

from mlplab.engine.modules.noise import no_noise, no_other_source
from mlplab.errors import ConfigError

_INSTEAD = {"init": "draw from the generator that it is given"}
_NO_NOISE = "noise in training is dropout, or what a module draws (see mlplab.module)"


def check_repeats(kind: str, name: str, answer: Callable[[], Any]) -> NDArray[Any]:
    """Ask twice and return the answer.

    What a user's function draws from a generator of the process, or keeps from call to call, would
    make a run depend on what else was trained.

    Args:
        kind: what the user registered.
        name: under which name.
        answer: calls it on the same numbers each time; gives numbers.

    Raises:
        ConfigError: it draws, or answers differ.

    >>> check_repeats("schedule", "mine", lambda: [1.0, 0.5]).tolist()
    [1.0, 0.5]
    """
    whose, instead = f"{kind} {name!r}", _INSTEAD.get(kind, _NO_NOISE)
    with no_other_source(whose, instead), no_noise(whose, instead):
        first, second = np.array(answer()), np.array(answer())
    if not np.array_equal(first, second, equal_nan=True):
        raise ConfigError(
            f"{whose}: called twice on the same numbers, it gives different ones; {instead}"
        )
    return first
