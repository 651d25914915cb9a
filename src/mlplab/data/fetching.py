"""Fetching a data set's files: the sources in turn, checked, and kept in the user's cache."""

from __future__ import annotations

import contextlib
import logging
import os
import shutil
import tempfile
import time
from pathlib import Path

from mlplab.atomic import atomic_file
from mlplab.data.files import (
    FileSet,
    Found,
    MessageCallback,
    Source,
    SourceError,
    checked,
    in_cache,
    is_intact,
    locate,
    sha256_of,
)
from mlplab.errors import DataError

_log = logging.getLogger(__name__)
# Another process may be fetching: what is younger is left alone.
_STALE_SECONDS = 24 * 3600


def log_only(line: str) -> None:
    """Report to the log: what happens where the caller asks for no other report."""
    _log.info(line)


def obtain(files: FileSet, *, offline: bool = False, report: MessageCallback = log_only) -> Found:
    """Return a folder with good copies of a set's files; fetch them where there is none.

    The order: `MLPLAB_DATA`, the user's cache, the system's folders, then each source in turn.

    Args:
        files: what is wanted.
        offline: never fetch.
        report: given one line per attempt.

    Raises:
        DataError: a copy on this machine is damaged, or no source gave the files.
    """
    place = locate(files)
    if place is not None:
        return checked(files, place)
    if offline:
        raise DataError(
            f"{files.name}: not on this machine (looked in MLPLAB_DATA, the cache "
            f"{in_cache(files).folder} and the system's data folders) and offline=True; "
            f"fetch it once with a network, or put its files into a folder that MLPLAB_DATA names"
        )
    return fetch_files(files, report)


def fetch_files(files: FileSet, report: MessageCallback = log_only) -> Found:
    """Fetch what the cache lacks of a set's files; each is checked before it gets its name.

    Raises:
        DataError: no source gave good files, or the cache cannot be written.
    """
    kept = in_cache(files)
    failures = []
    missing = tuple(name for name in files.sha256 if not (kept.folder / name).is_file())
    for source in files.sources if missing else ():
        report(f"{files.name}: fetching from {source.label}")
        try:
            _fetch_from(source, files, missing, kept.folder, report)
        except SourceError as problem:
            report(f"{files.name}: {source.label}: {problem}")
            failures.append(f"{source.label}: {problem}")
            continue
        except OSError as problem:
            raise DataError(
                f"{kept.folder}: cannot be written ({problem.strerror or problem}); "
                f"set MLPLAB_CACHE to a folder that can"
            ) from None
        report(f"{files.name}: {len(missing)} files checked and kept in {kept.folder}")
        checked(files, kept)
        return Found(files, kept.folder, source.label)
    if missing:
        tried = "; ".join(failures) or "no source is known"
        raise DataError(
            f"{files.name}: could not be fetched ({tried}); put its files "
            f"({', '.join(files.sha256)}) into a folder that MLPLAB_DATA names"
        )
    return checked(files, kept)


def copy_files(found: Found, folder: Path) -> list[Path]:
    """Copy a data set's files to a folder, which is made; a good copy there is left alone.

    Returns:
        The paths of the copies.

    Raises:
        DataError: another file of that name is there, or the folder cannot be written.
    """
    copies = {name: folder / name for name in found.files.sha256}
    lacking = [name for name, path in copies.items() if not path.exists()]
    for name, expected in found.files.sha256.items():
        if name not in lacking and not is_intact(copies[name], expected):
            raise DataError(f"{copies[name]}: another file is there; name another folder")
    try:
        for name in lacking:
            with atomic_file(copies[name]) as draft:
                shutil.copyfile(found.folder / name, draft)
    except OSError as problem:
        raise DataError(f"{folder}: cannot be written ({problem.strerror or problem})") from None
    return list(copies.values())


def _fetch_from(
    source: Source, files: FileSet, missing: tuple[str, ...], target: Path, report: MessageCallback
) -> None:
    target.mkdir(parents=True, exist_ok=True)
    _sweep(target)
    draft = Path(tempfile.mkdtemp(prefix=".fetch-", dir=target))
    try:
        source.fetch(missing, draft, report)
        for name in missing:
            path = draft / name
            if not path.is_file():
                raise SourceError(f"{name} is not there")
            if sha256_of(path) != files.sha256[name]:
                raise SourceError(f"{name} came with a wrong checksum")
        for name in missing:
            # Named only once all are good: a killed fetch leaves no file that looks whole.
            os.replace(draft / name, target / name)
    finally:
        shutil.rmtree(draft, ignore_errors=True)


def _sweep(target: Path) -> None:
    """Delete what a killed fetch left behind; a young one may still be at work."""
    for draft in target.glob(".fetch-*"):
        with contextlib.suppress(OSError):
            if time.time() - draft.stat().st_mtime > _STALE_SECONDS:
                shutil.rmtree(draft, ignore_errors=True)
