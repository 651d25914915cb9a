"""Isolation from the caller's torch settings while runs train or predict.

Some of it belongs to the whole process (default dtype, precision of products, threads), some to a
thread (autocast, modes, denormals). Whoever puts it aside has a turn: two threads that train never
see each other's. Between two events of a training everything is the caller's again.
"""

from __future__ import annotations

import contextlib
import os
import sys
import threading
import time
from collections.abc import Callable, Iterator
from typing import Any, NamedTuple

import numpy as np
import torch
from torch import overrides
from torch.nn.modules import module as modules
from torch.utils import _python_dispatch as dispatch

from mlplab.engine.numerics import device_kernels
from mlplab.engine.turns import ask_for_long_turns

_TURN = threading.RLock()
_WAITING: set[int] = set()
_GIVE_WAY_SECONDS = 1e-4  # a lock that is taken again at once is never another's


def _after_fork() -> None:
    """A child has none of the threads that had a turn."""
    global _TURN
    _TURN = threading.RLock()
    _WAITING.clear()


if hasattr(os, "register_at_fork"):
    os.register_at_fork(after_in_child=_after_fork)


@contextlib.contextmanager
def _turn() -> Iterator[None]:
    """Let one thread at a time into the block, and whoever waits before who was in."""
    me = threading.get_ident()
    _WAITING.add(me)
    try:
        with _TURN:
            _WAITING.discard(me)
            yield
    finally:
        _WAITING.discard(me)
    if _WAITING:
        time.sleep(_GIVE_WAY_SECONDS)


class _Setting(NamedTuple):
    """Something that a caller may set; `ours` are the values that need no change."""

    get: Callable[[], Any]
    set: Callable[[Any], object]
    ours: tuple[Any, ...]


def _precision(backend: str, operation: str) -> _Setting:
    def get() -> str:
        found: str = torch._C._get_fp32_precision_getter(backend, operation)
        return found

    def put(value: str) -> None:
        torch._C._set_fp32_precision_setter(backend, operation, value)

    return _Setting(get, put, ("none", "ieee"))


def _precisions() -> list[_Setting]:
    """From the general to the special: what is only inherited is not put back as if it were set."""
    if not hasattr(torch._C, "_get_fp32_precision_getter"):
        get, put = torch.get_float32_matmul_precision, torch.set_float32_matmul_precision
        return [_Setting(get, put, ("highest",))]
    places = [("generic", "all"), *(("mkldnn", name) for name in ("all", "matmul", "conv", "rnn"))]
    return [_precision(*place) for place in [*places, ("cuda", "matmul")]]


def _flag(get: Callable[[], Any], put: Callable[[Any], object], ours: bool) -> _Setting:
    return _Setting(get, put, (ours,))


def _anomaly() -> tuple[bool, bool]:
    return torch.is_anomaly_enabled(), torch.is_anomaly_check_nan_enabled()


def _deterministic() -> tuple[bool, bool]:
    warns = torch.is_deterministic_algorithms_warn_only_enabled()
    return torch.are_deterministic_algorithms_enabled(), warns


def _set_deterministic(value: tuple[bool, bool]) -> None:
    # What torch offers for it loads torch's compiler.
    torch._C._set_deterministic_algorithms(value[0], warn_only=value[1])


def _flushes_denormals() -> bool:
    least = sys.float_info.min
    return least / 2 == 0.0


_C = torch._C
_SETTINGS: list[_Setting] = [
    _Setting(torch.get_default_dtype, torch.set_default_dtype, (torch.float32,)),
    *_precisions(),
    _Setting(_deterministic, _set_deterministic, ((False, False),)),
    _Setting(_anomaly, lambda value: torch.set_anomaly_enabled(*value), ((False, True),)),
    _flag(_flushes_denormals, torch.set_flush_denormal, False),
    _flag(_C._get_mkldnn_enabled, _C._set_mkldnn_enabled, True),
    _flag(_C._get_nnpack_enabled, _C._set_nnpack_enabled, True),
    _flag(_C._get_flash_sdp_enabled, _C._set_sdp_use_flash, True),
    _flag(_C._get_math_sdp_enabled, _C._set_sdp_use_math, True),
    _flag(_C._get_mem_efficient_sdp_enabled, _C._set_sdp_use_mem_efficient, True),
    _flag(torch.backends.mha.get_fastpath_enabled, torch.backends.mha.set_fastpath_enabled, True),
    *(
        _flag(
            lambda kind=kind: torch.is_autocast_enabled(kind),  # type: ignore[misc]
            lambda value, kind=kind: torch.set_autocast_enabled(kind, value),  # type: ignore[misc]
            False,
        )
        for kind in ("cpu", "cuda", "mps")
    ),
]
if hasattr(torch, "get_autocast_dtype"):
    # A module's own autocast block takes the process's kind of numbers.
    _SETTINGS += [
        _Setting(
            lambda kind=kind: torch.get_autocast_dtype(kind),  # type: ignore[misc]
            lambda value, kind=kind: torch.set_autocast_dtype(kind, value),  # type: ignore[misc]
            (usual,),
        )
        for kind, usual in (
            ("cpu", torch.bfloat16),
            ("cuda", torch.float16),
            ("mps", torch.float16),
        )
    ]
