"""Run one function in several single-threaded processes at the same time."""

from __future__ import annotations

import multiprocessing
from collections.abc import Callable
from concurrent.futures import ProcessPoolExecutor
from multiprocessing.synchronize import Barrier
from typing import Any, TypeVar

Result = TypeVar("Result")
PATIENCE_SECONDS = 300.0
_start: Barrier | None = None


def wait_for_all() -> None:
    """Wait until every process of this group has come here, so that timing starts together."""
    if _start is not None:
        _start.wait(PATIENCE_SECONDS)


def side_by_side(
    function: Callable[..., Result], n_processes: int, *arguments: Any
) -> list[Result]:
    """Call `function(*arguments)` in `n_processes` new processes, one thread each.

    Args:
        function: of module level; it calls `wait_for_all` before what it times.

    Returns:
        What each call returned.
    """
    context = multiprocessing.get_context("spawn")
    start = context.Barrier(n_processes)
    with ProcessPoolExecutor(
        n_processes, mp_context=context, initializer=_prepare, initargs=(start,)
    ) as pool:
        return [
            task.result()
            for task in [pool.submit(function, *arguments) for _ in range(n_processes)]
        ]


def _prepare(start: Barrier) -> None:
    global _start
    import torch
    from threadpoolctl import threadpool_limits

    _start = start
    torch.set_num_threads(1)
    threadpool_limits(1)
