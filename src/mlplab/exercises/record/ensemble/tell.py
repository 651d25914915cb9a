"""What ensembles reach, and how much of it one network can learn from them."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

import numpy as np

from mlplab.draw import Band
from mlplab.draw.words import quantity
from mlplab.exercises.charts import strip_chart
from mlplab.exercises.findings import Findings, Results
from mlplab.exercises.record.costs import core_hours
from mlplab.exercises.record.ensemble.design import student
from mlplab.exercises.record.ensemble.measure import BAR, STRETCH, scores
from mlplab.exercises.record.ensemble.mixtures import EACH
from mlplab.exercises.record.ensemble.sizes import STUDENTS, size
from mlplab.exercises.training_rows import n_train
from mlplab.exercises.uncertainty_bands import T_BAND

if TYPE_CHECKING:
    from mlplab.experiment import Runs

_BAND = Band(
    {
        "en": "Mean and 95 % t-interval of the mean over the networks, or ensembles, of the dots.",
        "zh": "均值及其 95 % t 区间，取自图中以点表示的网络或集成。",
    },
    T_BAND.of,
)


def tell(results: Results) -> Findings:
    """Collect what the page says and shows."""
    import pandas as pd

    members = results.runs["members"]
    found = scores(results.runs, results.profile)
    (bar,) = (one for one in results.measured if one.key == "bar")
    together = np.array(bar.values) + BAR
    alone, taught = found.members.mean(axis=1), found.students.mean(axis=1)
    gain = float(together.mean() - alone.mean())
    kept = float(taught.mean() - alone.mean()) / gain if gain > 0 else float("nan")
    values: dict[str, Any] = {
        "small": results.profile.effort == 0,
        "size": size(results.profile),
        "n_ensembles": len(together),
        "n_students": STUDENTS,
        "n_train": n_train(members),
        "epochs": members.experiment.base.fit.epochs,
        "each": EACH,
        "student_epochs": student(results.profile).fit.epochs,
        "alone": float(alone.mean()),
        "together": float(together.mean()),
        "taught": float(taught.mean()),
        "kept": kept,
        "is_between": 0 <= kept <= 1,
        **_teachers(results.runs),
        "bar_at": BAR,
        "stretch_at": STRETCH,
        "core_hours": core_hours(results.runs.values()),
    }
    strips = strip_chart(
        {
            "one network": found.members.ravel().tolist(),
            "taught by an ensemble": found.students.ravel().tolist(),
            "ensemble": together.tolist(),
        },
        "alone-and-together",
        group="network",
        measure=quantity("test_accuracy"),
        band=_BAND,
    )
    table = pd.DataFrame(
        {
            "ensemble": range(1, len(together) + 1),
            "members": alone,
            "together": together,
            "taught": taught,
        }
    )
    return Findings(values, (strips,), {"ensembles": table})


def _teachers(runs: Mapping[str, Runs]) -> dict[str, float]:
    """How often ensembles are right on the images that they teach, and how sure of their choice."""
    right, sure = [], []
    n_images = runs["members"].experiment.data.n_pool
    for name, taught in runs.items():
        if name == "members":
            continue
        task = taught.experiment.data
        assert task.soft is not None
        rows = task.pool[:n_images]  # mixtures, which have no class, come after them
        right.append(float((task.soft[rows].argmax(axis=1) == task.targets[rows]).mean()))
        sure.append(float(task.soft[rows].max(axis=1).mean()))
    return {"teacher_right": float(np.mean(right)), "teacher_sure": float(np.mean(sure))}
