"""JSON for machines: one document on standard output, every number finite or null."""

from __future__ import annotations

import json
import math
from collections.abc import Mapping
from typing import Any

import click


def write_json(document: Any) -> None:
    """Write one document to standard output."""
    click.echo(json.dumps(plain(document), indent=2, allow_nan=False))


def plain(value: Any) -> Any:
    """Return a value as JSON can hold it; NaN and infinities become null.

    >>> plain({"mean": float("nan"), "interval": (0.5, float("inf"))})
    {'mean': None, 'interval': [0.5, None]}
    """
    if isinstance(value, Mapping):
        return {str(key): plain(item) for key, item in value.items()}
    if isinstance(value, list | tuple):
        return [plain(item) for item in value]
    if isinstance(value, float):
        return float(value) if math.isfinite(value) else None
    return value
