"""What the page of exercise 4.4.4 says and shows."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import TYPE_CHECKING, Any

import numpy as np

from mlplab.draw import Figure, Quantity, band_lines, spread_strips
from mlplab.exercises.least_error import (
    EPOCHS,
    MISFIT,
    MOST_DRAWS,
    NOISE,
    PUBLISHED_EPOCHS,
    SIZES,
    decades,
    errors,
    fresh_losses,
    held_out,
    n_exact,
)
from mlplab.exercises.measured import Measured
from mlplab.exercises.polynomial_draws import VARIANCE, Array, geometric_lines
from mlplab.exercises.profile import Profile
from mlplab.exercises.registry import Findings
from mlplab.exercises.uncertainty_bands import GEOMETRIC_SAYS, RANGE_BAND
from mlplab.exercises.wording import measured_values
from mlplab.experiment import Runs

if TYPE_CHECKING:
    import pandas as pd

Lines = dict[tuple[str, float], Array]
Errors = Mapping[tuple[int, float, int], tuple[Array, Array]]

CLAIMS = (
    "exact",
    "four",
    "twenty",
    "published",
    "longer",
    "misfit",
    "excess",
    "fresh",
    "few",
    "many",
)
_N_DOTS = 100
_SHOWN_EPOCHS = (1, 3, 10, 30, 100, 200, 400, 700, 1000, 1500, 2000, 2500, EPOCHS)
_WORDS = {
    "no noise, 4 terms": "无噪声，4 项",
    "no noise, 20 terms": "无噪声，20 项",
    "no noise, 3 terms": "无噪声，3 项",
    "noise, 4 terms": "有噪声，4 项",
    "noise, 8 terms": "有噪声，8 项",
    "no noise": "无噪声",
    "noise": "有噪声",
    "data and model": "数据与模型",
    "data": "数据",
    "training examples": "训练样本数",
    "expected error": "期望误差",
    "epochs": "训练轮数",
    "held-out loss": "留出损失",
    "fresh examples": "新样本数",
    "loss of the true polynomial": "真实多项式的损失",
}


def tell(runs: Mapping[str, Runs], profile: Profile, claims: Sequence[Measured]) -> Findings:
    """Collect values, figures and tables of 4.4.4 from the finished runs."""
    draws = n_exact(profile)
    found, fresh = errors(draws), fresh_losses(draws)
    curves = {name: _curve(runs[key]) for key, name in (("free", "no noise"), ("noisy", "noise"))}
    values: dict[str, Any] = {
        "n_draws": draws,
        "n_few": min(draws, MOST_DRAWS[20]),
        "n_seeds": len(runs["free"].experiment.seeds),
        "variance": VARIANCE,
        "free_4": float(decades(found[4, 0.0, 100][0]).mean()),
        "free_4_of_4": float(decades(found[4, 0.0, 4][0]).mean()),
        "free_20": float(decades(found[20, 0.0, 100][0]).mean()),
        "free_20_1000": float(decades(found[20, 0.0, 1000][0]).mean()),
        "sgd_400": float(decades(held_out(runs["free"], PUBLISHED_EPOCHS)).mean()),
        "sgd_last": float(decades(held_out(runs["free"], EPOCHS)).mean()),
        "epochs": EPOCHS,
        "misfit": MISFIT,
        "misfit_1000": float(found[3, 0.0, 1000][0].mean()),
        "noisy_100": VARIANCE + float(np.median(found[4, NOISE, 100][0])),
        "noisy_1000": VARIANCE + float(found[4, NOISE, 1000][0].mean()),
        "eight_1000": VARIANCE + float(np.median(found[8, NOISE, 1000][0])),
        "below_100": float((fresh[100] < VARIANCE).mean()),
        "least_100": float(fresh[100].min()),
        "gap_20": float((found[4, NOISE, 20][0] + VARIANCE - found[4, NOISE, 20][1]).mean()),
        "gap_1000": float((found[4, NOISE, 1000][0] + VARIANCE - found[4, NOISE, 1000][1]).mean()),
    }
    values |= measured_values(CLAIMS, claims)
    figures = (
        _error_figure(found, values),
        _descent_figure(curves, values),
        _fresh_figure(fresh, values),
    )
    tables = {"Expected error of least squares, medians": _table(found)}
    return Findings(values, tuple(replace(one, words=_WORDS) for one in figures), tables)


def _curve(runs: Runs) -> dict[int, Array]:
    """Return held-out losses by epoch, with a floor for what is exactly 0."""
    return {epoch: 10 ** decades(held_out(runs, epoch)) for epoch in _SHOWN_EPOCHS}


def _error_figure(found: Errors, values: Mapping[str, Any]) -> Figure:
    names = {
        (3, 0.0): "no noise, 3 terms",
        (8, NOISE): "noise, 8 terms",
        (4, NOISE): "noise, 4 terms",
        (20, 0.0): "no noise, 20 terms",
        (4, 0.0): "no noise, 4 terms",
    }
    lines: Lines = {
        (name, n): 10 ** decades(found[terms, noise, n][0] + noise**2)
        for (terms, noise), name in names.items()
        for n in SIZES
        # 8 terms for a handful of examples reach 1e10 and more: the table has them.
        if (terms, noise, n) in found and not (terms == 8 and n < 50)
    }
    return band_lines(
        geometric_lines(lines),
        name="expected-error",
        title={
            "en": f"From 100 examples without noise 4 terms err by 10^{values['free_4']:.0f}; with "
            f"noise by {values['noisy_100']:.4f}, and more data lead to {VARIANCE:g}",
            "zh": f"100 个样本，没有噪声时 4 项的误差为 10^{values['free_4']:.0f}；有噪声时为 "
            f"{values['noisy_100']:.4f}，数据再多也只趋向 {VARIANCE:g}",
        },
        x_title="training examples",
        y=Quantity("expected error", False),
        caption=GEOMETRIC_SAYS,
        series_title="data and model",
        ordered=False,
        log_x=True,
        log_y=True,
    )


def _descent_figure(curves: Mapping[str, Mapping[int, Array]], values: Mapping[str, Any]) -> Figure:
    lines: Lines = {(name, e): one for name, curve in curves.items() for e, one in curve.items()}
    return band_lines(
        geometric_lines(lines),
        name="descent",
        title={
            "en": f"Without noise SGD's held-out loss is 10^{values['sgd_400']:.1f} after 400 "
            f"epochs and 10^{values['sgd_last']:.1f} after {EPOCHS:,}",
            "zh": f"没有噪声时，SGD 的留出损失在 400 轮后为 10^{values['sgd_400']:.1f}，{EPOCHS} 轮"
            f"后为 10^{values['sgd_last']:.1f}",
        },
        x_title="epochs",
        y=Quantity("held-out loss", False),
        caption=GEOMETRIC_SAYS,
        series_title="data",
        ordered=False,
        log_y=True,
    )


def _fresh_figure(fresh: Mapping[int, Array], values: Mapping[str, Any]) -> Figure:
    import pandas as pd

    rows = [(n, float(one)) for n, losses in fresh.items() for one in losses[:_N_DOTS]]
    return spread_strips(
        pd.DataFrame(rows, columns=["fresh examples", "value"]),
        "fresh examples",
        "value",
        measure=Quantity("loss of the true polynomial", False),
        title={
            "en": f"On {values['below_100']:.0%} of test sets of 100 examples the loss of the true "
            f"polynomial is below its expected error {VARIANCE:g}",
            "zh": f"100 个样本的测试集中有 {values['below_100']:.0%}，真实多项式的损失低于期望误差 "
            f"{VARIANCE:g}",
        },
        band=RANGE_BAND,
        caption={
            "en": f"One dot per test set, the first {_N_DOTS} of each size.",
            "zh": f"每点为一个测试集，每种大小取前 {_N_DOTS} 个。",
        },
        name="fresh-losses",
    )


def _table(found: Errors) -> pd.DataFrame:
    import pandas as pd

    rows = []
    for n in SIZES:
        row: dict[str, Any] = {"training examples": n}
        for (terms, noise, examples), (error, _) in found.items():
            if examples == n:
                name = f"{terms} terms, {'noise' if noise else 'no noise'}"
                row[name] = float(np.median(error)) + noise**2
        rows.append(row)
    return pd.DataFrame(rows)
