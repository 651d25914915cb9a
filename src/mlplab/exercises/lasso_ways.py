"""What exercise 4.5.3 checks and measures: three ways to descend with an L1 penalty."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from functools import lru_cache
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from mlplab.data.draws import draw_sparse_linear
from mlplab.draw import Quantity, band_lines
from mlplab.exercises.measured import Measured
from mlplab.exercises.one_thread import one_thread
from mlplab.exercises.profile import Profile
from mlplab.exercises.registry import Checked, Findings
from mlplab.exercises.uncertainty_bands import DRAW_BAND
from mlplab.exercises.wording import measured_values
from mlplab.theory.linear import (
    LinearModels,
    descend_lasso,
    largest_penalty,
    lasso_path,
    soft_threshold,
)
from mlplab.theory.linear.proximal import Method

if TYPE_CHECKING:
    import pandas as pd

    from mlplab.draw import Figure

Array = NDArray[np.float64]

PENALTY = 0.01
N_TRAIN = 20
_METHODS: tuple[Method, ...] = ("subgradient", "proximal", "accelerated")
_N_PATH = 10
_CHECKED_AT = (1, 3, 10, 30, 100, 300, 1000)
_N_CASES = 300
_TOLERANCE = 1e-9
_FLOOR = 1e-12  # below, a gap is rounding, and its logarithm noise
_LABELS = {
    "subgradient": "subgradient (the source)",
    "proximal": "soft threshold",
    "accelerated": "accelerated",
}
_ABOVE = "objective above its minimum, as a share of it"
_WORDS = {
    _LABELS["subgradient"]: "次梯度（原答案）",
    _LABELS["proximal"]: "软阈值",
    _LABELS["accelerated"]: "加速",
    "steps": "步数",
    "method": "方法",
    _ABOVE: "目标函数高出最小值的比例",
    "weights that are exactly 0": "恰好为 0 的权重个数",
}
CLAIMS = ("none", "most", "above", "faster", "agree")


def prove(update: str, prox: str, reference: str) -> Sequence[Checked]:
    """Check the source's rule by autograd, the soft threshold by search, and scikit-learn."""
    rng = np.random.default_rng(0)
    return (_update(update, rng), _prox(prox, rng), _reference(reference))


def source_step(w: Array, bias: float, X: Array, y: Array, rate: float, penalty: float) -> Array:
    """Return the weights after the source's update on one batch.

    >>> source_step(np.array([1.0]), 0.0, np.array([[0.0]]), np.zeros(1), 0.5, 0.5).tolist()
    [0.75]
    """
    slope = (X @ w + bias - y) @ X / len(y)
    return np.asarray(w - rate * penalty * np.sign(w) - rate * slope)


def _update(says: str, rng: np.random.Generator) -> Checked:
    import torch

    worst = 0.0
    for _ in range(_N_CASES):
        n, p = int(rng.integers(1, 9)), int(rng.integers(1, 30))
        X, y, w = rng.standard_normal((n, p)), rng.standard_normal(n), rng.standard_normal(p)
        bias, rate, penalty = (float(v) for v in rng.uniform(0.01, 1.0, 3))
        leaf = torch.tensor(w, requires_grad=True)
        error = torch.tensor(X) @ leaf + bias - torch.tensor(y)
        ((error**2).mean() / 2 + penalty * leaf.abs().sum()).backward()  # type: ignore[no-untyped-call]
        assert leaf.grad is not None
        wanted = w - rate * leaf.grad.numpy()
        found = source_step(w, bias, X, y, rate, penalty)
        worst = max(worst, float(np.abs(found - wanted).max()))
    return Checked(
        says, worst < _TOLERANCE, f"{_N_CASES} random batches agree with autograd to {worst:.0e}"
    )


