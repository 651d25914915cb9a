"""Networks that users bring: a torch.nn.Module by the name of its factory."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Literal

from pydantic import Field, model_validator

from mlplab.errors import ConfigError
from mlplab.hints import hint
from mlplab.specs.base import Spec
from mlplab.specs.plugins import find_plugin

Setting = bool | int | float | str


class Module(Spec):
    """A network that a user registered with `mlplab.module`, trained by torch's autograd.

    Settings that equal the factory's defaults are left out, so that equal networks have equal
    keys. The name is part of a run's key, the factory's code is not.

    >>> Module(name="resnet")  # doctest: +ELLIPSIS
    Traceback (most recent call last):
    mlplab.errors.ConfigError: module: no 'resnet' is registered here; registered: ...
    """

    kind: Literal["module"] = "module"
    name: str = Field(description="As it was registered.")
    settings: tuple[tuple[str, Setting], ...] = Field(
        (), description="Its own settings by name; those left out have their defaults."
    )

    @model_validator(mode="before")
    @classmethod
    def _listed(cls, fields: Any) -> Any:
        if not isinstance(fields, dict):
            return fields
        given = fields.get("settings") or ()
        if not isinstance(given, Mapping):
            if not all(isinstance(one, list | tuple) and len(one) == 2 for one in given):
                return fields
            given = dict(given)
        defaults: Mapping[str, Setting] = find_plugin("module", str(fields.get("name"))).defaults
        settings = {}
        for name, value in given.items():
            if name not in defaults:
                raise ValueError(
                    f"{fields['name']} has no setting {name!r}; {hint(name, defaults)}"
                )
            value = _like(defaults[name], value, f"settings.{name}")
            if value != defaults[name]:
                settings[name] = value
        return {**fields, "settings": tuple(sorted(settings.items()))}

    @model_validator(mode="after")
    def _registered(self) -> Module:
        find_plugin("module", self.name)
        return self

    @property
    def known_settings(self) -> Mapping[str, Setting]:
        """All settings of the factory, with their defaults."""
        defaults: Mapping[str, Setting] = find_plugin("module", self.name).defaults
        return defaults

    def setting(self, name: str) -> Setting:
        """Return one setting, given or by default.

        Raises:
            ConfigError: the factory has no such setting.
        """
        known = self.known_settings
        if name not in known:
            raise ConfigError(f"{self.name} has no setting {name!r}; {hint(name, known)}")
        return dict(self.settings).get(name, known[name])


def _like(default: Setting, value: Any, place: str) -> Setting:
    """Return a setting of its default's type: 8 and 8.0 must not make two keys."""
    kind = type(default)
    value = value.item() if hasattr(value, "item") else value
    if isinstance(value, bool) == (kind is bool) and isinstance(value, str) == (kind is str):
        try:
            made: Setting = kind(value)
        except (TypeError, ValueError, OverflowError):
            pass
        else:
            if made == value:
                return made
    raise ValueError(
        f"{place}: expected {kind.__name__}, as its default {default!r}; got {value!r}"
    )
