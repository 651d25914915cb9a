"""What exercise 4.5.6 checks and measures: penalties as priors, and the whole posterior."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from functools import lru_cache
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from mlplab.data.draws import draw_sparse_linear
from mlplab.draw import Quantity, band_lines, spread_strips
from mlplab.exercises.chosen_decay import true_risk
from mlplab.exercises.hamiltonian import sample_by_slope
from mlplab.exercises.lasso_ways import solve_lasso
from mlplab.exercises.measured import Measured
from mlplab.exercises.one_thread import one_thread
from mlplab.exercises.profile import Profile
from mlplab.exercises.registry import Checked, Findings
from mlplab.exercises.uncertainty_bands import DRAW_BAND, RANGE_BAND
from mlplab.exercises.wording import measured_values
from mlplab.theory.linear import (
    LinearModels,
    gaussian_penalty,
    laplace_penalty,
    lasso_path,
    posterior,
    ridge_path,
    sample_laplace,
)

if TYPE_CHECKING:
    import pandas as pd

    from mlplab.draw import Figure

Array = NDArray[np.float64]

SIGMA, TAU, N_TRAIN, N_TEST = 0.01, 0.01, 20, 100
SCALE = TAU / 2**0.5
"""Of the Laplace prior with standard deviation TAU."""
_N_CASES = 50
_TOLERANCE = 1e-6
_WITHIN_95 = 1.959963984540054  # of a standard normal
_MATTERS = 0.02
_WORDS = {
    "Gaussian: maximum": "高斯：最大值点",
    "Laplace: maximum": "拉普拉斯：最大值点",
    "Laplace: mean": "拉普拉斯：均值",
    "estimate": "估计",
    "expected squared error (share of the variance of y)": "期望平方误差（占 y 方差的比例）",
}
CLAIMS = ("mean", "spread", "coverage", "laplace")


def prove(gaussian: str, laplace: str, alone: str) -> Sequence[Checked]:
    """Check by slopes that the most probable weights are ridge's and the lasso's."""
    return (_gaussian(gaussian), _laplace(laplace), _alone(alone))


def _cases() -> Sequence[tuple[Array, Array, float, float]]:
    rng = np.random.default_rng(0)
    cases = []
    for _ in range(_N_CASES):
        n, p = int(rng.integers(2, 30)), int(rng.integers(1, 40))
        X, y = rng.standard_normal((1, n, p)), rng.standard_normal((1, n))
        cases.append((X, y, float(rng.uniform(0.1, 2)), float(rng.uniform(0.1, 2))))
    return cases


def _same_slope(prior: Any, penalty: Any) -> bool:
    """Whether sigma^2 / N times minus the log posterior has the penalised loss's derivative."""
    import sympy

    w, sigma = sympy.symbols("w sigma", positive=True)
    x, y = sympy.symbols("x:3", real=True), sympy.symbols("y:3", real=True)
    squares = sum((b - a * w) ** 2 for a, b in zip(x, y, strict=True))
    minus_log = squares / (2 * sigma**2) + prior(w)
    loss = squares / 6 + penalty(w, sigma)
    return bool(sympy.simplify(sympy.diff(sigma**2 / 3 * minus_log - loss, w)) == 0)


def _gaussian(says: str) -> Checked:
    import sympy

    tau = sympy.symbols("tau", positive=True)
    algebra = _same_slope(
        lambda w: w**2 / (2 * tau**2), lambda w, sigma: sigma**2 / (3 * tau**2) * w**2 / 2
    )
    worst = 0.0
    for X, y, sigma, tau_ in _cases():
        w = ridge_path(X, y, gaussian_penalty(sigma, tau_, X.shape[1])).weights[0, 0]
        pull = (y[0] - X[0] @ w) @ X[0] / sigma**2
        worst = max(worst, float(np.abs(pull - w / tau_**2).max() / np.abs(pull).max()))
    return Checked(
        says,
        algebra and worst < _TOLERANCE,
        "by algebra both have one derivative; "
        f"in {_N_CASES} random cases the log posterior's slope at ridge is 0 to a relative "
        f"{worst:.0e}",
    )


def _laplace(says: str) -> Checked:
    import sympy

    b = sympy.symbols("b", positive=True)
    algebra = _same_slope(lambda w: w / b, lambda w, sigma: sigma**2 / (3 * b) * w)
    worst, n_zero, n_all = 0.0, 0, 0
    for X, y, sigma, scale in _cases():
        penalty = laplace_penalty(sigma, scale, X.shape[1])
        w = lasso_path(X, y, [penalty], tolerance=1e-13, max_sweeps=20_000).models.weights[0, 0]
        pull = (y[0] - X[0] @ w) @ X[0] / sigma**2 * scale
        off = np.where(w != 0, np.abs(pull - np.sign(w)), np.maximum(np.abs(pull) - 1, 0.0))
        worst = max(worst, float(off.max()))
        n_zero, n_all = n_zero + int((w == 0).sum()), n_all + w.size
    return Checked(
        says,
        algebra and worst < 1e-3,
        f"by algebra both have one derivative off 0; in {_N_CASES} random cases the conditions of "
        f"the most probable weights hold at the lasso to {worst:.0e}, {n_zero} of {n_all} weights "
        "being exactly 0",
    )


