"""Plans and peaks: `python planned_memory.py quick|whole [CASE...]` trains each in its own process.

One line a case: its name, the bytes planned for it beside the data, those that its process grew
by, and seconds. The processes are forked from one that has imported and compiled everything, so
none pays for that again, and a peak starts at what the process holds when its training begins.
"""

from __future__ import annotations

import contextlib
import ctypes
import os
import sys
import tempfile
import traceback
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import mlplab as ml
from mlplab.bench.memory.grid import METRIC, STACK, Setting, module, wide
from mlplab.bench.memory.peak import experiment_of, predict
from mlplab.engine.footprint import task_bytes
from mlplab.theory.resident import forget_peak, peak_bytes

PR_SET_THP_DISABLE = 41  # huge pages come as the system likes


@ml.metric("last_output")
def last_output(targets, outputs):
    return float(outputs[:, -1].mean())


@dataclass(frozen=True)
class Case(Setting):
    """A setting whose store may be in memory, and whose runs may go on from checkpoints."""

    in_memory: bool = False
    resumes: bool = False


LONG = {"epochs": 1000, "batch_size": 64}

QUICK: dict[str, Case] = {
    "metric": Case(ml.MLP(hidden=(4,)), METRIC, seeds=120, rows=64, test_rows=20_000, classes=10),
    "metric, module": Case(module(4), METRIC, seeds=30, rows=64, test_rows=20_000, classes=60),
    "loops, classes": Case(rows=12_000, classes=2000, features=4, fit={"batch_size": 256}),
    "loops, outputs": Case(rows=20_000, outputs=200, fit={"batch_size": 256}),
    "stack, classes": Case(fit=STACK | {"batch_size": 500}, rows=5000, classes=5000, seeds=2),
    "stack, rows": Case(fit=STACK | {"batch_size": 2000}, rows=100_000, seeds=8, valid=0.5),
    "checkpoints": Case(wide(700), STACK | {"batch_size": 64}, ml.Adam(), rows=128, features=784,
                        seeds=16, checkpoints=True),
    "float64": Case(wide(500), STACK | {"batch_size": 64, "dtype": "float64"}, rows=64,
                    features=784, seeds=8),
    "module": Case(module(400), {"batch_size": 64}, ml.Adam(), rows=64, features=784, seeds=16),
}  # fmt: skip
"""One or two of each axis, for every run of the tests."""

