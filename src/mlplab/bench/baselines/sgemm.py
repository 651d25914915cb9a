"""The bound of workload A: its matrix products at the best sgemm rate of this machine."""

from __future__ import annotations

import time
from collections.abc import Callable

import numpy as np
import torch

from mlplab.bench.flop import dense_flop
from mlplab.bench.side_by_side import side_by_side, wait_for_all
from mlplab.bench.timing import Timing, serve

# (M, K, N): large squares, and shapes of workload A, alone and with several runs side by side.
SIZES = ((1024, 1024, 1024), (2048, 2048, 2048), (256, 784, 256), (1024, 784, 256))
N_PROCESSES = 2
# Long enough for the clock's full rate, short enough to fall between interruptions.
WINDOW_SECONDS = 0.25
N_WINDOWS = 4


def best_rate(multiply: Callable[[], object], flop: int) -> float:
    """Return the best flop per second of a call, over a few windows of many calls each."""
    multiply()
    best = 0.0
    for _ in range(N_WINDOWS):
        count, start = 0, time.perf_counter()
        while (seconds := time.perf_counter() - start) < WINDOW_SECONDS or count == 0:
            multiply()
            count += 1
        best = max(best, flop * count / seconds)
    return best


def torch_rate(size: tuple[int, int, int]) -> float:
    """Return the rate of `torch.mm` at one size, (M, K) by (K, N)."""
    m, k, n = size
    left, right, out = torch.randn(m, k), torch.randn(k, n), torch.empty(m, n)
    return best_rate(lambda: torch.mm(left, right, out=out), 2 * m * k * n)


def numpy_rate(size: tuple[int, int, int]) -> float:
    """Return the rate of `numpy.matmul` at one size, (M, K) by (K, N)."""
    m, k, n = size
    rng = np.random.default_rng(0)
    left = rng.standard_normal((m, k), dtype=np.float32)
    right = rng.standard_normal((k, n), dtype=np.float32)
    out = np.empty((m, n), dtype=np.float32)
    return best_rate(lambda: np.matmul(left, right, out=out), 2 * m * k * n)


RATES = {"torch": torch_rate, "numpy": numpy_rate}


def rates_together() -> dict[str, list[float]]:
    """Return each library's rate at every size, all processes of the group starting together."""
    rates: dict[str, list[float]] = {library: [] for library in RATES}
    for library, rate in RATES.items():
        for size in SIZES:
            wait_for_all()
            rates[library].append(rate(size))
    return rates


def measure() -> Timing:
    """Find the best sgemm rate, on 2 threads or in 2 processes, and A's seconds at it."""
    torch.set_num_threads(N_PROCESSES)
    by_process = side_by_side(rates_together, N_PROCESSES)
    found: dict[str, float] = {}
    for library, rate in RATES.items():
        found[f"{library}, {N_PROCESSES} threads"] = max(rate(size) for size in SIZES)
        sums = map(sum, zip(*(rates[library] for rates in by_process), strict=True))
        found[f"{library}, {N_PROCESSES} processes"] = max(sums)
    best = max(found, key=lambda way: found[way])
    flop = dense_flop((784, 256, 10), 60_000, 10_000)
    told = ", ".join(f"{way} {rate / 1e9:.0f}" for way, rate in found.items())
    return Timing(
        "sgemm bound",
        flop / found[best],
        1,
        f"{flop / 1e9:.2f} GFLOP at {found[best] / 1e9:.0f} GFLOP/s, the best over {len(SIZES)} "
        f"sizes of {told}",
        {f"{way}: gflop_per_second": rate / 1e9 for way, rate in found.items()},
    )


if __name__ == "__main__":
    serve(measure)
