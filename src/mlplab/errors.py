"""What a user can get wrong: every error is one line that names the value and what to try."""

from __future__ import annotations

import contextlib
import re
from collections.abc import Iterator

_LONGEST = 4000  # letters: a list of a million values is not told value by value


def shown(value: object) -> str:
    """Return a value's repr; of a whole number that is too long for one, what it is.

    >>> shown(3), shown(-(10**5000))
    ('3', 'a whole number of more than 4300 digits')
    """
    try:
        return repr(value)
    except ValueError:
        return "a whole number of more than 4300 digits"


class MlplabError(Exception):
    """A user's mistake or a failed resource; faces print it as one line, without a traceback.

    >>> str(MlplabError("seeds: expected whole numbers; got [0.5\\n 1.5]"))
    'seeds: expected whole numbers; got [0.5 1.5]'
    """

    def __str__(self) -> str:
        # Values are shown as they show themselves, and arrays and tables do so in several lines.
        text = re.sub(r"\s*\n\s*", " ", super().__str__())
        half = _LONGEST // 2
        return text if len(text) <= _LONGEST else f"{text[:half]} ... {text[-half:]}"


class ConfigError(MlplabError, ValueError):
    """A setting that does not fit: the message names it, its value and what was expected."""


class DataError(MlplabError, ValueError):
    """Data that cannot be used: missing, damaged, of a wrong shape, or not finite."""


class StoreError(MlplabError):
    """A store that cannot be opened, read or written."""


class GuardError(MlplabError):
    """The test split was asked to decide something that only a validation split may decide."""


class WorkerError(MlplabError):
    """A worker process that ended, or failed in a way that is not a setting's fault."""


class Interrupted(MlplabError):
    """Work stopped on request; everything finished before is kept."""


@contextlib.contextmanager
def users_code(kind: str, name: str) -> Iterator[None]:
    """Turn what a user's function raises inside the block into one line that names it.

    Raises:
        ConfigError: the function failed.

    >>> with users_code("schedule", "mine"):
    ...     1 / 0
    Traceback (most recent call last):
    mlplab.errors.ConfigError: schedule 'mine' failed with ZeroDivisionError: division by zero
    """
    try:
        yield
    except MlplabError:
        raise
    except (Exception, SystemExit) as problem:
        text = (str(problem).strip() or "no message").splitlines()[0]
        said = f"{kind} {name!r} failed with {type(problem).__name__}: {text}"
        raise ConfigError(said) from problem
