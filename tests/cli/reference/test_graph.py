"""Small graphs: points where the numbers are."""

from __future__ import annotations

from xml.etree import ElementTree

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from mlplab.cli.reference.graph import Line, graph

numbers = st.floats(-1e3, 1e3)


def points_of(svg: str) -> list[np.ndarray]:
    lines = ElementTree.fromstring(svg).iter("{http://www.w3.org/2000/svg}polyline")
    return [np.array([p.split(",") for p in line.get("points", "").split()], float)
            for line in lines]  # fmt: skip


@settings(max_examples=50, deadline=None)
@given(st.lists(numbers, min_size=3, max_size=40))
def test_lines_pass_through_every_point(values: list[float]) -> None:
    x = np.arange(len(values), dtype=float)
    (drawn,) = points_of(graph("t", [Line("a", x.tolist(), values)], "x"))
    low, high = min(0.0, *values), max(0.0, *values)
    wanted = 176 - (np.array(values) - low) / ((high - low) or 1) * 150
    across = 36 + x / x[-1] * 312
    # Points left out lie on the line between those kept.
    steep = np.abs(np.diff(wanted)).max() / (across[1] - across[0])
    assert np.interp(across, drawn[:, 0], drawn[:, 1]) == pytest.approx(
        wanted, abs=0.2 + 0.1 * steep
    )


def test_a_straight_line_takes_two_points() -> None:
    x = np.linspace(0, 1, 101)
    (drawn,) = points_of(graph("t", [Line("a", x.tolist(), (3 * x).tolist())], "x"))
    assert len(drawn) == 2


def test_words_are_escaped() -> None:
    svg = graph("a < b & c", [Line("<h>", [0, 1], [0, 1])], "z")
    written = "".join(ElementTree.fromstring(svg).itertext())
    assert "a < b & c" in written
    assert "<h>" in written
