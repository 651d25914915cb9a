"""Paths as users write them."""

from __future__ import annotations

import os
from pathlib import Path

from mlplab.errors import ConfigError, MlplabError


def named_path(
    named: str | os.PathLike[str], says: str, error: type[MlplabError] = ConfigError
) -> Path:
    """Return the path that a user named, absolute, with `~` as a home folder.

    Args:
        named: as it was given.
        says: what gave it: an argument, an option or a variable.
        error: what is raised.

    Raises:
        MlplabError: of the class `error`: there is no such home folder, or no such path can be.

    >>> named_path("/data/../runs", "MLPLAB_DATA").as_posix()
    '/data/../runs'
    >>> named_path("~nobody-here/runs", "MLPLAB_DATA")
    Traceback (most recent call last):
    mlplab.errors.ConfigError: MLPLAB_DATA: no path can be '~nobody-here/runs' (Could not ...
    """
    if not isinstance(named, str | os.PathLike):
        raise error(f"{says}: expected a path; got {named!r}")
    try:
        path = Path(named).expanduser().absolute()
        if "\0" in str(path):
            raise ValueError("it holds a null character")
    except (RuntimeError, ValueError) as problem:
        why = str(problem).rstrip(".")
        raise error(f"{says}: no path can be {os.fspath(named)!r} ({why})") from None
    return path


def home(aim: str, instead: str, error: type[MlplabError] = ConfigError) -> Path:
    """Return the user's home folder.

    Args:
        aim: what it is wanted for.
        instead: what may be named in its place.
        error: what is raised.

    Raises:
        MlplabError: of the class `error`: there is none.
    """
    try:
        return Path.home()
    except RuntimeError as problem:
        raise error(f"no home folder {aim} ({problem}); name {instead}") from problem
