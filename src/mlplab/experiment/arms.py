"""The arms of a design: every combination of factor values, and the run that each one makes."""

from __future__ import annotations

import itertools
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from mlplab.errors import ConfigError
from mlplab.specs import Module, Run, Spec, resolve

ArmLike = "Arm | Mapping[str, Any] | str"


@dataclass(frozen=True, slots=True)
class Arm:
    """One configuration: its factors' values as they are shown, and its run with seed 0."""

    label: str
    factors: Mapping[str, Any]
    run: Run


def factor_path(base: Run, name: str) -> str:
    """Return the dotted path of a factor given by path or short name.

    Raises:
        ConfigError: no such field, or one that is not a factor (the task, the seed).

    >>> factor_path(Run(), "lr")
    'optim.lr'
    """
    if name == "seed":
        raise ConfigError("'seed' is no factor: give the experiment `seeds` instead")
    if name.split(".")[0] == "task":
        raise ConfigError(f"{name!r} is no factor: make one experiment per task")
    return resolve(base, name)


def apply_factors(base: Run, values: Mapping[str, Any]) -> Run:
    """Set several dotted paths of a run; whole specs first, then the fields inside them.

    >>> apply_factors(Run(), {"net.dropout": (0.5, 0.2), "net.hidden": (9, 9)}).net.hidden
    (9, 9)
    """
    run = base
    if {"net.hidden", "net.dropout"} <= values.keys() and "net" not in values:
        # Rates of the base may not fit the new layers, and are replaced anyway.
        run = run.with_value("net.dropout", ())
    for path in sorted(values, key=lambda path: (path.count("."), path == "net.dropout")):
        run = run.with_value(path, values[path])
    return run


def product(vary: Mapping[str, Sequence[Any]]) -> list[dict[str, Any]]:
    """Return every combination of the factors' values; the last factor moves fastest.

    >>> product({"a": [1, 2], "b": [3, 4]})
    [{'a': 1, 'b': 3}, {'a': 1, 'b': 4}, {'a': 2, 'b': 3}, {'a': 2, 'b': 4}]
    """
    return [dict(zip(vary, row, strict=True)) for row in itertools.product(*vary.values())]


def make_arms(base: Run, rows: Sequence[Mapping[str, Any]]) -> tuple[Arm, ...]:
    """Turn rows of factor values into arms; a factor a row leaves out has the base's value.

    Raises:
        ConfigError: values that do not fit, or two rows that make the same run; all at once.
    """
    paths = list(dict.fromkeys(path for row in rows for path in row))
    short = [path.rsplit(".", 1)[-1] for path in paths]
    names = {
        path: path if short.count(name) > 1 else name
        for path, name in zip(paths, short, strict=True)
    }
    arms: list[Arm] = []
    problems: list[str] = []
    for row in rows:
        text = " ".join(f"{names[path]}={show_value(row[path])}" for path in paths if path in row)
        try:
            run = apply_factors(base, row)
        except ConfigError as error:
            problems.append(f"arm {text}: {error}")
            continue
        factors = {path: shown_value(row.get(path, _value(run, path))) for path in paths}
        label = " ".join(f"{names[path]}={show_value(value)}" for path, value in factors.items())
        twin = next((arm for arm in arms if arm.run == run), None)
        if twin is not None:
            problems.append(f"two arms are the same run: {twin.label or 'base'!r} and {label!r}")
        arms.append(Arm(label or "base", factors, run))
    if problems:
        raise ConfigError("; ".join(dict.fromkeys(problems)))
    return tuple(arms)


def find_arm(arms: Iterable[Arm], base: Run, wanted: Arm | Mapping[str, Any] | str) -> Arm:
    """Return the arm that a label, or factor values over the base's, name.

    Raises:
        ConfigError: it is not in the design.
    """
    arms = list(arms)
    if isinstance(wanted, Arm):
        wanted = wanted.factors if wanted not in arms else wanted.label
    if isinstance(wanted, str):
        found = [arm for arm in arms if arm.label == wanted]
        text = wanted
    else:
        values = {factor_path(base, name): _listless(value) for name, value in wanted.items()}
        run = apply_factors(base, values)
        found = [arm for arm in arms if arm.run == run]
        text = " ".join(f"{path}={show_value(value)}" for path, value in values.items()) or "base"
    if not found:
        known = "; ".join(arm.label for arm in arms[:6]) + ("; ..." if len(arms) > 6 else "")
        raise ConfigError(
            f"arm {text!r} is not in the design (a factor left out has the base's value); "
            f"arms: {known}"
        )
    return found[0]


def shown_value(value: Any) -> Any:
    """Return a factor's value as a frame shows it: specs as text, one-element tuples unpacked.

    >>> shown_value((256,)), shown_value([256, 128])
    (256, (256, 128))
    """
    if isinstance(value, Spec):
        return show_value(value)
    if isinstance(value, list | tuple):
        return shown_value(value[0]) if len(value) == 1 else tuple(shown_value(v) for v in value)
    return value.item() if hasattr(value, "item") else value


def show_value(value: Any) -> str:
    """Return a factor's value as text, without blanks.

    >>> from mlplab.specs import Adam
    >>> show_value((256, 128)), show_value(Adam(lr=0.01))
    ('256,128', 'adam(lr=0.01)')
    """
    if isinstance(value, Module):
        inner = ",".join(f"{name}={show_value(item)}" for name, item in value.settings)
        return f"{value.name}({inner})" if inner else value.name
    if isinstance(value, Spec):
        fields = {
            name: getattr(value, name)
            for name, field in type(value).model_fields.items()
            if name != "kind" and getattr(value, name) != field.get_default()
        }
        kind = str(getattr(value, "kind", type(value).__name__.lower()))
        inner = ",".join(f"{name}={show_value(item)}" for name, item in fields.items())
        return f"{kind}({inner})" if inner else kind
    if isinstance(value, list | tuple):
        return ",".join(show_value(item) for item in value) or "none"
    return str(value.item() if hasattr(value, "item") else value).replace(" ", "")


def _listless(value: Any) -> Any:
    return value.item() if hasattr(value, "item") else value


def _value(run: Run, path: str) -> Any:
    try:
        return run.value(path)
    except ConfigError:
        return None
