"""Colours can be read and told apart, whatever the paper and the eye."""

import itertools

import numpy as np
import pytest
from numpy.typing import NDArray

from mlplab.draw import DARK, LIGHT, THEMES, Theme, chart_config
from mlplab.draw.heat import INK_TURN
from mlplab.draw.theme import DASHES, SHAPES
from mlplab.errors import ConfigError

# Machado, Oliveira and Fernandes (2009), full strength, on linear RGB.
EYES = {
    "typical": np.eye(3),
    "protanopia": np.array(
        [[0.152, 1.053, -0.205], [0.115, 0.786, 0.099], [-0.004, -0.048, 1.052]]
    ),
    "deuteranopia": np.array(
        [[0.367, 0.861, -0.228], [0.280, 0.673, 0.047], [-0.012, 0.043, 0.969]]
    ),
    "tritanopia": np.array(
        [[1.256, -0.077, -0.179], [-0.078, 0.931, 0.148], [0.005, 0.691, 0.304]]
    ),
}


def _linear(colour: str) -> NDArray[np.float64]:
    c = np.array([int(colour[i : i + 2], 16) for i in (1, 3, 5)]) / 255
    return np.where(c <= 0.04045, c / 12.92, ((c + 0.055) / 1.055) ** 2.4)


def _contrast(one: str, other: str) -> float:
    low, high = sorted(float(_linear(c) @ [0.2126, 0.7152, 0.0722]) for c in (one, other))
    return (high + 0.05) / (low + 0.05)


def _lab(rgb: NDArray[np.float64]) -> NDArray[np.float64]:
    to_xyz = np.array(
        [[0.4124, 0.3576, 0.1805], [0.2126, 0.7152, 0.0722], [0.0193, 0.1192, 0.9505]]
    )
    xyz = to_xyz @ np.clip(rgb, 0, 1) / [0.9505, 1, 1.089]
    f = np.where(xyz > 0.008856, np.cbrt(xyz), 7.787 * xyz + 16 / 116)
    return np.array([116 * f[1] - 16, 500 * (f[0] - f[1]), 200 * (f[1] - f[2])])


@pytest.mark.parametrize("theme", THEMES.values(), ids=lambda theme: theme.name)
def test_text_and_marks_stand_out_from_the_paper(theme: Theme) -> None:
    assert _contrast(theme.ink, theme.paper) >= 12
    assert _contrast(theme.quiet, theme.paper) >= 4.5
    assert _contrast(theme.quiet, theme.wash) >= 4.5
    assert min(_contrast(colour, theme.paper) for colour in theme.category) >= 2.95
    assert min(_contrast(colour, theme.paper) for colour in theme.verdicts.values()) >= 4.5


@pytest.mark.parametrize("theme", THEMES.values(), ids=lambda theme: theme.name)
@pytest.mark.parametrize("eye", EYES)
def test_arms_are_told_apart_by_every_eye(theme: Theme, eye: str) -> None:
    seen = [_lab(EYES[eye] @ _linear(colour)) for colour in theme.category]
    distances = [float(np.linalg.norm(a - b)) for a, b in itertools.combinations(seen, 2)]
    assert min(distances) > (15 if eye == "tritanopia" else 22)


@pytest.mark.parametrize("theme", [LIGHT, DARK], ids=lambda theme: theme.name)
def test_numbers_in_heat_map_cells_can_be_read(theme: Theme) -> None:
    stops = [np.array([int(c[i : i + 2], 16) for i in (1, 3, 5)]) for c in theme.heat]
    for share in np.linspace(0, 1, 101):
        place = share * (len(stops) - 1)
        start = min(int(place), len(stops) - 2)
        mixed = stops[start] + (place - start) * (stops[start + 1] - stops[start])
        cell = "#" + "".join(f"{round(part):02X}" for part in mixed)
        assert _contrast(cell, theme.heat_inks[int(share >= INK_TURN)]) > 4.1


def test_there_is_a_second_channel_for_every_colour() -> None:
    assert len(DASHES) >= len(LIGHT.category) == len(DARK.category)
    assert len(set(map(tuple, DASHES))) == len(DASHES)
    assert len(set(SHAPES)) == len(SHAPES) == len(DASHES)


def test_both_looks_have_the_same_roles() -> None:
    light, dark = chart_config("light"), chart_config("dark")
    assert light.keys() == dark.keys()
    assert light["style"].keys() == dark["style"].keys()
    with pytest.raises(ConfigError, match="expected 'light' or 'dark'; got 'sepia'"):
        chart_config("sepia")
