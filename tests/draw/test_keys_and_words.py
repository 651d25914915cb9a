"""Keys in a chart's data become words in the language it is told in."""

from __future__ import annotations

import json
from dataclasses import replace

import pandas as pd

from mlplab.draw import Quantity, band_lines, metric_by_factor

ENGLISH = {"kept": "weights kept from one strength to the next", "loss": "mean squared error"}
CHINESE = {"kept": "沿用权重", "loss": "均方误差"}


def figure():
    frame = pd.DataFrame(
        [("kept", 1.0, 2.0, 1.5, 2.5), ("new", 1.0, 3.0, 2.5, 3.5)],
        columns=["series", "x", "mean", "low", "high"],
    )
    drawn = band_lines(frame, name="a", title="a", x_title="x", y=Quantity("loss", share=False))
    return replace(drawn, words=CHINESE, english=ENGLISH)


def test_every_key_is_replaced_and_what_has_no_word_stays():
    for language, words in (("en", ENGLISH), ("zh", CHINESE)):
        text = json.dumps(figure().spec(language=language), ensure_ascii=False)
        for key, word in words.items():
            assert word in text
            assert f'"{key}"' not in text
        assert '"new"' in text


def test_a_legend_has_room_for_the_words_that_are_shown():
    def width(language):
        text = json.dumps(figure().spec(language=language))
        return float(text.split("floor(width / ")[1].split(")")[0])

    assert width("en") == round(56 + 7.2 * len(ENGLISH["kept"]))
    assert width("zh") == round(56 + 7.2 * 2 * len(CHINESE["kept"]))


def test_a_chart_without_words_of_its_own_is_drawn_as_it_was():
    assert '"kept"' in json.dumps(replace(figure(), english={}).spec())


def test_the_names_along_an_axis_are_replaced_and_keep_their_order():
    rows = [(way, seed, 0.5 + seed / 100) for way in ("kept", "new", "drawn") for seed in range(3)]
    frame = pd.DataFrame(rows, columns=["way", "seed", "test_accuracy"])
    drawn = replace(metric_by_factor(frame, "way", "test_accuracy", title="a"), english=ENGLISH)
    spec = drawn.spec()
    names = [ENGLISH["kept"], "new", "drawn"]
    assert spec["layer"][0]["encoding"]["x"]["sort"] == names
    for rows in spec["datasets"].values():
        assert list(dict.fromkeys(row["x"] for row in rows)) == names
