"""What the figures depend on: machine, interpreter, packages."""

from __future__ import annotations

import os
import platform
from collections.abc import Collection, Sequence
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path

from mlplab.version import __version__

PACKAGES = ("torch", "numpy", "scipy-openblas32", "scikit-learn", "pillow")


def versions(packages: Sequence[str] = PACKAGES) -> dict[str, str]:
    """Name the versions of everything that was measured, without importing it."""
    found = {
        "mlplab": __version__,
        "python": platform.python_version(),
        "system": f"{platform.system()} {platform.machine()}",
        "processor": _processor(),
        "cores": str(
            len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count()
        ),
    }
    for package in packages:
        try:
            found[package] = version(package)
        except PackageNotFoundError:
            found[package] = "missing"
    return found


def measured_with(names: Collection[str], packages: Sequence[str] = PACKAGES) -> str:
    """Return the last line of a page: what its figures depend on, of these names."""
    seen = (f"{name} {what}" for name, what in versions(packages).items() if name in names)
    return f"Measured with {', '.join(seen)}."


def _processor() -> str:
    try:
        for line in Path("/proc/cpuinfo").read_text().splitlines():
            if line.startswith("model name"):
                return line.partition(":")[2].strip()
    except OSError:
        pass
    return platform.processor() or "unknown"
