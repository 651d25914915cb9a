"""Activations as text: `relu`, `leaky-relu:0.01`, `prelu:0.25,unit`."""

from __future__ import annotations

from typing import Annotated, Any

from pydantic import BeforeValidator

from mlplab.specs.numbers import LARGEST
from mlplab.specs.plugins import plugin_names
from mlplab.specs.shorthand import number_text, parse_shorthand

ACTIVATION_FORMS: dict[str, list[str]] = {
    "relu": [],
    "leaky-relu": ["slope"],
    "prelu": ["slope", "per"],
    "elu": ["alpha"],
    "gelu": [],
    "silu": [],
    "softplus": [],
    "tanh": [],
    "sigmoid": [],
    "identity": [],
}
"""The activations of the package, with the settings that each one takes."""

ALIASES = {"swish": "silu"}
"""Other names of the same functions; a spec keeps the first."""

_DEFAULTS: dict[str, dict[str, Any]] = {
    "leaky-relu": {"slope": 0.01},
    "prelu": {"slope": 0.25, "per": "layer"},
    "elu": {"alpha": 1.0},
}


def activation_settings(text: str) -> tuple[str, dict[str, Any]]:
    """Return an activation's name and settings, with defaults filled in.

    Raises:
        ValueError: an unknown name, or a setting that does not fit.

    >>> activation_settings("prelu:0.1")
    ('prelu', {'slope': 0.1, 'per': 'layer'})
    >>> activation_settings("swish")
    ('silu', {})
    """
    own: dict[str, list[str]] = {name: [] for name in plugin_names("activation")}
    forms = ACTIVATION_FORMS | own
    given = parse_shorthand(text, forms, aliases=ALIASES)
    kind = given.pop("kind")
    settings = _DEFAULTS.get(kind, {}) | given
    for name, value in settings.items():
        if name == "per":
            if value not in ("layer", "unit"):
                raise ValueError(f"{kind}: expected a slope per layer or unit; got {value!r}")
        else:
            settings[name] = _number(kind, name, value)
    return kind, settings


def _number(kind: str, name: str, value: Any) -> float:
    try:
        number = float(value)
    except ValueError:
        number = float("nan")
    least = 0.0 if kind != "prelu" else -LARGEST
    if not least <= number <= LARGEST:
        wanted = "a number" if kind == "prelu" else "a number of at least 0"
        if LARGEST < abs(number) < float("inf"):
            wanted += " that float32 holds"
        raise ValueError(f"{kind}: expected {wanted} as {name}; got {value!r}")
    return number or 0.0  # never -0.0


def _normal(text: Any) -> Any:
    """The shortest text of an activation: equal ones then have equal keys."""
    if not isinstance(text, str):
        return text
    kind, settings = activation_settings(text)
    values = [settings[name] for name in ACTIVATION_FORMS.get(kind, [])]
    defaults = [_DEFAULTS[kind][name] for name in ACTIVATION_FORMS.get(kind, [])]
    while values and values[-1] == defaults[-1]:
        values.pop()
        defaults.pop()
    shown = [value if isinstance(value, str) else number_text(value) for value in values]
    return f"{kind}:{','.join(shown)}" if shown else kind


Activation = Annotated[str, BeforeValidator(_normal)]
