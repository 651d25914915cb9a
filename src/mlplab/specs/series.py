"""Numbers after every epoch, as compact as an array and as constant as a tuple."""

from __future__ import annotations

import sys
from array import array
from collections.abc import Iterable, Iterator, Sequence
from typing import Any, final, overload

from mlplab.sheet import listed

_MOST_SHOWN = 24


@final
class Series(Sequence[float]):
    """Floats that stay as they are, in eight bytes each; a tuple takes four times as much.

    Equal to a series or tuple of the same numbers; in a comparison of two series NaN equals NaN.

    >>> losses = Series([0.7, 0.5])
    >>> losses, losses[-1], losses == (0.7, 0.5)
    ((0.7, 0.5), 0.5, True)
    """

    __slots__ = ("_values",)

    def __init__(self, values: Iterable[float] = ()) -> None:
        self._values = array("d", values)

    @classmethod
    def from_bytes(cls, numbers: bytes) -> Series:
        """Make a series of native float64 numbers."""
        return cls.of(array("d", numbers))

    @classmethod
    def of(cls, values: array[float]) -> Series:
        """Take an array of doubles over, without a copy: whoever made it changes it no more."""
        made = cls.__new__(cls)
        made._values = values
        return made

    def tobytes(self) -> bytes:
        """Return the numbers as native float64."""
        return self._values.tobytes()

    def __len__(self) -> int:
        return len(self._values)

    @overload
    def __getitem__(self, at: int) -> float: ...
    @overload
    def __getitem__(self, at: slice) -> tuple[float, ...]: ...
    def __getitem__(self, at: int | slice) -> float | tuple[float, ...]:
        return tuple(self._values[at]) if isinstance(at, slice) else self._values[at]

    def __iter__(self) -> Iterator[float]:
        return iter(self._values)

    def __eq__(self, other: object) -> bool:
        if isinstance(other, Series):
            # By bytes first, for NaN; by value as well, for 0.0 and -0.0.
            return self.tobytes() == other.tobytes() or self._values == other._values
        return tuple(self) == other if isinstance(other, tuple) else NotImplemented

    def __hash__(self) -> int:
        return hash(tuple(self))

    def __repr__(self) -> str:
        if len(self) <= _MOST_SHOWN:
            return repr(tuple(self))
        return f"({listed(self)})"

    @property
    def __array_interface__(self) -> dict[str, Any]:
        """numpy's protocol: `np.asarray(series)` reads the numbers in place, and may not write."""
        place, n = self._values.buffer_info()
        order = "<" if sys.byteorder == "little" else ">"
        return {"version": 3, "shape": (n,), "typestr": f"{order}f8", "data": (place, True)}

    def __reduce__(self) -> tuple[Any, ...]:
        return Series.from_bytes, (self.tobytes(),)
