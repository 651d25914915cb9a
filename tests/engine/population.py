"""Made-up tasks, random runs of one program, and everything that a run's bits are."""

from __future__ import annotations

import struct
from collections.abc import Iterable, Sequence
from typing import Any

import numpy as np
from hypothesis import assume
from hypothesis import strategies as st

from mlplab.data import Task, task_from_arrays
from mlplab.engine import Ended, Event, train
from mlplab.engine.memory import BUDGET_BYTES, StackCapacity
from mlplab.engine.program import Program
from mlplab.engine.training import Splits, Training
from mlplab.errors import ConfigError
from mlplab.specs import MLP, SGD, Adam, AdamW, First, Fit, Fold, Run, TaskRef

WIDTHS = (1, 2, 3, 5, 7, 8, 13, 15, 16, 17, 23, 31, 33, 40, 63, 64, 65, 100)
ACTIVATIONS = ("relu", "tanh", "sigmoid", "identity", "gelu", "elu:0.5")
INITS = ("he", "xavier", "normal:0.1", "uniform:0.5", "zeros")
SCHEDULES = ("constant", "exponential:0.7", "step:2,0.5", "cosine:0.1")


def made_up(
    kind: str = "classification",
    n: int = 60,
    features: int = 5,
    outputs: int = 3,
    *,
    n_test: int = 25,
    valid: float | int = 0.0,
    weights: str = "none",
    seed: int = 0,
    dtype: str = "float32",
) -> Task:
    """Make a task of normal inputs; `weights` is `none`, `some` or `zeros` (half of them 0)."""
    rng = np.random.default_rng(seed)
    X = rng.standard_normal((n + n_test, features)).astype(dtype)
    if kind == "classification":
        y: Any = rng.integers(0, outputs, n + n_test)
        y[:outputs] = np.arange(outputs)
    else:
        y = (np.sin(X[:, :1]) + rng.standard_normal((n + n_test, outputs))).astype(dtype)
    w = {
        "none": None,
        "some": rng.random(n).astype("f4"),
        "zeros": rng.random(n).astype("f4") * (np.arange(n) % 2),
    }[weights]
    return task_from_arrays(
        X[:n],
        y[:n],
        X[n:] if n_test else None,
        y[n:] if n_test else None,
        valid=valid,
        kind=kind,  # type: ignore[arg-type]
        weights=w,
        dtype=dtype,  # type: ignore[arg-type]
    )


def of(task: Task, **fields: Any) -> Run:
    """Make a run of a task."""
    return Run(task=TaskRef(**task.spec()), **fields)


def ended(events: Iterable[Event]) -> dict[str, Ended]:
    """Collect the runs that end, by key."""
    return {event.outcome.key: event for event in events if isinstance(event, Ended)}


def trained(runs: Sequence[Run], task: Task, **options: Any) -> dict[str, Ended]:
    """Train runs, keeping all there is to keep."""
    return ended(train(runs, task, **({"keep_weights": True, "keep_correct": True} | options)))


def bits(one: Ended) -> dict[str, Any]:
    """Return all that must not depend on companions: NaN equals NaN, and 0.0 is not -0.0."""
    outcome = one.outcome
    return {
        "weights": one.weights,
        "status": (outcome.status, outcome.epochs, outcome.diverged_epoch, outcome.n_params),
        "best_epoch": outcome.best_epoch,
        "history": {
            name: [struct.pack("<d", value) for value in values]
            for name, values in outcome.history.items()
        },
        "correct": dict(outcome.correct),
        "provenance": outcome.provenance,
    }


@st.composite
def tasks(draw: st.DrawFn) -> Task:
    """Draw a small task of either kind, with few or many features."""
    kind = draw(st.sampled_from(["classification", "regression"]))
    return made_up(
        kind,
        n=draw(st.sampled_from([20, 33, 50, 97])),
        features=draw(st.sampled_from([1, 2, 3, 7, 16, 17, 33, 64, 100])),
        outputs=draw(st.sampled_from([2, 3, 10] if kind == "classification" else [1, 1, 2, 3])),
        n_test=draw(st.sampled_from([0, 25])),
        valid=draw(st.sampled_from([0.0, 0.1, 7])),
        weights=draw(st.sampled_from(["none", "some", "zeros"])),
        seed=draw(st.integers(0, 99)),
    )


