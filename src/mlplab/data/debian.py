"""A Debian package as a source: downloaded and unpacked without root and without installing."""

from __future__ import annotations

import os
import shutil
import tempfile
from dataclasses import dataclass
from pathlib import Path

from mlplab.data.command import run_tool
from mlplab.data.files import MessageCallback, SourceError

_PRIVATE = """\
Dir::State::lists "{work}/lists";
#clear APT::Update::Pre-Invoke;
#clear APT::Update::Post-Invoke;
#clear APT::Update::Post-Invoke-Success;
"""


@dataclass(frozen=True)
class DebianPackage:
    """Files that a Debian package holds, taken from the mirror that this machine uses.

    Attributes:
        package: its name.
        folder: where the files lie inside it.
        seconds: how long one step may take.
    """

    package: str
    folder: str
    seconds: float = 600.0

    @property
    def label(self) -> str:
        """What the source is called."""
        return f"Debian package {self.package}"

    def fetch(self, names: tuple[str, ...], into: Path, report: MessageCallback) -> None:
        """Download the package with apt-get and take the files out with dpkg-deb.

        Where the machine's package lists are missing or old, private ones are made in a folder
        that is deleted afterwards; the system's own state is never written.

        Raises:
            SourceError: not a Debian-like system, no network, or no such package.
        """
        for tool in ("apt-get", "dpkg-deb"):
            if shutil.which(tool) is None:
                raise SourceError(f"needs {tool}, which this machine lacks")
        with tempfile.TemporaryDirectory(dir=into, prefix=".deb-") as name:
            work = Path(name)
            archive = self._download(work, report)
            self._run(["dpkg-deb", "-x", str(archive), str(work / "out")], work)
            for file in names:
                held = work / "out" / self.folder / file
                if not held.is_file():
                    raise SourceError(f"{archive.name} does not hold {self.folder}/{file}")
                os.replace(held, into / file)

    def _download(self, work: Path, report: MessageCallback) -> Path:
        (work / "cache" / "archives" / "partial").mkdir(parents=True)
        try:
            self._apt(work, "download", self.package)
        except SourceError:
            report(f"{self.label}: not in the machine's package lists; reading fresh ones")
            (work / "lists" / "partial").mkdir(parents=True)
            settings = work / "apt.conf"
            settings.write_text(_PRIVATE.format(work=work))
            self._apt(work, "-c", str(settings), "update")
            self._apt(work, "-c", str(settings), "download", self.package)
        archives = sorted(work.glob("*.deb"))
        if not archives:
            raise SourceError("apt-get download left no package")
        return archives[0]

    def _apt(self, work: Path, *args: str) -> None:
        settings = (
            f"Dir::Cache={work / 'cache'}",
            "Acquire::http::Timeout=20",
            "Acquire::https::Timeout=20",
            "Acquire::Retries=1",
        )
        options = [part for setting in settings for part in ("-o", setting)]
        self._run(["apt-get", "-q", *options, *args], work)

    def _run(self, command: list[str], work: Path) -> None:
        run_tool(command, work, self.seconds, marks=("E:", "dpkg"))
