"""What the page of exercise 4.4.3 says and shows."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import TYPE_CHECKING, Any

import numpy as np

from mlplab.draw import Figure, Quantity, band_lines, spread_strips
from mlplab.exercises.feature_scaling import (
    BASES,
    BOUND,
    MOST,
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
from mlplab.exercises.measured import Measured
from mlplab.exercises.polynomial_draws import Array, geometric_lines, geometric_mean, n_draws
from mlplab.exercises.polynomial_terms import arms_by_terms
from mlplab.exercises.profile import Profile
from mlplab.exercises.registry import Findings
from mlplab.exercises.uncertainty_bands import DRAW_BAND, GEOMETRIC_SAYS
from mlplab.exercises.wording import measured_values
from mlplab.experiment import Arm, Runs

if TYPE_CHECKING:
    import pandas as pd

CLAIMS = (
    "raw",
    "scaled",
    "four",
    "rates",
    "adam",
    "clip",
    "standard",
    "slower",
    "gradient",
    "stable",
    "condition",
    "standard_condition",
    "legendre_condition",
    *(f"lower_{name.lower()}" for name in REMEDIES),
)
_WORDS = {
    "standardised": "标准化",
    "Legendre": "勒让德",
    "Hermite": "埃尔米特",
    "clipped": "截断",
    "features": "特征",
    "terms": "项数",
    "largest stable rate": "最大稳定学习率",
    "condition number": "条件数",
    "share of draws on which SGD diverges": "SGD 发散的抽样比例",
    "log10 of held-out loss": "留出损失的 log10",
}


def tell(runs: Mapping[str, Runs], profile: Profile, claims: Sequence[Measured]) -> Findings:
    """Collect values, figures and tables of 4.4.3 from the finished runs."""
    draws = n_draws(profile)
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
        values[f"cond_{key}"] = float(np.log10(found["condition"][name, MOST]).mean())
        values[f"gradient_{key}"] = geometric_mean(found["gradient"][name, MOST])
    for name in (SCALED, *REMEDIES):
        key = "scaled" if name == SCALED else name.lower()
        arm = best_arm(trained[name])
        values[f"own_{key}"] = float(arm.run.value("optim.lr"))
        values[f"train_{key}"] = geometric_mean(trained[name].values("train_loss", [arm])[0])
        values[f"fresh_{key}"] = geometric_mean(trained[name].values("valid_loss", [arm])[0])
    values |= measured_values(CLAIMS, claims)
    figures = (
        _size_figure(found["rate"], values),
        _condition_figure(found["condition"], values),
        _failure_figure(trained, values),
        _held_out_figure(trained, values),
    )
    tables = {
        "Features of 20 terms": _table(trained, found),
        "Without 1/i!, 20 terms, from weights 0": _rescue_table(runs["rescue"]),
    }
    return Findings(values, tuple(replace(one, words=_WORDS) for one in figures), tables)


def _root_square(i: int, scaled: bool) -> float:
    """Return the root mean square of x^i, or of x^i / i!, for standard normal x."""
    powers = np.arange(1, i + 1, dtype=np.float64)
    logarithm = np.log(2 * powers - 1).sum() / 2 - scaled * np.log(powers).sum()
    return float(np.exp(logarithm))


def _lines(
    found: Mapping[tuple[str, float], Array], name: str, title: Mapping[str, str], y: str
) -> Figure:
    return band_lines(
        geometric_lines(found),
        name=name,
        title=title,
        x_title="terms",
        y=Quantity(y, False),
        caption=GEOMETRIC_SAYS,
        series_title="features",
        ordered=False,
        log_y=True,
    )


def _size_figure(found: Mapping[tuple[str, float], Array], values: Mapping[str, Any]) -> Figure:
    title = {
        "en": f"With 20 terms the largest stable rate is {values['rate_raw']:.1e} for powers and "
        f"{values['rate_scaled']:.2f} for powers over i!",
        "zh": f"20 项时，幂的最大稳定学习率为 {values['rate_raw']:.1e}，除以 i! 的幂为 "
        f"{values['rate_scaled']:.2f}",
    }
    return _lines(found, "stable-rate", title, "largest stable rate")


def _condition_figure(
    found: Mapping[tuple[str, float], Array], values: Mapping[str, Any]
) -> Figure:
    title = {
        "en": f"With 20 terms the condition number is 10^{values['cond_raw']:.1f} for powers, "
        f"10^{values['cond_scaled']:.1f} over i!, 10^{values['cond_standardised']:.1f} "
        f"standardised, 10^{values['cond_legendre']:.1f} for Legendre polynomials",
        "zh": f"20 项时的条件数：幂为 10^{values['cond_raw']:.1f}，除以 i! 为 "
        f"10^{values['cond_scaled']:.1f}，标准化为 10^{values['cond_standardised']:.1f}，"
        f"勒让德多项式为 10^{values['cond_legendre']:.1f}",
    }
    return _lines(found, "condition-number", title, "condition number")


def _failure_figure(trained: Mapping[str, Runs], values: Mapping[str, Any]) -> Figure:
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
        title={
            "en": f"At rate 0.01 SGD on powers without 1/i! diverges on {values['failed_5']:.0%} "
            f"of the draws with 5 terms and {values['failed_6']:.0%} with 6",
            "zh": f"学习率 0.01 时，不除以 i! 的 SGD 在 5 项时有 {values['failed_5']:.0%} 的抽样"
            f"发散，6 项时有 {values['failed_6']:.0%}",
        },
        x_title="terms",
        y=Quantity("share of draws on which SGD diverges", True),
        series_title="features",
        ordered=False,
    )


def _place(value: Any) -> Any:
    return list(BASES).index(value) if value in BASES else value


def _held_out_figure(trained: Mapping[str, Runs], values: Mapping[str, Any]) -> Figure:
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
        measure=Quantity("log10 of held-out loss", False),
        title={
            "en": f"With 20 terms SGD's held-out loss is {values['fresh_scaled']:.3g} with 1/i!, "
            f"{values['fresh_hermite']:.3g} with Hermite polynomials, "
            f"{values['fresh_standardised']:.3g} standardised, {values['fresh_legendre']:.3g} with "
            "Legendre polynomials",
            "zh": f"20 项时 SGD 的留出损失：除以 i! 为 {values['fresh_scaled']:.3g}，埃尔米特 "
            f"{values['fresh_hermite']:.3g}，标准化 {values['fresh_standardised']:.3g}，勒让德 "
            f"{values['fresh_legendre']:.3g}",
        },
        band=DRAW_BAND,
        caption={
            "en": "One dot per draw, each at the best of four rates.",
            "zh": "每点为一次抽样，各用四个学习率中最好的。",
        },
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
                "held-out loss": geometric_mean(runs.values("valid_loss", [own])[0]),
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

    names = {"rates": "SGD", "Adam": "Adam", "gradient clipping": "SGD, gradient clipped at 1"}
    return pd.DataFrame([told(names[k], a) for k, arms in rescues(runs).items() for a in arms])
