"""`--import`: a user's own file, whose definitions the command then knows by name."""

from __future__ import annotations

import contextlib
import os
import sys
import traceback
from importlib import import_module, invalidate_caches
from importlib.util import find_spec
from pathlib import Path

import click

from mlplab.errors import ConfigError, MlplabError


def import_users(ctx: click.Context, param: click.Parameter, values: tuple[str, ...]) -> None:
    """Import what `--import` names, before any other option is read."""
    if not ctx.resilient_parsing:
        for text in values:
            import_user(text)


def import_user(text: str) -> None:
    """Import a file, `my.py`, or a module by its dotted name, `my_package.data`.

    Its folder (for a name, the working directory) comes last on the path where modules are looked
    for, which worker processes share: it hides no module that is there already. What it prints
    goes to standard error.

    Raises:
        ConfigError: it is not there, has an error, ends the process, or its name is taken.
    """
    is_file = text.endswith(".py") or os.sep in text or os.path.exists(text)
    if not is_file and not all(part.isidentifier() for part in text.split(".")):
        raise ConfigError(f"--import: expected a Python file, or a dotted name; got {text!r}")
    try:
        name = _module_of(Path(text)) if is_file else _on_path(text, Path.cwd())
        with contextlib.redirect_stdout(sys.stderr):
            import_module(name)
    except MlplabError as problem:
        raise ConfigError(f"--import {text}: {problem}") from problem
    except KeyboardInterrupt:
        raise
    except BaseException as problem:  # whatever a user's file does, SystemExit too
        raise ConfigError(f"--import {text}: {_says(problem)}") from problem


def _module_of(path: Path) -> str:
    """Make a file importable; return its module's name."""
    if not path.is_file():
        what = "is a device or pipe" if path.exists() else "there is no such file"
        what = "is a folder" if path.is_dir() else what
        raise ConfigError(f"{what}; expected a Python file, or a module's dotted name")
    if path.suffix != ".py" or not path.stem.isidentifier():
        raise ConfigError(
            f"expected a Python file whose name can be imported, such as my_module.py; "
            f"got {path.name}"
        )
    name = _on_path(path.stem, path.parent)
    known = sys.modules.get(name)
    spec = known.__spec__ if known is not None else find_spec(name)
    origin = spec.origin if spec else None
    if origin is None or not os.path.exists(origin) or not os.path.samefile(origin, path):
        raise ConfigError(f"another module is called {name} ({origin or 'built in'}); rename it")
    return name


def _on_path(name: str, folder: Path) -> str:
    place = str(folder.resolve())
    if place not in sys.path:
        sys.path.append(place)
        invalidate_caches()
    return name


def _says(problem: BaseException) -> str:
    """One line: what was raised, and where in the user's file."""
    if isinstance(problem, SyntaxError):
        return f"line {problem.lineno}: {problem.msg}"
    if isinstance(problem, SystemExit):
        says = f"it ends the process (sys.exit({problem.code!r}))"
    else:
        says = " ".join(f"{type(problem).__name__}: {problem}".split()).removesuffix(":")
    frames = [
        frame
        for frame in traceback.extract_tb(problem.__traceback__)
        if not frame.filename.startswith("<frozen") and frame.filename != __file__
    ]
    inside = [frame for frame in frames if f"{os.sep}importlib{os.sep}" not in frame.filename]
    return f"line {inside[0].lineno}: {says}" if inside else says
