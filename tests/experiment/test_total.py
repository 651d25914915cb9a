"""Progress of several experiments counts them as one piece of work."""

from __future__ import annotations

import mlplab as ml
from mlplab.experiment.progress import Total
from mlplab.store import Store


def test_counts_never_fall_and_end_complete(tmp_path):
    store = Store(tmp_path / "runs.sqlite")
    base = ml.Run(net=ml.MLP(hidden=(8,)), fit=ml.Fit(epochs=3, batch_size=64))
    parts = [
        ml.Experiment("digits", base, vary={"lr": [0.1, 0.2]}, seeds=2),
        ml.Experiment("digits", base, vary={"lr": [0.3]}, seeds=3),
    ]
    parts[0].run(store, workers=1)
    later = ml.Experiment("digits", base, vary={"lr": [0.4]}, seeds=1)  # not announced before
    seen = []
    total = Total(seen.append, n_runs=7, run_epochs=3 * 3)
    for experiment in (*parts, later):
        experiment.run(store, workers=1, progress=total.next_part())
    done = [progress.n_done for progress in seen]
    assert done == sorted(done)
    assert seen[0].n_runs == 7
    last = seen[-1]
    assert (last.n_done, last.n_runs, last.n_from_store) == (8, 8, 4)
    assert last.run_epochs == last.run_epochs_total == 3 * 4
    assert last.seconds_left == 0
