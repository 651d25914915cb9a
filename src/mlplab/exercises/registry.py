"""The exercises by id and slug: found by being there."""

from __future__ import annotations

from importlib.resources import files
from pathlib import Path

from mlplab.errors import ConfigError
from mlplab.exercises.exercise import Exercise, exercises_in
from mlplab.hints import hint

HOMES = ["mlplab.exercises"]
"""Packages whose folders of sections hold exercises."""


def list_exercises() -> tuple[Exercise, ...]:
    """Return all exercises: those of the chapter in its order, then those beyond it."""
    found = [one for home in HOMES for one in exercises_in(Path(str(files(home))), home)]
    return tuple(sorted(found, key=_place))


def _place(one: Exercise) -> tuple[bool, list[int], str]:
    numbers = [int(part) for part in one.id.split(".")] if one.in_chapter else []
    return not one.in_chapter, numbers, one.id


def find_exercises(name: str) -> tuple[Exercise, ...]:
    """Return the exercises that a name stands for: one, those of a section, or the chapter's.

    Args:
        name: an id, a slug, the beginning of ids (`4.2`, also written `4.2.*`; `beyond`), or `all`,
            which is the chapter: what lies beyond it takes long and is asked for by name.

    Raises:
        ConfigError: there is none.

    >>> [one.id for one in find_exercises("4.1")]
    ['4.1.1', '4.1.2', '4.1.3', '4.1.4']
    """
    section = name.removesuffix("*").rstrip(".")
    known = list_exercises()
    if name == "all":
        return tuple(one for one in known if one.in_chapter)
    return tuple(one for one in known if one.id.startswith(f"{section}.")) or (get_exercise(name),)


def get_exercise(name: str) -> Exercise:
    """Return the exercise with an id or slug.

    Raises:
        ConfigError: there is none.

    >>> get_exercise("4.2.1").slug
    'hidden-width'
    """
    known = list_exercises()
    for one in known:
        if name in (one.id, one.slug):
            return one
    names = [word for one in known for word in (one.id, one.slug)]
    raise ConfigError(f"no exercise {name!r}; {hint(name, names, 'see mlplab list')}")
