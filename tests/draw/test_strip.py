"""Strips of groups that differ by orders of magnitude."""

from __future__ import annotations

import pandas as pd
import pytest

from mlplab.draw import Quantity, spread_strips


@pytest.mark.parametrize("log", [False, True])
def test_a_logarithmic_axis_is_that_of_dots_and_means_alike(log):
    frame = pd.DataFrame({"way": ["a", "a", "b", "b"], "score": [0.1, 0.2, 10.0, 20.0]})
    figure = spread_strips(
        frame, "way", "score", title="t", measure=Quantity("score", False), log=log
    )
    scales = {
        layer["encoding"]["x"]["scale"].get("type", "linear")
        for layer in figure.spec()["layer"]
        if "scale" in layer["encoding"]["x"]
    }
    assert scales == {"log" if log else "linear"}
    assert "<svg" in figure.svg()
