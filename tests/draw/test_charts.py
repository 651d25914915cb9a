"""What each kind of chart promises."""

import json
import math
from collections.abc import Callable
from typing import Any

import numpy as np
import pandas as pd
import pytest

from mlplab.draw import (
    Band,
    Figure,
    Quantity,
    best_set,
    calibration_chart,
    critical_differences,
    estimate_histogram,
    heat_map,
    in_language,
    learning_curves,
    loss_surface,
    metric_by_factor,
    paired_differences,
    quantity,
    sample_histograms,
    scatter,
    spread_strips,
)
from mlplab.draw.lines import band_lines
from mlplab.draw.words import verdict_word
from mlplab.errors import ConfigError
from mlplab.specs import Verdict

Draw = Callable[[str], Figure]


def _rows(figure: Figure, layer: int) -> list[dict[str, Any]]:
    spec = figure.spec()
    part = spec["layer"][layer]
    data = part.get("data", spec.get("data"))
    return data["values"] if "values" in data else spec["datasets"][data["name"]]


def test_curves_show_the_band_they_were_given(course: pd.DataFrame) -> None:
    band = Band("far apart", lambda values: (sum(values) / len(values), 0.125, 0.975))
    figure = learning_curves(course, "valid_accuracy", by="net.hidden", title="t", band=band)
    drawn = _rows(figure, 0)
    assert {(row["low"], row["high"]) for row in drawn} == {(0.125, 0.975)}
    assert "far apart" in in_language(figure.caption)


def test_curves_end_where_runs_diverge_and_the_caption_counts_them(course: pd.DataFrame) -> None:
    figure = learning_curves(course, "valid_accuracy", by="optim.lr", title="t")
    last = [row["x"] for row in _rows(figure, 0) if row["series"] == "10"]
    assert max(last) == 2
    # One arm is a rate; its three widths share six seeds.
    assert "diverged" in in_language(figure.caption)
    assert "发散" in in_language(figure.caption, "zh")


def test_no_divergence_no_word_of_it(course: pd.DataFrame) -> None:
    calm = course[course["status"] == "finished"]
    figure = learning_curves(calm, "valid_accuracy", title="t")
    assert "diverged" not in in_language(figure.caption)


def test_a_diverged_run_has_no_number_even_where_it_left_one(finished: pd.DataFrame) -> None:
    odd = finished.copy()
    odd.loc[odd.index[0], ["status", "valid_accuracy"]] = ["diverged", 0.1]
    figure = metric_by_factor(odd, "net.hidden", "valid_accuracy", title="t")
    means = figure.data.drop_duplicates("net.hidden").set_index("net.hidden")["mean"]
    first = odd["net.hidden"].iloc[0]
    others = finished[finished["net.hidden"] == first]["valid_accuracy"].iloc[1:]
    assert means[first] == pytest.approx(others.mean())


def test_every_seed_has_its_point(finished: pd.DataFrame) -> None:
    figure = metric_by_factor(finished, "net.hidden", "valid_accuracy", title="t", log=True)
    drawn = [row["value"] for row in _rows(figure, 0)]
    assert drawn == pytest.approx(list(finished["valid_accuracy"]), rel=1e-6)
    x = figure.spec()["layer"][0]["encoding"]["x"]
    assert x["scale"]["type"] == "log"
    assert x["axis"]["values"] == [16.0, 64.0, 256.0]


@pytest.mark.parametrize(("n", "angle"), [(3, 0), (10, -35)])
def test_labels_that_would_touch_are_slanted(n: int, angle: int) -> None:
    names = [f"512-256-128, {place}" for place in range(n)]
    frame = pd.DataFrame({"arm": names, "seed": 0, "status": "finished", "valid_accuracy": 0.8})
    figure = metric_by_factor(frame, "arm", "valid_accuracy", title="t")
    assert figure.spec()["layer"][0]["encoding"]["x"]["axis"]["labelAngle"] == angle


