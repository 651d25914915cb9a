"""Histograms of several samples over each other, each of its own rows."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import TYPE_CHECKING

from mlplab.draw.figure import WIDTH_PX, Figure
from mlplab.draw.lines import series_encodings
from mlplab.draw.rows import inline
from mlplab.draw.words import UNTITLED, Text
from mlplab.errors import ConfigError

if TYPE_CHECKING:
    import pandas as pd

_MOST_BINS = 40
# Beyond these quantiles of all numbers lies one bin at each end, so that a few rows far out leave
# the others their shape.
_MIDDLE = (0.002, 0.998)


def sample_histograms(
    samples: Mapping[str, Iterable[float]],
    *,
    title: Text = UNTITLED,
    x_title: str,
    y_title: str = "share of the sample's rows",
    caption: Text = "",
    name: str = "samples",
    words: Mapping[str, str] | None = None,
    data: pd.DataFrame | None = None,
    height: int = 280,
) -> Figure:
    """Draw which share of each sample's numbers lies where, in the same bins.

    Args:
        samples: name -> its numbers, all finite; drawn in this order.
        title: the finding.
        x_title, y_title: what the numbers and the shares are.
        caption: of the figure.
        name: of the figure's files.
        words: Chinese for words on the chart.
        data: numbers for the CSV file, if they are more than the samples.
        height: pixels.

    Raises:
        ConfigError: no samples, an empty one, or numbers that are not finite.
    """
    import altair as alt
    import numpy as np
    import pandas as pd

    numbers = {label: np.asarray(list(values), float) for label, values in samples.items()}
    for label, values in numbers.items():
        if not values.size or not np.isfinite(values).all():
            raise ConfigError(
                f"sample {label!r}: expected finite numbers; got {values.tolist()[:3]}"
            )
    if not numbers:
        raise ConfigError("samples: expected one or more; got none")
    together = np.concatenate(list(numbers.values()))
    middle = np.clip(together, *np.quantile(together, _MIDDLE))
    edges = np.histogram_bin_edges(middle, bins="auto")
    if len(edges) > _MOST_BINS + 1:
        edges = np.histogram_bin_edges(middle, bins=_MOST_BINS)
    steps = []
    for label, values in numbers.items():
        counts, _ = np.histogram(np.clip(values, edges[0], edges[-1]), bins=edges)
        shares = counts / len(values)
        # Each share from its edge on; the last edge ends the last bin.
        ends = np.append(shares, shares[-1])
        steps.append(pd.DataFrame({"series": label, "x": edges, "share": ends}))
    drawn = pd.concat(steps, ignore_index=True)
    scales = series_encodings(list(numbers), "", False, points=False)
    x_scale = alt.Scale(zero=False, nice=False, padding=8)
    base = alt.Chart(inline(drawn)).encode(
        x=alt.X("x:Q", title=x_title, scale=x_scale, axis=alt.Axis(tickCount=8)),
        y=alt.Y("share:Q", title=y_title, stack=None, axis=alt.Axis(format=".0%", tickCount=6)),
        color=scales["color"],
    )
    layers = [
        base.mark_area(style="band", interpolate="step-after", opacity=0.16),
        base.mark_line(interpolate="step-after", strokeWidth=1.8).encode(
            strokeDash=scales["strokeDash"]
        ),
    ]
    chart = alt.layer(*layers).properties(width=WIDTH_PX, height=height)
    if data is None:
        parts = [pd.DataFrame({"sample": key, "value": part}) for key, part in numbers.items()]
        data = pd.concat(parts, ignore_index=True)
    return Figure(name, title, chart, caption, data, words or {})
