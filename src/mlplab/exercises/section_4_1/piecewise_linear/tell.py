"""Errors of constructed and of trained networks, and the regions of one in the plane."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from mlplab.exercises.charts import line_chart
from mlplab.exercises.findings import Findings, Results
from mlplab.exercises.section_4_1.piecewise_linear.constructions import (
    COMPARED,
    FUNCTIONS,
    INTERVAL,
    constructed,
    constructions,
)
from mlplab.exercises.section_4_1.piecewise_linear.measure import errors, trained_errors
from mlplab.exercises.section_4_1.piecewise_linear.regions import Region, regions

if TYPE_CHECKING:
    import pandas as pd

    from mlplab.draw import Figure
    from mlplab.experiment import Runs

Array = NDArray[np.float64]
REACH = 3.0
"""Half the side of the square that is drawn."""


def tell(results: Results) -> Findings:
    """Collect units and errors of the constructed networks."""
    example, fine = (constructed(epsilon) for epsilon in COMPARED)
    trained = results.runs["trained"]
    beside = _beside(trained)
    cut = regions(plane_network(), REACH)
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
        "ratio": constructed(0.001).n_units / example.n_units,
        "n_seeds": len(trained.experiment.seeds),
        "epochs": trained.experiment.base.fit.epochs,
        "few_largest": float(beside["largest error"].iloc[0]),
        "many_largest": float(beside["largest error"].iloc[2]),
        "few_square": float(beside["mean squared error"].iloc[0]),
        "few_square_built": float(beside["mean squared error"].iloc[1]),
        "n_regions": len(cut),
    }
    figures = (_approximation(), _units(), _plane(cut))
    return Findings(values, figures, {"units": _table(), "trained": beside})


def plane_network() -> list[tuple[Array, Array]]:
    """Return the network of two inputs whose regions are drawn: two layers of six units."""
    rng = np.random.default_rng(3)
    return [
        (rng.standard_normal((o, i)) / np.sqrt(i), rng.standard_normal(o))
        for i, o in ((2, 6), (6, 6), (6, 1))
    ]


def _beside(runs: Runs) -> pd.DataFrame:
    """Return errors of trained networks, medians over seeds, beside those of constructed ones."""
    import pandas as pd

    rows = []
    for epsilon in COMPARED:
        built = constructed(epsilon)
        largest, square = trained_errors(runs, built)
        for way, one, two in (
            ("trained", np.median(largest), np.median(square)),
            ("constructed", *errors(built, built)),
        ):
            rows.append((built.n_units, way, float(one), float(two)))
    columns = ["hidden units", "network", "largest error", "mean squared error"]
    return pd.DataFrame(rows, columns=columns)


def _plane(cut: Sequence[Region]) -> Figure:
    """Draw the outlines of the regions."""
    import altair as alt
    import pandas as pd

    from mlplab.draw import Figure
    from mlplab.draw.rows import inline
    from mlplab.draw.words import UNTITLED

    rows = [
        (place, order, float(x), float(y))
        for place, region in enumerate(cut)
        for order, (x, y) in enumerate([*region.corners, region.corners[0]])
    ]
    frame = pd.DataFrame(rows, columns=["region", "corner", "x1", "x2"])
    side = alt.Scale(domain=[-REACH, REACH], nice=False)
    chart = (
        alt.Chart(inline(frame))
        .mark_line(strokeWidth=1.2)
        .encode(
            x=alt.X("x1:Q", title="x1", scale=side),
            y=alt.Y("x2:Q", title="x2", scale=side),
            detail="region:N",
            order="corner:Q",
        )
        .properties(width=400, height=400)
    )
    return Figure("regions", UNTITLED, chart, "", frame)


def _approximation() -> Figure:
    example = constructed(COMPARED[0])
    x = np.linspace(*INTERVAL, 401)
    shown = {"sin(3x)": example.function(x), "ReLU units": example(x)}
    rows = [(name, *at) for name, ys in shown.items() for at in zip(x, ys, strict=True)]
    return line_chart(rows, "approximation", x_title="x", y="value")


def _units() -> Figure:
    rows = [
        (FUNCTIONS[text], one.epsilon, one.n_units)
        for text, ones in constructions().items()
        for one in ones
    ]
    return line_chart(
        rows,
        "units-by-error",
        x_title="error allowed",
        y="hidden units, certified",
        series_title="function on [−2, 2]",
        log_x=True,
        log_y=True,
    )


def _table() -> pd.DataFrame:
    import pandas as pd

    return pd.DataFrame(
        [
            {
                "function": FUNCTIONS[text],
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
