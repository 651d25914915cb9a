"""Where data files may lie on this machine, in the order in which they are looked for."""

from __future__ import annotations

import os
import sys
from dataclasses import dataclass
from pathlib import Path

from mlplab.errors import DataError

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
    """
    own = os.environ.get("MLPLAB_CACHE")
    if own:
        return Path(own).expanduser().absolute()
    if sys.platform == "win32":
        base = os.environ.get("LOCALAPPDATA") or str(Path.home() / "AppData" / "Local")
        return Path(base) / "mlplab" / "Cache"
    if sys.platform == "darwin":
        return Path.home() / "Library" / "Caches" / "mlplab"
    base = os.environ.get("XDG_CACHE_HOME", "")
    return (Path(base) if os.path.isabs(base) else Path.home() / ".cache") / "mlplab"


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
        root = Path(own).expanduser().absolute()
        if not root.is_dir():
            raise DataError(f"MLPLAB_DATA: expected a folder with data sets; got {own!r}")
        found += [Place("MLPLAB_DATA", root / part) for part in (name, *aliases, ".")]
    found.append(Place("cache", cache_folder() / name))
    found += [Place("system", root / name) for root in SYSTEM_FOLDERS]
    return found
