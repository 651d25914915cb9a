"""Randomness by key: draws depend on (seed, purpose, place), never on what was drawn before."""

from __future__ import annotations

import hashlib
import operator
from functools import lru_cache

import numpy as np
import numpy.typing as npt

_WORD = 2**64
# Philox counts in four words: the lowest is the stream's own, three are left for a place.
_PLACES = 3


def philox(seed: int, purpose: str, *place: int) -> np.random.Generator:
    """Return the generator of one (seed, purpose, place); the global state is not touched.

    numpy's Philox with key = the first 128 bits of BLAKE2b(seed, purpose, number of places) and
    the place in the three high words of its counter. A stream's first k numbers do not depend on
    how many are drawn, so what is laid out along it shares prefixes across sizes.

    Args:
        seed: any integer.
        purpose: what the numbers are for, such as `"split"`.
        place: up to three whole numbers below 2**64, such as (layer, unit).

    Raises:
        ValueError: more than three places, or one that does not fit 64 bits.

    Cost: about 15 microseconds. Source: Salmon et al., Parallel random numbers, SC 2011.

    >>> bool(philox(1, "split").random() == philox(1, "split").random())
    True
    >>> bool(philox(1, "split", 0).random() == philox(1, "split", 1).random())
    False
    """
    if len(place) > _PLACES:
        raise ValueError(f"place: expected at most {_PLACES} numbers; got {len(place)}")
    counter = np.zeros(4, dtype=np.uint64)
    for word, number in enumerate(place, start=1):
        if not 0 <= number < _WORD:
            raise ValueError(f"place: expected numbers from 0 to 2**64 - 1; got {number}")
        counter[word] = number
    key = philox_key(seed, purpose, len(place))
    return np.random.Generator(np.random.Philox(counter=counter, key=key))


def philox_key(seed: int, purpose: str, n_places: int) -> npt.NDArray[np.uint64]:
    """Return the key of `philox` for a seed and purpose with so many numbers of a place, (2,).

    >>> philox_key(1, "split", 0).dtype.name
    'uint64'
    """
    return np.array(_key(operator.index(seed), purpose, n_places), dtype=np.uint64)


@lru_cache(maxsize=4096)
def _key(seed: int, purpose: str, n_places: int) -> tuple[int, int]:
    text = f"{seed}\0{n_places}\0{purpose}".encode()
    both = hashlib.blake2b(text, digest_size=16).digest()
    return int.from_bytes(both[:8], "little"), int.from_bytes(both[8:], "little")
