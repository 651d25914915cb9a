"""Computations on one BLAS thread: what batches of small matrices want."""

from __future__ import annotations

import functools
from collections.abc import Callable
from typing import ParamSpec, TypeVar

P = ParamSpec("P")
T = TypeVar("T")


def one_thread(function: Callable[P, T]) -> Callable[P, T]:
    """Return the function with numpy's linear algebra on one thread while it runs.

    Matrices of a few hundred rows gain nothing from more threads, and beside other processes
    they wait for one another: ten times as long where two cores were busy.

    >>> one_thread(abs)(-1)
    1
    """

    @functools.wraps(function)
    def limited(*args: P.args, **kwargs: P.kwargs) -> T:
        from threadpoolctl import threadpool_limits

        with threadpool_limits(1, user_api="blas"):
            return function(*args, **kwargs)

    return limited