def test_log_axes_need_positive_numbers(finished: pd.DataFrame) -> None:
    with pytest.raises(ConfigError, match=r"log axis of .net\.hidden.: expected positive"):
        metric_by_factor(
            finished.assign(**{"net.hidden": 0}),
            "net.hidden",
            "valid_accuracy",
            title="t",
            log=True,
        )
    with pytest.raises(ConfigError, match="try log=False"):
        metric_by_factor(finished, "arm", "valid_accuracy", title="t", log=True)


def test_paired_rows_are_those_of_the_verdicts(draw_one: Draw) -> None:
    figure = draw_one("paired")
    table = _rows(figure, 0)
    assert [row["verdict"] for row in table] == ["equivalent", "supported"]
    assert [(row["low"], row["high"]) for row in table] == [(-0.2, 0.4), (1.0, 3.0)]
    assert [(row["zone_low"], row["zone_high"]) for row in table] == [(-0.5, 0.5)] * 2
    assert len(figure.data) == 12


def test_paired_dots_lie_in_their_own_row(draw_one: Draw) -> None:
    dots = _rows(draw_one("paired"), 2)
    assert [round(dot["y"]) for dot in dots] == [0] * 6 + [1] * 6


def test_a_verdict_without_interval_is_drawn_without_a_bar(differences: pd.DataFrame) -> None:
    verdict = Verdict(id="aa", says="A = B", verdict="none", n_seeds=2)
    mine = differences[differences["claim"] == "aa"].head(2)
    figure = paired_differences(mine, [verdict], title="t")
    row = _rows(figure, 0)[0]
    assert row["low"] is None
    assert row["zone_low"] is None
    assert "NaN" not in figure.svg()


def test_a_verdict_is_worded_as_in_the_table_of_verdicts(
    differences: pd.DataFrame, verdicts: tuple[Verdict, ...]
) -> None:
    claimed = verdicts[0].replace(details={"expect": "higher"})
    figure = paired_differences(differences, [claimed, *verdicts[1:]], title="t")
    words = verdict_word("equivalent", "higher")
    assert _rows(figure, 0)[0]["word"] == words["en"]
    assert set(figure.data["verdict"]) == {words["en"], "supported"}
    assert figure.word(words["en"]) == words
    chinese = figure.svg(language="zh")
    assert words["zh"] in chinese
    assert "equivalent" not in chinese
    assert "that matters" in figure.svg()


@pytest.mark.parametrize(
    ("unit", "other", "chinese"), [("seed", "fold", "种子"), ("fold", "seed", "折")]
)
def test_pairs_are_called_what_they_are(
    differences: pd.DataFrame, verdicts: tuple[Verdict, ...], unit: Any, other: str, chinese: str
) -> None:
    figure = paired_differences(differences, verdicts, title="t", unit=unit)
    texts = [in_language(figure.caption), *figure.data.columns]
    assert f"one {unit}" in texts[0]
    assert {unit, f"n_{unit}s"} <= set(texts)
    assert not any(other in text for text in texts)
    tooltips = [
        tip["title"] for layer in figure.spec()["layer"]
        for tip in layer["encoding"].get("tooltip", [])
    ]  # fmt: skip
    assert unit in tooltips
    assert not any(other in title for title in tooltips)
    assert chinese in in_language(figure.caption, "zh")
    for name in (unit, f"{unit}s"):
        assert chinese in figure.word(name)["zh"]


def test_claims_without_verdict_are_refused(
    differences: pd.DataFrame, verdicts: tuple[Verdict, ...]
) -> None:
    with pytest.raises(ConfigError, match=r"expected claims among \['aa'\]; got \['bb'\]"):
        paired_differences(differences, verdicts[:1], title="t")