_HOOKS: list[dict[int, Any]] = [
    value
    for name, value in vars(modules).items()
    if name.startswith("_global") and isinstance(value, dict)
]
"""Of all modules of a process."""


@contextlib.contextmanager
def _own_settings() -> Iterator[None]:
    changed: list[tuple[Callable[[Any], object], Any]] = []
    try:
        for setting in _SETTINGS:
            value = setting.get()
            if value not in setting.ours:
                changed.append((setting.set, value))
                # Only what differs is set: this takes 40 microseconds for each event.
                setting.set(setting.ours[-1])
        yield
    finally:
        for put, value in reversed(changed):
            put(value)


@contextlib.contextmanager
def _no_hooks() -> Iterator[None]:
    """Put aside hooks on all modules, and on what autograd keeps."""
    hooks = [(place, dict(place)) for place in _HOOKS if place]
    for place, _ in hooks:
        place.clear()
    autograd: Any = torch._C._autograd
    refused = autograd._saved_tensors_hooks_get_disabled_error_message()
    if refused is not None:
        autograd._saved_tensors_hooks_enable()
    try:
        if torch._C._autograd._top_saved_tensors_default_hooks(False) is None:
            yield
        else:
            # The innermost hooks win, and ours do nothing: the caller's cannot be popped.
            with torch.autograd.graph.saved_tensors_hooks(lambda kept: kept, lambda kept: kept):
                yield
    finally:
        if refused is not None:
            autograd._saved_tensors_hooks_disable(refused)
        for place, entries in hooks:
            place.update(entries)


@contextlib.contextmanager
def _no_modes() -> Iterator[None]:
    """Put aside modes that see or change what torch is called with."""
    function_modes: Any = overrides
    functions = [function_modes._pop_mode() for _ in range(torch._C._len_torch_function_stack())]
    calls = [dispatch._pop_mode() for _ in range(torch._C._len_torch_dispatch_stack())]
    try:
        yield
    finally:
        for mode in reversed(calls):
            dispatch._push_mode(mode)
        for mode in reversed(functions):
            function_modes._push_mode(mode)


@contextlib.contextmanager
def caller_aside() -> Iterator[None]:
    """Put aside all that a caller may have set, but its threads and its mode of autograd."""
    numbers = {"divide": "warn", "over": "warn", "under": "ignore", "invalid": "warn"}
    with _turn(), _own_settings(), _no_modes(), _no_hooks(), np.errstate(**numbers):  # type: ignore[arg-type]
        yield


@contextlib.contextmanager
def single_thread() -> Iterator[None]:
    """Let torch use one thread inside the block; the caller's number comes back after it."""
    threads = torch.get_num_threads()
    torch.set_num_threads(1)
    try:
        yield
    finally:
        torch.set_num_threads(threads)


@contextlib.contextmanager
def _tensor_float(device: torch.device) -> Iterator[None]:
    """Let an NVIDIA GPU multiply in TF32 inside the block, where this process asks for it."""
    if device.type != "cuda" or device_kernels() != "tf32":
        yield
        return
    setting = _precisions()[-1]  # of its products
    before = setting.get()
    setting.set("tf32" if hasattr(_C, "_set_fp32_precision_setter") else "high")
    try:
        yield
    finally:
        setting.set(before)


@contextlib.contextmanager
def training_mode(device: torch.device) -> Iterator[None]:
    """Compute on one thread, on `device`, without autograd; inside the block only.

    Cost: about 40 microseconds.
    """
    with caller_aside(), single_thread(), torch.inference_mode(), _tensor_float(device):
        if torch.get_default_device() == device:
            yield  # entering a device costs two microseconds on each call into torch
        else:
            with device:
                yield


def plain_thread() -> None:
    """Make a new thread compute as any other: it has its caller's way with denormals."""
    ask_for_long_turns()
    torch.set_flush_denormal(False)
