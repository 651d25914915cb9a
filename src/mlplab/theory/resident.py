"""Memory of this process as Linux tells it: what it takes now, and the most that it took."""

from __future__ import annotations

from pathlib import Path

_PROC = Path("/proc/self")


def resident_bytes() -> int:
    """Return the size of the resident set.

    Raises:
        OSError: this system has no `/proc`.
    """
    return _status("VmRSS")


def own_bytes() -> int:
    """Return the size of the resident set without pages of files, such as libraries' code.

    The system drops those when it likes, and reads them again when they are needed.

    Raises:
        OSError: this system has no `/proc`.
    """
    return _status("RssAnon")


def peak_bytes() -> int:
    """Return the largest resident set since `forget_peak`, or since the process began.

    Raises:
        OSError: this system has no `/proc`.
    """
    return _status("VmHWM")


def forget_peak() -> None:
    """Let the peak begin anew at what is resident now.

    Raises:
        OSError: this system has no `/proc`.
    """
    (_PROC / "clear_refs").write_text("5", encoding="ascii")


def _status(field: str) -> int:
    for line in (_PROC / "status").read_text(encoding="utf-8", errors="replace").splitlines():
        name, _, value = line.partition(":")
        if name == field:
            return int(value.split()[0]) * 1024
    raise OSError(f"/proc/self/status: no {field}")
