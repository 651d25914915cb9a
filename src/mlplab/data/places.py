"""Where data files may lie on this machine, in the order in which they are looked for."""

from __future__ import annotations

import os
import sys
from dataclasses import dataclass
from pathlib import Path

from mlplab.errors import DataError
from mlplab.named_paths import home, named_path

SYSTEM_FOLDERS = (Path("/usr/share/datasets"), Path("/usr/local/share/datasets"))


@dataclass(frozen=True, slots=True)
class Place:
    """A folder that may hold a data set's files.

    Attributes:
        kind: `"MLPLAB_DATA"`, `"cache"` or `"system"`.
        folder: the folder itself.
    """

    kind: str
    folder: Path

    def __str__(self) -> str:
        return f"{self.kind} ({self.folder})"


def cache_folder() -> Path:
    """Return the folder for downloads and decoded copies; it need not exist.

    `MLPLAB_CACHE` if set, else `mlplab` in the platform's folder for caches
    (`XDG_CACHE_HOME`, `~/.cache`, `~/Library/Caches` or `%LOCALAPPDATA%`).

    Raises:
        DataError: there is no such home folder.
    """
    own = os.environ.get("MLPLAB_CACHE")
    if own:
        return named_path(own, "MLPLAB_CACHE", DataError)
    chosen = os.environ.get("LOCALAPPDATA" if sys.platform == "win32" else "XDG_CACHE_HOME", "")
    if sys.platform != "darwin" and os.path.isabs(chosen):
        return Path(chosen) / ("mlplab/Cache" if sys.platform == "win32" else "mlplab")
    at_home = {"win32": "AppData/Local/mlplab/Cache", "darwin": "Library/Caches/mlplab"}
    own_home = home("to keep data in", "a folder in MLPLAB_CACHE", DataError)
    return own_home / at_home.get(sys.platform, ".cache/mlplab")


def places(name: str, aliases: tuple[str, ...] = ()) -> list[Place]:
    """Return the folders that may hold data set `name`, the first to be tried first.

    In `MLPLAB_DATA` the files may lie in a folder named after the data set, in one of `aliases`,
    or directly.

    Raises:
        DataError: `MLPLAB_DATA` names no folder.
    """
    found = []
    own = os.environ.get("MLPLAB_DATA")
    if own:
        root = named_path(own, "MLPLAB_DATA", DataError)
        if not root.is_dir():
            raise DataError(f"MLPLAB_DATA: expected a folder with data sets; got {own!r}")
        found += [Place("MLPLAB_DATA", root / part) for part in (name, *aliases, ".")]
    found.append(Place("cache", cache_folder() / name))
    found += [Place("system", root / name) for root in SYSTEM_FOLDERS]
    return found
