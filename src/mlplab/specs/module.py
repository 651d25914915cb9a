"""Networks that users bring: a torch.nn.Module by the name of its factory."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Literal

from pydantic import Field, model_validator

from mlplab.specs.base import Spec
from mlplab.specs.given import Short
from mlplab.specs.plugins import find_plugin
from mlplab.specs.settings import Setting, plain_settings, setting_of

_NO_SETTINGS: Any = ()


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
    settings: Short[tuple[tuple[str, Setting], ...], Mapping[str, Setting]] = Field(
        default=_NO_SETTINGS,
        description="Its own settings by name; those left out have their defaults.",
    )

    @model_validator(mode="before")
    @classmethod
    def _listed(cls, fields: Any) -> Any:
        if not isinstance(fields, dict) or "name" not in fields:
            return fields
        name = str(fields["name"])
        defaults = find_plugin("module", name).defaults
        settings = plain_settings(name, fields.get("settings") or (), defaults)
        return fields if settings is None else {**fields, "settings": settings}

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
        return setting_of(self.name, self.settings, self.known_settings, name)
