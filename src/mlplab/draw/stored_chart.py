"""A chart that is kept as its spec."""

from __future__ import annotations

import json
import re
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from altair.typing import ChartType

_VERSION = re.compile(r"/vega-lite/v(\d+)\.(\d+)")


@dataclass(frozen=True, slots=True)
class StoredChart:
    """A chart as the text of its Vega-Lite spec: what `Figure.chart` is in a remembered figure.

    Notebooks show it as they show Altair's charts.

    Attributes:
        text: JSON.
    """

    text: str

    def to_dict(self) -> dict[str, Any]:
        """Return the spec."""
        spec: dict[str, Any] = json.loads(self.text)
        return spec

    def to_altair(self) -> ChartType:
        """Return an Altair chart of the same spec, to build on."""
        import altair as alt

        chart: ChartType = alt.Chart.from_dict(self.to_dict())
        return chart

    def _repr_mimebundle_(self, *_: Any, **__: Any) -> dict[str, Any]:
        major = version_of(self.text).split(".")[0]
        return {f"application/vnd.vegalite.v{major}+json": self.to_dict()}


def version_of(text: str) -> str:
    """Return the Vega-Lite version that a spec's text names, as `vl_convert` spells it.

    Raises:
        ValueError: it names none.

    >>> version_of('{"$schema": "https://vega.github.io/schema/vega-lite/v6.1.0.json"}')
    '6.1'
    """
    if (found := _VERSION.search(text)) is None:
        raise ValueError("a spec that does not name its Vega-Lite version")
    return ".".join(found.groups())
