"""The chapter's exercises: designs, claims and what is told of their results."""

from mlplab.exercises.answer import Answer, answer, plan
from mlplab.exercises.exercise import Exercise
from mlplab.exercises.profile import PROFILES, Profile
from mlplab.exercises.registry import (
    Findings,
    Results,
    exercise,
    find_exercises,
    get_exercise,
    list_exercises,
)

__all__ = [
    "PROFILES",
    "Answer",
    "Exercise",
    "Findings",
    "Profile",
    "Results",
    "answer",
    "exercise",
    "find_exercises",
    "get_exercise",
    "list_exercises",
    "plan",
]
