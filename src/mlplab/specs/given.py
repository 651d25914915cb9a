"""Fields that may be given in a shorter form than the one they keep, as type checkers see them."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Generic, TypeVar

Kept = TypeVar("Kept")
Given = TypeVar("Given")

if TYPE_CHECKING:

    class Short(Generic[Kept, Given]):
        """`Short[Kept, Given]`: a field that keeps a `Kept` and may be given as a `Given`."""

        # Checkers take the type that is given from `__set__`, and the one that is kept from
        # `__get__`; validators turn the one into the other.
        def __get__(self, spec: object, owner: Any = None) -> Kept: ...
        def __set__(self, spec: object, value: Kept | Given) -> None: ...

else:

    class Short:
        def __class_getitem__(cls, kinds):
            return kinds[0]