def test_heat_cells_are_means_and_diverged_ones_have_none(
    draw_one: Draw, runs: pd.DataFrame
) -> None:
    cells = {(row["x"], row["y"]): row for row in _rows(draw_one("heat"), 0)}
    assert len(cells) == 9
    for (x, y), cell in cells.items():
        mine = runs[(runs["optim.lr"] == float(x)) & (runs["net.hidden"] == int(y))]
        if x == "10":
            assert cell["mean"] is None
            assert cell["sick"] == "× 6/6"
        else:
            assert cell["mean"] == pytest.approx(mine["valid_accuracy"].mean(), rel=1e-6)
            assert cell["label"] == f"{100 * mine['valid_accuracy'].mean():.1f}"
    assert [key for key, cell in cells.items() if cell["chosen"]] == [("0.1", "256")]


def test_larger_values_stand_higher_on_a_heat_map(draw_one: Draw) -> None:
    spec = draw_one("heat").spec()
    assert spec["layer"][0]["encoding"]["y"]["sort"] == ["256", "64", "16"]


def test_a_heat_map_of_one_value_is_drawn(finished: pd.DataFrame) -> None:
    flat = finished.assign(valid_accuracy=0.5)
    figure = heat_map(flat, "optim.lr", "net.hidden", "valid_accuracy", title="t")
    assert "50.0" in figure.svg()


def test_places_in_the_confidence_sets(finished: pd.DataFrame) -> None:
    lost = finished["net.hidden"].eq(16) & finished["seed"].eq(0)
    frame = finished.assign(status=finished["status"].mask(lost, "diverged"))
    figure = best_set(
        frame,
        "valid_accuracy",
        by="net.hidden",
        candidates=[256],
        near_best=[],
        matters=0.005,
        title="t",
    )
    places = figure.data.drop_duplicates("net.hidden").set_index("net.hidden")["place"]
    assert dict(places) == {16: "failed", 64: "beaten", 256: "candidate"}
    with pytest.raises(ConfigError, match=r"got \[512\]"):
        best_set(
            frame,
            "valid_accuracy",
            by="net.hidden",
            candidates=[512],
            near_best=[],
            matters=0.005,
            title="t",
        )


def test_bars_join_what_the_intervals_do_not_tell_apart() -> None:
    from mlplab.stats import tell_apart

    noise = [0.01, -0.01, 0.02, -0.02, 0.0, 0.01]
    means = {"a": 0.5, "b": 0.9, "c": 0.505, "d": 0.91}
    rows = [
        {"arm": arm, "seed": seed, "valid_accuracy": mean + noise[(seed + len(arm) * k) % 6]}
        for k, (arm, mean) in enumerate(means.items())
        for seed in range(6)
    ]
    frame = pd.DataFrame(rows)
    figure = critical_differences(frame, "valid_accuracy", title="t")
    values = [list(frame[frame["arm"] == arm]["valid_accuracy"]) for arm in means]
    assert tell_apart(values).groups == ((0, 2), (1, 3))
    joined = figure.data.drop_duplicates("arm").set_index("arm")["joined"]
    assert dict(joined) == {"a": "a, c", "b": "b, d", "c": "a, c", "d": "b, d"}
    # Two stems on each side, the outermost highest; then the two bars.
    names = {row["label"]: row for row in _rows(figure, 0)}
    assert [label for label, row in names.items() if row["left"]] == ["a", "c"]
    assert names["a"]["y"] < names["c"]["y"]
    assert names["d"]["y"] < names["b"]["y"]
    bars = [(row["low"], row["high"]) for row in _rows(figure, 5)]
    assert bars == [pytest.approx((0.5, 0.505), abs=0.01), pytest.approx((0.9, 0.91), abs=0.01)]
    assert "not prove them equal" in in_language(figure.caption)
    assert "99.17 % for each of 6 pairs" in in_language(figure.caption)


def test_a_lower_loss_stands_further_to_the_right(finished: pd.DataFrame) -> None:
    frame = finished.rename(columns={"valid_accuracy": "valid_loss"})
    figure = critical_differences(
        frame, "valid_loss", by="net.hidden", title="t", higher_is_better=False
    )
    labels = [row["label"] for row in _rows(figure, 0)]
    assert labels == ["256", "64", "16"]
    assert figure.spec()["layer"][0]["encoding"]["x"]["scale"]["reverse"]


