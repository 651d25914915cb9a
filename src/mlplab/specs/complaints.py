"""What pydantic finds wrong with given values, in one line for the user."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any

from pydantic import BaseModel, ValidationError

from mlplab.errors import shown
from mlplab.hints import hint

_LONGEST = 300  # characters of a value that is shown
_QUOTED = re.compile("'([^']*)'")
_TAG = {"union_tag_invalid", "union_tag_not_found"}

_PLAINER = (
    (re.compile(r"^Input should (?:be (?:a valid )?)?"), ""),
    (re.compile(r"^\w+ should match pattern "), "text that matches "),
    (re.compile(r"^\w+ should have "), ""),
    (re.compile(r"^Invalid JSON: (.*)$"), r"JSON (\1)"),
    (re.compile(r"^Unable to parse .* as an integer, .*$"), "integer of fewer digits"),
    (re.compile(r"^less than or equal to 340282346\d+$"), "at most 3.4e+38, as float32"),
    (re.compile(r"^greater than or equal to -340282346\d+$"), "at least -3.4e+38, as float32"),
    # What follows says once more what was given.
    (re.compile(r" after validation, not .*$|, (?:unable to|got a) .*$"), ""),
    (re.compile(r" or object to extract fields from$"), ""),
)
"""Pydantic's words -> what stands after "expected"."""


def explain(problems: ValidationError, model: type[BaseModel]) -> str:
    """Put every problem of a validation into one line: the field, what was expected, the value."""
    return "; ".join(_explained(problem, model) for problem in problems.errors(include_url=False))


def _explained(problem: Mapping[str, Any], model: type[BaseModel]) -> str:
    parts = [str(part) for part in problem["loc"]]
    if parts[:2] == ["net", "mlp"]:
        del parts[1]  # users say net.hidden
    kind, given, context = problem["type"], problem["input"], problem.get("ctx", {})
    if kind in _TAG:  # what the kind decides cannot be read without it
        parts.append(context["discriminator"].strip("'"))
    place = ".".join(parts) or model.__name__
    if kind == "extra_forbidden":
        known = [name for name in model.model_fields if name != "kind"]
        says = hint(str(problem["loc"][-1]), known)
        return f"{model.__name__} has no field {place!r}; {says}"
    if kind in ("missing", "union_tag_not_found"):
        return f"{place}: a value is required"
    if kind == "value_error":
        message = str(problem["msg"]).removeprefix("Value error, ")
        return message if place in (model.__name__, "") else f"{place}: {message}"
    wanted = str(problem["msg"])
    for words, plainer in _PLAINER:
        wanted = words.sub(plainer, wanted)
    if kind == "union_tag_invalid":
        wanted = context["expected_tags"]
        given = given["kind"] if isinstance(given, Mapping) else context["tag"]
    value = shown(given)
    if len(value) > _LONGEST:  # a whole file, where that is what is read
        value = f"{value[:_LONGEST]}..."
    meant = ""
    if kind in ("literal_error", "union_tag_invalid"):
        meant = hint(given if isinstance(given, str) else value, _QUOTED.findall(wanted), "")
    return f"{place}: expected {wanted}; got {value}" + (f"; {meant}" if meant else "")
