"""What dropout and decay tell, alone and together: values for the text, figures, tables."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Any

import numpy as np

from mlplab.draw import heat_map, interaction_plot, metric_by_factor, paired_differences
from mlplab.draw.words import UNTITLED
from mlplab.exercises.findings import Findings, Results
from mlplab.exercises.grid_edges import edges_of
from mlplab.exercises.section_4_6.dropout_and_decay.design import (
    ALONE,
    PUBLISHED,
    SOURCE_DECAY,
    TUNED,
    Arm,
    chosen,
    decays_tried,
    rates_tried,
)
from mlplab.exercises.told import summary_table
from mlplab.exercises.training_rows import n_train
from mlplab.exercises.uncertainty_bands import T_BAND

if TYPE_CHECKING:
    from mlplab.draw import Figure
    from mlplab.experiment import Runs

_PRINTED = {"dropout": 0.8491, "both": 0.8538, "decay": 0.8008}
"""Test accuracies that the source printed: means of ten runs, but for one run of decay alone."""
_PRINTED_RUNS, _PRINTED_ROWS = 10, 60_000
_CLAIMS = {
    "beats_dropout": "both − dropout",
    "beats_decay": "both − decay",
    "dropout": "dropout − none",
    "decay": "decay − none",
    "add": "(both − dropout) − (decay − none)",
}
_METRICS = ("train_loss", "test_accuracy")


def tell(results: Results) -> Findings:
    """Collect what the page says and shows."""
    published, grid, own = (results.runs[name] for name in ("published", "grid", "own strength"))
    found = chosen(results.runs)
    test = dict(zip(PUBLISHED, published.values("test_accuracy"), strict=True))
    single = float(np.nanstd(test["decay"], ddof=1))
    own_none, own_dropout, own_decay, *_, own_joint = own.values("test_accuracy")
    dropout, decay = (found[name] for name in ALONE)
    rates, decays = rates_tried(results.profile), decays_tried(results.profile)
    together = grid.effects("test_accuracy").largest[-1]
    values: dict[str, Any] = {
        "n_pairs": len(published.experiment.seeds),
        "n_seeds": len(grid.experiment.seeds),
        "n_own": len(own.experiment.seeds),
        "n_choice_seeds": len(results.runs["both"].experiment.seeds),
        "epochs": published.experiment.base.fit.epochs,
        "n_train": n_train(published),
        "rate": float(published.experiment.base.optim.lr),
        "test": {name: float(np.nanmean(numbers)) for name, numbers in test.items()},
        "printed": _PRINTED,
        "printed_runs": _PRINTED_RUNS,
        "is_same_setting": n_train(published) == _PRINTED_ROWS,
        "printed_gap": _PRINTED["both"] - _PRINTED["decay"],
        "single": single,
        "single_and_mean": single * math.sqrt(1 + 1 / _PRINTED_RUNS),
        "lowest": float(np.nanmin(test["decay"])),
        "n_as_low": int((test["decay"] <= _PRINTED["decay"]).sum()),
        "left": _left(published, SOURCE_DECAY),
        "own_single": float(np.nanstd(own_decay, ddof=1)),
        "own_rate": dropout["net.dropout"],
        "own_decay_strength": decay["optim.weight_decay"],
        "joint_rate": found["both"]["net.dropout"],
        "joint_decay": found["both"]["optim.weight_decay"],
        "least_rate": rates[0],
        "most_rate": rates[-1],
        "least_decay": decays[0],
        "most_decay": decays[-1],
        "own_test": {
            name: float(np.nanmean(numbers))
            for name, numbers in (
                ("none", own_none),
                ("dropout", own_dropout),
                ("decay", own_decay),
                ("joint", own_joint),
            )
        },
        "together": together.verdict,
        "together_size": together.mean,
    }
    table = summary_table({"published": published}, _METRICS)
    table["printed"] = [_PRINTED.get(name) for name in PUBLISHED]
    tables = {"published": table, "own": summary_table({"own": own}, _METRICS)}
    # Below the least strength lies none, which is an arm: only the other end is one.
    limits = {"net.dropout": (0.0, rates[0]), "optim.weight_decay": (0.0, decays[0])}
    edges = [edge for name in TUNED for edge in edges_of(results.runs[name], [], limits=limits)]
    return Findings(values, _figures(results, found["both"]), tables, edges=tuple(edges))


def _left(runs: Runs, decay: float) -> float:
    """The share that a training's decay leaves of a weight without a gradient."""
    base = runs.experiment.base
    n_steps = base.fit.epochs * math.ceil(n_train(runs) / base.fit.batch_size)
    return float((1 - base.optim.lr * decay) ** n_steps)


def _figures(results: Results, joint: Arm) -> tuple[Figure, ...]:
    import pandas as pd

    published = results.runs["published"]
    names = dict(zip((arm.label for arm in published.arms), PUBLISHED, strict=True))
    last = published.frame(last=True)
    is_same_setting = n_train(published) == _PRINTED_ROWS
    arms = metric_by_factor(
        last.assign(setting=[names[label] for label in last["arm"]]),
        "setting",
        "test_accuracy",
        band=T_BAND,
        # On fewer images the source's figures are no reference.
        references={f"source: {name}": v for name, v in _PRINTED.items()}
        if is_same_setting
        else {},
        name="published-arms",
    )
    grid = interaction_plot(
        results.runs["grid"].frame(last=True),
        "net.dropout",
        "optim.weight_decay",
        "test_accuracy",
        title=UNTITLED,
        name="grid",
    )
    tried = pd.concat([results.runs[name].frame(last=True) for name in TUNED], ignore_index=True)
    tuning = heat_map(
        tried.sort_values(["net.dropout", "optim.weight_decay"]),
        "optim.weight_decay",
        "net.dropout",
        "valid_accuracy",
        chosen=(joint["optim.weight_decay"], joint["net.dropout"]),
        name="tuning",
    )
    return (
        arms,
        _differences(results, "published", "", "published-pairs"),
        _differences(results, "own strength", "own_", "own-pairs"),
        tuning,
        grid,
    )


def _differences(results: Results, experiment: str, prefix: str, name: str) -> Figure:
    compared = [results.verdicts[prefix + key] for key in _CLAIMS]
    return paired_differences(
        results.runs[experiment].pairs(*(one.id for one in compared)),
        compared,
        labels={one.id: label for one, label in zip(compared, _CLAIMS.values(), strict=True)},
        name=name,
    )
