"""Lines with bands, and dots by group, as several exercises draw them; the texts title them."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import TYPE_CHECKING, Any

from mlplab.draw import Band, Figure, Quantity, Text, band_lines, spread_strips

if TYPE_CHECKING:
    import pandas as pd

_COLUMNS = ["series", "x", "mean", "low", "high", "n_seeds"]


def line_chart(
    rows: Sequence[tuple[Any, ...]] | pd.DataFrame,
    name: str,
    *,
    x_title: str,
    y: str | Quantity,
    band: Band | None = None,
    caption: Text = "",
    **more: Any,
) -> Figure:
    """Draw lines with bands.

    Args:
        rows: series, x, mean, and perhaps low, high and how many numbers; or a frame of these.
        name: of the figure.
        x_title: what the lines are drawn over.
        y: what they show.
        band: what the bands are; None: there are none, or others say it.
        caption: without a band.
        more: of `draw.band_lines`.
    """
    import pandas as pd

    if not isinstance(rows, pd.DataFrame):
        rows = pd.DataFrame(rows, columns=_COLUMNS[: len(rows[0])])
    return band_lines(
        rows,
        name=name,
        x_title=x_title,
        y=Quantity(y, share=False) if isinstance(y, str) else y,
        caption=band.says if band else caption,
        **more,
    )


def strip_chart(
    numbers: Mapping[Any, Iterable[float]],
    name: str,
    *,
    group: str,
    measure: str | Quantity,
    band: Band,
    **more: Any,
) -> Figure:
    """Draw a dot per number, and each group's mean with its band.

    Args:
        numbers: by group.
        name: of the figure.
        group: what tells the groups apart.
        measure: what the numbers are.
        band: around the means.
        more: of `draw.spread_strips`.
    """
    import pandas as pd

    rows = [(one, float(number)) for one, many in numbers.items() for number in many]
    return spread_strips(
        pd.DataFrame(rows, columns=[group, "value"]),
        group,
        "value",
        measure=Quantity(measure, share=False) if isinstance(measure, str) else measure,
        band=band,
        name=name,
        **more,
    )