def test_arms_that_failed_are_named_and_not_drawn(runs: pd.DataFrame) -> None:
    mine = runs[runs["net.hidden"] == 64]
    figure = critical_differences(mine, "valid_accuracy", by="optim.lr", title="t")
    assert {row["label"] for row in _rows(figure, 0)} == {"0.01", "0.1"}
    assert "a run failed: 10." in in_language(figure.caption)
    with pytest.raises(ConfigError, match="expected one run; got several"):
        critical_differences(runs, "valid_accuracy", by="optim.lr", title="t")
    two = mine[mine["optim.lr"] > 0.05]
    with pytest.raises(ConfigError, match="expected two arms without a failed run; got 1"):
        critical_differences(two, "valid_accuracy", by="optim.lr", title="t")


def test_under_five_seeds_nothing_is_told_apart(finished: pd.DataFrame) -> None:
    few = finished[finished["seed"] < 4]
    figure = critical_differences(few, "valid_accuracy", by="net.hidden", title="t")
    assert len(_rows(figure, 5)) == 1
    assert "fewer than 5" in in_language(figure.caption)


def test_a_surface_marks_its_networks_in_ink_that_can_be_read(draw_one: Draw) -> None:
    figure = draw_one("surface")
    assert len(_rows(figure, 0)) == 63
    marks = {row["label"]: row["inked"] for row in _rows(figure, 1)}
    assert marks == {"trained": False, "far": True}
    colour = figure.spec()["layer"][0]["encoding"]["color"]
    assert colour["scale"]["type"] == "log"
    assert colour["scale"]["domain"] == [pytest.approx(0.1), pytest.approx(4.1)]


def test_a_surface_leaves_blank_what_is_not_finite_or_above_0(draw_one: Draw) -> None:
    broken = draw_one("surface").data.copy()
    broken.loc[[0, 1], "loss"] = [math.inf, 0.0]
    figure = loss_surface(broken, {}, title="t")
    assert len(_rows(figure, 0)) == 61
    assert "2 points" in in_language(figure.caption)
    with pytest.raises(ConfigError, match="expected a whole grid"):
        loss_surface(broken.head(10), {}, title="t")
    with pytest.raises(ConfigError, match="none is finite and above 0"):
        loss_surface(broken.assign(loss=0.0), {}, title="t")


def test_strips_tell_the_standard_deviation(draw_one: Draw, differences: pd.DataFrame) -> None:
    stds = draw_one("strips").data.drop_duplicates("claim").set_index("claim")["std"]
    expected = differences.groupby("claim")["difference"].std()
    assert dict(stds) == pytest.approx(dict(expected))


def test_a_histogram_needs_finite_values() -> None:
    measure = Quantity("estimate", share=False)
    with pytest.raises(ConfigError, match="1 of 2"):
        estimate_histogram([1.0, math.nan], title="t", measure=measure)
    with pytest.raises(ConfigError, match="expected finite values"):
        estimate_histogram([], title="t", measure=measure)


def test_a_missing_column_is_named_with_the_nearest(finished: pd.DataFrame) -> None:
    with pytest.raises(ConfigError, match="no column 'valid_acuracy'; did you mean 'valid_acc"):
        learning_curves(finished, "valid_acuracy", title="t")
    with pytest.raises(ConfigError, match="at least one row"):
        learning_curves(finished.head(0), "valid_accuracy", title="t")


@pytest.mark.parametrize("name", ["", "Übersicht", "a/b", "-x", "A"])
def test_names_that_cannot_be_files_are_refused(name: str, draw_one: Draw) -> None:
    figure = draw_one("best")
    with pytest.raises(ConfigError, match="figure name"):
        Figure(name, "t", figure.chart, "", figure.data)


def test_a_figure_says_its_finding(draw_one: Draw) -> None:
    figure = draw_one("best")
    with pytest.raises(ConfigError, match="expected a title"):
        Figure("a", {"en": " "}, figure.chart, "", figure.data)


