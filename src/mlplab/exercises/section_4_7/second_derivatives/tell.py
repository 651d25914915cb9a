"""What the page shows: cost beside its count, growth of graphs, a spectrum, and sharpness."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from mlplab.draw import scatter
from mlplab.exercises.charts import line_chart
from mlplab.exercises.findings import Findings, Results
from mlplab.exercises.section_4_7.second_derivatives.counting import ORDERS, graph_nodes
from mlplab.exercises.section_4_7.second_derivatives.design import RATES
from mlplab.exercises.section_4_7.second_derivatives.measure import timings_of
from mlplab.exercises.section_4_7.second_derivatives.networks import (
    CHAPTER,
    CHAPTER_BATCH,
    Network,
)
from mlplab.exercises.section_4_7.second_derivatives.prove import (
    DEPTHS,
    GROWTH,
    deep,
    per_layer,
)
from mlplab.exercises.section_4_7.second_derivatives.sharpness import (
    Sharpness,
    sharpness,
    spectrum,
)
from mlplab.exercises.section_4_7.second_derivatives.timing import Timings
from mlplab.exercises.uncertainty_bands import T_BAND

if TYPE_CHECKING:
    import pandas as pd

    from mlplab.draw import Figure

_LARGE = (CHAPTER, (784, 256, 256, 10))
"""Networks whose whole Hessian nobody makes."""
_TENTH = 0.1
_N_RANKS = 120  # drawn of a spectrum


def tell(results: Results) -> Findings:
    """Collect what the page says and shows."""
    runs = results.runs["descent"]
    timed, found, values = timings_of(results.profile), sharpness(runs), spectrum(runs)
    chapter = Network(CHAPTER, CHAPTER_BATCH)
    one = graph_nodes(deep(1, "tanh"))
    largest = float(values[-1])
    told: dict[str, Any] = {
        "n_repetitions": len(timed.chapter),
        "n_networks": len(timed.networks),
        "chapter_ratio": float(np.median(timed.chapter_ratio)),
        "chapter_counted": _counted(chapter),
        "deep_ratio": float(np.median(timed.in_all)),
        "deep_counted": float(np.median([_counted(one) for one in timed.networks])),
        "kept_ratio": float(np.median(timed.at_kept)),
        "least_ratio": float(min(np.median(timed.chapter_ratio), timed.in_all.min())),
        "most_ratio": float(timed.in_all.max()),
        "n_params": chapter.n_params,
        "gigabytes": _bytes(chapter) / 1e9,
        **{f"nodes_{order}": one[order] for order in ORDERS},
        **{f"layer_{order}": per_layer(order) for order in (0, 1, 2)},
        "growth": GROWTH,
        "n_eigenvalues": len(values),
        "n_tenth": int((values > _TENTH * largest).sum()),
        "n_negative": int((values < 0).sum()),
        "largest": largest,
        "smallest": float(values[0]),
        "epochs": found.epochs[-1],
        "low_rate": RATES[0],
        "high_rate": RATES[1],
        "first_edge": float(np.nanmean(found.of_edge[:, 0])),
        "last_edge": float(np.nanmean(found.of_edge[:, -1])),
        "n_seeds": found.largest.shape[2],
    }
    table = _matrices(timed)
    told["cheaper"] = bool(
        (table["measured"].dropna() < table["counted"][: len(timed.whole)]).all()
    )
    figures = (_cost(timed), _nodes(), _spectrum(values), _sharpness(found))
    return Findings(told, figures, {"matrices": table})


def _counted(network: Network) -> float:
    """Multiplications of a Hessian product in all over those of the gradient."""
    return 1 + network.further_products / network.gradient_products


def _bytes(network: Network) -> float:
    """Of the whole Hessian in float32."""
    return 4.0 * network.n_params**2


def _cost(timed: Timings) -> Figure:
    import pandas as pd

    rows = [
        (_counted(network), float(ratio), str(network.widths))
        for network, ratio in zip(timed.networks, timed.in_all, strict=True)
    ]
    chapter = Network(CHAPTER, CHAPTER_BATCH)
    rows.append((_counted(chapter), float(np.median(timed.chapter_ratio)), str(CHAPTER)))
    frame = pd.DataFrame(rows, columns=["counted", "measured", "widths"])
    frame["chapter"] = frame["widths"] == str(CHAPTER)
    return scatter(
        frame,
        "counted",
        "measured",
        x_title="multiplications over the gradient's",
        y_title="CPU time over the gradient's",
        outline="chapter",
        name="cost",
    )


def _nodes() -> Figure:
    rows = [
        (f"order {order}", n_hidden, nodes)
        for order in ORDERS
        for n_hidden in DEPTHS
        for nodes in [graph_nodes(deep(n_hidden, "tanh"))[order]]
    ]
    return line_chart(
        rows,
        "nodes",
        x_title="hidden layers",
        y="nodes of the graph",
        series_title="derivative",
        ordered=True,
        log_y=True,
    )


def _spectrum(values: NDArray[np.float64]) -> Figure:
    parts = {"above 0": np.sort(values[values > 0])[::-1], "below 0": np.sort(-values[values < 0])}
    rows = []
    for name, sizes in parts.items():
        sizes = np.sort(sizes)[::-1]
        ranks = np.unique(np.geomspace(1, max(1, len(sizes)), _N_RANKS).astype(int)) - 1
        rows += [(name, int(rank) + 1, float(sizes[rank])) for rank in ranks if rank < len(sizes)]
    floor = 1e-9 * float(values[-1])  # below is rounding
    return line_chart(
        [row for row in rows if row[2] > floor],
        "spectrum",
        x_title="rank by size",
        y="size of the eigenvalue",
        series_title="eigenvalues",
        log_x=True,
        log_y=True,
    )


def _sharpness(found: Sharpness) -> Figure:
    rows = [
        (rate, epochs, *T_BAND.of(found.of_edge[i, j].tolist()))
        for i, rate in enumerate(RATES)
        for j, epochs in enumerate(found.epochs)
    ]
    return line_chart(
        rows,
        "sharpness",
        x_title="epochs",
        y="learning rate times sharpness over 2",
        band=T_BAND,
        series_title="learning rate",
        log_x=True,
    )


def _matrices(timed: Timings) -> pd.DataFrame:
    """Numbers, bytes and products of whole Hessians; measured where they are made."""
    import pandas as pd

    large = [Network(widths, CHAPTER_BATCH) for widths in _LARGE]
    return pd.DataFrame(
        [
            {
                "widths": ", ".join(map(str, network.widths)),
                "numbers": network.n_params,
                "gigabytes": float(f"{_bytes(network) / 1e9:.3g}"),
                "counted": round(network.n_params * (_counted(network) - 1)),
                "measured": round(timed.whole[network]) if network in timed.whole else None,
            }
            for network in (*timed.whole, *large)
        ]
    )