@st.composite
def nets(draw: st.DrawFn, *, dropout: bool = True) -> dict[str, Any]:
    """Draw the static fields of a network."""
    hidden = tuple(draw(st.lists(st.sampled_from(WIDTHS), max_size=4)))
    drops = dropout and bool(hidden) and draw(st.booleans())
    return {"hidden": hidden, "activation": draw(st.sampled_from(ACTIVATIONS)), "drops": drops}


@st.composite
def optimisers(draw: st.DrawFn, kind: str, *, wild: bool = True) -> SGD | Adam | AdamW:
    """Draw an optimiser; `kind` is sgd, momentum, adam or adamw; `wild` allows rates to diverge."""
    decay = draw(st.sampled_from([0.0, 0.0, 0.01, 0.3]))
    schedule = draw(st.sampled_from(SCHEDULES))
    if kind in ("sgd", "momentum"):
        rates = [1e-3, 0.01, 0.1] + ([1.0, 1e6, 1e20] if wild else [])
        return SGD(
            lr=draw(st.sampled_from(rates)),
            momentum=draw(st.sampled_from([0.5, 0.9])) if kind == "momentum" else 0.0,
            weight_decay=decay,
            schedule=schedule,
        )
    make = Adam if kind == "adam" else AdamW
    return make(
        lr=draw(st.sampled_from([1e-3, 0.01, 0.1])),
        betas=draw(st.sampled_from([(0.9, 0.999), (0.5, 0.9), (0.0, 0.9)])),
        eps=draw(st.sampled_from([1e-8, 1e-3])),
        weight_decay=decay,
        schedule=schedule,
    )


@st.composite
def populations(draw: st.DrawFn, most: int = 12) -> tuple[Task, list[Run]]:
    """Draw a task and runs that share a program, or nearly: rows of folds differ by one."""
    task, net = draw(tasks()), draw(nets())
    kind = draw(st.sampled_from(["sgd", "momentum", "adam", "adamw"]))
    fixed = {
        "batch_size": draw(st.sampled_from([1, 2, 3, 5, 8, 10, 16, 19, 64])),
        "last_batch": draw(st.sampled_from(["keep", "keep", "drop"])),
        "dtype": draw(st.sampled_from(["float32", "float32", "float32", "float64"])),
        "loss": draw(st.sampled_from(["auto", "auto", "squared"])),
        "measures": draw(st.sampled_from([(), ("grad_norm",)])),
    }
    folds = draw(st.booleans())
    patience = [0, 1, 2] if task.valid and draw(st.booleans()) else [0]
    rewinds = draw(st.sampled_from([(0,), (0, 0, 1, 3)]))  # the others train in compiled loops
    runs = []
    for _ in range(draw(st.integers(2, most))):
        rate = st.sampled_from([0.1, 0.2, 0.5, 0.9])
        choices = [Fold(n_folds=4, index=0), Fold(n_folds=4, index=1), First(n=10)]
        runs.append(
            of(
                task,
                net=MLP(
                    hidden=net["hidden"],
                    activation=net["activation"],
                    dropout=tuple(draw(rate) for _ in net["hidden"]) if net["drops"] else (),
                    init=draw(st.sampled_from(INITS)),
                ),
                optim=draw(optimisers(kind)),
                rows=draw(st.sampled_from(choices)) if folds else {"kind": "seed"},
                seed=draw(st.integers(0, 3)),
                fit=Fit(
                    epochs=draw(st.sampled_from([1, 2, 3, 5])),
                    test=draw(st.sampled_from(["never", "end", "epoch"])),
                    patience=draw(st.sampled_from(patience)),
                    restore_best=draw(st.booleans()),
                    rewinds=draw(st.sampled_from(rewinds)),
                    **fixed,
                ),
            )
        )
    runs = list({run.key: run for run in runs}.values())
    try:
        fits(runs, task)
    except ConfigError:
        assume(False)  # an epoch without a whole batch
    return task, runs


def fits(runs: Sequence[Run], task: Task) -> None:
    """Raise where a run does not fit its task."""
    splits = Splits(task)
    for run in runs:
        Training.begin(run, splits)


def capacity(program: Program, budget: int = BUDGET_BYTES, sharing: int = 1) -> int:
    """How many runs, so many of which share their batches, a stack holds."""
    room = StackCapacity(program, budget)
    while room.let_in(room.n_runs // sharing):
        pass
    return room.n_runs
