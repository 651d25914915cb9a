"""How a command ends when it does not simply end: one line on standard error, and a code."""

from __future__ import annotations

import contextlib
import errno
import os
import sys
import traceback
from typing import NoReturn

import click

from mlplab.cli.printable import printable
from mlplab.errors import ConfigError, Interrupted, MlplabError
from mlplab.hints import nearest

FAILED, WRONG_USAGE = 1, 2
_FULL = (errno.ENOSPC, errno.EDQUOT, errno.EFBIG)
_KEPT = "interrupted: what had finished is kept; the same command continues from there"
_BUG = "this is a bug; run with MLPLAB_DEBUG=1 for the traceback"


def end(problem: BaseException) -> int:
    """Say what went wrong in one line and return the exit code.

    A user's mistake or a failed resource is said as it is; anything else is called a bug.
    `MLPLAB_DEBUG=1` shows the traceback first.
    """
    if isinstance(problem, SystemExit):
        raise problem
    if isinstance(problem, OSError) and problem.errno == errno.EPIPE:
        _silence_output()
        return FAILED
    if os.environ.get("MLPLAB_DEBUG", "0") not in ("", "0"):
        traceback.print_exception(problem)
    line, code = explain(problem)
    click.echo(printable(f"mlplab: {line}"), err=True)
    if isinstance(problem, OSError):
        _silence_output()
    return code


def explain(problem: BaseException) -> tuple[str, int]:
    """Return the line and the exit code for an exception.

    >>> explain(ConfigError("lr: expected greater than 0; got -1"))
    ('error: lr: expected greater than 0; got -1', 2)
    """
    code = FAILED
    match problem:
        case Interrupted():
            return _one_line(problem), FAILED
        case KeyboardInterrupt() | click.Abort() | EOFError():
            return _KEPT, FAILED
        case click.ClickException():
            says, code = _usage(problem), problem.exit_code
        case ConfigError():
            says, code = _one_line(problem), WRONG_USAGE
        case MlplabError():
            says = _one_line(problem)
        case MemoryError():
            says = "out of memory: use fewer workers (--threads 1), smaller networks or less data"
        case OSError() if problem.strerror:
            says = f"{problem.filename}: " if problem.filename else ""
            says += problem.strerror
            if problem.errno in _FULL:
                says += "; free some space there, or write elsewhere (--out, --store, TMPDIR)"
        case _:
            says = f"{type(problem).__name__}: {_one_line(problem)}".rstrip(": ")
            says += f" ({_BUG})"
    return f"error: {says}", code


def finish_output() -> None:
    """Write what is buffered while a failure to do so can still be told."""
    sys.stdout.flush()
    sys.stderr.flush()


def is_interrupt(problem: BaseException | None) -> bool:
    """Whether a command was stopped on request."""
    return isinstance(problem, Interrupted | KeyboardInterrupt | click.Abort)


def leave_at_once(code: int) -> NoReturn:
    """End the process with this code.

    An interrupt that came while an extension module was being loaded would otherwise make the
    interpreter, in the end, die of the signal instead.
    """
    with contextlib.suppress(OSError, ValueError):
        finish_output()
    if connect := sys.modules.get("mlplab.execute.on_ray.connect"):
        with contextlib.suppress(Exception, KeyboardInterrupt):
            connect.stop_own()  # what is registered for the end of the process is not called
    os._exit(code)


def _usage(problem: click.ClickException) -> str:
    says = " ".join(problem.format_message().split()).rstrip(".") or "wrong usage"
    if says[1:2].islower():
        says = says[0].lower() + says[1:]
    context = problem.ctx if isinstance(problem, click.UsageError) else None
    if context and isinstance(problem, click.NoSuchOption) and not problem.possibilities:
        known = {opt.lstrip("-"): opt for param in context.command.params for opt in param.opts}
        if meant := nearest(problem.option_name.lstrip("-"), known):
            says += f"; did you mean '{known[meant]}'?"
    return f"{says} (see {context.command_path} --help)" if context else says


def _one_line(problem: BaseException) -> str:
    """An exception's text; of a worker's traceback inside it, only how it ends."""
    head, traced, rest = str(problem).partition("Traceback (most recent call last):")
    if traced:
        head += (rest.strip().splitlines() or [""])[-1]
    return " ".join(head.split())


def _silence_output() -> None:
    """Keep the interpreter from trying again, at its end, what cannot be written."""
    for stream in (sys.stdout, sys.stderr):
        try:
            stream.flush()
        except (OSError, ValueError):
            try:
                nothing = os.open(os.devnull, os.O_WRONLY)
                os.dup2(nothing, stream.fileno())
                os.close(nothing)
            except (OSError, ValueError):
                return
