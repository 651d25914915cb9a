"""Whether a file lies on a file system that several machines share.

SQLite's write-ahead log needs memory shared by all its readers, which such systems do not give.
"""

from __future__ import annotations

import os
import re
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

_NETWORK = {
    "nfs",
    "nfs4",
    "cifs",
    "smb",
    "smb2",
    "smb3",
    "smbfs",
    "afpfs",
    "webdav",
    "afs",
    "ncpfs",
}
_CLUSTER = {
    "lustre",
    "gpfs",
    "beegfs",
    "ceph",
    "panfs",
    "glusterfs",
    "pvfs2",
    "gfs2",
    "ocfs2",
    "coda",
}
_HOST = {"9p", "drvfs", "virtiofs", "vboxsf", "vmhgfs", "prl_fs"}


def is_shared(path: Path) -> bool:
    """Tell whether `path` (existing or not) is on a network disk, a FUSE mount or a host's folder.

    A file system that cannot be told counts as local.
    """
    if sys.platform == "win32":
        return _is_remote_drive(path)
    kind = filesystem_of(os.path.realpath(path), _mounts())
    return kind in _NETWORK | _CLUSTER | _HOST or kind.startswith("fuse.")


def filesystem_of(path: str, mounts: Iterator[tuple[str, str]]) -> str:
    """Return the type of the last, deepest mount over `path`; "" if there is none.

    >>> filesystem_of("/home/ada/x", iter([("/", "ext4"), ("/home", "nfs4"), ("/ho", "cifs")]))
    'nfs4'
    """
    found, depth = "", 0
    for point, kind in mounts:
        inside = path == point or path.startswith(point.rstrip("/") + "/")
        if inside and len(point) >= depth:
            # Of equally deep mounts the last hides those before it.
            found, depth = kind, len(point)
    return found


def read_mountinfo(text: str) -> Iterator[tuple[str, str]]:
    r"""Yield (mount point, type) from Linux's mountinfo.

    >>> list(read_mountinfo("30 1 0:28 / /mnt/my\\040disk rw,noatime shared:1 - nfs4 host:/ rw"))
    [('/mnt/my disk', 'nfs4')]
    """
    for line in text.splitlines():
        place, separator, rest = line.partition(" - ")
        fields = place.split(" ")
        if separator and len(fields) > 4:
            point = re.sub(r"\\([0-7]{3})", lambda code: chr(int(code[1], 8)), fields[4])
            yield point, rest.split(" ")[0].lower()


def read_mount_command(text: str) -> Iterator[tuple[str, str]]:
    """Yield (mount point, type) from what `mount` prints on a Mac.

    >>> list(read_mount_command("//ada@host/lab on /Volumes/lab (smbfs, nodev)"))
    [('/Volumes/lab', 'smbfs')]
    """
    for line in text.splitlines():
        if match := re.fullmatch(r".* on (/.*) \(([^,)]+).*\)", line):
            yield match[1], match[2].lower()


def _mounts() -> Iterator[tuple[str, str]]:
    try:
        if sys.platform == "darwin":
            shown = subprocess.run(
                ["/sbin/mount"], capture_output=True, text=True, timeout=5, check=True
            )
            return read_mount_command(shown.stdout)
        return read_mountinfo(Path("/proc/self/mountinfo").read_text("utf-8", "surrogateescape"))
    except (OSError, subprocess.SubprocessError):
        return iter(())


def _is_remote_drive(path: Path) -> bool:
    if sys.platform != "win32":
        return False
    import ctypes

    anchor = os.path.splitdrive(os.path.abspath(path))[0] + "\\"
    remote = 4  # DRIVE_REMOTE of the Windows API
    return anchor.startswith("\\\\") or ctypes.windll.kernel32.GetDriveTypeW(anchor) == remote
