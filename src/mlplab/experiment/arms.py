"""The arms of a design: every combination of factor values, and the run that each one makes."""

from __future__ import annotations

import itertools
import re
from collections import Counter
from collections.abc import Hashable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from mlplab.errors import ConfigError, shown
from mlplab.sheet import Sheet
from mlplab.specs import Custom, Module, Run, Spec, resolve, set_fields, set_path
from mlplab.specs.paths import short_names

_WORD = re.compile(r"\S+")
_WORD_INSIDE = re.compile(r"[^\s'\"=()]+")  # of a spec's text


@dataclass(frozen=True, repr=False, slots=True)
class Arm:
    """One configuration: its factors' values as they are shown, and its run with seed 0.

    Arms are equal if their runs are; no two of a design are, nor do two share a label.
    """

    label: str = field(compare=False)
    factors: Mapping[str, Any] = field(compare=False)
    run: Run

    def __repr__(self) -> str:
        return f"Arm({self.label!r})"

    def _repr_html_(self) -> str:
        return Sheet(f"Arm {self.label}", self.factors).html() + self.run._repr_html_()


def factor_path(base: Run, name: str) -> str:
    """Return the dotted path of a factor given by path or short name.

    Raises:
        ConfigError: no such field, or one that is not a factor (the task, the seed).

    >>> factor_path(Run(), "lr")
    'optim.lr'
    """
    if not isinstance(name, str):
        raise ConfigError(f"expected the name of a factor, such as 'lr'; got {name!r}")
    if name == "seed":
        raise ConfigError("'seed' is no factor: give the experiment `seeds` instead")
    if name.split(".")[0] == "task":
        raise ConfigError(f"{name!r} is no factor: make one experiment per task")
    return resolve(base, name)


def apply_factors(
    base: Run, values: Mapping[str, Any], known: dict[Hashable, Any] | None = None
) -> Run:
    """Set several dotted paths of a run; whole specs first, then the fields inside them.

    Args:
        base: where nothing is said.
        values: dotted path -> value.
        known: specs made of the same value objects before; filled here, for rows that share them.

    >>> apply_factors(Run(), {"net.dropout": (0.5, 0.2), "net.hidden": (9, 9)}).net.hidden
    (9, 9)
    """
    known = {} if known is None else known
    # Whole specs first: `optim=Adam()` would undo an `optim.lr` set before it.
    whole = {path: value for path, value in values.items() if "." not in path}
    run: Run = base
    if whole:
        # By id: rows of a product share their values, so each spec is validated once.
        name = tuple((path, id(value)) for path, value in whole.items())
        if name not in known:
            known[name] = base.replace(**whole)
        run = known[name]
    fields: dict[str, dict[str, Any]] = {}
    for path, value in values.items():
        if path not in whole:
            section, _, rest = path.partition(".")
            fields.setdefault(section, {})[rest] = value
    changes = {name: _changed(run.value(name), of, known) for name, of in fields.items()}
    return run.replace(**changes) if changes else run


def _changed(spec: Any, values: Mapping[str, Any], known: dict[Hashable, Any]) -> Any:
    name = (id(spec), *((path, id(value)) for path, value in values.items()))
    if name not in known:
        fields = {path: value for path, value in values.items() if "." not in path}
        changed = set_fields(spec, fields) if fields else spec
        for path in sorted(values.keys() - fields.keys(), key=lambda path: path.count(".")):
            changed = set_path(changed, path, values[path])
        known[name] = spec, changed  # what is kept keeps its id
    return known[name][1]


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
    names = short_names(paths)
    arms: dict[str, Arm] = {}
    labels: Counter[str] = Counter()
    problems: list[str] = []
    known: dict[Hashable, Any] = {}
    for row in rows:
        try:
            run = apply_factors(base, row, known)
        except ConfigError as error:
            problems.append(f"arm {_label({names[path]: row[path] for path in row})}: {error}")
            continue
        values = {path: row[path] if path in row else _value(run, path) for path in paths}
        factors = {path: shown_value(value) for path, value in values.items()}
        label = _label({names[path]: value for path, value in values.items()})
        # The canonical text tells runs apart as the key does, without hashing each.
        question = run.text
        if question in arms:
            problems.append(f"two arms are the same run: {arms[question].label!r} and {label!r}")
            continue
        labels[label] += 1
        if labels[label] > 1:
            # Different values may read alike, but labels name arms.
            label = f"{label} #{labels[label]}"
        arms[question] = Arm(label, factors, run)
    if problems:
        raise ConfigError("; ".join(dict.fromkeys(problems)))
    return tuple(arms.values())


