"""What one destination is told, each thing once: runs one by one, or arm by arm."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from typing import Any, final

from mlplab.experiment.tracking.children import (
    Each,
    Group,
    TrackedRun,
    arm_id_of,
    child_of_arm,
    child_of_run,
    each_of,
)
from mlplab.experiment.tracking.destinations import Destination
from mlplab.specs import Outcome
from mlplab.specs.plain import read_plain


class _Experiment:
    """An experiment's runs: those expected, and of arms those that ended, until they are whole."""

    def __init__(self, group: Group, each: Each) -> None:
        self.group = group
        self.each = each
        self.texts: dict[str, str] = {}
        self.waiting: dict[str, set[str]] = {}
        self.ended: dict[str, dict[str, TrackedRun]] = {}


@final
class Feed:
    """Passes experiments on to a destination; what it has is left out.

    Args:
        destination: gets them.
        will_grow: whether an arm that is whole may get further seeds; its runs are then kept.
    """

    def __init__(self, destination: Destination, *, will_grow: bool = True) -> None:
        self._to = destination
        self._will_grow = will_grow
        self._experiments: dict[Group, _Experiment] = {}

    @property
    def name(self) -> str:
        """The destination's."""
        return self._to.name

    def begin(self, group: Group, texts: Mapping[str, str]) -> None:
        """Announce runs by key, each with its text; further ones may follow."""
        if group not in self._experiments:
            each = self._to.begin(group, each_of(len(texts)))
            self._experiments[group] = _Experiment(group, each)
        known = self._experiments[group]
        known.texts |= texts
        if known.each == "arm":
            for key, text in texts.items():
                known.waiting.setdefault(arm_id_of(read_plain(text)), set()).add(key)

    def put(self, group: Group, outcome: Outcome, time: float) -> None:
        """Pass on a run that was announced, or its arm if it is the last of it."""
        known = self._experiments[group]
        run = TrackedRun(outcome.key, read_plain(known.texts[outcome.key]), outcome, time)
        if known.each == "run":
            if not self._to.has(group, run.key):
                self._to.put(group, child_of_run(run))
            return
        arm = run.arm_id
        known.ended.setdefault(arm, {})[run.key] = run
        known.waiting[arm].discard(run.key)
        if not known.waiting[arm]:
            child = child_of_arm(list(known.ended[arm].values()))
            if not self._will_grow:
                del known.ended[arm]
            if not self._to.has(group, child.id):
                self._to.put(group, child)

    def verdicts(self, group: Group, rows: Sequence[Mapping[str, Any]]) -> None:
        """Pass on the verdicts on an experiment's claims."""
        plain: list[dict[str, Any]] = json.loads(json.dumps(list(rows), default=str))
        self._to.put_verdicts(group, plain)

    def end(self) -> None:
        """Mark all experiments as complete."""
        for group in self._experiments:
            self._to.end(group)