def _alone(says: str) -> Checked:
    X, y = draw_sparse_linear([0], N_TRAIN)
    sizes = [
        float(np.linalg.norm(posterior(X, y, sigma=s, tau=TAU, intercept=True).mean.weights))
        for s in (SIGMA, 10 * SIGMA)
    ]
    return Checked(
        says,
        abs(sizes[0] / sizes[1] - 1) < _TOLERANCE,
        f"with one tau, ten times the noise takes the norm of the most probable weights from "
        f"{sizes[0]:.3g} to {sizes[1]:.3g}",
    )


@dataclass(frozen=True, eq=False)
class Sampled:
    """What sampling says beside the closed form, one number per draw.

    Attributes:
        mean: length of the sampled mean along the closed one, less 1.
        spread: sampled over closed mean variance of a weight, less 1.
        coverage: share of new targets inside the 95 % predictive interval.
        risks: estimate -> risk as a share of the variance of y.
        deviations: closed and sampled standard deviations of the weights of draw 0, (2, P).
        accepted: share of proposals accepted.
        zeros: exact zeros of the lasso, and of one sample under the Laplace prior, (2,).
    """

    mean: Array
    spread: Array
    coverage: Array
    risks: Mapping[str, Array]
    deviations: Array
    accepted: float
    zeros: tuple[float, float]


@lru_cache(maxsize=2)
@one_thread
def sampled(n_draws: int, n: int) -> Sampled:
    """Sample the posterior of every draw by its slope alone, and by Gibbs under Laplace."""
    seeds = range(n_draws)
    X, y = draw_sparse_linear(seeds, N_TRAIN)
    closed = posterior(X, y, sigma=SIGMA, tau=TAU, intercept=True)
    # A flat prior on the constant leaves the centred data for the weights.
    rows, rest = X - X.mean(axis=1, keepdims=True), y - y.mean(axis=1, keepdims=True)

    def residual(w: Array) -> Array:
        return np.asarray(rest - (rows @ w[..., None])[..., 0])

    def energy(w: Array) -> Array:
        fit = np.square(residual(w)).sum(axis=1) / SIGMA**2
        return np.asarray((fit + np.square(w).sum(axis=1) / TAU**2) / 2)

    def slope(w: Array) -> Array:
        return np.asarray(w / TAU**2 - (residual(w)[:, None] @ rows)[:, 0] / SIGMA**2)

    narrowest = SIGMA / float(np.linalg.norm(rows, 2, axis=(1, 2)).max())
    step = 0.7 * narrowest
    rng = np.random.default_rng(0)
    states, accepted = sample_by_slope(
        energy,
        slope,
        TAU * rng.standard_normal(rows[:, 0].shape),
        step=step,
        length=max(2, round(np.pi / 2 * TAU / step)),
        n=n,
        warm_up=n // 4,
        generator=rng,
    )
    mean, variance = states.mean(axis=1), states.var(axis=1, ddof=1)
    wanted = closed.mean.weights
    exact = np.diagonal(closed.covariance(), axis1=1, axis2=2)
    X_new, y_new = draw_sparse_linear(seeds, N_TEST, part="test")
    off = np.abs(closed.mean.predict(X_new) - y_new) / closed.predictive_deviation(X_new)
    lasso = solve_lasso(X, y, laplace_penalty(SIGMA, SCALE, N_TRAIN))
    drawn = sample_laplace(
        X, y, sigma=SIGMA, scale=SCALE, n=n, generator=rng, warm_up=n // 4, intercept=True
    )
    average = LinearModels(drawn.weights.mean(axis=1), drawn.intercepts.mean(axis=1))
    return Sampled(
        (mean * wanted).sum(axis=1) / np.square(wanted).sum(axis=1) - 1,
        variance.mean(axis=1) / exact.mean(axis=1) - 1,
        (off < _WITHIN_95).mean(axis=1),
        {
            "Gaussian: maximum": true_risk(closed.mean),
            "Laplace: maximum": true_risk(lasso),
            "Laplace: mean": true_risk(average),
        },
        np.sqrt(np.stack([exact[0], variance[0]])),
        accepted,
        (
            float((lasso.weights == 0).sum(axis=-1).mean()),
            float((drawn.weights == 0).sum(axis=-1).mean()),
        ),
    )


def sizes(profile: Profile) -> tuple[int, int]:
    """Return how many draws, and how many samples of each posterior."""
    return profile.pick((20, 200), (50, 300), (100, 1000))


def measure(
    profile: Profile, mean: str, spread: str, coverage: str, laplace: str
) -> Sequence[Measured]:
    """Return the claims of 4.5.6 with one number per draw of the data."""
    found = sampled(*sizes(profile))
    apart = found.risks["Laplace: mean"] - found.risks["Laplace: maximum"]

    def claim(says: str, values: Array, matters: float, expect: Any, metric: str) -> Measured:
        numbers = tuple(values.tolist())
        return Measured(says, numbers, matters, expect, metric, "of drawing data and sampling")

    return (
        claim(mean, found.mean, _MATTERS, "same", "relative difference"),
        claim(spread, found.spread, _MATTERS, "same", "relative difference"),
        claim(coverage, found.coverage - 0.95, _MATTERS, "same", "coverage less 0.95"),
        claim(laplace, apart, 0.01, "lower", "risk (share of the variance of y)"),
    )


