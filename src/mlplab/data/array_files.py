"""Arrays as .npy files that several processes map into memory."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from mlplab.atomic import atomic_file
from mlplab.errors import DataError


def write_arrays(
    arrays: Mapping[str, npt.NDArray[Any]], folder: Path, stem: str, *, again: bool = False
) -> dict[str, str]:
    """Write arrays as `folder/stem-name.npy` and return their paths by name.

    Each appears under its name only when it is complete; one that is there with the same bytes
    stays, unless `again`: a disk that failed may have left others.

    Raises:
        DataError: the folder cannot be written.
    """
    files = {}
    for name, array in arrays.items():
        path = folder.absolute() / f"{stem}-{name}.npy"
        try:
            if again or not _has(path, array):
                with atomic_file(path) as draft, draft.open("wb") as stream:
                    np.save(stream, array, allow_pickle=False)
        except OSError as problem:
            raise DataError(f"{path}: cannot be written ({problem.strerror or problem})") from None
        files[name] = str(path)
    return files


def open_array(path: Path) -> npt.NDArray[Any]:
    """Map one .npy file read-only; an empty array, which cannot be mapped, is read.

    Raises:
        DataError: it is missing, cut short or of another format.
    """
    try:
        mapped = np.load(path, mmap_mode="r", allow_pickle=False)
    except (OSError, ValueError, EOFError):
        try:
            whole = np.load(path, allow_pickle=False)
            if whole.size == 0:
                return np.asarray(whole)
        except (OSError, ValueError, EOFError):
            pass
        raise DataError(f"{path}: missing, cut short or not a .npy file; share again") from None
    return np.asarray(mapped)


def _has(path: Path, array: npt.NDArray[Any]) -> bool:
    """Whether a file holds these very bytes."""
    try:
        there = open_array(path)
    except DataError:
        return False
    if (there.dtype, there.shape) != (array.dtype, array.shape):
        return False
    if not array.size:
        return True
    ours, theirs = (np.ascontiguousarray(one).data.cast("B") for one in (array, there))
    return ours == theirs