WHOLE: dict[str, Case] = {
    "metric": Case(ml.MLP(hidden=(4,)), METRIC, seeds=400, rows=64, test_rows=20_000, classes=10),
    "metrics": Case(ml.MLP(hidden=(4,)), {"measures": ("first_output", "last_output")},
                    seeds=100, rows=2000, valid=0.5, test_rows=20_000, classes=10),
    "metric, one wide slot": Case(fit=METRIC, rows=2000, test_rows=50_000, classes=200),
    "metric, module": Case(module(8), METRIC, seeds=100, rows=64, test_rows=20_000, classes=10),
    "metric, float64": Case(fit=METRIC | {"dtype": "float64"}, seeds=100, rows=64,
                            test_rows=20_000, classes=10),
    "loops, classes": Case(rows=100_000, classes=2000, features=4, fit={"batch_size": 256}),
    "loops, classes by squares": Case(rows=50_000, classes=2000, features=4,
                                      fit={"batch_size": 256, "loss": "squared"}),
    "lanes, classes": Case(ml.MLP(hidden=()), rows=4000, classes=1500, features=4),
    "lanes, classes by squares": Case(ml.MLP(hidden=()), {"loss": "squared"}, rows=4000,
                                      classes=1500, features=4),
    "loops, features": Case(rows=20_000, features=800, fit={"batch_size": 256}),
    "loops, outputs": Case(rows=50_000, outputs=200, fit={"batch_size": 256}),
    "lanes, many runs": Case(ml.MLP(hidden=()), seeds=4000),
    "lanes, adam": Case(ml.MLP(hidden=()), {"epochs": 20}, ml.Adam(), seeds=300, outputs=1),
    "lanes, epochs": Case(ml.MLP(hidden=()), LONG | {"test": "epoch"}, seeds=300, rows=80,
                          test_rows=16, valid=0.1),
    "loops, epochs": Case(ml.MLP(hidden=(2,)), LONG, seeds=200, rows=80, valid=0.1, test_rows=16),
    "stack, classes": Case(fit=STACK | {"batch_size": 256}, rows=20_000, classes=5000, seeds=2),
    "stack, classes, slots": Case(fit=STACK | {"batch_size": 64}, rows=5000, classes=2000,
                                  seeds=40, test_rows=1000, valid=0.1),
    "stack, classes, float64": Case(fit=STACK | {"batch_size": 64, "dtype": "float64"}, rows=5000,
                                    classes=2000, seeds=8, test_rows=1000, valid=0.1),
    "stack, smoothing": Case(fit=STACK | {"batch_size": 64, "label_smoothing": 0.1}, rows=5000,
                             classes=2000, seeds=8, valid=0.1),
    "stack, outputs": Case(fit=STACK | {"batch_size": 64}, rows=5000, outputs=2000, seeds=8,
                           test_rows=1000, valid=0.1),
    "stack, huber": Case(fit={"batch_size": 64, "loss": "log-cosh"}, rows=5000, outputs=2000,
                         seeds=8, test_rows=1000, valid=0.1),
    "stack, wide": Case(wide(1000), STACK | {"batch_size": 256}, rows=2000, features=784, seeds=8,
                        test_rows=2000),
    "stack, adam": Case(wide(1000), STACK | {"batch_size": 256}, ml.Adam(), rows=2000,
                        features=784, seeds=8, test_rows=2000),
    "stack, steps": Case(ml.MLP(hidden=()), STACK | {"batch_size": 1}, ml.Adam(), rows=600,
                         seeds=60),
    "stack, schedule": Case(
        ml.MLP(hidden=()), STACK | {"batch_size": 1},
        ml.SGD(schedule=ml.Schedule(kind="one-cycle")), rows=600, seeds=60),
    "stack, rows": Case(fit=STACK | {"batch_size": 2000}, rows=200_000, seeds=40, valid=0.5),
    "stack, many runs": Case(fit=STACK, seeds=2000, rows=128),
    "stack, epochs": Case(ml.MLP(hidden=(2,)), STACK | LONG, seeds=150, rows=80, valid=0.1),
    "stack, averages": Case(wide(1000), {"batch_size": 256, "ema": 0.9}, rows=2000, features=784,
                            seeds=8, test_rows=2000),
    "stack, clips": Case(wide(1000), {"batch_size": 256}, ml.SGD(clip_norm=1.0), rows=2000,
                         features=784, seeds=8),
    "stack, dropout": Case(ml.MLP(hidden=(1000, 1000), dropout=0.2, activation="tanh"),
                           {"batch_size": 1000}, rows=2000, features=784, seeds=4),
    "stack, norm": Case(ml.MLP(hidden=(1000, 1000), norm="batch", activation="gelu"),
                        {"batch_size": 1000}, rows=2000, features=784, seeds=4),
    "patience": Case(wide(1000), {"batch_size": 256, "epochs": 4, "patience": 2}, rows=2000,
                     valid=0.1, features=784, seeds=8),
    "epochs apart": Case(wide(1000), STACK | {"batch_size": 256}, ml.Adam(), rows=1000,
                         features=784, seeds=8, vary={"fit.epochs": [1, 3]}),
    "weights": Case(wide(1000), STACK | {"batch_size": 256}, rows=1000, features=784, seeds=24,
                    keep_weights=True),
    "weights, loops": Case(wide(256), {"batch_size": 32}, rows=64, features=784, seeds=200,
                           keep_weights=True),
    "checkpoints": Case(wide(2000), STACK | {"batch_size": 250, "epochs": 3}, ml.Adam(), rows=500,
                        features=784, seeds=8, checkpoints=True),
    "checkpoints of the best": Case(
        wide(2000), STACK | {"batch_size": 250, "epochs": 3, "patience": 3}, ml.Adam(), rows=500,
        valid=0.2, features=784, seeds=8, checkpoints=True),
    "resumed": Case(wide(2000), STACK | {"batch_size": 250, "epochs": 3}, ml.Adam(), rows=500,
                    features=784, seeds=8, checkpoints=True, resumes=True),
    "module, classes": Case(module(8), {"batch_size": 64}, rows=5000, classes=2000, seeds=8,
                            test_rows=1000),
    "module, wide": Case(module(1000), {"batch_size": 256}, ml.Adam(), rows=1000, features=784,
                         seeds=16),
    "module, rows": Case(module(8), {"batch_size": 2000}, rows=100_000, seeds=16, valid=0.5),
}  # fmt: skip


