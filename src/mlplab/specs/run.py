"""One training, as a question with a key."""

from __future__ import annotations

import hashlib
import json
import operator
from collections.abc import Iterable, Iterator
from functools import cached_property, lru_cache
from typing import Any

from pydantic import Field, JsonValue

from mlplab.errors import ConfigError
from mlplab.specs.base import Spec, canonical_json
from mlplab.specs.fit import Fit
from mlplab.specs.net import MLP, Net
from mlplab.specs.optim import SGD, Optimiser
from mlplab.specs.rows import Rows, SeedSplit, Share
from mlplab.version import ENGINE_VERSION


def _key_of(text: str) -> str:
    """Equals `digest({"engine": ENGINE_VERSION, "run": run})` for the run of that text."""
    # By hand, as `digest` would write it: the text of a run is written once for all its seeds.
    both = f'{{"engine":{json.dumps(ENGINE_VERSION)},"run":{text}}}'
    return hashlib.sha256(both.encode()).hexdigest()[:32]


_OPENING = f'{{"engine":{json.dumps(ENGINE_VERSION)},"run":{{'.encode()  # up to a run's fields


class _Specs:
    """A run but for its seed, by the identity of its specs: many seeds share them."""

    __slots__ = ("_parts", "run")

    def __init__(self, run: Run) -> None:
        self.run = run
        self._parts = (run.task, run.net, run.optim, run.fit, run.rows)

    def __hash__(self) -> int:
        return hash(tuple(map(id, self._parts)))

    def __eq__(self, other: object) -> bool:
        return isinstance(other, _Specs) and all(map(operator.is_, self._parts, other._parts))


@lru_cache(maxsize=128)
def _around(specs: _Specs) -> tuple[list[str], list[str]]:
    """The canonical JSON of a run's fields, before and after the seed."""
    fields = sorted(specs.run.canonical().items())
    texts = {name: f'"{name}":{canonical_json(value)}' for name, value in fields}
    before = [text for name, text in texts.items() if name < "seed"]
    return before, [text for name, text in texts.items() if name > "seed"]


def _write(around: tuple[list[str], list[str]], seed: int) -> str:
    before, after = around
    # Seed 0 is the default, and defaults are not part of a key.
    own = [f'"seed":{seed}'] if seed else []
    return "{" + ",".join([*before, *own, *after]) + "}"


class SeedWriter:
    """Writes the text and the key of one run with any seed.

    >>> SeedWriter(Run()).digest(7).hex() == Run(seed=7).key
    True
    """

    __slots__ = ("_around", "_first", "_head", "_of_seed_0", "_tail")

    def __init__(self, run: Run) -> None:
        self._around = before, after = _around(_Specs(run))
        # What comes before the seed is hashed once; most of a text does.
        self._head = hashlib.sha256(_OPENING + ",".join(before).encode())
        self._first = "," if before else ""
        self._tail = ",".join(["", *after]) + "}}"
        self._of_seed_0 = bytes.fromhex(_key_of(self.text(0)))

    def text(self, seed: int) -> str:
        """Return the canonical JSON of the run with that seed."""
        return _write(self._around, seed)

    def digest(self, seed: int) -> bytes:
        """Return the key of the run with that seed, as sixteen bytes."""
        if not seed:
            return self._of_seed_0
        question = self._head.copy()
        question.update(f'{self._first}"seed":{seed}{self._tail}'.encode())
        return question.digest()[:16]


class TaskRef(Spec):
    """Which data a run uses: how to load them, and what they hold."""

    name: str
    params: dict[str, JsonValue] = {}
    valid: Share = Field(default=0.0, ge=0, description="Share or count held out for validation.")
    content: str = Field(default="", description="SHA-256 of the arrays and index sets.")

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

    task: TaskRef | None = Field(default=None, description="Filled in by the experiment.")
    net: Net = MLP()
    optim: Optimiser = SGD()
    fit: Fit = Fit()
    rows: Rows = Field(default=SeedSplit(), description="Which rows of the pool train.")
    seed: int = Field(
        default=0, ge=0, lt=2**63, description="Decides weights, order, noise and split."
    )

    @property
    def text(self) -> str:
        """The question in canonical JSON, `canonical_json(run)`."""
        return _write(_around(_Specs(self)), self.seed)

    @cached_property
    def key(self) -> str:
        """Hash of the question: spec, data content and engine version."""
        return _key_of(self.text)

    def with_seeds(self, seeds: Iterable[int]) -> Iterator[Run]:
        """Yield this run with one seed after the other, each with its key at hand.

        Args:
            seeds: whole numbers from 0 below 2**63; nothing is validated again.

        Cost: about 4 microseconds per seed; the whole text is written once.

        >>> [run.key for run in Run().with_seeds([0, 7])] == [Run().key, Run(seed=7).key]
        True
        """
        around = _around(_Specs(self))
        for seed in map(int, seeds):
            yield self.seeded(seed, _key_of(_write(around, seed)))

    def seeded(self, seed: int, key: str) -> Run:
        """Return this run with another seed, whose key is known; nothing is validated again."""
        made = object.__new__(Run)
        fields = {name: self.__dict__[name] for name in _FIELDS}
        fields["seed"] = seed
        fields["key"] = key  # where cached properties lie
        # As pydantic's `model_construct` does, which takes four times as long.
        object.__setattr__(made, "__dict__", fields)
        object.__setattr__(made, "__pydantic_fields_set__", set(_FIELDS))
        object.__setattr__(made, "__pydantic_extra__", None)
        object.__setattr__(made, "__pydantic_private__", None)
        return made

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
        """Return this run with the field at a dotted path, or of a short name, set to `value`.

        Raises:
            ConfigError: no such field, or the value does not fit it.

        >>> Run().with_value("lr", 0.5).value("optim.lr")
        0.5
        """
        from mlplab.specs.paths import resolve, set_path

        run: Run = set_path(self, path if "." in path else resolve(self, path), value)
        return run

    def value(self, path: str) -> Any:
        """Return the field at a dotted path, or of a short name such as `lr`."""
        from mlplab.specs.paths import get_path, resolve

        return get_path(self, path if "." in path else resolve(self, path))


_FIELDS = tuple(Run.model_fields)
