"""The chapter's exercises: designs, claims and what is told of their results."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from mlplab.exercises.answering import Answer, answer, plan
    from mlplab.exercises.exercise import Exercise
    from mlplab.exercises.findings import Checked, Findings, Results
    from mlplab.exercises.profile import PROFILES, Profile
    from mlplab.exercises.registry import find_exercises, get_exercise, list_exercises

__all__ = [
    "PROFILES",
    "Answer",
    "Checked",
    "Exercise",
    "Findings",
    "Profile",
    "Results",
    "answer",
    "find_exercises",
    "get_exercise",
    "list_exercises",
    "plan",
]

# Loaded when first asked for: a list of exercises needs no experiment.
_HOMES = {
    "PROFILES": "profile",
    "Answer": "answering",
    "Checked": "findings",
    "Exercise": "exercise",
    "Findings": "findings",
    "Profile": "profile",
    "Results": "findings",
    "answer": "answering",
    "find_exercises": "registry",
    "get_exercise": "registry",
    "list_exercises": "registry",
    "plan": "answering",
}


def __getattr__(name: str) -> Any:
    if name not in _HOMES:
        raise AttributeError(f"module 'mlplab.exercises' has no attribute {name!r}")
    from importlib import import_module

    value = getattr(import_module(f"mlplab.exercises.{_HOMES[name]}"), name)
    globals()[name] = value
    return value