def warm_up() -> None:
    """Import and compile what the cases run through."""
    tiny = {"rows": 40, "test_rows": 8, "valid": 0.2, "seeds": 2}
    fits = [{}, STACK, METRIC, {"patience": 1}, {"loss": "squared"}]
    for fit in fits:
        train(Case(fit={"batch_size": 8, **fit}, **tiny))
    train(Case(ml.MLP(hidden=()), {"batch_size": 8}, ml.Adam(), **tiny))
    train(Case(ml.MLP(hidden=()), {"batch_size": 8}, keep_weights=True, **tiny))
    train(Case(module(8), {"batch_size": 8}, **tiny))
    train(Case(fit={"batch_size": 8, "epochs": 2, **STACK}, checkpoints=True, **tiny))


def train(case: Case) -> tuple[int, int]:
    """Return what is planned beside the data, and what the process grew by."""
    experiment = experiment_of(case)
    # A plan counts checkpoints by the time that it expects; here they come after every epoch.
    planned = experiment.cost(workers=1).bytes - task_bytes(experiment.data)
    planned = predict(experiment, case) if case.checkpoints else planned
    with tempfile.TemporaryDirectory() as folder:
        store = ":memory:" if case.in_memory else Path(folder) / "runs.db"
        if case.checkpoints:
            often()
        if case.resumes:
            interrupted(experiment, store)
        trim()
        before = peak_bytes()
        experiment.run(store, workers=1, keep_weights=case.keep_weights)
        return planned, peak_bytes() - before


def often() -> None:
    """Let every run keep a checkpoint after every epoch."""
    from mlplab.engine import lane

    lane.PAUSE_SECONDS = 0.0
    lane.FIRST_CHECKPOINT_SECONDS = 0.0


def interrupted(experiment: ml.Experiment, store: Path) -> None:
    """Leave the checkpoints of a first try in the store."""
    child = os.fork()
    if child:
        os.waitpid(child, 0)
        return

    def stop(progress) -> None:
        if progress.run_epochs > 0.5 * progress.run_epochs_total:
            os._exit(0)

    try:
        experiment.run(store, workers=1, progress=stop)
    finally:
        os._exit(0)


def trim() -> None:
    """Give back what is free, and let the peak begin anew."""
    with contextlib.suppress(AttributeError, OSError):
        ctypes.CDLL(None).malloc_trim(0)
        forget_peak()


def apart(work: Callable[[], tuple[int, int]]) -> tuple[int, int]:
    """Do it in a process of its own."""
    reading, writing = os.pipe()
    child = os.fork()
    if not child:
        try:
            planned, used = work()
            os.write(writing, f"{planned} {used}".encode())
        except BaseException:
            traceback.print_exc()
        os._exit(0)
    os.close(writing)
    with os.fdopen(reading) as answer:
        text = answer.read()
    os.waitpid(child, 0)
    if not text:
        raise SystemExit("a case failed")
    planned, used = map(int, text.split())
    return planned, used


def main(grid: str, *names: str) -> None:
    cases = {"quick": QUICK, "whole": WHOLE}[grid]
    with contextlib.suppress(AttributeError, OSError):
        ctypes.CDLL(None).prctl(PR_SET_THP_DISABLE, 1, 0, 0, 0)
    warm_up()
    trim()
    for name in names or cases:
        planned, used = apart(lambda name=name: train(cases[name]))
        print(f"{name}\t{planned}\t{used}", flush=True)


if __name__ == "__main__":
    main(*sys.argv[1:])
