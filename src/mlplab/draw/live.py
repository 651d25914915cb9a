"""Charts that a browser draws, without the network."""

from __future__ import annotations

import html
import json
from collections.abc import Mapping
from typing import Any

_HANDED_OUT = "window.vegaEmbed = vegaEmbed; window.vega = vega; window.vegaLite = vegaLite;"
_OPTIONS = (
    '{renderer: "svg", actions: {export: true, source: false, compiled: false, editor: false}}'
)


def drawing_script(vegalite_version: str) -> str:
    """Return the JavaScript that draws specs of a Vega-Lite version, for a page's `script`.

    Cost: about 2 s, and 0.9 MB of text.
    """
    import vl_convert

    bundle = str(vl_convert.javascript_bundle(_HANDED_OUT, vl_version=vegalite_version))
    return bundle.replace("</script", "<\\/script")


def live_page(spec: Mapping[str, Any], title: str, language: str, vegalite_version: str) -> str:
    """Return a chart as a whole HTML page of its own."""
    chart = json.dumps(spec).replace("</", "<\\/")
    return (
        f'<!DOCTYPE html>\n<html lang="{language}">\n<head><meta charset="utf-8">\n'
        '<meta name="viewport" content="width=device-width">\n'
        f"<title>{html.escape(title)}</title></head>\n"
        f'<body style="background: {spec.get("background", "none")}">\n<div id="chart"></div>\n'
        f"<script>{drawing_script(vegalite_version)}</script>\n"
        f'<script>vegaEmbed("#chart", {chart}, {_OPTIONS});</script>\n</body>\n</html>\n'
    )
