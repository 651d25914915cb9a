"""What the page shows: accuracy by photograph, false alarms, and power by sample size."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

import numpy as np

from mlplab.draw import Band, Quantity
from mlplab.exercises.charts import line_chart, strip_chart
from mlplab.exercises.findings import Findings, Results
from mlplab.exercises.section_4_9.cartooned import N_COMPONENTS, SQUARES, Array, collection
from mlplab.exercises.section_4_9.shift_detector.design import (
    SHARES,
    per_fold,
    sources,
    wanted,
)
from mlplab.exercises.section_4_9.shift_detector.domains import folds
from mlplab.exercises.section_4_9.shift_detector.measure import (
    CARTOONS,
    LEVEL,
    MIXED,
    OVERALL,
    PHOTOGRAPHS,
    TESTS,
    accuracies,
    alarms,
    at_most,
    grouped_alarms,
    shared_variance,
    sizes,
)
from mlplab.exercises.section_4_9.shift_detector.two_samples import (
    GROUPED_SIZE,
    N_PERMUTATIONS,
    held_out_aucs,
    n_images,
)
from mlplab.exercises.uncertainty_bands import T_BAND

if TYPE_CHECKING:
    import pandas as pd

    from mlplab.draw import Figure
    from mlplab.experiment import Runs

_NAMES = {0.0: "false-alarms", 0.1: "power-tenth", 0.3: "power-three-tenths", 1.0: "power-all"}


def _fold_interval(values: Sequence[float]) -> tuple[float, float, float]:
    from mlplab.stats import mean_interval

    found = mean_interval(values, shared=shared_variance(len(values)))
    return float(found.mean), float(found.low), float(found.high)


FOLD_BAND = Band(
    {
        "en": "Mean over folds and its 95 % interval, corrected for the training images that folds "
        "share.",
        "zh": "各折的均值及其 95 % 区间，已按各折共用的训练图像修正。",
    },
    _fold_interval,
)


def _exact_interval(cases: Sequence[float]) -> tuple[float, float, float]:
    from mlplab.stats import clopper_pearson

    low, high = clopper_pearson(sum(cases), len(cases))
    return float(np.mean(cases)), float(low), float(high)


EXACT_BAND = Band(
    {
        "en": "Share of the pairs and its exact (Clopper-Pearson) 95 % interval.",
        "zh": "占样本对的比例及其精确（Clopper-Pearson）95 % 区间。",
    },
    _exact_interval,
)


def tell(results: Results) -> Findings:
    """Collect what the page says and shows."""
    runs, profile = results.runs, results.profile
    where, compared = sources(profile)
    found = accuracies(runs["detector"])
    pixels = accuracies(runs["pixels"])["overall"]
    shares = {
        share: {size: alarms(runs, profile, share, size) for size in sizes(profile)}
        for share in SHARES
    }
    apart, mixed = runs["groups apart"], runs["groups mixed"]
    values: dict[str, Any] = {
        "folder": bool(profile.images),
        "n_folds": len(pixels),
        "per_fold": len(folds(where, per_fold(profile))[0]),
        "n_images": n_images(compared, wanted(profile)),
        "n_components": N_COMPONENTS,
        "n_permutations": N_PERMUTATIONS,
        "n_pairs": {
            share: len(one[sizes(profile)[0]]["classifier"]) for share, one in shares.items()
        },
        "n_groups": len(grouped_alarms(apart)),
        "grouped_size": GROUPED_SIZE,
        "level": LEVEL,
        "source": {"overall": OVERALL, "cartoons": CARTOONS, "photographs": PHOTOGRAPHS},
        "accuracy": {name: float(np.mean(one)) for name, one in found.items()},
        "worst": float(np.min(found["overall"])),
        "pixels": float(np.mean(pixels)),
        "rate": {
            share: {
                size: {test: float(cases.mean()) for test, cases in one.items()}
                for size, one in each.items()
            }
            for share, each in shares.items()
        },
        "alarm_size": at_most(profile, 40),
        "power_size": at_most(profile, 20),
        "mixed_size": at_most(profile, 160),
        "mixed_share": MIXED,
        "grouped": {
            name: float(grouped_alarms(one).mean())
            for name, one in (("apart", apart), ("mixed", mixed))
        },
        "grouped_auc": {
            name: float(_aucs(one).mean()) for name, one in (("apart", apart), ("mixed", mixed))
        },
    }
    figures = (
        strip_chart(
            {
                "cartoons": found["cartoons"],
                "photographs": found["photographs"],
                "both": found["overall"],
                "both, pixels": pixels,
            },
            "accuracy-by-domain",
            group="told",
            measure=Quantity("accuracy", share=True),
            band=FOLD_BAND,
        ),
        *(_by_size(each, _NAMES[share]) for share, each in shares.items()),
        strip_chart(
            {"groups apart": _aucs(apart), "groups mixed": _aucs(mixed)},
            "grouped-squares",
            group="samples",
            measure="AUC",
            band=T_BAND,
        ),
    )
    return Findings(values, figures, {"folds": _fold_table(found, pixels, where)})


def _aucs(runs: Runs) -> Array:
    return held_out_aucs(runs, runs.arms[0])


def _by_size(found: Mapping[int, Mapping[str, Array]], name: str) -> Figure:
    rows = [
        (test, size, *EXACT_BAND.of(one[test].tolist()), len(one[test]))
        for test in TESTS
        for size, one in found.items()
    ]
    return line_chart(
        rows,
        name,
        x_title="images",
        y=Quantity("alarms", share=True),
        band=EXACT_BAND,
        series_title="test",
        log_x=True,
    )


def _fold_table(found: Mapping[str, Array], pixels: Array, where: str) -> pd.DataFrame:
    import pandas as pd

    n = len(pixels)
    # Folds of a folder have no names.
    names = (
        collection(where).class_names[:n] if where == SQUARES else [str(k + 1) for k in range(n)]
    )
    columns = {name: np.round(one, 3) for name, one in found.items()}
    return pd.DataFrame({"fold": names, **columns, "pixels": np.round(pixels, 3)})