@pytest.mark.parametrize(
    "drawn",
    [
        lambda frame, lr, hidden: metric_by_factor(
            frame, hidden, "valid_accuracy", series=lr, title="t"
        ),
        lambda frame, lr, hidden: heat_map(frame, lr, hidden, "valid_accuracy", title="t"),
        lambda frame, lr, hidden: learning_curves(frame, "valid_accuracy", by=lr, title="t"),
        lambda frame, lr, hidden: spread_strips(
            frame, hidden, "valid_accuracy", title="t", measure=quantity("valid_accuracy")
        ),
        lambda frame, lr, hidden: scatter(
            frame, lr, hidden, title="t", x_title="x", y_title="y", name="n"
        ),
    ],
)
def test_short_names_of_factors_draw_the_same(runs: pd.DataFrame, drawn: Any) -> None:
    short, long = drawn(runs, "lr", "hidden"), drawn(runs, "optim.lr", "net.hidden")
    assert short.spec() == long.spec()
    assert short.name == long.name
    pd.testing.assert_frame_equal(short.data, long.data)


def test_a_short_name_of_two_columns_is_refused(runs: pd.DataFrame) -> None:
    both = runs.assign(**{"rows.lr": 1})
    with pytest.raises(
        ConfigError, match=r"'lr' is ambiguous: expected one of optim\.lr, rows\.lr"
    ):
        metric_by_factor(both, "lr", "valid_accuracy", title="t")
    with pytest.raises(ConfigError, match="no column 'lrr'; did you mean 'lr'"):
        metric_by_factor(runs, "lrr", "valid_accuracy", title="t")


def test_calibrations_of_several_series_have_a_legend():
    ranges = pd.DataFrame({"probability": [0.1, 0.6], "observed": [0.2, 0.5], "n": [20, 30]})
    ranges = ranges.assign(low=[0.05, 0.4], high=[0.4, 0.7], series=["off", "on"])
    spec = calibration_chart(ranges).spec("light")
    assert '"domain": ["off", "on"]' in json.dumps(spec)


def test_what_a_logarithmic_axis_cannot_show_is_cut_or_left_out() -> None:
    rows = pd.DataFrame({
        "series": "a", "x": [1, 2, 3],
        "mean": [4.0, 0.5, 0.0], "low": [2.0, -1.0, 0.0], "high": [6.0, 2.0, 0.0],
    })  # fmt: skip
    drawn = band_lines(rows, name="name", x_title="x", y=quantity("train_loss"), log_y=True)
    spec = drawn.chart.to_dict()
    band = spec.get("data") or spec["layer"][0]["data"]
    shown = band["values"] if "values" in band else spec["datasets"][band["name"]]
    assert [row["low"] for row in shown] == [2.0, 0.5, 0.5]
    assert [row["high"] for row in shown] == [6.0, 2.0, 0.5]
    assert [row["mean"] for row in shown] == [4.0, 0.5, None]
    assert drawn.data["low"].tolist() == [2.0, -1.0, 0.0]  # the file has all numbers


def test_histograms_of_samples_are_shares_of_their_own_rows_in_the_same_bins() -> None:
    rng = np.random.default_rng(0)
    samples = {"old": rng.normal(0, 1, 400), "new": rng.normal(1, 1, 100)}
    figure = sample_histograms(samples, title="t", x_title="score")
    (drawn,) = figure.spec()["datasets"].values()
    steps = pd.DataFrame(drawn)
    for name, values in samples.items():
        own = steps[steps["series"] == name]
        assert own["share"].iloc[:-1].sum() == pytest.approx(1)
        edges, ends = own["x"].to_numpy(), np.clip(values, own["x"].min(), own["x"].max())
        counts, _ = np.histogram(ends, bins=edges)
        np.testing.assert_allclose(own["share"].iloc[:-1], counts / len(values), atol=1e-6)
    assert len(figure.data) == 500
    assert set(steps.groupby("x")["series"].nunique()) == {2}
    for odd in ({}, {"a": []}, {"a": [1.0, math.inf]}):
        with pytest.raises(ConfigError, match="expected"):
            sample_histograms(odd, title="t", x_title="score")
