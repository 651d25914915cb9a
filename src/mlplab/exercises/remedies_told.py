"""What exercise 4.5.5 tells: all remedies in one table, and early stopping beside ridge."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import TYPE_CHECKING, Any

import numpy as np

from mlplab.draw import Quantity, band_lines, spread_strips
from mlplab.exercises.measured import Measured
from mlplab.exercises.profile import Profile
from mlplab.exercises.registry import Findings
from mlplab.exercises.remedies import (
    EPOCHS,
    N_HELD_OUT,
    N_MEMBERS,
    N_MORE,
    N_TUNING,
    REMEDIES,
    STEPS,
    Compared,
    compared,
    n_draws,
)
from mlplab.exercises.uncertainty_bands import DRAW_BAND
from mlplab.exercises.wording import measured_values

if TYPE_CHECKING:
    import pandas as pd

    from mlplab.draw import Figure

_LABELS = {
    "none": "nothing",
    "stopping": "early stopping",
    "decay": "weight decay",
    "dropout": "dropout of inputs",
    "noise": "noise on inputs",
    "inputs": "fewer inputs",
    "members": f"mean of {N_MEMBERS} models",
    "data": f"{N_MORE} examples",
}
_ZH = ("什么也不做", "提前停止", "权重衰减", "输入的暂退", "输入加噪声", "减少输入")
_RISK = "expected squared error (share of the variance of y)"
_LOG_RISK = "log10 of the expected squared error (variances of y)"
_WORDS = dict(
    zip(
        _LABELS.values(),
        (*_ZH, f"{N_MEMBERS} 个模型的平均", f"{N_MORE} 个样本"),
        strict=True,
    )
) | {
    "remedy": "办法",
    _RISK: "期望平方误差（占 y 方差的比例）",
    _LOG_RISK: "期望平方误差的 log10（以 y 的方差为单位）",
    "steps": "步数",
    "way": "方法",
    "stopped after so many steps": "在该步数停止",
    "ridge with lambda = 1 / (rate steps)": "岭回归，lambda = 1 / (学习率 × 步数)",
}


def tell(profile: Profile, claims: Sequence[Measured], lowers: Sequence[str]) -> Findings:
    """Collect what the page of 4.5.5 says and shows."""
    found = compared(n_draws(profile))
    values: dict[str, Any] = {
        "n_draws": n_draws(profile),
        "n_tuning": N_TUNING,
        "n_held_out": N_HELD_OUT,
        "epochs": EPOCHS,
        "n_members": N_MEMBERS,
        "n_more": N_MORE,
        "apart": float(np.abs(found.stopped - found.ridge).max(axis=1).mean()),
    }
    for (start, remedy), risks in found.risks.items():
        values[f"{start}_{remedy}"] = float(risks.mean())
    for (start, remedy), strength in found.strengths.items():
        values[f"strength_{start}_{remedy}"] = strength
    names = (*lowers, "start", "zero_stopping", "ridge")
    values |= measured_values(names, claims)
    figures = (_strips(found, values), _ridge(found, values))
    return Findings(values, figures, {"Risk by remedy and start": _table(found)})


def _strips(found: Compared, values: Mapping[str, Any]) -> Figure:
    import pandas as pd

    rows = [
        (_LABELS[name], float(v)) for name in REMEDIES for v in np.log10(found.risks["wide", name])
    ]
    figure = spread_strips(
        pd.DataFrame(rows, columns=["remedy", "value"]),
        "remedy",
        "value",
        measure=Quantity(_LOG_RISK, False),
        title={
            "en": f"From the source's first weights early stopping leaves "
            f"{values['wide_stopping']:,.0f} variances of error, weight decay "
            f"{values['wide_decay']:.2g}, {N_MORE} examples "
            f"{values['wide_data']:.2g}",
            "zh": f"从原答案的初始权重出发，提前停止留下 {values['wide_stopping']:,.0f} 倍方差的"
            "误差，"
            f"权重衰减 {values['wide_decay']:.2g} 倍，{N_MORE} 个样本 {values['wide_data']:.2g} 倍",
        },
        band=DRAW_BAND,
        caption={"en": "One dot per draw.", "zh": "每点为一次抽取。"},
        name="remedies",
    )
    return replace(figure, words=_WORDS)


def _ridge(found: Compared, values: Mapping[str, Any]) -> Figure:
    import pandas as pd

    ways = {
        "stopped after so many steps": found.stopped,
        "ridge with lambda = 1 / (rate steps)": found.ridge,
    }
    rows = [
        (name, step, *DRAW_BAND.of(risks[:, place].tolist()))
        for name, risks in ways.items()
        for place, step in enumerate(STEPS)
    ]
    figure = band_lines(
        pd.DataFrame(rows, columns=["series", "x", "mean", "low", "high"]),
        name="stopping-and-ridge",
        title={
            "en": "From 0, stopping after t steps is nearly the ridge of penalty 1 / (rate t): "
            f"at most {values['apart']:.3f} variances apart on average",
            "zh": "从 0 出发，走 t 步停止与惩罚为 1 / (学习率 × t) 的岭回归几乎相同："
            f"平均最多相差方差的 {values['apart']:.3f}",
        },
        x_title="steps",
        y=Quantity(_RISK, False),
        caption=DRAW_BAND.says,
        series_title="way",
        ordered=False,
        log_x=True,
    )
    return replace(figure, words=_WORDS)


def _table(found: Compared) -> pd.DataFrame:
    import pandas as pd

    rows = []
    for remedy in REMEDIES:
        row: dict[str, Any] = {"remedy": _LABELS[remedy]}
        for start, label in (("wide", "from N(0, 1)"), ("narrow", "from 0")):
            mean, low, high = DRAW_BAND.of(found.risks[start, remedy].tolist())
            row |= {
                f"{label}: strength": found.strengths.get((start, remedy)),
                f"{label}: risk": mean,
                f"{label}: low": low,
                f"{label}: high": high,
            }
        rows.append(row)
    return pd.DataFrame(rows)
