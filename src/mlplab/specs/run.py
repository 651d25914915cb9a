"""One training, as a question with a key."""

from __future__ import annotations

from functools import cached_property
from typing import Any

from pydantic import Field, JsonValue

from mlplab.errors import ConfigError
from mlplab.specs.base import Spec, digest
from mlplab.specs.fit import Fit
from mlplab.specs.net import MLP, Net
from mlplab.specs.optim import SGD, Optimiser
from mlplab.specs.rows import Rows, SeedSplit
from mlplab.version import ENGINE_VERSION


class TaskRef(Spec):
    """Which data a run uses: how to load them, and what they hold."""

    name: str
    params: dict[str, JsonValue] = {}
    valid: float | int = Field(0.0, ge=0, description="Share or count held out for validation.")
    content: str = Field("", description="SHA-256 of the arrays and index sets.")

    def __hash__(self) -> int:
        # A dict of parameters has no hash; equal references have equal names of parameters.
        return hash((self.name, frozenset(self.params), self.valid, self.content))

    def canonical(self) -> dict[str, Any]:
        """Return what decides the bits: the content, not the name under which it was found."""
        if self.content:
            return {"content": self.content, "valid": self.valid}
        return super().canonical()


class Run(Spec):
    """One training: task + net + optim + fit + seed.

    >>> Run(seed=1).key == Run(seed=1).key != Run(seed=2).key
    True
    """

    task: TaskRef | None = Field(None, description="Filled in by the experiment.")
    net: Net = MLP()
    optim: Optimiser = SGD()
    fit: Fit = Fit()
    rows: Rows = Field(SeedSplit(), description="Which rows of the pool train.")
    seed: int = Field(0, ge=0, lt=2**63, description="Decides weights, order, noise and split.")

    @cached_property
    def key(self) -> str:
        """Hash of the question: spec, data content and engine version."""
        return digest({"engine": ENGINE_VERSION, "run": self.canonical()})

    @property
    def mlp(self) -> MLP:
        """The network, for what only MLPs have.

        Raises:
            ConfigError: it is a module.
        """
        if isinstance(self.net, MLP):
            return self.net
        raise ConfigError(f"net: expected an MLP here; got the module {self.net.name!r}")

    def with_value(self, path: str, value: Any) -> Run:
        """Return this run with the field at a dotted path set to `value`.

        Raises:
            ConfigError: no such field, or the value does not fit it.

        >>> Run().with_value("optim.lr", 0.5).optim.lr
        0.5
        """
        from mlplab.specs.paths import set_path

        run: Run = set_path(self, path, value)
        return run

    def value(self, path: str) -> Any:
        """Return the field at a dotted path."""
        from mlplab.specs.paths import get_path

        return get_path(self, path)
