"""What exercise 4.5.2 measures: the lambda that validation chooses, and what the choice costs.

The inputs are standard normal and the true weights known, so that the expected squared error of
any linear model on new data is exact: no test set, no luck of one.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from functools import lru_cache
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from mlplab.data.draws import draw_sparse_linear
from mlplab.draw import Quantity, band_lines, spread_strips
from mlplab.exercises.measured import Measured
from mlplab.exercises.one_thread import one_thread
from mlplab.exercises.profile import Profile
from mlplab.exercises.registry import Findings
from mlplab.exercises.uncertainty_bands import DRAW_BAND
from mlplab.exercises.wording import measured_values
from mlplab.theory.linear import (
    LinearModels,
    gaussian_penalty,
    leave_one_out_errors,
    ridge_path,
)

if TYPE_CHECKING:
    import pandas as pd

    from mlplab.draw import Figure

Array = NDArray[np.float64]

N_TRAIN, N_HELD_OUT, N_FOLDS, N_MORE = 20, 5, 5, 100
WEIGHT, BIAS, NOISE, N_INPUTS = 0.01, 0.05, 0.01, 200
VARIANCE = N_INPUTS * WEIGHT**2 + NOISE**2
PENALTIES = np.geomspace(1e-3, 1e3, 49)
_MATTERS = 0.01
_LABELS = {
    "hold_out": f"hold-out, {N_HELD_OUT} of {N_TRAIN}",
    "folds": f"{N_FOLDS}-fold",
    "one_out": "leave-one-out",
    "more": f"{N_MORE} further examples",
    "prior": "from the prior",
    "smallest": "smallest lambda",
    "best": "best for this draw",
}
_REGRET = "regret (share of the variance of y)"
_ZH = ("留出 5 个", "5 折", "留一法", "另取 100 个样本", "由先验得出", "最小的 lambda", "本次最佳")
_WORDS = dict(zip(_LABELS.values(), _ZH, strict=True)) | {
    "way": "方法",
    _REGRET: "遗憾值（占 y 方差的比例）",
    "log10 of the chosen lambda": "所选 lambda 的 log10",
    "lambda": "lambda",
    "expected squared error (share of the variance of y)": "期望平方误差（占 y 方差的比例）",
}
CLAIMS = ("is_best", "no_overfit", "more_data", "one_out", "same")


@dataclass(frozen=True, eq=False)
class Choices:
    """What each way chose on every draw.

    Attributes:
        risks: expected squared error along PENALTIES, as a share of the variance, (R, L).
        chosen: way -> place in PENALTIES, (R,).
    """

    risks: Array
    chosen: Mapping[str, NDArray[np.int64]]

    def risk(self, way: str) -> Array:
        """Return the risk of the lambda chosen, fitted to all rows, (R,)."""
        return np.asarray(np.take_along_axis(self.risks, self.chosen[way][:, None], 1)[:, 0])

    def regret(self, way: str) -> Array:
        """Return what the choice costs beside the draw's best lambda, (R,)."""
        return np.asarray(self.risk(way) - self.risks.min(axis=1))

    def penalties(self, way: str) -> Array:
        """Return the lambdas chosen, (R,)."""
        return np.asarray(PENALTIES[self.chosen[way]])


def true_risk(models: LinearModels) -> Array:
    """Return E (y - x w - b)^2 over new data as a share of the variance of y.

    With standard normal inputs it is ||w - w*||^2 + (b - b*)^2 + sigma^2.
    """
    apart = np.square(models.weights - WEIGHT).sum(axis=-1)
    return np.asarray((apart + np.square(models.intercepts - BIAS) + NOISE**2) / VARIANCE)


@lru_cache(maxsize=2)
@one_thread
def choices(n_draws: int) -> Choices:
    """Let every way choose on every draw; the chosen lambda is then fitted to all 20 rows."""
    X, y = draw_sparse_linear(range(n_draws), N_TRAIN)
    fitted = ridge_path(X, y, PENALTIES, intercept=True)
    risks = true_risk(fitted)
    errors = [_left_out(X, y, rows) for rows in np.array_split(np.arange(N_TRAIN), N_FOLDS)]
    one_out = np.square(leave_one_out_errors(X, y, PENALTIES, intercept=True)).mean(axis=-1)
    further = draw_sparse_linear(range(n_draws), N_MORE, part="test")
    prior = gaussian_penalty(NOISE, WEIGHT, N_TRAIN)
    place = int(np.abs(np.log(PENALTIES / prior)).argmin())
    return Choices(
        risks,
        {
            "hold_out": errors[0].argmin(axis=1),
            "folds": np.mean(errors, axis=0).argmin(axis=1),
            "one_out": one_out.argmin(axis=1),
            "more": fitted.mean_squared_error(*further).argmin(axis=1),
            "prior": np.full(n_draws, place),
            "smallest": np.zeros(n_draws, dtype=np.int64),
            "best": risks.argmin(axis=1),
        },
    )


def _left_out(X: Array, y: Array, rows: NDArray[np.int64]) -> Array:
    """Return the mean squared error on rows that ridge was not fitted to, (R, L)."""
    kept = np.setdiff1d(np.arange(X.shape[1]), rows)
    models = ridge_path(X[:, kept], y[:, kept], PENALTIES, intercept=True)
    return models.mean_squared_error(X[:, rows], y[:, rows])


def n_draws(profile: Profile) -> int:
    """Return how many samples are drawn."""
    return profile.pick(200, 500, 2000)


