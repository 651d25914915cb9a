"""What the page shows: two priors, the spread of the posterior, and risks of its estimates."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from mlplab.exercises.charts import line_chart, strip_chart
from mlplab.exercises.findings import Findings, Results
from mlplab.exercises.section_4_5.problem import N_INPUTS, N_TRAIN
from mlplab.exercises.section_4_5.weight_priors.measure import sizes
from mlplab.exercises.section_4_5.weight_priors.posteriors import (
    SCALE,
    SIGMA,
    TAU,
    Sampled,
    sampled,
)
from mlplab.exercises.uncertainty_bands import DRAW_BAND, RANGE_BAND
from mlplab.theory.linear import gaussian_penalty, laplace_penalty

if TYPE_CHECKING:
    import pandas as pd

    from mlplab.draw import Figure


def tell(results: Results) -> Findings:
    """Collect what the page says and shows."""
    n_draws, n_samples = sizes(results.profile)
    found = sampled(n_draws, n_samples)
    values: dict[str, Any] = {
        "n_draws": n_draws,
        "n_samples": n_samples,
        "n_train": N_TRAIN,
        "n_inputs": N_INPUTS,
        "sigma": SIGMA,
        "tau": TAU,
        "l2": gaussian_penalty(SIGMA, TAU, N_TRAIN),
        "l1": laplace_penalty(SIGMA, SCALE, N_TRAIN),
        "accepted": found.accepted,
        "coverage": float(found.coverage.mean()),
        "remaining": float((found.deviations[0] / TAU).mean()),
        "zeros_lasso": found.zeros[0],
        "zeros_sample": found.zeros[1],
        "risks": {name: float(one.mean()) for name, one in found.risks.items()},
    }
    figures = (_priors(), _deviations(found), _risks(found))
    return Findings(values, figures, {"risks": _table(found)})


def _priors() -> Figure:
    w = np.linspace(-4, 4, 161)
    curves = {"gaussian": w**2 / 2, "laplace": 2**0.5 * np.abs(w)}
    rows = [(name, *pair) for name, c in curves.items() for pair in zip(w, c, strict=True)]
    return line_chart(rows, "priors", x_title="weight", y="minus_log", series_title="prior")


def _deviations(found: Sampled) -> Figure:
    ways = dict(zip(("closed", "sampled"), found.deviations / TAU, strict=True))
    return strip_chart(ways, "deviations", group="way", measure="deviation", band=RANGE_BAND)


def _risks(found: Sampled) -> Figure:
    return strip_chart(
        found.risks, "risks", group="estimate", measure="expected_error", band=DRAW_BAND
    )


def _table(found: Sampled) -> pd.DataFrame:
    import pandas as pd

    rows = [(name, *DRAW_BAND.of(risks.tolist())) for name, risks in found.risks.items()]
    return pd.DataFrame(rows, columns=["estimate", "risk", "low", "high"])
