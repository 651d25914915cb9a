"""The checkpoints that an experiment goes on from: copied to a file, and read one at a time."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import replace
from tempfile import SpooledTemporaryFile
from typing import Self

from mlplab.store import Checkpoint, Store

# Small networks' checkpoints never touch the disk; wide ones' may not fill the memory.
_IN_MEMORY_BYTES = 8 * 2**20


class Checkpoints(Mapping[str, Checkpoint]):
    """Run key -> checkpoint, as the store had them at first, whoever changes it meanwhile.

    Together they may take as much as the networks that train, so their bytes lie in a file that
    goes with the `with` block.
    """

    def __init__(self, store: Store, keys: Iterable[str], provenance: str) -> None:
        """Copy the checkpoints of those among `keys` that have one."""
        self._file = SpooledTemporaryFile(max_size=_IN_MEMORY_BYTES)  # noqa: SIM115
        self._places: dict[str, tuple[Checkpoint, int, int]] = {}
        for key in store.with_checkpoints(keys, provenance):
            # One at a time: together they may take as much as the networks that train.
            for state in store.checkpoints([key], provenance).values():
                start = self._file.tell()
                self._file.write(state.blob)
                self._places[key] = (replace(state, blob=b""), start, len(state.blob))

    @property
    def epochs(self) -> dict[str, int]:
        """How many epochs each has behind it."""
        return {key: state.epoch for key, (state, _, _) in self._places.items()}

    def __getitem__(self, key: str) -> Checkpoint:
        state, start, size = self._places[key]
        self._file.seek(start)
        return replace(state, blob=self._file.read(size))

    def __contains__(self, key: object) -> bool:
        return key in self._places

    def __iter__(self) -> Iterator[str]:
        return iter(self._places)

    def __len__(self) -> int:
        return len(self._places)

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *problem: object) -> None:
        self._file.close()
