"""This package on the workloads, through its public face alone."""

from __future__ import annotations

import tempfile
import time
from collections.abc import Sequence
from statistics import fmean
from typing import Any

from mlplab.bench import grid
from mlplab.bench.arrays import N_FOLDS, houses, polynomials
from mlplab.bench.timing import Timing, serve
from mlplab.errors import ConfigError
from mlplab.hints import hint

RATES_A = (0.03, 0.1, 0.3, 0.5)
RATES_C = tuple(10 ** (-3 + 3 * step / 19) for step in range(20))  # 0.001 to 1
NAMES = ("A", "A-memory", "B", "B-many", "C", "D", "E")
WARM_UP_SEEDS = (1000,)


def population(name: str, epochs: int | None = None, seeds: Sequence[int] | None = None) -> Any:
    """Describe a workload's runs as an experiment.

    Args:
        name: one of `NAMES`.
        epochs: other than the workload's own (for a warm-up).
        seeds: other than the workload's own.

    Raises:
        ConfigError: no workload of this name.
    """
    import mlplab as ml

    if name not in NAMES:
        raise ConfigError(f"no workload {name!r}; {hint(name, NAMES)}")
    if name in ("A", "A-memory"):
        return ml.Experiment(
            task=ml.load_task("fashion-mnist"),
            base=ml.Run(
                net=ml.MLP(hidden=(256,)),
                optim=ml.SGD(lr=0.1),
                fit=ml.Fit(
                    epochs=epochs or (1 if name == "A-memory" else 10),
                    batch_size=256,
                    test="epoch",
                ),
            ),
            vary={"optim.lr": list(RATES_A)},
            seeds=seeds or 8,
        )
    if name == "B":
        return _polynomials(epochs or 400, seeds or 10)
    if name == "B-many":
        return _polynomials(epochs or 40, seeds or 1000)
    features, prices = houses()
    task = ml.task_from_arrays(features, prices)
    if name == "C":
        return ml.Experiment(
            task=task,
            base=ml.Run(
                net=ml.MLP(hidden=()),
                optim=ml.Adam(lr=0.01),
                fit=ml.Fit(epochs=epochs or 100, batch_size=64),
            ),
            vary={"rows": ml.folds(N_FOLDS), "optim.lr": list(RATES_C)},
            seeds=seeds or 1,
        )
    if name == "E":
        return ml.Experiment(
            task=task,
            base=ml.Run(
                net=ml.MLP(hidden=grid.HIDDEN),
                optim=ml.Adam(lr=0.001),
                fit=ml.Fit(epochs=epochs or grid.N_EPOCHS, batch_size=grid.BATCH_SIZE),
            ),
            vary={
                "rows": ml.folds(N_FOLDS),
                "optim.lr": list(grid.RATES),
                "optim.weight_decay": list(grid.DECAYS),
                "net.dropout": list(grid.DROPOUTS),
            },
            seeds=seeds or 1,
        )
    return ml.Experiment(
        task=task,
        base=ml.Run(
            net=ml.MLP(hidden=(256, 128, 64), dropout=0.2),
            optim=ml.Adam(lr=0.001),
            fit=ml.Fit(epochs=epochs or 100, batch_size=32),
            rows=ml.folds(N_FOLDS)[0],
        ),
        seeds=seeds or 16,
    )


def _polynomials(epochs: int, seeds: int | Sequence[int]) -> Any:
    """Polynomials of 1 to 20 terms; every seed has 100 rows of its own."""
    import mlplab as ml

    features, targets = polynomials(100 * seeds if isinstance(seeds, int) else 1000)
    # The warm-up's seed would own rows beyond the data.
    rows = ml.Own(n=100) if isinstance(seeds, int) else ml.First(n=100)
    return ml.Experiment(
        task=ml.task_from_arrays(features, targets),
        base=ml.Run(
            net=ml.MLP(hidden=()),
            optim=ml.SGD(lr=0.01),
            fit=ml.Fit(epochs=epochs, batch_size=10),
            rows=rows,
        ),
        vary={"net.inputs": list(range(1, 21))},
        seeds=seeds,
    )


def ours(name: str) -> Timing:
    """Time a whole population, from `run` to its last result, after a small one as warm-up."""
    # A seed of its own: nothing that is timed may be remembered.
    population(name, epochs=1, seeds=WARM_UP_SEEDS).run(store=":memory:")
    experiment = population(name)

    with tempfile.TemporaryDirectory() as folder:
        # Where memory counts, results go to a file, as they do by default.
        store = f"{folder}/store.sqlite" if name in ("A-memory", "B-many") else ":memory:"
        start = time.perf_counter()
        runs = experiment.run(store=store)
        seconds = time.perf_counter() - start
    outcomes = list(runs.outcomes.values())
    run_epochs = sum(outcome.epochs for outcome in outcomes)
    metrics = sorted({metric for outcome in outcomes for metric in outcome.history})
    return Timing(
        "ours",
        seconds / run_epochs,
        run_epochs,
        f"{len(outcomes)} runs, {run_epochs} run-epochs in {seconds:.2f} s, everything "
        "from the call to the last stored result, after one epoch of one seed as warm-up",
        {metric: fmean(outcome.last(metric) for outcome in outcomes) for metric in metrics},
    )


if __name__ == "__main__":
    serve(ours, NAMES)