def tell(profile: Profile, claims: Sequence[Measured]) -> Findings:
    """Collect what the page of 4.5.6 says and shows."""
    n_draws, n = sizes(profile)
    found = sampled(n_draws, n)
    values: dict[str, Any] = {
        "n_draws": n_draws,
        "n_samples": n,
        "sigma": SIGMA,
        "tau": TAU,
        "l2": gaussian_penalty(SIGMA, TAU, N_TRAIN),
        "l1": laplace_penalty(SIGMA, SCALE, N_TRAIN),
        "accepted": found.accepted,
        "coverage": float(found.coverage.mean()),
        "zeros_lasso": found.zeros[0],
        "zeros_sample": found.zeros[1],
    }
    for name, one in zip(("gaussian", "lasso", "laplace"), found.risks.values(), strict=True):
        values[f"risk_{name}"] = float(one.mean())
    values |= measured_values(CLAIMS, claims)
    figures = (_priors(), _deviations(found), _risks(found, values))
    return Findings(values, figures, {"Risk by estimate": _table(found)})


def _priors() -> Figure:
    import pandas as pd

    w = np.linspace(-4, 4, 161)
    curves = {"Gaussian": w**2 / 2, "Laplace": 2**0.5 * np.abs(w)}
    rows = [(name, *pair) for name, c in curves.items() for pair in zip(w, c, strict=True)]
    frame = pd.DataFrame(rows, columns=["series", "x", "mean"])
    frame["low"] = frame["high"] = np.nan
    figure = band_lines(
        frame,
        name="priors",
        title={
            "en": "Minus the log of a Gaussian prior is the square, of a Laplace prior the "
            "absolute value",
            "zh": "高斯先验的负对数是平方，拉普拉斯先验的负对数是绝对值",
        },
        x_title="weight, in standard deviations of the prior",
        y=Quantity("minus the log of the prior, less its value at 0", False),
        series_title="prior",
        ordered=False,
    )
    return replace(
        figure,
        words={
            "Gaussian": "高斯",
            "Laplace": "拉普拉斯",
            "prior": "先验",
            "weight, in standard deviations of the prior": "权重（以先验的标准差为单位）",
            "minus the log of the prior, less its value at 0": "先验的负对数（减去零点的值）",
        },
    )


def _deviations(found: Sampled) -> Figure:
    import pandas as pd

    closed, drawn = found.deviations / TAU
    labels = ("closed form", "sampled")
    rows = [(n, v) for n, c in zip(labels, (closed, drawn), strict=True) for v in c]
    figure = spread_strips(
        pd.DataFrame(rows, columns=["way", "value"]),
        "way",
        "value",
        measure=Quantity("standard deviation of a weight, in prior ones", False),
        title={
            "en": f"After {N_TRAIN} examples the standard deviation of a weight is still "
            f"{closed.mean():.2f} of the prior one",
            "zh": f"看过 {N_TRAIN} 个样本之后，权重的标准差仍是先验的 {closed.mean():.2f} 倍",
        },
        band=RANGE_BAND,
        caption={
            "en": "One dot per weight of one draw.",
            "zh": "每点为一次抽取中的一个权重。",
        },
        name="deviations",
    )
    words = {
        "closed form": "闭式解",
        "sampled": "抽样",
        "way": "方法",
        "standard deviation of a weight, in prior ones": "权重的标准差（以先验的标准差为单位）",
    }
    return replace(figure, words=words)


def _risks(found: Sampled, values: Mapping[str, Any]) -> Figure:
    import pandas as pd

    rows = [(name, float(v)) for name, risks in found.risks.items() for v in risks]
    figure = spread_strips(
        pd.DataFrame(rows, columns=["estimate", "value"]),
        "estimate",
        "value",
        measure=Quantity("expected squared error (share of the variance of y)", False),
        title={
            "en": f"Under the Laplace prior the most probable weights have risk "
            f"{values['risk_lasso']:.2f}, the mean {values['risk_laplace']:.2f}; under the "
            f"Gaussian one both {values['risk_gaussian']:.2f}",
            "zh": f"拉普拉斯先验下，最大后验的风险为 {values['risk_lasso']:.2f}，均值为 "
            f"{values['risk_laplace']:.2f}；高斯先验下两者都是 {values['risk_gaussian']:.2f}",
        },
        band=DRAW_BAND,
        caption={"en": "One dot per draw.", "zh": "每点为一次抽取。"},
        name="risks",
    )
    return replace(figure, words=_WORDS)


def _table(found: Sampled) -> pd.DataFrame:
    import pandas as pd

    rows = [(name, *DRAW_BAND.of(risks.tolist())) for name, risks in found.risks.items()]
    return pd.DataFrame(rows, columns=["estimate", "risk", "low", "high"])
