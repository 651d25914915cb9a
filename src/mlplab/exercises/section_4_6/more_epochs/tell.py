"""What the page says and shows: losses by epoch, every run's largest rise, and the scores."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

import numpy as np

from mlplab.draw import Band, learning_curves
from mlplab.draw.rows import SEED_RANGE
from mlplab.exercises.charts import strip_chart
from mlplab.exercises.findings import Findings, Results
from mlplab.exercises.section_4_6.more_epochs.courses import SPIKE, Array, courses, largest_rise
from mlplab.exercises.section_4_6.more_epochs.design import CLIP, RATE, SMALL_RATE, arm
from mlplab.exercises.section_4_6.setting import CHAPTER_RATES, PLAIN
from mlplab.exercises.told import means, summary_table
from mlplab.exercises.training_rows import n_train
from mlplab.exercises.uncertainty_bands import RANGE_BAND, T_BAND

if TYPE_CHECKING:
    import pandas as pd

    from mlplab.experiment import Runs

_ARMS: Mapping[str, Mapping[str, Any]] = {
    "without": arm(RATE, False),
    "with": arm(RATE, True),
    "small_without": arm(SMALL_RATE, False),
    "small_with": arm(SMALL_RATE, True),
    "clipped_without": arm(RATE, False, clip=True),
    "clipped_with": arm(RATE, True, clip=True),
}
_UNTOLD = Band("", SEED_RANGE.of)  # of one run there is none
_N_SINGLE = 7  # lines that colours tell apart
_BOUNDS = (0.05, SPIKE, 0.5, 1.0)


def tell(results: Results) -> Findings:
    """Collect what the page says and shows."""
    epochs = results.runs["epochs"]
    fit = epochs.experiment.base.fit
    losses = courses(epochs, "train_loss", _ARMS.values())
    largest = dict(zip(_ARMS, largest_rise(losses), strict=True))
    values: dict[str, Any] = {
        "n_seeds": losses.shape[1],
        "epochs": fit.epochs,
        "n_train": n_train(epochs),
        "n_steps": n_train(epochs) // fit.batch_size,
        "rate": RATE,
        "small_rate": SMALL_RATE,
        "clip": CLIP,
        "spike": SPIKE,
        "first": CHAPTER_RATES[0],
        "second": CHAPTER_RATES[1],
    }
    test, valid = (means(epochs, metric) for metric in ("test_accuracy", "valid_loss"))
    for name, of in _ARMS.items():
        found = epochs.experiment.find(of)
        values |= {
            f"n_{name}": int((largest[name] >= SPIKE).sum()),
            f"lost_{name}": int(np.isinf(largest[name]).sum()),
            f"largest_{name}": _largest(largest[name]),
            f"test_{name}": test[found.label],
            f"least_{name}": float(np.nanmin(epochs.values("test_accuracy", [found]))),
            f"valid_{name}": valid[found.label],
        }
    frame = _named(epochs)
    late = frame[frame["epoch"] >= PLAIN.fit.epochs]
    at_rate = frame[frame["run"].isin(("without", "with"))]
    first = sorted(frame["seed"].unique())[:_N_SINGLE]
    single = at_rate[(at_rate["run"] == "without") & at_rate["seed"].isin(first)]
    values["n_single"] = len(first)
    figures = (
        learning_curves(
            at_rate, "train_loss", by="run", band=SEED_RANGE, log_y=True, name="training-loss"
        ),
        learning_curves(
            single.assign(one=single["seed"]),
            "train_loss",
            by="one",
            band=_UNTOLD,
            ordered=False,
            log_y=True,
            name="single-runs",
        ),
        strip_chart(
            largest,
            "largest-rise",
            group="arm",
            measure="rise",
            band=RANGE_BAND,
            log=True,
        ),
        learning_curves(
            late[late["run"].isin(("clipped_without", "clipped_with"))],
            "valid_loss",
            by="run",
            band=T_BAND,
            name="validation-loss",
        ),
    )
    tables = {
        "rises": _rises(largest),
        "scores": summary_table({"": epochs}, ["train_loss", "valid_loss", "test_accuracy"]),
    }
    return Findings(values, figures, tables)


def _named(epochs: Runs) -> pd.DataFrame:
    """Return a row per run and epoch, with what its arm is called in the column `run`."""
    labels = {epochs.experiment.find(of).label: name for name, of in _ARMS.items()}
    frame = epochs.frame()
    return frame.assign(run=frame["arm"].map(labels))


def _rises(largest: Mapping[str, Array]) -> pd.DataFrame:
    """Return in how many runs the loss rises by how much, so that other bounds can be judged."""
    import pandas as pd

    rows = []
    for name, one in largest.items():
        counts = {f"{bound:g}": int((one >= bound).sum()) for bound in _BOUNDS}
        rows.append({"arm": name, **counts, "largest": _largest(one), "runs": len(one)})
    return pd.DataFrame(rows)


def _largest(rises: Array) -> float:
    """Return the largest rise of the runs that did not diverge."""
    return float(np.max(rises[np.isfinite(rises)], initial=0.0))
