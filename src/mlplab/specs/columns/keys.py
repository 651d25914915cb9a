"""Keys of many runs as a column: sixteen bytes each, found by halving."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from typing import Any, final, overload

import numpy as np
from numpy.typing import NDArray

HEX = 32  # digits of a key
_SIZE = HEX // 2


@final
class Keys(Sequence[str]):
    """Run keys in their order; as strings they would take five times as much.

    Args:
        digests: the keys as bytes, (N, 16) uint8.

    >>> keys = Keys.of(["ab" * 16, "0f" * 16])
    >>> keys[1][:4], keys.find(["0f" * 16, "ab" * 16, "unknown"]).tolist()
    ('0f0f', [1, 0, -1])
    """

    __slots__ = ("_digests", "_index")

    def __init__(self, digests: NDArray[np.uint8]) -> None:
        self._digests = digests
        self._index: tuple[NDArray[np.uint64], NDArray[np.int64]] | None = None

    @classmethod
    def of(cls, keys: Iterable[str]) -> Keys:
        """Make a column of hexadecimal keys.

        Raises:
            ValueError: one is no key.
        """
        keys = list(keys)
        numbers = bytes.fromhex("".join(keys))
        if len(numbers) != _SIZE * len(keys) or any(len(key) != HEX for key in keys):
            raise ValueError(f"keys: expected {HEX} hexadecimal digits each")
        return cls.from_bytes(numbers)

    @classmethod
    def from_bytes(cls, numbers: bytes) -> Keys:
        """Make a column of sixteen bytes a key."""
        return cls(_table(numbers))

    def tobytes(self) -> bytes:
        """Return sixteen bytes a key."""
        return self._digests.tobytes()

    def take(self, places: NDArray[Any]) -> Keys:
        """Return the keys at some places."""
        return Keys(self._digests[places])

    def find(self, keys: Sequence[str]) -> NDArray[np.int64]:
        """Return the first place of each key, -1 where there is none, (n,)."""
        numbers, are_keys = _digests_of(keys)
        if not len(self) or not len(numbers):
            return np.full(len(keys), -1)
        first, order = self._sorted()
        wanted = _upper(numbers)
        at = np.minimum(np.searchsorted(first, wanted), len(order) - 1)
        places = order[at]
        same = (self._digests[places] == numbers).all(1)
        # Different keys that agree in their first eight bytes: hardly ever, or by design.
        for row in np.flatnonzero(~same & (first[at] == wanted)):
            rivals = order[first == wanted[row]]
            hits = (self._digests[rivals] == numbers[row]).all(1)
            if hits.any():
                places[row], same[row] = rivals[hits][0], True
        return np.where(same & are_keys, places, -1)

    def place(self, key: str) -> int:
        """Return the first place of one key, -1 where there is none."""
        number = _bytes_of(key)
        if number is None or not len(self):
            return -1
        first, order = self._sorted()
        wanted = np.uint64(int.from_bytes(number[:8], "big"))
        for at in range(int(first.searchsorted(wanted)), len(first)):
            place = int(order[at])
            if self._digests[place].tobytes() == number:
                return place
            if first[at] != wanted:
                break
        return -1

    def firsts(self) -> NDArray[np.int64]:
        """Return the places at which a key comes for the first time, in order."""
        halves = np.ascontiguousarray(self._digests).view(">u8").astype(np.uint64)
        order = np.lexsort((halves[:, 1], halves[:, 0]))  # stable: of equal ones the first is first
        halves = halves[order]
        new = np.ones(len(order), bool)
        new[1:] = (halves[1:] != halves[:-1]).any(1)
        return np.sort(order[new])

    def _sorted(self) -> tuple[NDArray[np.uint64], NDArray[np.int64]]:
        if self._index is None:
            upper = _upper(self._digests)
            order = np.argsort(upper, kind="stable")
            self._index = upper[order], order
        return self._index

    def __len__(self) -> int:
        return len(self._digests)

    @overload
    def __getitem__(self, at: int) -> str: ...
    @overload
    def __getitem__(self, at: slice) -> Keys: ...
    def __getitem__(self, at: int | slice) -> str | Keys:
        part = self._digests[at]
        return Keys(part) if isinstance(at, slice) else part.tobytes().hex()

    def __iter__(self) -> Iterator[str]:
        for start in range(0, len(self), _AT_ONCE):
            digits = self._digests[start : start + _AT_ONCE].tobytes().hex()
            for at in range(0, len(digits), HEX):
                yield digits[at : at + HEX]

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Keys) and np.array_equal(self._digests, other._digests)

    __hash__ = None  # type: ignore[assignment]


_AT_ONCE = 10_000


def _upper(digests: NDArray[np.uint8]) -> NDArray[np.uint64]:
    """Return the first eight bytes as a number, which sorts as the digits do."""
    return np.ascontiguousarray(digests[:, :8]).view(">u8")[:, 0].astype(np.uint64)


def _digests_of(keys: Sequence[str]) -> tuple[NDArray[np.uint8], NDArray[np.bool_]]:
    """Return sixteen bytes for each, and which of them are keys."""
    if isinstance(keys, Keys):
        return keys._digests, np.ones(len(keys), bool)
    each = [_bytes_of(key) for key in keys]
    numbers = b"".join(number or bytes(_SIZE) for number in each)
    return _table(numbers), np.array([number is not None for number in each], bool)


def _table(numbers: bytes) -> NDArray[np.uint8]:
    return np.frombuffer(numbers, np.uint8).reshape(-1, _SIZE)


def _bytes_of(key: str) -> bytes | None:
    try:
        number = bytes.fromhex(key)
    except ValueError:
        return None
    # Python reads over blanks: they would make a shorter number.
    return number if len(key) == HEX and len(number) == _SIZE else None
