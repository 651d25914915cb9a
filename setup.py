"""Build the compiled loops: one C source, once for each instruction set, linked into one library.

The compiler is zig's Clang, which PyPI serves for Linux, macOS and Windows: nothing has to be
installed. Environment variables: `CC` for another one (`CC=gcc`), `CFLAGS` for further flags, and
`MLPLAB_TARGET` for a wheel of another machine, one of `TARGETS`.
"""

from __future__ import annotations

import os
import platform
import runpy
import shlex
import subprocess
import sys
import tempfile
from pathlib import Path

from setuptools import Extension, setup
from setuptools.command.bdist_wheel import bdist_wheel
from setuptools.command.build_ext import build_ext

KERNEL = Path("src/mlplab/engine/native/kernel")
FLAGS = ["-O3", "-std=gnu11", "-fvisibility=hidden"]
FLAGS += ["-Wall", "-Wno-pass-failed", "-Wno-unknown-pragmas"]
FLAGS += ["-ffp-contract=off"]  # bits: products are fused only where the source says so
FLAGS += ["-fno-math-errno", "-fno-trapping-math"]  # speed: selects become vectors
LEVELS = {
    "x86_64": {"v4": ["x86-64-v4", "-mprefer-vector-width=512"], "v3": ["x86-64-v3"]},
    "aarch64": {"v8": []},
}
# The machine, zig's name for it (with the oldest C library that may be there), and the wheel's tag.
TARGETS = {
    "linux-x86_64": ("x86_64", "x86_64-linux-gnu.2.17", "manylinux2014_x86_64"),
    "linux-aarch64": ("aarch64", "aarch64-linux-gnu.2.17", "manylinux2014_aarch64"),
    "macos-arm64": ("aarch64", "aarch64-macos.11.0", "macosx_11_0_arm64"),
    "macos-x86_64": ("x86_64", "x86_64-macos.10.15", "macosx_10_15_x86_64"),
    "windows-x86_64": ("x86_64", "x86_64-windows-gnu", "win_amd64"),
}


def _target() -> str | None:
    """Return which of `TARGETS` is built, or None on a machine that has no loops."""
    systems = {"Linux": "linux", "Darwin": "macos", "Windows": "windows"}
    machines = {"x86_64": "x86_64", "AMD64": "x86_64", "aarch64": "aarch64", "arm64": "arm64"}
    system, machine = systems.get(platform.system()), machines.get(platform.machine())
    found = os.environ.get("MLPLAB_TARGET") or f"{system}-{machine}"
    return found if found in TARGETS else None


def build(library: Path) -> None:
    """Compile and link the library.

    Raises:
        OSError, subprocess.CalledProcessError: there is no compiler, or it failed.
    """
    target = _target()
    if target is None:
        raise OSError(f"no loops for {platform.system()} {platform.machine()}")
    machine, triple, _ = TARGETS[target]
    native = shlex.split(os.environ.get("CC", ""))
    compiler = native or [sys.executable, "-m", "ziglang", "cc", "-target", triple]
    flags = [*FLAGS, *shlex.split(os.environ.get("CFLAGS", ""))]
    if "windows" not in target:
        flags.append("-fPIC")
    if native:  # gcc leaves short loops over vectors in memory unless they may grow
        probe = subprocess.run([*native, "--version"], capture_output=True, text=True, check=True)
        if "clang" not in probe.stdout:
            flags += ["--param", "max-completely-peeled-insns=60"]
    else:
        flags.append("-fno-sanitize=undefined")  # which zig adds by itself
    sources = runpy.run_path(str(KERNEL.parent / "sources.py"))["hash_sources"](KERNEL)
    library.parent.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory() as folder:
        parts = {"dispatch": ["-DSOURCES=" + f'"{sources}"']}
        for level, (cpu, *more) in ((k, v or [""]) for k, v in LEVELS[machine].items()):
            named = f"-march={cpu}" if native else f"-mcpu={cpu.replace('-', '_')}"
            parts[level] = [f"-DLEVEL={level}", *more, *([named] if cpu else [])]
        for name, more in parts.items():
            source = KERNEL / ("dispatch.c" if name == "dispatch" else "loops.c")
            command = [*compiler, *flags, *more, "-c", str(source), "-o", f"{folder}/{name}.o"]
            subprocess.run(command, check=True)
        objects = [f"{folder}/{name}.o" for name in parts]
        strip = [] if os.environ.get("CFLAGS") else ["-s"]
        extra = shlex.split(os.environ.get("CFLAGS", ""))
        subprocess.run(
            [*compiler, *extra, "-shared", *strip, *objects, "-o", str(library)], check=True
        )


class BuildLoops(build_ext):
    """Builds the library in place of an extension: Python loads it by ctypes, whatever its version.

    Where that fails, the installation goes on without: stacks train everything, more slowly.
    """

    def build_extension(self, ext: Extension) -> None:
        try:
            build(Path(self.get_ext_fullpath(ext.name)))
        except (OSError, subprocess.CalledProcessError) as problem:
            self.warn(f"compiled loops: not built, small models train more slowly: {problem}")

    def get_ext_filename(self, fullname: str) -> str:
        return os.path.join(*fullname.split(".")) + ".so"


class AnyPython(bdist_wheel):
    """A wheel for one kind of machine and all versions of Python."""

    def get_tag(self) -> tuple[str, str, str]:
        target = _target()
        own = super().get_tag()[2]
        return "py3", "none", own if target is None else TARGETS[target][2]


setup(
    ext_modules=[Extension("mlplab.engine.native.kernel.loops", sources=[], optional=True)],
    cmdclass={"build_ext": BuildLoops, "bdist_wheel": AnyPython},
)
