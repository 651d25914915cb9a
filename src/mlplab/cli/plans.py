"""What would be run and what it would cost."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from typing import Any

from mlplab.cli.documents import write_json
from mlplab.cli.screen import show_bytes, write, write_table
from mlplab.durations import spell_seconds


def write_plans(plans: Sequence[Mapping[str, Any]], as_json: bool) -> None:
    """Write plans to standard output: as a document, or as a table with one row per experiment.

    Args:
        plans: as `Plan.as_dict` makes them; each may have an `experiment`, and words on what is
            done `besides`, not counted.
        as_json: one plan makes an object, several make a list.
    """
    if as_json:
        write_json(plans[0] if len(plans) == 1 else list(plans))
        return
    numbers = ("runs", "in store", "to train", "flop", "time", "memory")
    named = any("experiment" in one for one in plans)
    rows = [
        (
            *((str(one.get("experiment", "")),) if named else ()),
            str(one["runs"]),
            str(one["finished"]),
            str(one["remaining"]),
            f"{one['flop']:.2g}",
            f"about {spell_seconds(one['seconds'])}",
            f"about {show_bytes(one['bytes'])}",
        )
        for one in plans
    ]
    write_table((("experiment",) if named else ()) + numbers, rows, right=numbers)
    paths: Counter[str] = Counter()
    for plan in plans:
        paths.update(plan["paths"])
    for path, n_runs in paths.items():
        write(f"{n_runs} to train: {path}")
    for plan in plans:
        if "on" in plan:
            write(_spell_portions(plan["on"]))
    if words := list(dict.fromkeys(one for plan in plans for one in plan.get("besides", ()))):
        write(f"not counted: {'; '.join(words)}")


def _spell_portions(on: Mapping[str, Any]) -> str:
    """Return in one line how a cluster would be used.

    >>> _spell_portions({"kind": "slurm", "tasks": 40, "cores": 2, "gpus": 0,
    ...                  "longest_seconds": 1800.0, "core_seconds": 126000.0})
    'on slurm: 40 tasks of 2 cores, the longest about 30 min; 35 core hours'
    """
    tasks = f"{on['tasks']} task{'s' * (on['tasks'] != 1)}"
    size = f"{on['cores']} core{'s' * (on['cores'] != 1)}" + " and a GPU" * bool(on["gpus"])
    longest = spell_seconds(on["longest_seconds"])
    return (
        f"on {on['kind']}: {tasks} of {size}, the longest about {longest}; "
        f"{on['core_seconds'] / 3600:.2g} core hours"
    )
