"""What products of random matrices and of layers do to a gradient, draw by draw."""

from __future__ import annotations

from functools import cache

import numpy as np
from numpy.typing import NDArray

from mlplab.exercises.section_4_8.product_eigenvalues.design import DEPTHS, WIDTH
from mlplab.experiment import Runs
from mlplab.theory import draw_factors, gaussian_exponents, log_extremes, log_growth

Array = NDArray[np.float64]

N_FACTORS = 32
_TEN = np.log(10)


@cache
def condition_numbers(n_draws: int) -> dict[str, Array]:
    """Return log10 of the condition number of products of 1 to 32 factors, kind -> (R, D)."""
    found: dict[str, list[Array]] = {"gaussian": [], "orthogonal": []}
    for kind in ("gaussian", "orthogonal"):
        for seed in range(n_draws):
            high, low = log_extremes(draw_factors(kind, WIDTH, N_FACTORS, seed))
            found[kind].append((high - low) / _TEN)
    return {kind: np.array(rows) for kind, rows in found.items()}


def growth_beside_theory(n_draws: int) -> Array:
    """Return the growth of a vector by a factor, less the closed form; logarithms, (R,)."""
    expected = gaussian_exponents(WIDTH)[0]
    grown = [
        log_growth(draw_factors("gaussian", WIDTH, N_FACTORS, seed))[-1] for seed in range(n_draws)
    ]
    return np.asarray(np.array(grown) / N_FACTORS - expected)


def gradients(runs: Runs, init: str) -> Array:
    """Return log10 of the first layer's gradient norm before the first step, (S, depths)."""
    frame = runs.frame(last=True)
    depth = {
        arm.label: len(arm.run.mlp.hidden) for arm in runs.arms if arm.factors["net.init"] == init
    }
    table = (
        frame[frame["arm"].isin(depth)]
        .assign(depth=frame["arm"].map(depth))
        .pivot(index="seed", columns="depth", values="grad_norm_1")
    )
    return np.asarray(np.log10(table[list(DEPTHS)].to_numpy()))
