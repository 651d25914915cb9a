"""Sizes, condition numbers and losses by features: values, figures, tables."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

import numpy as np

from mlplab.draw import Figure, Quantity, band_lines, spread_strips
from mlplab.exercises.findings import Findings, Results
from mlplab.exercises.grid_edges import grid_edge
from mlplab.exercises.section_4_4.arms import arms_by_terms
from mlplab.exercises.section_4_4.feature_scaling.features import (
    BASES,
    BOUND,
    MOST,
    RATES,
    RAW,
    REMEDIES,
    SCALED,
    arm_at,
    arms_by_terms_at,
    best_arm,
    failed,
    rescues,
    sizes,
)
from mlplab.exercises.section_4_4.polynomial_draws import (
    Array,
    geometric_chart,
    geometric_mean,
    n_draws,
)
from mlplab.exercises.uncertainty_bands import DRAW_BAND
from mlplab.experiment import Arm, Runs

if TYPE_CHECKING:
    import pandas as pd


def tell(results: Results) -> Findings:
    """Collect what features do to sizes, condition numbers and losses."""
    runs, draws = results.runs, n_draws(results.profile)
    found = sizes(draws)
    trained = {RAW: runs["raw"], SCALED: runs["scaled"]} | {n: runs[n] for n in REMEDIES}
    raw, four = arms_by_terms(runs["raw"]), arms_by_terms_at(runs["scaled"], 0.01)[4]
    values: dict[str, Any] = {
        "n_seeds": len(runs["raw"].experiment.seeds),
        "n_draws": draws,
        "bound": BOUND,
        "raw_size": _root_square(MOST - 1, False),
        "scaled_size": _root_square(MOST - 1, True),
        "raw_4": geometric_mean(runs["raw"].values("train_loss", [raw[4]])[0]),
        "scaled_4": geometric_mean(runs["scaled"].values("train_loss", [four])[0]),
        "failed_5": float(failed(runs["raw"], raw[5]).mean()),
        "failed_6": float(failed(runs["raw"], raw[6]).mean()),
        "failed_standard": float(
            failed(runs["standardised"], arm_at(runs["standardised"], MOST, 0.01)).mean()
        ),
    }
    for key, name in (("raw", RAW), ("scaled", SCALED), *((n.lower(), n) for n in REMEDIES)):
        values[f"rate_{key}"] = geometric_mean(found["rate"][name, MOST])
        values[f"cond_{key}"] = geometric_mean(found["condition"][name, MOST])
        values[f"gradient_{key}"] = geometric_mean(found["gradient"][name, MOST])
    for name in (SCALED, *REMEDIES):
        key = "scaled" if name == SCALED else name.lower()
        arm = best_arm(trained[name])
        values[f"own_{key}"] = float(arm.run.value("optim.lr"))
        values[f"train_{key}"] = geometric_mean(trained[name].values("train_loss", [arm])[0])
        values[f"fresh_{key}"] = geometric_mean(trained[name].values("valid_loss", [arm])[0])
    figures = (
        _lines(found["rate"], "stable-rate", "largest stable rate"),
        _lines(found["condition"], "condition-number", "condition number"),
        _failure_figure(trained),
        _held_out_figure(trained),
    )
    tables = {"features": _table(trained, found), "rescues": _rescue_table(runs["rescue"])}
    edges = (
        edge
        for name, one in trained.items()
        if name != RAW
        for edge in grid_edge(
            "optim.lr", best_arm(one).run.optim.lr, RATES, where={"features": name}
        )
    )
    return Findings(values, figures, tables, edges=tuple(edges))


def _root_square(i: int, scaled: bool) -> float:
    """Return the root mean square of x^i, or of x^i / i!, for standard normal x."""
    powers = np.arange(1, i + 1, dtype=np.float64)
    logarithm = np.log(2 * powers - 1).sum() / 2 - scaled * np.log(powers).sum()
    return float(np.exp(logarithm))


def _lines(found: Mapping[tuple[str, float], Array], name: str, y: str) -> Figure:
    return geometric_chart(found, name, x_title="terms", y=y, series_title="features")


def _failure_figure(trained: Mapping[str, Runs]) -> Figure:
    import pandas as pd

    rows = []
    for name, runs in trained.items():
        for terms, arm in arms_by_terms_at(runs, 0.01).items():
            one = failed(runs, arm)
            rows.append((name, terms, float(one.mean()), np.nan, np.nan, len(one)))
    frame = pd.DataFrame(rows, columns=["series", "x", "mean", "low", "high", "n_seeds"])
    return band_lines(
        frame.sort_values(["series", "x"], key=lambda c: c.map(_place), kind="stable"),
        name="diverged",
        x_title="terms",
        y=Quantity("share of draws on which SGD diverges", True),
        series_title="features",
    )


def _place(value: Any) -> Any:
    return list(BASES).index(value) if value in BASES else value


def _held_out_figure(trained: Mapping[str, Runs]) -> Figure:
    import pandas as pd

    rows = []
    for name, runs in trained.items():
        if name != RAW:
            losses = runs.values("valid_loss", [best_arm(runs)])[0]
            rows += [(name, float(one)) for one in np.log10(losses[np.isfinite(losses)])]
    return spread_strips(
        pd.DataFrame(rows, columns=["features", "value"]),
        "features",
        "value",
        measure=Quantity("log10 of test loss", False),
        band=DRAW_BAND,
        name="held-out-loss",
    )


def _table(
    trained: Mapping[str, Runs], found: Mapping[str, Mapping[tuple[str, float], Array]]
) -> pd.DataFrame:
    import pandas as pd

    rows = []
    for name, runs in trained.items():
        published = arms_by_terms_at(runs, 0.01)[MOST]
        row: dict[str, Any] = {
            "features": name,
            "first gradient": geometric_mean(found["gradient"][name, MOST]),
            "condition number": geometric_mean(found["condition"][name, MOST]),
            "largest stable rate": geometric_mean(found["rate"][name, MOST]),
            "diverged at rate 0.01": float(failed(runs, published).mean()),
        }
        if name != RAW:
            own = best_arm(runs)
            row |= {
                "best rate": own.run.value("optim.lr"),
                "training loss": geometric_mean(runs.values("train_loss", [own])[0]),
                "test loss": geometric_mean(runs.values("valid_loss", [own])[0]),
            }
        rows.append(row)
    return pd.DataFrame(rows)


def _rescue_table(runs: Runs) -> pd.DataFrame:
    import pandas as pd

    def told(way: str, arm: Arm) -> dict[str, Any]:
        return {
            "way": way,
            "rate": arm.run.value("optim.lr"),
            "diverged": float(failed(runs, arm).mean()),
            "training loss of the others": geometric_mean(runs.values("train_loss", [arm])[0]),
        }

    names = {"rates": "SGD", "Adam": "Adam", "gradient clipping": "SGD, clipped gradient"}
    return pd.DataFrame([told(names[k], a) for k, arms in rescues(runs).items() for a in arms])