def _prox(says: str, rng: np.random.Generator) -> Checked:
    v, threshold = 3 * rng.standard_normal(_N_CASES), rng.uniform(0.0, 2.0, _N_CASES)
    grid = np.linspace(-10, 10, 20_001)[:, None]
    best = soft_threshold(v, threshold)

    def cost(w: Array) -> Array:
        return np.asarray((w - v) ** 2 / 2 + threshold * np.abs(w))

    excess = float((cost(best) - cost(grid).min(axis=0)).max())
    n_zero = int((best == 0).sum())
    return Checked(
        says,
        excess < _TOLERANCE and bool((np.abs(v[best == 0]) <= threshold[best == 0]).all()),
        f"in {_N_CASES} random cases no point of a fine grid costs less (largest excess "
        f"{excess:.0e}); {n_zero} of them are exactly 0, all with |v| up to t",
    )


def _reference(says: str) -> Checked:
    from sklearn.linear_model import Lasso

    X, y = draw_sparse_linear(range(5), N_TRAIN)
    ours = lasso_path(X, y, [PENALTY], intercept=True).models
    worst = 0.0
    for run in range(len(X)):
        theirs = Lasso(alpha=PENALTY, tol=1e-12, max_iter=100_000).fit(X[run], y[run])
        worst = max(worst, float(np.abs(theirs.coef_ - ours.weights[run, 0]).max()))
    return Checked(says, worst < 1e-6, f"on 5 draws no weight differs by more than {worst:.0e}")


def solve_lasso(X: Array, y: Array, penalty: float) -> LinearModels:
    """Return the lasso with a constant, weights (R, P): exact, by coordinate descent.

    A path from the largest penalty down keeps the weights off 0 few on the way; solved at once,
    a small penalty first lets nearly all of them in and takes ten times as long.
    """
    top = max(float(largest_penalty(X, y, intercept=True).max()), penalty)
    models = lasso_path(X, y, np.geomspace(top, penalty, _N_PATH), intercept=True).models
    return LinearModels(models.weights[:, -1], models.intercepts[:, -1])


@dataclass(frozen=True, eq=False)
class Ways:
    """What became of the methods on every draw.

    Attributes:
        above: method -> objective over its minimum less 1, (R, T + 1).
        zeros: method -> weights that are exactly 0, (R, T + 1).
        best_zeros: zeros of coordinate descent, (R,).
        largest: the penalty from which all weights are 0, (R,).
    """

    above: Mapping[str, Array]
    zeros: Mapping[str, Array]
    best_zeros: Array
    largest: Array


@lru_cache(maxsize=2)
@one_thread
def ways(n_draws: int) -> Ways:
    """Descend by the three methods from weights 0, and solve by coordinate descent."""
    X, y = draw_sparse_linear(range(n_draws), N_TRAIN)
    steps = _CHECKED_AT[-1]
    exact = solve_lasso(X, y, PENALTY)
    w = exact.weights
    squares = exact.mean_squared_error(X, y) / 2
    minimum = (squares + PENALTY * np.abs(w).sum(axis=1))[:, None]
    above: dict[str, Array] = {}
    zeros: dict[str, Array] = {}
    for method in _METHODS:
        found = descend_lasso(X, y, PENALTY, steps=steps, method=method, intercept=True)
        above[method] = found.objective / minimum - 1
        zeros[method] = found.zeros
    return Ways(above, zeros, (w == 0).sum(axis=1), largest_penalty(X, y, intercept=True))


def n_draws(profile: Profile) -> int:
    """Return how many samples are drawn."""
    return profile.pick(50, 200, 500)


