"""What users add by name: activations, initialisations, schedules, optimisers and modules."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Literal

from mlplab.errors import ConfigError
from mlplab.hints import hint

PluginKind = Literal["activation", "init", "schedule", "optimiser", "module"]
PluginName = tuple[PluginKind, str]

_PLUGINS: dict[PluginName, Any] = {}


def register_plugin(kind: PluginKind, name: str, made: Any, taken: Mapping[str, Any]) -> None:
    """Keep what a user made under a name that specs may then say.

    Args:
        kind: what it is.
        name: lower-case letters, digits and dashes.
        made: what the engine asks for by that name.
        taken: the names that the package itself uses.

    Raises:
        ConfigError: the name is taken or cannot be written in a spec.
    """
    plain = name.replace("-", "").replace("_", "")
    if name in taken or name != name.lower() or not plain.isalnum() or not plain[0].isalpha():
        raise ConfigError(
            f"{kind}: expected a lower-case name other than {', '.join(taken)}; got {name!r}"
        )
    # Replaced without asking: a notebook runs its cells again.
    _PLUGINS[kind, name] = made


def plugin_names(kind: PluginKind) -> tuple[str, ...]:
    """Return the names that users have registered for a kind."""
    return tuple(name for of, name in _PLUGINS if of == kind)


def find_plugin(kind: PluginKind, name: str) -> Any:
    """Return what was registered under a name.

    Raises:
        ConfigError: nothing was.
    """
    if (kind, name) not in _PLUGINS:
        known = plugin_names(kind)
        says = f"no {name!r} is registered here; registered: {', '.join(known) or 'none'}"
        meant = hint(name, known, "")
        raise ConfigError(f"{kind}: {says}" + (f"; {meant}" if meant else ""))
    return _PLUGINS[kind, name]


def registered_plugins() -> dict[PluginName, Any]:
    """Return all that users have registered, by kind and name."""
    return dict(_PLUGINS)


def install_plugins(plugins: Mapping[PluginName, Any]) -> None:
    """Register what another process had."""
    _PLUGINS.update(plugins)
