"""Whether a column to predict holds classes or numbers, and why."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping
from typing import Any

from mlplab.reading import read_word
from mlplab.tabular.values import number_of

# Whole numbers are classes where there are no more of them, of so many rows on average, and none
# is alone; the tail of a count has values that are.
_MOST_CLASSES, _ROWS_A_CLASS, _FEWEST = 10, 5, 2
TASKS = ("regression", "classification")
_FEW = 20  # different numbers, up to which a warning asks whether they are classes


def check_task(task: Any) -> None:
    """Refuse what a target cannot be predicted as; None stands for what its entries tell.

    Raises:
        ConfigError: neither None, `regression` nor `classification`.

    >>> check_task(None)
    """
    if task is not None:
        read_word("task", task, TASKS)


def are_classes(counts: Mapping[str, int]) -> bool:
    """Return whether numbers are rather classes: two of them, or few whole ones, often there.

    Args:
        counts: entry -> how often it occurs; all are numbers.

    >>> are_classes({"0": 80, "1": 20}), are_classes({"1": 30, "2": 30, "3": 30})
    (True, True)
    >>> are_classes({"0": 60, "1": 30, "2": 9, "3": 1}), are_classes({"0.5": 9, "1": 9, "1.5": 9})
    (False, False)
    """
    if len(counts) == 2:
        return True
    numbers = [number_of(text) for text in counts]
    whole = all(number is not None and float(number).is_integer() for number in numbers)
    return (
        whole
        and 2 < len(counts) <= _MOST_CLASSES
        and sum(counts.values()) >= _ROWS_A_CLASS * len(counts)
        and min(counts.values()) >= _FEWEST
    )


def describe_target(texts: Iterable[str], *, numbers: bool) -> tuple[str, str]:
    """Return what the entries of a target are, and a warning where they may be something else.

    Args:
        texts: the entries.
        numbers: whether they are predicted as numbers.

    >>> describe_target(["0", "1", "1", "0"], numbers=False)
    ('2 different entries, 0 and 1', '')
    >>> describe_target([str(i % 12) for i in range(99)], numbers=True)[1]
    '12 different numbers only; if they are classes, say --task classification'
    """
    counts = Counter(texts)
    n = len(counts)
    if numbers:
        few = n <= _FEW and sum(counts.values()) >= _ROWS_A_CLASS * n
        warning = f"{n} different numbers only; if they are classes, say --task classification"
        return f"{n} different numbers", warning if few else ""
    ordered = sorted(counts, key=class_order)
    names = [name if len(name) <= 20 else name[:17] + "..." for name in ordered[:10]]
    listed = ", ".join(names[:-1]) + f" and {names[-1]}" if n > 1 else "".join(names)
    warnings = []
    alike = alike_classes(ordered)
    if alike:
        warnings.append(f"{' and '.join(map(repr, alike))} are different classes")
    rare = [name for name in ordered if counts[name] == 1]
    if rare:
        more = f" and {len(rare) - 1} more classes" if len(rare) > 1 else ""
        warnings.append(f"{rare[0]!r}{more} in a single row: it is scored without being learnt")
    return f"{n} different entries" + (f", {listed}" if n <= 10 else ""), "; ".join(warnings)


def alike_classes(names: Iterable[str]) -> tuple[str, ...]:
    """Return the first classes that differ in case, blanks or how a number is written alone.

    >>> alike_classes(["yes", "no", "Yes"]), alike_classes(["1", "2", "1.0"]), alike_classes("ab")
    (('yes', 'Yes'), ('1', '1.0'), ())
    """
    groups: dict[str, list[str]] = {}
    for name in names:
        number = number_of(name)
        folded = " ".join(name.casefold().split()) if number is None else repr(number)
        groups.setdefault(folded, []).append(name)
    return next((tuple(same) for same in groups.values() if len(same) > 1), ())


def class_order(name: str) -> tuple[bool, float, str]:
    """Return what classes are sorted by: numbers by size, before words.

    >>> sorted(["b", "10", "9", "a"], key=class_order)
    ['9', '10', 'a', 'b']
    """
    number = number_of(name)
    return (number is None, number or 0.0, name)