class ArmIndex:
    """The arms of a design by what they train and by their labels.

    Args:
        arms: of one design.
        base: whose values a mapping of factors leaves as they are.
    """

    def __init__(self, arms: Iterable[Arm], base: Run) -> None:
        self._arms = tuple(arms)
        self._base = base
        self._by_question = {arm.run.text: arm for arm in self._arms}
        self._by_label = {arm.label: arm for arm in self._arms}

    def find(self, wanted: Arm | Mapping[str, Any] | str) -> Arm:
        """Return the arm that a label, or factor values over the base's, name.

        Raises:
            ConfigError: it is not in the design.
        """
        if isinstance(wanted, str):
            arm, text = self._by_label.get(wanted), wanted
        elif isinstance(wanted, Arm):
            arm, text = self._by_question.get(wanted.run.text), wanted.label
        elif not isinstance(wanted, Mapping):
            raise ConfigError(f"arm: expected its label, or factor -> value; got {wanted!r}")
        else:
            values = {
                factor_path(self._base, name): plain_value(value) for name, value in wanted.items()
            }
            arm = self._by_question.get(apply_factors(self._base, values).text)
            text = _label(values)
        if arm is None:
            known = "; ".join(arm.label for arm in self._arms[:6])
            raise ConfigError(
                f"arm {text!r} is not in the design (a factor left out has the base's value); "
                f"arms: {known}{'; ...' if len(self._arms) > 6 else ''}"
            )
        return arm


def shown_value(value: Any) -> Any:
    """Return a factor's value as a frame shows it: specs as text, one-element tuples unpacked.

    >>> shown_value((256,)), shown_value([256, 128])
    (256, (256, 128))
    """
    value = plain_value(value)
    if isinstance(value, Spec | Mapping):
        return show_value(value)
    if isinstance(value, list | tuple):
        return shown_value(value[0]) if len(value) == 1 else tuple(shown_value(v) for v in value)
    return value


def show_value(value: Any, word: re.Pattern[str] = _WORD) -> str:
    """Return a factor's value as text: different values of a field have different texts.

    >>> from mlplab.specs import Adam
    >>> show_value((256, 128)), show_value(Adam(lr=0.01)), show_value("a b")
    ('256,128', 'adam(lr=0.01)', "'a b'")
    """
    value = plain_value(value)
    if isinstance(value, Module | Custom):
        fields = type(value).model_fields
        own = {f"settings.{n}" if n in fields else n: item for n, item in value.settings}
        return _call(value.name, own | _given(value, "kind", "name", "settings"))
    if isinstance(value, Spec):
        kind = str(getattr(value, "kind", type(value).__name__.lower()))
        return _call(kind, _given(value, "kind"))
    if isinstance(value, Mapping):
        return ",".join(f"{name}={show_value(value[name], _WORD_INSIDE)}" for name in sorted(value))
    if isinstance(value, list | tuple):
        return ",".join(show_value(item, word) for item in value) or "none"
    if isinstance(value, str):
        return value if word.fullmatch(value) else repr(value)
    return shown(value) if isinstance(value, int) else str(value)


def _label(values: Mapping[str, Any]) -> str:
    return " ".join(f"{name}={show_value(value)}" for name, value in values.items()) or "base"


def plain_value(value: Any) -> Any:
    """Return numpy's numbers and arrays as Python's."""
    return value.tolist() if hasattr(value, "tolist") else value


def _given(spec: Spec, *without: str) -> dict[str, Any]:
    return {
        name: getattr(spec, name)
        for name, declared in type(spec).model_fields.items()
        if name not in without and getattr(spec, name) != declared.get_default()
    }


def _call(name: str, values: Mapping[str, Any]) -> str:
    inner = ",".join(f"{key}={show_value(value, _WORD_INSIDE)}" for key, value in values.items())
    return f"{name}({inner})" if inner else name


def _value(run: Run, path: str) -> Any:
    try:
        return run.value(path)
    except ConfigError:
        return None
