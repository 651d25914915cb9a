"""A tiny population for every word of the vocabulary, read from its flags."""

from __future__ import annotations

import shlex
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any

import mlplab as ml
from mlplab.data import Task
from mlplab.specs import MLP, OPTIMISERS, Fit, Run, Spec, TaskRef
from mlplab.specs.vocabulary import GROUPS, Word

SEEDS = (0, 1)
_ROWS, _BATCH, _EPOCHS, _WIDTH = 64, 16, 2, 8


@dataclass(frozen=True)
class Population:
    """The runs of a word, in one precision."""

    name: str
    task: Task
    runs: tuple[Run, ...]


def names() -> list[str]:
    """Return every word with its group, as `optimisers/adam`."""
    return [f"{group.name}/{word.name}" for group in GROUPS for word in group.words]


def populations(dtype: str, of: Sequence[str] | None = None) -> Iterator[Population]:
    """Make the populations of words, all by default, in float32 or float64."""
    for group in GROUPS:
        for word in group.words:
            name = f"{group.name}/{word.name}"
            if of is None or name in of:
                yield population(name, word, dtype)


def population(name: str, word: Word, dtype: str) -> Population:
    """Make two seeds of a small network that says a word, on 64 digits for two epochs."""
    given = _fields(word)
    task = ml.load_task("digits", valid=float(given.pop("valid", 0.1)))
    optimiser = OPTIMISERS[given.pop("optimizer", "sgd")]
    fixed = {"epochs": _EPOCHS, "batch_size": _BATCH, "dtype": dtype, "test": "never"}
    fixed |= {"measures": ("grad_norm",)}  # compared as well
    base = Run(
        task=TaskRef(**task.spec()),
        net=MLP(**({"hidden": (_WIDTH,)} | _of(MLP, given))),
        optim=optimiser(**_of(optimiser, given)),
        fit=Fit(**(_of(Fit, given) | fixed)),
        rows=ml.First(n=_ROWS),
    )
    if given:
        raise ValueError(f"{name}: no field for {', '.join(given)}")
    return Population(name, task, tuple(base.with_value("seed", seed) for seed in SEEDS))


def _fields(word: Word) -> dict[str, Any]:
    """Read the flags of a word: they are named after the fields of the specs."""
    texts = shlex.split(word.flags)
    named = zip(texts[::2], texts[1::2], strict=True)
    return {flag.removeprefix("--").replace("-", "_"): _value(text) for flag, text in named}


def _value(text: str) -> Any:
    try:
        numbers = tuple(float(part) if "." in part else int(part) for part in text.split(","))
    except ValueError:
        return {"true": True, "false": False}.get(text, text)
    return numbers if len(numbers) > 1 else numbers[0]


def _of(spec: type[Spec], given: dict[str, Any]) -> dict[str, Any]:
    """Take out what is of a spec; one number stands for a tuple of one."""
    taken = {name: given.pop(name) for name in spec.model_fields if name in given}
    if isinstance(taken.get("hidden"), int):
        taken["hidden"] = (taken["hidden"],)
    return taken
