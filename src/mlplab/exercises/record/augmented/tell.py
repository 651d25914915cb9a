"""What moving the images adds, to the recipe and by itself, and which moves were chosen."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from mlplab.draw import SEED_RANGE, metric_by_factor
from mlplab.draw.words import quantity
from mlplab.exercises.charts import strip_chart
from mlplab.exercises.findings import Findings, Results
from mlplab.exercises.grid_edges import grid_edge
from mlplab.exercises.record.augmented.design import BAR, STRETCH
from mlplab.exercises.record.augmented.moves import BESIDE, SHIFTS, best_moves
from mlplab.exercises.record.costs import core_hours
from mlplab.exercises.told import summary_table
from mlplab.exercises.training_rows import n_train
from mlplab.exercises.uncertainty_bands import T_BAND

if TYPE_CHECKING:
    import pandas as pd

_WITH, _ALONE = BESIDE
_AS_THEY_ARE = "as they are"
_QUIET = ", no noise"


def tell(results: Results) -> Findings:
    """Collect what the page says and shows."""
    import pandas as pd

    moves, compared = results.runs["moves"], results.runs["compared"]
    tried = {name: results.runs[name] for name in BESIDE}
    name_of_best, chosen = best_moves(tried)
    arms = compared.summary("test_accuracy")
    best = arms[-1]
    groups = [_AS_THEY_ARE, _AS_THEY_ARE + _QUIET, "moved" + _QUIET, "moved"]
    by_moves = {
        (name, *one.factors.values()): one.mean
        for name, runs in tried.items()
        for one in runs.summary("valid_accuracy")
    }
    low, high = best.interval or (float("nan"), float("nan"))
    values: dict[str, Any] = {
        "small": results.profile.effort == 0,
        "n_seeds": len(compared.experiment.seeds),
        "n_tuning_seeds": len(moves.experiment.seeds),
        "n_arms": len(by_moves),
        "n_train": n_train(compared),
        "n_valid": moves.experiment.data.n_valid,
        "tuning_epochs": moves.experiment.base.fit.epochs,
        "epochs": compared.experiment.base.fit.epochs,
        "shift": chosen["fit.shift"],
        "flip": chosen["fit.flip"],
        "is_alone": name_of_best == _ALONE,
        "still_valid": by_moves[_WITH, 0, False],
        "still_alone_valid": by_moves[_ALONE, 0, False],
        "moved_valid": by_moves[name_of_best, *chosen.values()],
        "still": arms[0].mean,
        "still_alone": arms[1].mean,
        "moved_alone": arms[2].mean,
        "moved": best.mean,
        "low": low,
        "high": high,
        "bar_at": BAR,
        "stretch_at": STRETCH,
        "core_hours": core_hours(results.runs.values()),
    }
    strips = strip_chart(
        # The last group is there where the moves came beside the noise.
        dict(zip(groups, compared.values("test_accuracy").tolist(), strict=False)),
        "moved-or-not",
        group="images",
        measure=quantity("test_accuracy"),
        band=T_BAND,
    )
    by_shift = metric_by_factor(
        pd.concat([_labelled(runs.frame(last=True), name) for name, runs in tried.items()]),
        "fit.shift",
        "valid_accuracy",
        series="images",
        band=SEED_RANGE,
        name="by-shift",
    )
    table = summary_table({**tried, "compared": compared}, ["train_accuracy", "train_loss"])
    edges = grid_edge("fit.shift", chosen["fit.shift"], SHIFTS, limits=(0,))
    return Findings(values, (strips, by_shift), {"moves": table}, edges=edges)


def _labelled(frame: pd.DataFrame, name: str) -> pd.DataFrame:
    """Add what was done to the images besides shifting them, in words."""
    turned = frame["fit.flip"].map({False: _AS_THEY_ARE, True: "mirrored"})
    return frame.assign(images=turned + ("" if name == _WITH else _QUIET))
