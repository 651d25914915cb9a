"""What the page shows: gains over dropout, and what each strength does."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from typing import TYPE_CHECKING, Any

import numpy as np

from mlplab.draw import interval_rows, quantity
from mlplab.exercises.charts import line_chart
from mlplab.exercises.findings import Findings, Results
from mlplab.exercises.section_4_6.other_noise.design import (
    AVERAGING,
    OWN_START,
    WIDER,
    WIDTH,
    beats,
    centred,
    uniform,
)
from mlplab.exercises.section_4_6.other_noise.kinds import (
    IN_NETWORK,
    KINDS,
    ON_DATA,
    RIVALS,
    Arm,
    Tuned,
    scores_of,
    tune,
)
from mlplab.exercises.section_4_6.setting import CHAPTER_RATES
from mlplab.exercises.told import means, summary_cells
from mlplab.exercises.training_rows import n_train

if TYPE_CHECKING:
    import pandas as pd

    from mlplab.draw import Figure
    from mlplab.experiment import Runs
    from mlplab.specs import Verdict

_ACCURACIES = ("train_accuracy", "valid_accuracy", "test_accuracy")


def tell(results: Results) -> Findings:
    """Collect what the page says and shows."""
    source, strengths, kinds, constant, longer = (
        results.runs[name] for name in ("source", "strengths", "kinds", "constant", "longer")
    )
    tuned = tune(strengths)
    gains = {name: results.verdicts[beats(name)] for name in RIVALS}
    known = means(kinds, "test_accuracy")
    test = {name: known[kinds.experiment.find(tuned.arm(name)).label] for name in KINDS}
    n_hidden = source.experiment.base.mlp.hidden[-1]
    first, second = tuned.pair
    most = max(gains, key=lambda name: gains[name].effect or 0.0)
    inside = max(IN_NETWORK, key=tuned.scores.__getitem__)
    outside = max(ON_DATA, key=tuned.scores.__getitem__)
    spread = tuned.strengths["multiplicative"]
    values: dict[str, Any] = {
        "n_seeds": len(kinds.experiment.seeds),
        "n_tuning": len(strengths.experiment.seeds),
        "n_train": n_train(kinds),
        "n_valid": kinds.experiment.data.n_valid,
        "n_kinds": len(KINDS),
        "n_rivals": len(RIVALS),
        "epochs": kinds.experiment.base.fit.epochs,
        "rate": kinds.experiment.base.optim.lr,
        "long_epochs": longer.experiment.base.fit.epochs,
        "width": WIDTH,
        "wide": WIDER,
        "bias_rate_at": 1 + n_hidden * (WIDTH / 2) ** 2,
        "bias_rate_wide": 1 + n_hidden * (WIDER / 2) ** 2,
        "strength": {name.replace("-", "_"): tuned.strengths[name] for name in KINDS},
        "test_none": known[kinds.experiment.find({}).label],
        "test": {name.replace("-", "_"): score for name, score in test.items()},
        "most": most,
        "gain_most": gains[most].effect,
        "best_inside": inside,
        "score_inside": tuned.scores[inside],
        "best_outside": outside,
        "score_outside": tuned.scores[outside],
        "matching_rate": spread**2 / (1 + spread**2),
        "best_tuned": tuned.best,
        "rival": tuned.rival,
        "decay": AVERAGING[results.profile.name],
        "spread_constant": _spread(constant, tuned.arm("dropout")),
        "spread_falling": _spread(kinds, tuned.arm("dropout")),
        "constant_dropout": means(constant, "test_accuracy")[
            constant.experiment.find(tuned.arm("dropout")).label
        ],
        "first": first,
        "second": second,
        "stronger_rate": KINDS["dropout"].stronger(tuned.strengths["dropout"]),
        **{f"source_{name}": score for name, score in _source(source).items()},
    }
    none = means(strengths, "valid_accuracy")[strengths.experiment.find({}).label]
    figures = (
        _gains(gains, results.verdicts["dropout_helps"]),
        _by_strength(strengths, IN_NETWORK, none, "strengths-in-the-network"),
        _by_strength(strengths, ON_DATA, none, "strengths-of-data"),
    )
    return Findings(values, figures, {"kinds": _table(kinds, tuned)}, edges=tuned.edges())


def _spread(runs: Runs, arm: Arm) -> float:
    """The standard deviation of an arm's test accuracies over seeds."""
    values = runs.values("test_accuracy", [runs.experiment.find(arm)])
    return float(np.nanstd(values, ddof=1))


def _source(runs: Runs) -> dict[str, float]:
    known = means(runs, "test_accuracy")
    arms: dict[str, Arm] = {
        "none": {},
        "dropout": {"net.dropout": CHAPTER_RATES},
        "uniform": uniform(WIDTH),
        "centred": centred(WIDTH),
        "uniform_wider": uniform(WIDER),
        "centred_wider": centred(WIDER),
        "own_start": OWN_START,
        "published": {**uniform(WIDTH), **OWN_START},
    }
    return {name: known[runs.experiment.find(arm).label] for name, arm in arms.items()}


def _gains(gains: Mapping[str, Verdict], dropout_helps: Verdict) -> Figure:
    import pandas as pd

    def row(label: str, verdict: Verdict, sign: int) -> tuple[str, float, float, float]:
        effect = float("nan") if verdict.effect is None else verdict.effect
        low, high = sorted(sign * end for end in verdict.interval or (effect, effect))
        return label, sign * effect, low, high

    rows = [row(name, verdict, 1) for name, verdict in gains.items()]
    rows.append(row("none", dropout_helps, -1))
    frame = pd.DataFrame(rows, columns=["label", "mean", "low", "high"])
    frame = frame.sort_values("mean", ascending=False, ignore_index=True)
    measure = quantity("test_accuracy")
    numbers = frame[["mean", "low", "high"]] * measure.factor
    return interval_rows(
        frame.assign(**numbers),
        "label",
        x_title=measure.difference,
        y_title="kind",
        name="gains-over-dropout",
        data=frame,
    )


def _by_strength(runs: Runs, kinds: Collection[str], none: float, name: str) -> Figure:
    rows = [
        (kind, strength, score)
        for kind in KINDS
        if kind in kinds
        for strength, score in scores_of(runs, kind).items()
    ]
    ends = min(x for _, x, _ in rows), max(x for _, x, _ in rows)
    rows += [("none", x, none) for x in ends]
    return line_chart(
        rows,
        name,
        x_title="strength",
        y=quantity("valid_accuracy"),
        series_title="kind",
        log_x=True,
    )


def _table(runs: Runs, tuned: Tuned) -> pd.DataFrame:
    import pandas as pd

    first, second = tuned.pair
    arms: dict[str, Arm] = {name: tuned.arm(name) for name in KINDS}
    named = {"none": {}, **arms, "both": {**arms[first], **arms[second]}}
    labels = {runs.experiment.find(arm).label: name for name, arm in named.items()}
    rows = []
    for one, cells in summary_cells(runs, _ACCURACIES):
        kind = labels[one.arm]
        rows.append({"kind": kind, "strength": tuned.strengths.get(kind), **cells})
    return pd.DataFrame(rows)
