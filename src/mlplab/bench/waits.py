"""What people wait for beside training: declaring, choosing, searching, and the store."""

from __future__ import annotations

import random
import tempfile
import time
from collections.abc import Callable
from statistics import median
from typing import Any

from mlplab.bench.timing import Timing, serve

N_ROUNDS = 5
N_STORED, N_PUT = 10_000, 1000
N_DECLARED, N_COMPARED, N_COMPARED_SEEDS = 10_000, 400, 8
N_TRIALS = 100


def _timed(body: Callable[[], object]) -> float:
    start = time.perf_counter()
    body()
    return time.perf_counter() - start


def _outcomes(n_runs: int) -> list[Any]:
    from mlplab.specs import Outcome

    draw = random.Random(0).random

    def history() -> dict[str, tuple[float, ...]]:
        return {f"m{m}": tuple(draw() for _ in range(10)) for m in range(6)}

    return [Outcome(f"{n:032x}", "here", "finished", 10, history(), 1.0, 5) for n in range(n_runs)]


def _store(name: str) -> list[float]:
    from mlplab.store import Store

    outcomes = _outcomes(N_STORED)
    seconds = []
    with tempfile.TemporaryDirectory() as folder, Store(f"{folder}/store.sqlite") as store:
        for start in range(0, N_STORED, N_PUT):
            part = outcomes[start : start + N_PUT]
            seconds.append(_timed(lambda part=part: store.put(part)))  # type: ignore[misc]
        if name == "put":
            return seconds
        keys = [outcome.key for outcome in outcomes]
        return [_timed(lambda: store.get(keys)) for _ in range(N_ROUNDS)]


def _trials(strategy: str) -> list[float]:
    import mlplab as ml

    task = ml.load_task("digits", valid=0.1)
    base = ml.Run(net=ml.MLP(hidden=()), fit=ml.Fit(epochs=1, batch_size=120))
    space = {"lr": ml.Range(low=0.001, high=1, log=True)}

    def search(budget: int) -> None:
        ml.Search(task, base, space, strategy, budget=budget, finalists=1, finalist_seeds=1).run(
            ":memory:"
        )

    # Imports and first calls are none of the wait per trial.
    search(10)
    return [_timed(lambda: search(N_TRIALS)) for _ in range(N_ROUNDS)]


def _arms(n_arms: int, n_seeds: int, epochs: int = 1) -> Any:
    import mlplab as ml

    return ml.Experiment(
        task=ml.load_task("digits", valid=0.1),
        base=ml.Run(net=ml.MLP(hidden=()), fit=ml.Fit(epochs=epochs, batch_size=256)),
        vary={"optim.lr": [0.001 * (1 + arm) for arm in range(n_arms)]},
        seeds=n_seeds,
    )


def _declare() -> list[float]:
    # Imports and first calls are none of the wait.
    _arms(10, 1)
    return [_timed(lambda: _arms(N_DECLARED, 1)) for _ in range(N_ROUNDS)]


def _best() -> list[float]:
    runs = _arms(N_COMPARED, N_COMPARED_SEEDS).run(":memory:")
    return [_timed(lambda: runs.best("valid_accuracy")) for _ in range(N_ROUNDS)]


MEASURES: dict[str, tuple[Callable[[], list[float]], str]] = {
    "declare": (_declare, f"an experiment of {N_DECLARED} arms is made"),
    "best": (_best, f"best of {N_COMPARED} arms with {N_COMPARED_SEEDS} seeds each"),
    "trials-random": (lambda: _trials("random"), f"{N_TRIALS} linear models, one epoch each"),
    "trials-tpe": (lambda: _trials("tpe"), f"{N_TRIALS} linear models, one epoch each"),
    "put": (lambda: _store("put"), f"{N_PUT} runs with 6 curves of 10 epochs are put"),
    "get": (lambda: _store("get"), f"{N_STORED} such runs are read"),
}


def wait(name: str) -> Timing:
    """Time one of the things that people wait for; the median of its repetitions counts."""
    measure, what = MEASURES[name]
    seconds = measure()
    return Timing("ours", median(seconds), len(seconds), f"median of {len(seconds)}: {what}")


if __name__ == "__main__":
    serve(wait, tuple(MEASURES))
