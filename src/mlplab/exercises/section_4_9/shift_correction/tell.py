"""What the page shows: accuracy by rate and weighting, what weights leave, and a known shift."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

import numpy as np

from mlplab.draw import Quantity
from mlplab.exercises.charts import line_chart, strip_chart
from mlplab.exercises.findings import Findings, Results
from mlplab.exercises.section_4_9.cartooned import N_COMPONENTS, Array
from mlplab.exercises.section_4_9.shift_correction import known_shift
from mlplab.exercises.section_4_9.shift_correction.design import (
    FACTOR,
    MODELS,
    RATE,
    pool_size,
    source_of,
)
from mlplab.exercises.section_4_9.shift_correction.images import (
    LOW_CLIP,
    WEIGHTINGS,
    detector_odds,
    parts,
    source_mean,
    weights,
)
from mlplab.exercises.section_4_9.shift_correction.measure import (
    CARTOONS,
    PHOTOGRAPHS,
    by_rate,
    chosen_rates,
    excess_risks,
    n_estimates,
    source_arms,
    tuned,
)
from mlplab.exercises.uncertainty_bands import DRAW_BAND, T_BAND

if TYPE_CHECKING:
    import pandas as pd

    from mlplab.draw import Figure
    from mlplab.experiment import Runs

Means = dict[str, float]
_REPORTED = {"none": 0.898, "weights": 0.836, "factor": 0.9236}
"""The source's accuracies on cartoons."""


def tell(results: Results) -> Findings:
    """Collect what the page says and shows."""
    runs, profile = results.runs, results.profile
    source, n_pool = source_of(profile), pool_size(profile)
    dealt, odds = parts(source, n_pool), detector_odds(source, n_pool)
    excess = excess_risks(runs)
    errors = known_shift.estimate_errors(n_estimates(profile))
    mean = source_mean(source, n_pool)
    task = runs["none"].experiment.data
    values: dict[str, Any] = {
        "folder": bool(profile.images),
        "n_seeds": len(runs["none"].experiment.seeds),
        "n_draws": len(runs["known none"].experiment.seeds),
        "n_pool": len(dealt.pool),
        "n_train": len(dealt.pool) - task.n_valid,
        "n_unlabelled": len(dealt.unlabelled),
        "n_test": len(dealt.test),
        "n_classes": task.n_outputs,
        "n_components": N_COMPONENTS,
        "reported": _REPORTED,
        "base_rate": RATE,
        "factor": FACTOR,
        "mean_weight": mean,
        "speed": FACTOR * mean,
        "low_clip": LOW_CLIP,
        "photographs_right": float((odds < 1).mean()),
        "effective": {how: _effective(weights(source, n_pool, how)) for how in WEIGHTINGS},
        "on_cartoons": _means(source_arms(runs, CARTOONS)),
        "on_photographs": _means(source_arms(runs, PHOTOGRAPHS)),
        "n_few": runs["few"].experiment.base.value("rows.n"),
        "tuned": _means(tuned(runs, CARTOONS)),
        "tuned_photographs": _means(tuned(runs, PHOTOGRAPHS)),
        "rates": chosen_rates(runs),
        "n_rows": known_shift.N,
        "noise": known_shift.NOISE,
        "known": {model: _means(found) for model, found in excess.items()},
        "known_effective": {
            how: float(np.mean([_effective(known_shift.weights(seed, how)) for seed in range(12)]))
            for how in known_shift.WEIGHTINGS[1:]
        },
        "n_estimates": n_estimates(profile),
        "estimate_error": [float(one.mean()) for one in errors],
    }
    figures = (
        strip_chart(
            source_arms(runs, CARTOONS),
            "source-arms",
            group="arm",
            measure=Quantity("test accuracy", share=True),
            band=T_BAND,
        ),
        _by_rate(runs, CARTOONS, "cartoons-by-rate"),
        _by_rate(runs, PHOTOGRAPHS, "photographs-by-rate"),
        *(
            strip_chart(
                excess[model],
                f"known-shift-{model}",
                group="weighting",
                measure="excess risk",
                band=DRAW_BAND,
                log=True,
            )
            for model in MODELS
        ),
    )
    tables = {
        "weights": _weights_table(source, n_pool, runs),
        "classes": _class_table(source, n_pool, task.class_names or (), task.targets),
    }
    return Findings(values, figures, tables)


def _means(found: Mapping[str, Array]) -> Means:
    return {name: float(np.mean(one)) for name, one in found.items()}


def _effective(values: Array) -> float:
    from mlplab.shift import effective_rows

    return effective_rows(values)


def _by_rate(runs: Mapping[str, Runs], metric: str, name: str) -> Figure:
    rows = [
        (how, rate, *T_BAND.of(values.tolist()), len(values))
        for how in WEIGHTINGS
        for rate, values in by_rate(runs[how], metric).items()
    ]
    return line_chart(
        rows,
        name,
        x_title="learning rate",
        y=Quantity(metric.replace("test_", "").replace("valid_", ""), share=True),
        band=T_BAND,
        series_title="weighting",
        log_x=True,
    )


def _weights_table(source: str, n_pool: int, runs: Mapping[str, Runs]) -> pd.DataFrame:
    import pandas as pd

    rates = chosen_rates(runs)
    cartoons, photographs = tuned(runs, CARTOONS), tuned(runs, PHOTOGRAPHS)
    rows = []
    for how in WEIGHTINGS:
        values = weights(source, n_pool, how)
        rows.append(
            {
                "weighting": how,
                "effective": round(_effective(values)),
                "largest": round(float(values.max()), 1),
                "rate": rates[how],
                "cartoons": round(float(cartoons[how].mean()), 3),
                "photographs": round(float(photographs[how].mean()), 3),
            }
        )
    return pd.DataFrame(rows)


def _class_table(source: str, n_pool: int, names: tuple[str, ...], targets: Any) -> pd.DataFrame:
    """Return each class's share of the weight of the training pool."""
    import pandas as pd

    pool = targets[: len(parts(source, n_pool).pool)]
    table: dict[str, Any] = {"class": list(names)}
    for how in WEIGHTINGS:
        sums = np.bincount(pool, weights(source, n_pool, how), minlength=len(names))
        table[how] = np.round(sums / sums.sum(), 3)
    return pd.DataFrame(table)