def measure(
    profile: Profile, is_best: str, no_overfit: str, more_data: str, one_out: str, same: str
) -> Sequence[Measured]:
    """Return the claims of 4.5.2 with one number per draw of the data."""
    found = choices(n_draws(profile))
    risk = {way: found.risk(way) for way in _LABELS}

    def claim(says: str, values: Array, expect: Any) -> Measured:
        numbers = tuple(values.tolist())
        return Measured(says, numbers, _MATTERS, expect, _REGRET, "of drawing the data")

    return (
        claim(is_best, found.regret("hold_out"), "same"),
        claim(no_overfit, risk["hold_out"] - risk["smallest"], "lower"),
        claim(more_data, risk["more"] - risk["hold_out"], "lower"),
        claim(one_out, risk["one_out"] - risk["hold_out"], "lower"),
        claim(same, risk["folds"] - risk["one_out"], "same"),
    )


def tell(profile: Profile, claims: Sequence[Measured]) -> Findings:
    """Collect what the page of 4.5.2 says and shows."""
    found = choices(n_draws(profile))
    best = found.chosen["best"]
    values: dict[str, Any] = {
        "n_draws": n_draws(profile),
        "matters": _MATTERS,
        "prior": float(PENALTIES[found.chosen["prior"][0]]),
        "hit": float((found.chosen["hold_out"] == best).mean()),
        "best_risk": float(found.risk("best").mean()),
    }
    for way in _LABELS:
        values[f"regret_{way}"] = float(found.regret(way).mean())
        values[f"risk_{way}"] = float(found.risk(way).mean())
        ends = np.quantile(found.penalties(way), (0.1, 0.5, 0.9))
        # Two digits as a plain number: 1000, not 1e+03.
        low, middle, high = (float(f"{one:.2g}") for one in ends)
        values |= {f"low_{way}": low, f"middle_{way}": middle, f"high_{way}": high}
    values |= measured_values(CLAIMS, claims)
    figures = (_risks(found, values), _chosen(found, values), _regrets(found, values))
    return Findings(values, figures, {"By way of choosing": _table(found)})


def _risks(found: Choices, values: Mapping[str, Any]) -> Figure:
    import pandas as pd

    rows = [
        ("risk", float(penalty), *DRAW_BAND.of(found.risks[:, place].tolist()))
        for place, penalty in enumerate(PENALTIES)
    ]
    flat = found.risks.mean(axis=0)
    wide = PENALTIES[flat <= flat.min() + _MATTERS]
    figure = band_lines(
        pd.DataFrame(rows, columns=["series", "x", "mean", "low", "high"]),
        name="risk",
        title={
            "en": f"From {wide[0]:.2g} to {wide[-1]:.2g} the mean risk is within one per cent of "
            "the variance of its best",
            "zh": f"lambda 从 {wide[0]:.2g} 到 {wide[-1]:.2g}，"
            "平均风险与最佳值相差不到方差的百分之一",
        },
        x_title="lambda",
        y=Quantity("expected squared error (share of the variance of y)", False),
        caption=DRAW_BAND.says,
        log_x=True,
    )
    return replace(figure, words=_WORDS)


def _strips(
    found: Choices, ways: Sequence[str], numbers: Mapping[str, Array], measure: str, **words: Any
) -> Figure:
    import pandas as pd

    rows = [(_LABELS[way], float(v)) for way in ways for v in numbers[way]]
    figure = spread_strips(
        pd.DataFrame(rows, columns=["way", "value"]),
        "way",
        "value",
        measure=Quantity(measure, False),
        band=DRAW_BAND,
        caption={"en": "One dot per draw.", "zh": "每点为一次抽取。"},
        **words,
    )
    return replace(figure, words=_WORDS)


def _chosen(found: Choices, values: Mapping[str, Any]) -> Figure:
    ways = ("hold_out", "folds", "one_out", "more", "best")
    return _strips(
        found,
        ways,
        {way: np.log10(found.penalties(way)) for way in ways},
        "log10 of the chosen lambda",
        title={
            "en": f"Eight of ten hold-out choices lie between {values['low_hold_out']:g} and "
            f"{values['high_hold_out']:g}; those best for the draw between "
            f"{values['low_best']:g} and {values['high_best']:g}",
            "zh": f"留出法的选择十有八次落在 {values['low_hold_out']:g} 与 "
            f"{values['high_hold_out']:g} 之间；本次最佳值则在 {values['low_best']:g} 与 "
            f"{values['high_best']:g} 之间",
        },
        name="chosen",
    )


def _regrets(found: Choices, values: Mapping[str, Any]) -> Figure:
    ways = ("hold_out", "folds", "one_out", "more", "prior", "smallest")
    return _strips(
        found,
        ways,
        {way: found.regret(way) for way in ways},
        _REGRET,
        title={
            "en": f"The choice by hold-out costs {values['regret_hold_out']:.3f} variances on "
            f"average, by leave-one-out {values['regret_one_out']:.3f}, from the prior "
            f"{values['regret_prior']:.3f}",
            "zh": f"留出法的选择平均代价为方差的 {values['regret_hold_out']:.3f}，留一法 "
            f"{values['regret_one_out']:.3f}，由先验得出 {values['regret_prior']:.3f}",
        },
        name="regret",
    )


def _table(found: Choices) -> pd.DataFrame:
    import pandas as pd

    rows = []
    for way, label in _LABELS.items():
        ends = np.quantile(found.penalties(way), (0.1, 0.5, 0.9))
        # Two digits as a plain number: 1000, not 1e+03.
        low, middle, high = (float(f"{one:.2g}") for one in ends)
        mean, bottom, top = DRAW_BAND.of(found.regret(way).tolist())
        rows.append(
            {
                "way": label,
                "lambda, 10 %": low,
                "median": middle,
                "90 %": high,
                "regret": mean,
                "regret low": bottom,
                "regret high": top,
                "within 0.01": float((found.regret(way) <= _MATTERS).mean()),
            }
        )
    return pd.DataFrame(rows)
