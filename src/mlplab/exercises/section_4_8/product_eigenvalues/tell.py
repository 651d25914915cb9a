"""What the page shows: bounds and counter-examples, condition numbers, gradients by depth."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from mlplab.draw import Quantity
from mlplab.exercises.charts import line_chart
from mlplab.exercises.findings import Findings, Results
from mlplab.exercises.one_thread import one_thread
from mlplab.exercises.section_4_8.product_eigenvalues.design import (
    DEPTHS,
    VARIANCES,
    WIDTH,
    layer_factor,
)
from mlplab.exercises.section_4_8.product_eigenvalues.growth import (
    N_FACTORS,
    condition_numbers,
    gradients,
)
from mlplab.exercises.section_4_8.product_eigenvalues.measure import n_draws
from mlplab.exercises.section_4_8.product_eigenvalues.prove import NILPOTENT, SIGN, SWAP
from mlplab.exercises.uncertainty_bands import T_BAND
from mlplab.theory import product_eigenvalue_bounds, singular_value_bounds

if TYPE_CHECKING:
    import pandas as pd

    from mlplab.draw import Figure
    from mlplab.experiment import Runs

_SHOWN = (1, 2, 4, 8, 16, N_FACTORS)


@one_thread
def tell(results: Results) -> Findings:
    """Collect what the page says and shows."""
    import pandas as pd

    runs, draws = results.runs["gradients"], n_draws(results.profile)
    conditions = condition_numbers(draws)
    norms = {init: 10 ** gradients(runs, init).mean(axis=0) for init in VARIANCES}
    values: dict[str, Any] = {
        "n_draws": draws,
        "n_seeds": len(runs.experiment.seeds),
        "width": WIDTH,
        "n_factors": N_FACTORS,
        "condition_1": 10 ** float(conditions["gaussian"][:, 0].mean()),
        "digits": float(conditions["gaussian"][:, -1].mean()),
        "deepest": DEPTHS[-1],
        "shallowest": DEPTHS[0],
        "factors": [
            {
                "init": init,
                "predicted": layer_factor(init),
                "found": float((by_depth[-1] / by_depth[0]) ** (1 / (DEPTHS[-1] - DEPTHS[0]))),
                "shallow": float(by_depth[0]),
                "deep": float(by_depth[-1]),
            }
            for init, by_depth in norms.items()
        ],
    }
    figures = (_conditions(conditions), _gradients(runs))
    return Findings(
        values, figures, {"examples": _examples(), "factors": pd.DataFrame(values["factors"])}
    )


def _conditions(found: dict[str, Any]) -> Figure:
    rows = [
        (kind, depth, *T_BAND.of(found[kind][:, depth - 1].tolist()), len(found[kind]))
        for kind in found
        for depth in _SHOWN
    ]
    return line_chart(
        rows,
        "condition-by-depth",
        x_title="factors",
        y=Quantity("log_condition", share=False),
        band=T_BAND,
        series_title="product",
    )


def _gradients(runs: Runs) -> Figure:
    rows = []
    for init in VARIANCES:
        found = gradients(runs, init)
        for place, depth in enumerate(DEPTHS):
            rows.append((init, depth, *T_BAND.of(found[:, place].tolist()), len(found)))
    return line_chart(
        rows,
        "gradient-by-depth",
        x_title="hidden layers",
        y=Quantity("log_gradient", share=False),
        band=T_BAND,
        series_title="initialisation",
    )


def _examples() -> pd.DataFrame:
    """Two matrices each, the eigenvalues of their product, and the bounds that hold."""
    import pandas as pd

    turned = np.transpose(NILPOTENT)
    pairs = {
        "indefinite": (np.diag([-2, 3]), np.diag([5, -7])),
        "definite": (np.diag([1, 2]), np.diag([1, 2])),
        "not_commuting": (np.array(SWAP), np.array(SIGN)),
        "not_symmetric": (np.array(NILPOTENT), turned),
    }
    rows = []
    for name, (A, B) in pairs.items():
        low, high = (float(one) for one in singular_value_bounds([A, B]))
        symmetric = bool((A == A.T).all() and (B == B.T).all())
        corners = (
            [f"{float(one):g}" for one in product_eigenvalue_bounds(A, B)] if symmetric else []
        )
        rows.append(
            {
                "pair": name,
                "A": _matrix(A),
                "B": _matrix(B),
                "eigenvalues": ", ".join(map(_number, np.linalg.eigvals(A @ B))),
                "source": _source_bounds(A, B),
                "corners": f"[{', '.join(corners)}]" if corners else "–",
                "singular": f"[{low:g}, {high:g}]",
            }
        )
    return pd.DataFrame(rows)


def _source_bounds(A: np.ndarray, B: np.ndarray) -> str:
    """The interval that the source's formula gives, whether its conditions hold or not."""
    (a, b), (c, d) = (sorted(np.linalg.eigvals(one).real)[:: len(one) - 1] for one in (A, B))
    return f"[{_number(min(a * d, b * c))}, {_number(max(a * c, b * d))}]"


def _matrix(matrix: np.ndarray) -> str:
    return "; ".join(" ".join(f"{value:g}" for value in row) for row in matrix)


def _number(value: complex) -> str:
    rounded = complex(np.round(value, 9)) + 0
    if not rounded.imag:
        return f"{rounded.real:g}"
    return f"{rounded.imag:+g}i".replace("1i", "i") if not rounded.real else f"{rounded:g}"