def measure(
    profile: Profile, none: str, most: str, above: str, faster: str, agree: str
) -> Sequence[Measured]:
    """Return the claims of 4.5.3 with one number per draw of the data."""
    found = ways(n_draws(profile))
    last = _CHECKED_AT[-1]
    ahead = np.log10(
        np.maximum(found.above["accelerated"][:, 100], _FLOOR)
        / np.maximum(found.above["proximal"][:, 100], _FLOOR)
    )

    def claim(says: str, values: Array, matters: float, expect: Any, metric: str) -> Measured:
        numbers = tuple(np.asarray(values, dtype=np.float64).tolist())
        return Measured(says, numbers, matters, expect, metric, "of drawing the data")

    zeros = "weights that are exactly 0"
    return (
        claim(none, found.zeros["subgradient"][:, last], 1.0, "same", zeros),
        claim(most, found.zeros["proximal"][:, last] - 100, 1.0, "higher", f"{zeros}, less 100"),
        claim(above, found.above["subgradient"][:, last], 0.01, "higher", "share of the minimum"),
        claim(faster, ahead, 0.1, "lower", "log10 of the objective above its minimum"),
        claim(agree, found.zeros["accelerated"][:, last] - found.best_zeros, 1.0, "same", zeros),
    )


def tell(profile: Profile, claims: Sequence[Measured]) -> Findings:
    """Collect what the page of 4.5.3 says and shows."""
    found = ways(n_draws(profile))
    values: dict[str, Any] = {
        "n_draws": n_draws(profile),
        "n_steps": _CHECKED_AT[-1],
        "penalty": PENALTY,
        "largest": float(found.largest.mean()),
        "best_zeros": float(found.best_zeros.mean()),
    }
    for method in _METHODS:
        values[f"zeros_{method}"] = float(found.zeros[method][:, -1].mean())
        values[f"above_{method}"] = float(found.above[method][:, -1].mean())
        values[f"above_100_{method}"] = float(found.above[method][:, 100].mean())
    values |= measured_values(CLAIMS, claims)
    above = _figure(
        {name: np.maximum(one, _FLOOR) for name, one in found.above.items()},
        "objective",
        {
            "en": f"After {values['n_steps']} steps the source's rule is still "
            f"{100 * values['above_subgradient']:.0f} % above the minimum",
            "zh": f"{values['n_steps']} 步之后，原答案的规则仍高出最小值 "
            f"{100 * values['above_subgradient']:.0f} %",
        },
        _ABOVE,
        log_y=True,
    )
    zeros = _figure(
        found.zeros,
        "zeros",
        {
            "en": f"The soft threshold makes {values['zeros_proximal']:.0f} of 200 weights exactly "
            f"0, the source's rule {values['zeros_subgradient']:.0f}",
            "zh": f"软阈值使 200 个权重中的 {values['zeros_proximal']:.0f} 个恰好为 0，"
            f"原答案的规则为 {values['zeros_subgradient']:.0f} 个",
        },
        "weights that are exactly 0",
        log_y=False,
    )
    return Findings(values, (zeros, above), {"By step, means over draws": _table(found)})


def _figure(
    numbers: Mapping[str, Array], name: str, title: Mapping[str, str], says: str, *, log_y: bool
) -> Figure:
    import pandas as pd

    rows = [
        (_LABELS[method], step, *DRAW_BAND.of(numbers[method][:, step].tolist()))
        for method in _METHODS
        for step in _CHECKED_AT
    ]
    frame = pd.DataFrame(rows, columns=["series", "x", "mean", "low", "high"])
    if log_y:
        frame["low"] = frame["low"].clip(lower=_FLOOR)
    figure = band_lines(
        frame,
        name=name,
        title=title,
        x_title="steps",
        y=Quantity(says, False),
        caption=DRAW_BAND.says,
        series_title="method",
        ordered=False,
        log_x=True,
        log_y=log_y,
    )
    return replace(figure, words=_WORDS)


def _table(found: Ways) -> pd.DataFrame:
    import pandas as pd

    rows = []
    for step in _CHECKED_AT:
        row: dict[str, Any] = {"steps": step}
        for method in _METHODS:
            row[f"{_LABELS[method]}: above minimum"] = float(found.above[method][:, step].mean())
            row[f"{_LABELS[method]}: zeros"] = float(found.zeros[method][:, step].mean())
        rows.append(row)
    return pd.DataFrame(rows)
