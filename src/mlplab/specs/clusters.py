"""Where else runs are trained: a Ray cluster, a Slurm allocation. None of it changes a result."""

from __future__ import annotations

import re
from typing import Literal

from pydantic import Field, field_validator

from mlplab.errors import ConfigError
from mlplab.hints import hint
from mlplab.specs.base import Spec
from mlplab.specs.numbers import Whole

_TIME = re.compile(r"(?:([0-9]+)-)?([0-9]+)(?::([0-9]+))?(?::([0-9]+))?")
_LONGEST = 50  # characters of a time: of more digits, Python refuses to make a number
_YEAR = 366 * 24 * 60 * 60
_NAME = r"^[A-Za-z0-9_][A-Za-z0-9_.,-]*$"


class Ray(Spec):
    """Train on a Ray cluster, or on a Ray of this machine's own.

    >>> Ray(cpus=2)
    Ray(cpus=2)
    """

    kind: Literal["ray"] = "ray"
    address: str | None = Field(
        default=None,
        description="Of a cluster's head, host:port; without one RAY_ADDRESS, else a Ray of this "
        "machine's own.",
    )
    cpus: Whole = Field(default=1, ge=1, description="Cores of each program that trains.")
    gpus: int = Field(
        default=0, ge=0, le=1, description="GPUs of each program that trains: none, or one."
    )

    @property
    def device(self) -> str:
        """What each program trains on."""
        return "cuda" if self.gpus else "cpu"


class Slurm(Spec):
    """Train in array jobs of a Slurm cluster, whose machines share a disk with this one.

    What else `sbatch` takes is said by its own environment variables, such as `SBATCH_ACCOUNT`.

    >>> Slurm(partition="short", time="0:30:00").seconds
    1800
    """

    kind: Literal["slurm"] = "slurm"
    partition: str | None = Field(
        default=None, pattern=_NAME, description="Partition; Slurm's own default without one."
    )
    time: str = Field(
        default="1:00:00",
        description="Time limit of a task, as Slurm reads it: minutes, hours:minutes:seconds, "
        "days-hours. What is not finished by then goes on from checkpoints.",
    )
    cpus: Whole = Field(default=1, ge=1, description="Cores of each task.")
    gpus: int = Field(default=0, ge=0, le=1, description="GPUs of each task: none, or one.")
    tasks: int = Field(
        default=40, ge=1, le=1000, description="At most so many tasks; each has many runs."
    )
    spool: str | None = Field(
        default=None,
        min_length=1,
        description="A folder that all machines see, for what goes back and forth; without one "
        "MLPLAB_SPOOL, else a folder in the user's data folder.",
    )

    @field_validator("time")
    @classmethod
    def _is_a_time(cls, text: str) -> str:
        if (seconds := seconds_of(text)) < 60:
            raise ValueError(f"expected at least a minute, such as 1:00:00 for an hour; got {text}")
        if seconds > _YEAR:
            raise ValueError(f"expected at most a year, such as 7-0 for a week; got {text}")
        return text

    @property
    def device(self) -> str:
        """What each task trains on."""
        return "cuda" if self.gpus else "cpu"

    @property
    def seconds(self) -> int:
        """The time limit in seconds."""
        return seconds_of(self.time)


Cluster = Ray | Slurm
CLUSTERS: dict[str, type[Ray] | type[Slurm]] = {"ray": Ray, "slurm": Slurm}
HERE = "here"


def cluster_of(on: str | Cluster | None) -> Cluster | None:
    """Return the settings that a word stands for; None is this machine.

    Raises:
        ConfigError: an unknown word.

    >>> cluster_of("slurm"), cluster_of("here")
    (Slurm(), None)
    """
    if on is None or isinstance(on, Ray | Slurm):
        return on
    if isinstance(on, str) and on in (HERE, *CLUSTERS):
        return CLUSTERS[on]() if on in CLUSTERS else None
    raise ConfigError(
        f"on: expected {HERE}, {', '.join(CLUSTERS)}, ml.Ray(...) or ml.Slurm(...); got {on!r}"
        f"{_meant(on)}"
    )


def seconds_of(text: str) -> int:
    """Return the seconds of a time in Slurm's words.

    Raises:
        ValueError: it is none of them.

    >>> [seconds_of(text) for text in ("90", "1:30", "2:00:00", "1-12", "1-0:30")]
    [5400, 90, 7200, 129600, 88200]
    """
    match = _TIME.fullmatch(text) if len(text) <= _LONGEST else None
    if match is None:
        raise ValueError(f"expected a time such as 30 (minutes), 1:00:00 or 2-12; got {text!r}")
    days, *rest = match.groups()
    numbers = [int(part) for part in rest if part is not None]
    if days is not None:  # days-hours:minutes:seconds, as far as it is said
        hours, minutes, seconds = (*numbers, 0, 0)[:3]
    elif len(numbers) == 3:
        hours, minutes, seconds = numbers
    else:  # minutes:seconds
        hours, (minutes, seconds) = 0, (*numbers, 0)[:2]
    return ((int(days or 0) * 24 + hours) * 60 + minutes) * 60 + seconds


def _meant(on: object) -> str:
    says = hint(str(on), [HERE, *CLUSTERS], "")
    return f"; {says}" if says else ""
