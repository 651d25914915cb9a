"""An experiment as the Python that declares it."""

from __future__ import annotations

import math
from collections.abc import Mapping
from typing import Any

from mlplab.data import Task
from mlplab.experiment.arms import Arm
from mlplab.experiment.declaration import Declaration
from mlplab.specs import Run, Spec, TaskRef

_WIDTH = 88


def source_code(experiment: Declaration) -> str:
    """Return lines of Python that declare the same arms, seeds and claims.

    Fields that have their defaults are left out, and arms beyond `vary` are written as mappings.
    A task of the caller's own arrays is called `task`, which is left to the reader.

    >>> from mlplab.experiment import Experiment
    >>> print(source_code(Experiment("digits", Run(), {"lr": [0.1, 0.3]}, seeds=4)))
    import mlplab as ml
    <BLANKLINE>
    experiment = ml.Experiment(
        'digits',
        base=ml.Run(),
        vary={'optim.lr': [0.1, 0.3]},
        seeds=4,
    )
    runs = experiment.run()
    """
    parts = [_task(experiment.task), f"base={_wrapped(experiment.base, 4, len('base='))}"]
    if experiment.vary:
        vary = {path: list(values) for path, values in experiment.vary.items()}
        parts.append(f"vary={_wrapped(vary, 4, len('vary='))}")
    combined = math.prod(map(len, experiment.vary.values())) if experiment.vary else 0
    if single := [_factors(arm, experiment.base) for arm in experiment.design[combined:]]:
        parts.append(f"arms={_wrapped(single, 4, len('arms='))}")
    seeds: Any = list(experiment.seeds)
    parts.append(f"seeds={len(seeds) if seeds == list(range(len(seeds))) else seeds!r}")
    if experiment.claims:
        parts.append(f"claims={_wrapped(list(experiment.claims), 4, len('claims='))}")
    if experiment.fails:
        parts.append(f"fails={dict(experiment.fails)!r}")
    body = "".join(f"    {part},\n" for part in parts)
    call = f"experiment = ml.Experiment(\n{body})\nruns = experiment.run()"
    return f"import mlplab as ml\n\n{call}" + ("\nruns.verdicts()" if experiment.claims else "")


def _factors(arm: Arm, base: Run) -> dict[str, Any]:
    """What an arm changes of the base; the fields of a spec that it changes whole say nothing."""
    known = {
        path: arm.run.value(path) for path in arm.factors if path.split(".")[0] not in arm.factors
    }
    known |= {path: arm.run.value(path) for path in arm.factors if "." not in path}
    return {path: value for path, value in known.items() if value != base.value(path)}


def _task(task: Task | TaskRef | str) -> str:
    if isinstance(task, TaskRef) or (isinstance(task, Task) and task.source != "memory"):
        settings = {**dict(task.params), **({"valid": task.valid} if task.valid else {})}
        more = "".join(f", {name}={value!r}" for name, value in settings.items())
        return f"ml.load_task({task.name!r}{more})"
    if isinstance(task, Task):
        return "task"
    return repr(task)


def _wrapped(value: Any, indent: int, used: int = 0) -> str:
    """Write a value on one line if it fits, else an entry a line."""
    flat = flat_code(value)
    if len(flat) + indent + used <= _WIDTH:
        return flat
    inner = indent + 4
    pad, end = " " * inner, " " * indent
    if isinstance(value, Spec):
        head, tail = f"ml.{type(value).__name__}(", ")"
        entries = [f"{name}={_wrapped(v, inner, len(name) + 1)}" for name, v in _given(value)]
    elif isinstance(value, Mapping):
        head, tail = "{", "}"
        entries = [f"{key!r}: {_wrapped(v, inner, len(repr(key)) + 2)}" for key, v in value.items()]
    elif isinstance(value, list | tuple):
        head, tail = ("[", "]") if isinstance(value, list) else ("(", ")")
        entries = [_wrapped(v, inner) for v in value]
    else:
        return flat
    return head + "\n" + "".join(f"{pad}{entry},\n" for entry in entries) + end + tail


def flat_code(value: Any) -> str:
    """Return Python that makes a spec, or a value of its fields, on one line.

    >>> from mlplab.specs import First
    >>> flat_code(First(n=1500))
    'ml.First(n=1500)'
    """
    if isinstance(value, Spec):
        inner = ", ".join(f"{name}={flat_code(v)}" for name, v in _given(value))
        return f"ml.{type(value).__name__}({inner})"
    if isinstance(value, Mapping):
        return "{" + ", ".join(f"{key!r}: {flat_code(v)}" for key, v in value.items()) + "}"
    if isinstance(value, list):
        return "[" + ", ".join(map(flat_code, value)) + "]"
    if isinstance(value, tuple):
        return "(" + ", ".join(map(flat_code, value)) + ("," if len(value) == 1 else "") + ")"
    return repr(value)


def _given(spec: Spec) -> list[tuple[str, Any]]:
    """The fields that are not as they are by default, and those that say nothing of the arm."""
    hidden = ("task", "seed") if isinstance(spec, Run) else ()
    fields = {name: field.get_default() for name, field in type(spec).model_fields.items()}
    return [
        (name, getattr(spec, name))
        for name, default in fields.items()
        if name not in hidden and getattr(spec, name) != default
    ]
