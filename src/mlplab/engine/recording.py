"""Steps that are recorded once and replayed: where calls into torch cost more than their sums."""

from __future__ import annotations

import dataclasses
import os
from collections.abc import Callable, Sequence
from functools import partial
from typing import Any, Protocol

import torch
from torch import Tensor

from mlplab.engine.program import Program
from mlplab.specs.activation import ACTIVATION_FORMS, activation_settings

Replay = Callable[[], object]


class Recorder(Protocol):
    """Takes note of what a function does to tensors, so that it can be done again."""

    def capture(self, function: Callable[[], None]) -> Replay:
        """Return what does the same to the same tensors; the function's own call does nothing."""


class CudaGraphs:
    """Steps as CUDA graphs: one launch for all calls of a step."""

    def __init__(self, device: torch.device) -> None:
        self._device = device

    def capture(self, function: Callable[[], None]) -> Replay:
        """Record a function; see `Recorder`."""
        graph = torch.cuda.CUDAGraph()
        # Streams are of the current GPU, which need not be that of the stack.
        with torch.cuda.device(self._device), torch.cuda.graph(graph):
            function()
        replay: Replay = graph.replay
        return replay


class Settings:
    """What a part of a stack is set to from step to step, at the places where a recording finds it.

    A part names such attributes in `settings_of_step`: tensors, or dicts or dataclasses of some.
    """

    def __init__(self, part: Any) -> None:
        self._part = part
        self._names: tuple[str, ...] = part.settings_of_step
        self._places: dict[str, Any] = {}

    def settle(self) -> None:
        """Write what the part is set to now into its places, and let it read these."""
        for name in self._names:
            now = getattr(self._part, name)
            if name not in self._places:
                self._places[name] = _copied(now)
            else:
                _write(self._places[name], now)
            place = self._places[name]
            # A part may put other tensors into its dict, and never into this one.
            setattr(self._part, name, dict(place) if isinstance(place, dict) else place)


def _copied(value: Any) -> Any:
    if isinstance(value, Tensor):
        return value.clone()
    if isinstance(value, dict):
        return {name: _copied(one) for name, one in value.items()}
    if dataclasses.is_dataclass(value) and not isinstance(value, type):
        return dataclasses.replace(value, **_copied(vars(value)))
    return value


def _write(place: Any, value: Any) -> None:
    if place is value:
        return
    if isinstance(place, Tensor):
        place.copy_(value)
    elif isinstance(place, dict):
        for name, one in place.items():
            _write(one, value[name])
    elif dataclasses.is_dataclass(place):
        _write(vars(place), vars(value))
    else:
        assert place == value


class RecordedSteps:
    """The steps of one stack: the first of each size as it is, the second recorded, then replayed.

    Args:
        recorder: how steps are recorded.
        parts: all that is set anew from step to step.
    """

    def __init__(self, recorder: Recorder, parts: Sequence[Any]) -> None:
        self._recorder = recorder
        self._settings = [Settings(part) for part in parts]
        self._replays: dict[int, Replay | None] = {}

    def take(self, n: int, move: Callable[[int], None]) -> None:
        """Take a step on n examples; `move` may read tensors at fixed places, and nothing else."""
        for settings in self._settings:
            settings.settle()
        if n not in self._replays:
            # What is made at a first call, room and libraries' handles, must not be recorded.
            move(n)
            self._replays[n] = None
            return
        replay = self._replays[n]
        if replay is None:
            replay = self._replays[n] = self._recorder.capture(partial(move, n))
        replay()


def can_be_recorded(program: Program) -> bool:
    """Say whether the steps of a program ask nothing of the host: it draws no noise, for one."""
    return not (
        program.noise != "none"
        or program.has_dropout
        or program.perturbs
        or activation_settings(program.activation)[0] not in ACTIVATION_FORMS
    )


def recorder_of(program: Program, device: torch.device) -> Recorder | None:
    """Return what records a program's steps: CUDA graphs, where `MLPLAB_GRAPHS=1` asks for them."""
    asked = device.type == "cuda" and os.environ.get("MLPLAB_GRAPHS") == "1"
    return CudaGraphs(device) if asked and can_be_recorded(program) else None
