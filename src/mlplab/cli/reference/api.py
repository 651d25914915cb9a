"""The reference of the Python face, written from the docstrings."""

from __future__ import annotations

import inspect
import operator
import re
from collections.abc import Iterator
from typing import Any

import mlplab
from mlplab.specs import Spec

PAGE = "api.md"
_HEAD = """# The Python face

Written from the docstrings by `make docs`: what `import mlplab as ml` offers, and what its calls
return. Every name is loaded when it is first asked for.
"""
_CHAPTERS = {
    "Declare and run": ("Experiment", "load_task", "task_from_arrays", "report", "Store"),
    "Claims and verdicts": (
        "Difference", "Chain", "Threshold", "Interaction", "BestArm",
        "FailureDifference", "Verdict",
    ),
    "What a run is": ("Run", "MLP", "Module", "Init", "Fit"),
    "Optimisers": ("SGD", "Adam", "AdamW", "RMSprop", "Lion", "LARS", "Custom", "Schedule"),
    "Rows": ("First", "Fold", "Holdout", "Block", "Own", "folds", "splits"),
    "Search": ("Search", "Range"),
    "Clusters": ("Slurm", "Ray"),
    "Estimators": ("MLPClassifier", "MLPRegressor"),
    "Shift": (
        "shift.detect", "shift.detectable_auc", "shift.correct", "shift.worth_weighting",
        "shift.effective_rows", "shift.weighted_risk", "shift.label_shift", "shift.encode",
        "shift.image_folder", "shift.image_features", "shift.image_task", "shift.cartoon",
        "shift.free_photographs",
    ),
    "Bring your own": ("metric", "activation", "init", "schedule", "optimiser", "module"),
}  # fmt: skip
_RETURNED = {
    "Declare and run": (
        "mlplab.experiment:Runs",
        "mlplab.experiment:Best",
        "mlplab.experiment:Effects",
        "mlplab.experiment:Ensembles",
    ),
    "Search": ("mlplab.search:SearchResult",),
    "Shift": (
        "mlplab.shift:Detection",
        "mlplab.shift:ShiftVerdict",
        "mlplab.shift:ColumnShift",
        "mlplab.shift:Weights",
        "mlplab.shift:WeightingAdvice",
        "mlplab.shift:LabelShift",
        "mlplab.shift:Encoded",
        "mlplab.shift:EncodedColumn",
        "mlplab.shift:ImageFolder",
        "mlplab.shift:Features",
    ),
}
_MARKS = re.compile(r"^(Args|Returns|Raises|Attributes|Yields):$", re.MULTILINE)


def api() -> str:
    """Return the reference of the public names as Markdown."""
    parts = [_HEAD]
    for chapter, names in _CHAPTERS.items():
        parts.append(f"## {chapter}\n")
        for name in names:
            parts += _entry(f"ml.{name}", operator.attrgetter(name)(mlplab))
        for place in _RETURNED.get(chapter, ()):
            room, _, name = place.partition(":")
            parts += _entry(name, getattr(__import__(room, fromlist=[name]), name))
    return "\n".join(parts).rstrip() + "\n"


def _entry(name: str, thing: Any) -> Iterator[str]:
    """A heading, the docstring, and the methods of a class in a line each."""
    yield f"### `{name}`\n"
    yield _markdown(inspect.getdoc(thing) or "")
    if not inspect.isclass(thing):
        return
    if issubclass(thing, Spec):
        yield from _fields(thing)
        return
    methods = {
        method: member
        for method, member in inspect.getmembers(thing)
        if not method.startswith("_") and (callable(member) or isinstance(member, property))
    }
    lines = [f"| `{method}{_signature(m)}` | {_first(m)} |" for method, m in methods.items()]
    if lines:
        yield "\n".join(["| member | |", "|---|---|", *lines, ""])


def _fields(spec: type[Spec]) -> Iterator[str]:
    rows = [
        f"| `{name}` | {_default(field.get_default(call_default_factory=True))} | "
        f"{(field.description or '').replace('|', '/')} |"
        for name, field in spec.model_fields.items()
        if name != "kind" and field.annotation is not None
    ]
    yield "\n".join(["| field | default | |", "|---|---|---|", *rows, ""])


def _default(value: Any) -> str:
    text = repr(value)
    return "" if text == "PydanticUndefined" else f"`{text}`".replace("|", "/")


def _signature(member: Any) -> str:
    if isinstance(member, property):
        return ""
    try:
        names = [name for name in inspect.signature(member).parameters if name != "self"]
    except (TypeError, ValueError):
        return "(...)"
    return f"({', '.join(names)})"


def _first(member: Any) -> str:
    text = inspect.getdoc(member) or ""
    return " ".join(text.split("\n\n")[0].split()).replace("|", "/")


def _markdown(text: str) -> str:
    """A docstring as Markdown: its parts as lists, its examples as code."""
    out: list[str] = []
    in_part = in_code = False
    for line in text.splitlines():
        if line.startswith(">>>") and not in_code:
            in_code, in_part = True, False
            out += ["```python", line]
            continue
        if in_code and not line.strip():
            in_code = False
            out += ["```", ""]
            continue
        if not in_code and _MARKS.match(line):
            in_part = True
            out += [f"*{line.removesuffix(':')}*", ""]
            continue
        if in_part and line.startswith("    ") and not line.startswith("     "):
            name, colon, rest = line.strip().partition(":")
            out.append(f"- `{name}`:{rest}" if colon else f"- {line.strip()}")
            continue
        in_part = in_part and (not line.strip() or line.startswith(" "))
        out.append(f"  {line.strip()}" if in_part and line.strip() else line)
    return "\n".join([*out, "```"] if in_code else out) + "\n"
