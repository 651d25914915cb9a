"""How many units a certified error takes."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from mlplab.exercises.registry import Findings, Results
from mlplab.exercises.section_4_1.piecewise_linear.constructions import (
    EPSILONS,
    INTERVAL,
    constructions,
)
from mlplab.exercises.told import UNTITLED

if TYPE_CHECKING:
    import pandas as pd

    from mlplab.draw import Figure


def tell(results: Results) -> Findings:
    """Collect units and errors of the constructed networks."""
    built = constructions()["sin(3*x)"]
    example, fine = built[EPSILONS.index(0.1)], built[EPSILONS.index(0.01)]
    values: dict[str, Any] = {
        "units": fine.n_units,
        "even": fine.even_units,
        "source": fine.source_units,
        "epsilon": fine.epsilon,
        "bound": fine.bound,
        "measured": fine.measured,
        "lipschitz": round(fine.lipschitz, 6),
        "example_units": example.n_units,
        "example_bound": example.bound,
        "ratio": built[EPSILONS.index(0.001)].n_units / example.n_units,
    }
    return Findings(values, (_approximation(), _units()), {"units": _table()})


def _approximation() -> Figure:
    import numpy as np
    import pandas as pd

    from mlplab.draw import Quantity, band_lines

    example = constructions()["sin(3*x)"][EPSILONS.index(0.1)]
    x = np.linspace(*INTERVAL, 401)
    shown = {"sin(3x)": example.function(x), "ReLU units": example(x)}
    curve = pd.DataFrame(
        [(name, at, y) for name, ys in shown.items() for at, y in zip(x, ys, strict=True)],
        columns=["series", "x", "mean"],
    )
    curve["low"] = curve["high"] = np.nan
    return band_lines(
        curve,
        name="approximation",
        title=UNTITLED,
        x_title="x",
        y=Quantity("value", False),
        ordered=False,
    )


def _units() -> Figure:
    import numpy as np
    import pandas as pd

    from mlplab.draw import Quantity, band_lines

    counts = pd.DataFrame(
        [
            (text, one.epsilon, one.n_units)
            for text, ones in constructions().items()
            for one in ones
        ],
        columns=["series", "x", "mean"],
    )
    counts["low"] = counts["high"] = np.nan
    return band_lines(
        counts,
        name="units-by-error",
        title=UNTITLED,
        x_title="error allowed",
        y=Quantity("hidden units, certified", False),
        series_title="function on [-2, 2]",
        ordered=False,
        log_x=True,
        log_y=True,
    )


def _table() -> pd.DataFrame:
    import pandas as pd

    return pd.DataFrame(
        [
            {
                "function": text,
                "error allowed": one.epsilon,
                "units": one.n_units,
                "certified error": one.bound,
                "measured error": one.measured,
                "slope at most": one.lipschitz,
                "segments": one.even_units,
                "published": one.source_units,
            }
            for text, ones in constructions().items()
            for one in ones
        ]
    )
